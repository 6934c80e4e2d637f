"""LIST and STATUS lines of simple names are put together quickly; the writer must give the same octets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from imapkit.features.catalogue import registry
from imapkit.features.list_ import ListData, _attribute_list
from imapkit.features.status import StatusAtt, StatusData, _line
from imapkit.protocol.mailbox import DELIMITER, is_simple
from imapkit.protocol.response import write_response
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
