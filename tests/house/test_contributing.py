"""The example of CONTRIBUTING.md, "Adding an extension in one file", is run as it stands there."""

import asyncio
import re
import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from imapkit.features.catalogue import registry
from imapkit.ports.client import Completed
from imapkit.protocol.capability import Announce
from imapkit.protocol.status import Kind, Status
from imapkit.wire.cursor import Cursor
from imapkit.wire.writer import Writer

from .imports import ROOT

NAME = "imapkit.features.xping"


@pytest.fixture(scope="module")
def example() -> Iterator[Any]:
    """The code block as a module among the features."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.partition("## Adding an extension in one file")[2]
    block = re.search(r"```python\n(.*?)```", section, re.DOTALL)
    assert block is not None
    module = ModuleType(NAME)
    module.__package__ = "imapkit.features"
    sys.modules[NAME] = module
    exec(compile(block[1], "CONTRIBUTING.md", "exec"), module.__dict__)
    yield module
    del sys.modules[NAME]


def test_both_ends_read_what_the_other_writes(example: Any) -> None:
    grammar = registry(extra=[example.feature]).grammar
    for record, entries in (
        (example.Ping(b"a b"), grammar.commands),
        (example.Pong(b"a b"), grammar.responses),
    ):
        w = Writer()
        record.write(w)
        name, _, rest = w.octets().partition(b" ")
        assert entries[name].read(Cursor(b" " + rest), grammar) == record


def test_the_verb_asks_and_the_handler_answers(example: Any) -> None:
    verb = example.xping(b"hello")
    command = next(verb)
    sent: list[Any] = []
    table = registry(extra=[example.feature])
    asyncio.run(table.handlers[type(command)](SimpleNamespace(send=sent.append), command))
    with pytest.raises(StopIteration) as end:
        verb.send(Completed(Status(Kind.OK, "done"), sent))
    assert end.value.value == b"hello"


def test_it_is_announced_and_can_be_disabled(example: Any) -> None:
    assert "XPING" in registry(extra=[example.feature]).capabilities(Announce())
    assert b"XPING" not in registry(extra=[example.feature], disabled=["xping"]).grammar.commands
