"""LIST and STATUS lines of simple names are put together quickly; the writer must give the same octets."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imapkit.features.catalogue import registry
from imapkit.features.list_ import (
    List,
    ListData,
    ListEntry,
    ListPlan,
    _attribute_list,
    _attributes,
    _plain_attributes,
    _Selection,
)
from imapkit.features.status import StatusAtt, StatusData, _line
from imapkit.ports.session import Modes, SessionContext
from imapkit.protocol.command import BadCommand, read_command
from imapkit.protocol.mailbox import DELIMITER, is_simple
from imapkit.protocol.response import write_response
from imapkit.stores.log.state import State
from imapkit.wire.frame import Frame
from imapkit.wire.writer import Writer

names = st.text(st.characters(max_codepoint=0x7FF, exclude_categories=["Cs", "Cc"]), min_size=1, max_size=9)
plain = st.text('abZ09 &"\\/.NIL(){*%', min_size=1, max_size=9)


def written(response: ListData | StatusData, utf8: bool) -> bytes:
    w = Writer(utf8=utf8)
    write_response(w, response)
    return w.octets()


@given(st.one_of(names, plain), st.booleans(), st.sampled_from([(), ("\\Noselect", "\\Sent")]))
def test_list(name: str, utf8: bool, attributes: tuple[str, ...]) -> None:
    line = b'* LIST %s "/" "%s"\r\n' % (_attribute_list(attributes), name.encode())
    if is_simple(name):
        assert line == written(ListData(attributes, DELIMITER, name), utf8)
    assert is_simple(name) == (name.isascii() and not set(name) & set('&"\\'))


@given(st.one_of(names, plain), st.booleans(), st.lists(st.integers(0, 1 << 63), min_size=3, max_size=3))
def test_status(name: str, utf8: bool, values: list[int]) -> None:
    wanted = ("MESSAGES", "UIDNEXT", "DELETED")
    line, sources = _line(registry().grammar, wanted)
    assert len(sources) == 3
    if is_simple(name):
        atts = tuple(StatusAtt(item, value) for item, value in zip(wanted, values, strict=True))
        assert line % (Writer().mailbox(name).octets(), *values) == written(StatusData(name, atts), utf8)


@given(st.lists(st.sampled_from(["\\Sent", "\\Junk", "\\All"]), max_size=3), st.booleans(), st.booleans())
def test_the_attributes_of_a_plain_list(uses: list[str], has_children: bool, subscribed: bool) -> None:
    state = State(1, "a", "F1", 1, tuple(uses))
    entry = ListEntry("a", state.row(), subscribed, has_children)
    command = List("", ("*",))
    ctx = cast(SessionContext, SimpleNamespace(modes=Modes()))
    found = _attributes(ctx, ListPlan(command, []), entry, _Selection(command, [entry], []))
    assert _plain_attributes(tuple(uses), has_children) == _attribute_list(found)


@pytest.mark.parametrize("line", [b'LIST "" ()', b'LIST () "" () RETURN (CHILDREN)'])
def test_a_list_of_no_patterns_is_refused(line: bytes) -> None:
    with pytest.raises(BadCommand, match="at least one pattern"):
        read_command(Frame(b"a " + line), registry().grammar)
