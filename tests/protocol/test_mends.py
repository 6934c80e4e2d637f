"""What is said of commands that cannot be read: examples that can be, and no failure whatever was sent."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imapkit.errors import ParseError
from imapkit.features.catalogue import registry
from imapkit.protocol.command import BadCommand, read_command
from imapkit.protocol.mends import mend
from imapkit.wire.frame import Frame, Framer
from imapkit.wire.limits import SERVER

GRAMMAR = registry().grammar
COMMANDS = sorted(GRAMMAR.commands.values(), key=lambda entry: entry.name)


def frame(line: bytes) -> Frame:
    framer = Framer(SERVER, gate=False)
    framer.feed(line + b"\r\n")
    found = framer.next()
    assert isinstance(found, Frame)
    return found


@pytest.mark.parametrize("entry", COMMANDS, ids=lambda entry: entry.name.decode())
def test_the_example_of_each_command_can_be_read(entry: object) -> None:
    example = entry.example  # type: ignore[attr-defined]
    line = re.sub(r"\{310\}$", "{2+}\r\nok", example)
    assert type(read_command(frame(b"a1 " + line.encode()), GRAMMAR).command) is entry.cls  # type: ignore[attr-defined]


@given(
    st.lists(
        st.sampled_from([*(entry.name for entry in COMMANDS), b"a1", b"UID", b"HELP", b"(", b")", b'"', b"[", b"]", b"1,2",
                         b"0", b"1-3", b"SUBJECT", b"OR", b"2026-13-45", b"*x", b"\xe2\x80\x9c", b"\xff", b"\\", b"{"])
        | st.binary(max_size=8),
        max_size=9,
    ),
    st.integers(0, 60),
)  # fmt: skip
def test_whatever_was_sent_gets_one_plain_line(words: list[bytes], offset: int) -> None:
    line = b" ".join(words)
    for expected in (
        "a space",
        "a known search key",
        "a known fetch item, asked by the client",
        "a quoted string",
        "'['",
        "a date",
    ):
        told = mend(line, ParseError(offset, expected, line[offset : offset + 24]), GRAMMAR)
        assert told and told.isascii() and told.isprintable() and len(told) < 300


@pytest.mark.parametrize(
    "line",
    [
        b"a1 LOGIN ann geheim x",
        b"LOGIN ann geheim",
        b"a1  LOGIN ann geheim (",
        b"a1 AUTHENTICATE PLAIN geheim geheim",
        b"a1 LOGNI ann geheim",
        b"a1 LOG IN ann geheim",
        b"a1 SIGNIN ann geheim",
        b"LOGIN\tann\tgeheim",
        b"a1 LOGIN: ann geheim",
        b"a1 USER ann geheim",
        b'a1 LOGIN "ann geheim',
        b"AUTHENTICATE PLAIN geheim",
        b"A1 UID LOGIN ann geheim",
        b"a1 XYZZY geheim",
        b"a1 GEHEIM",
        b"geheim",
        b"ann:geheim",
    ],
)
def test_a_password_is_not_repeated(line: bytes) -> None:
    with pytest.raises(BadCommand) as caught:
        read_command(frame(line), GRAMMAR)
    assert "geheim" not in caught.value.text.lower() and "geheim" not in (caught.value.tag or "")
