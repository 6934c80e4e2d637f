"""Rows of (bytes, record) run through both directions of the grammar, the same for every feature.

``check_command`` and ``check_response`` read a row, write it, read what was written, cut it short at every octet, and feed it through the
framer in random pieces. A row is the bytes without the tag or ``*`` and without the final line end.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from dataclasses import dataclass

import pytest

from imapkit.errors import LimitExceeded, ParseError
from imapkit.features.catalogue import full_registry
from imapkit.protocol.command import BadCommand, read_command, write_command
from imapkit.protocol.registry import Grammar, Writable
from imapkit.protocol.response import (
    BrokenResponse,
    Response,
    UnknownResponse,
    literal_allowed,
    read_response,
    write_response,
)
from imapkit.wire.frame import Frame, Framer, Refused, whole_frames
from imapkit.wire.limits import CLIENT, SERVER, Limits
from imapkit.wire.writer import LiteralMode, Writer

TAG = b"A1 "


@dataclass
class Row:
    """``wire`` is read as ``record``; ``written`` is what writing gives, where that is not ``wire`` again."""

    wire: bytes
    record: object
    written: bytes | None = None
    utf8: bool = False

    def __str__(self) -> str:
        return self.wire[:60].decode("ascii", "replace")


def grammar() -> Grammar:
    return full_registry().grammar


def frame_of(data: bytes, limits: Limits, *, client: bool = False) -> Frame:
    """The one frame in ``data``."""
    allowed = literal_allowed if client else (lambda head: True)
    frames = list(whole_frames(data, limits, literal_allowed=allowed))
    assert len(frames) == 1, f"{len(frames)} frames in {data!r}"
    return frames[0]


def frames_in_pieces(data: bytes, seed: int, *, client: bool) -> list[Frame]:
    """The frames of ``data`` fed in random pieces."""
    framer = Framer(
        CLIENT if client else SERVER,
        gate=False,
        literal_allowed=literal_allowed if client else (lambda head: True),
    )
    rng = random.Random(seed)
    found: list[Frame] = []
    at = 0
    while at < len(data):
        step = rng.choice((1, 1, 2, 3, 7, 64))
        framer.feed(data[at : at + step])
        at += step
        while (event := framer.next()) is not None:
            assert isinstance(event, Frame), event
            found.append(event)
    return found


def command_of(wire: bytes, *, utf8: bool = False) -> Writable:
    """The command in ``wire`` (without tag and line end)."""
    return read_command(frame_of(TAG + wire + b"\r\n", SERVER), grammar(), utf8=utf8).command


def command_octets(command: Writable, *, utf8: bool = False) -> bytes:
    """What a client with LITERAL+ sends, without tag and line end."""
    w = Writer(LiteralMode.PLUS, utf8=utf8)
    write_command(w, "A1", command)
    return w.octets()[len(TAG) : -2]


def check_command(row: Row) -> None:
    """Read, write, read what was written, cut short, and cut in pieces."""
    found = command_of(row.wire, utf8=row.utf8)
    assert found == row.record
    written = command_octets(row.record, utf8=row.utf8)  # type: ignore[arg-type]  # every row holds a record
    assert written == (row.wire if row.written is None else row.written)
    assert command_of(written, utf8=row.utf8) == row.record
    data = TAG + row.wire + b"\r\n"
    for seed in range(3):
        frames = frames_in_pieces(data, seed, client=False)
        assert [read_command(frame, grammar(), utf8=row.utf8).command for frame in frames] == [row.record]
    for end in range(len(row.wire)):
        _read_cut_command(TAG + row.wire[:end], row.utf8)
    if b"{" not in row.wire:
        _read_with_further_spaces(row)


def _read_with_further_spaces(row: Row) -> None:
    """Doubled spaces, spaces within parentheses and at the end change nothing, but for a grammar that is strict."""
    parts = re.split(rb'("(?:[^"\\]|\\.)*")', row.wire)
    outside = [part.replace(b" ", b"   ").replace(b"(", b"( ").replace(b")", b"  )") for part in parts[::2]]
    wide = b"".join(a + b for a, b in zip(outside, [*parts[1::2], b""], strict=True)) + b"  "
    for spaced in (wide, row.wire + b" "):
        frame = frame_of(b"A1  " + spaced + b"\r\n", SERVER)
        assert read_command(frame, grammar(), utf8=row.utf8).command == row.record, spaced
        with pytest.raises(BadCommand):
            read_command(frame, grammar().strictly(), utf8=row.utf8)


def _read_cut_command(data: bytes, utf8: bool) -> None:
    """A shorter legal command, or a BAD that says where: nothing else may happen."""
    try:
        frames = list(whole_frames(data + b"\r\n", SERVER))
    except LimitExceeded:
        return
    for frame in frames:
        try:
            read_command(frame, grammar(), utf8=utf8)
        except BadCommand as error:
            assert "expected" in error.text or "limit" in error.text, error.text


def check_bad(wire: bytes, expected: str) -> None:
    """The command is refused, and the text says ``expected``."""
    try:
        found = read_command(frame_of(TAG + wire + b"\r\n", SERVER), grammar().strictly()).command
    except BadCommand as error:
        assert expected in error.text, error.text
        assert error.tag == "A1"
    else:
        raise AssertionError(f"{wire!r} was read as {found}")


def responses_of(wire: bytes, *, utf8: bool = False) -> list[Response]:
    """All responses in ``wire``, whole lines."""
    frames = whole_frames(wire, CLIENT, literal_allowed=literal_allowed)
    return [read_response(frame, grammar(), utf8=utf8) for frame in frames]


def response_of(wire: bytes, *, utf8: bool = False) -> Response:
    """The untagged response in ``wire`` (without ``*`` and line end)."""
    return read_response(frame_of(b"* " + wire + b"\r\n", CLIENT, client=True), grammar(), utf8=utf8)


def response_octets(response: Response, *, utf8: bool = False) -> bytes:
    """What a server sends, without ``*`` and line end."""
    w = Writer(utf8=utf8)
    write_response(w, response)
    return w.octets()[2:-2]


def check_response(row: Row) -> None:
    """Read, write, read what was written, cut short, and cut in pieces."""
    found = response_of(row.wire, utf8=row.utf8)
    assert found == row.record
    written = response_octets(row.record, utf8=row.utf8)  # type: ignore[arg-type]  # every row holds a record
    assert written == (row.wire if row.written is None else row.written)
    assert response_of(written, utf8=row.utf8) == row.record
    for seed in range(3):
        frames = frames_in_pieces(b"* " + row.wire + b"\r\n", seed, client=True)
        assert [read_response(frame, grammar(), utf8=row.utf8) for frame in frames] == [row.record]
    for end in range(len(row.wire)):
        for response in _read_cut_response(row.wire[:end], row.utf8):
            assert isinstance(response, BrokenResponse | UnknownResponse) or hasattr(response, "write")


def _read_cut_response(data: bytes, utf8: bool) -> list[Response]:
    """A shorter legal response, or one that says it is broken; ParseError for what is no response at all."""
    framer = Framer(CLIENT, gate=False, literal_allowed=literal_allowed)
    framer.feed(b"* " + data + b"\r\n")
    found: list[Response] = []
    while (event := framer.next()) is not None:
        if isinstance(event, Refused):
            continue
        assert isinstance(event, Frame)
        try:
            found.append(read_response(event, grammar(), utf8=utf8))
        except ParseError:
            continue
    return found


def ids(rows: Iterable[Row]) -> list[str]:
    """Names of the rows for pytest."""
    return [str(row) for row in rows]
