"""One target for each entry point. The invariant: a documented outcome, nothing else.

A target takes bytes and returns; whatever it raises is a finding. Where there is more to hold (a name decodes and encodes to
the same octets, a search finds members only), the target asserts it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from random import Random

from tests.query.model import Message, run_of
from tests.support.vectors import grammar

from fuzz import seeds
from imapkit.errors import AuthenticationFailed, LimitExceeded, ParseError, SaslError
from imapkit.message.index import index_message
from imapkit.message.part import walk
from imapkit.message.scan import Scanner, scan
from imapkit.message.section import load_parts, locate
from imapkit.message.text import search_text
from imapkit.protocol.command import BadCommand, read_command
from imapkit.protocol.numset import NumSet, encode_numset, holds, read_numset
from imapkit.protocol.response import literal_allowed, read_response
from imapkit.query.key import read_program
from imapkit.query.plan import result
from imapkit.sasl.base import Answer, Authenticated, Challenge, ChannelBinding, CheckPassword, ScramKeys
from imapkit.sasl.registry import MECHANISMS
from imapkit.wire import utf7
from imapkit.wire.cursor import Cursor
from imapkit.wire.frame import Frame, Framer, LiteralWanted, Refused
from imapkit.wire.limits import CLIENT, SERVER

_LARGEST = 40


@dataclass(frozen=True)
class Target:
    """A name for the command line, where mutations start, and what is done with the bytes."""

    name: str
    seeds: Callable[[], Sequence[bytes]]
    run: Callable[[bytes], None]
    most: int = 1 << 14


def _pieces(data: bytes) -> list[bytes]:
    """The bytes in pieces as a network would deliver them, the same ones for the same bytes."""
    rng = Random(len(data))
    found, at = [], 0
    while at < len(data):
        step = rng.choice((1, 3, 17, 250, 4000))
        found.append(data[at : at + step])
        at += step
    return found


def command(data: bytes) -> None:
    """The server's framer and command reader: a command, or BadCommand, or a refusal over a limit."""
    framer = Framer(SERVER, gate=True)
    for piece in _pieces(data):
        framer.feed(piece)
        while (event := framer.next()) is not None:
            if isinstance(event, LiteralWanted):
                (framer.accept if event.size % 3 else framer.refuse)()
            elif isinstance(event, Frame):
                for utf8 in (False, True):
                    try:
                        read_command(event, grammar(), utf8=utf8)
                    except BadCommand as error:
                        assert "\r" not in error.text and "\n" not in error.text, error.text
            else:
                assert isinstance(event, Refused)
    framer.close()


def response(data: bytes) -> None:
    """The client's framer and response reader: a response (broken ones say so), or ParseError for what is none."""
    framer = Framer(CLIENT, gate=False, literal_allowed=literal_allowed)
    for piece in _pieces(data):
        framer.feed(piece)
        while (event := framer.next()) is not None:
            if isinstance(event, Frame):
                try:
                    read_response(event, grammar())
                except (ParseError, LimitExceeded):
                    continue
    framer.close()


def message(data: bytes) -> None:
    """Any octets are a message: it is scanned (whole and in pieces alike), indexed, and its parts lie inside it."""
    root = scan(data)
    scanner = Scanner()
    for piece in _pieces(data):
        scanner.feed(piece)
    in_pieces = scanner.close()
    index = index_message(root)
    assert index_message(in_pieces).bodystructure == index.bodystructure, "in pieces it has another structure"
    assert index.size == len(data)
    for part in walk(root):
        assert 0 <= part.start <= part.body <= part.end <= len(data), "a part that is outside of the message"
    stored = load_parts(index.parts)
    assert locate(stored) == locate(root)
    search_text(data, root)
    for wire in (index.envelope, index.bodystructure, index.body):
        read_response(_fetch_frame(wire), grammar())


def _fetch_frame(wire: bytes) -> Frame:
    """What the index made ready must be readable inside of a FETCH response: as some response, at least one line."""
    framer = Framer(CLIENT, gate=False, literal_allowed=literal_allowed)
    framer.feed(b"* 1 FETCH (ENVELOPE " + wire + b")\r\n")
    frame = framer.next()
    assert isinstance(frame, Frame), f"not one frame: {wire[:200]!r}"
    assert framer.next() is None and not framer.buffered, f"more than one frame: {wire[:200]!r}"
    return frame


def mailbox_name(data: bytes) -> None:
    """Any octets decode to a name that encodes to the same octets."""
    name = utf7.decode(data)
    assert utf7.encode(name) == data, (name, utf7.encode(name))
    utf7.is_legal(data)


def number_set(data: bytes) -> None:
    """A set, or ParseError; what was read is written and read again the same, and resolves inside of the mailbox."""
    cursor = Cursor(data)
    try:
        found = read_numset(cursor)
    except (ParseError, LimitExceeded):
        return
    assert isinstance(found, NumSet)
    assert read_numset(Cursor(encode_numset(found))) == found
    if not found.saved:
        ranges = found.resolve(_LARGEST)
        assert ranges == sorted(ranges)
        assert all(low <= high for low, high in ranges)
        holds(ranges, 7)


def sasl(data: bytes) -> None:
    """Every mechanism's server: data after LF continues the exchange; it ends in Authenticated or a documented error."""
    for mechanism in MECHANISMS:
        binding = ChannelBinding("tls-server-end-point", b"certificate") if mechanism.binds else None
        first, *rest = data.split(b"\n")
        for initial, later in ((first, rest), (None, [first, *rest])):
            _exchange(mechanism.server(lambda: "servernonceservernonce", binding).exchange(initial), later)


def _exchange(steps, later: list[bytes]) -> None:  # type: ignore[no-untyped-def]
    answers = iter(later)
    answer: Answer | None = None
    try:
        for _ in range(20):
            request = steps.send(answer)
            if isinstance(request, Challenge):
                answer = next(answers, b"")
            elif isinstance(request, CheckPassword):
                answer = len(request.password) % 2 == 0
            else:
                answer = ScramKeys(b"saltsaltsalt", 4096, bytes(32), bytes(32))
        raise AssertionError("an exchange without an end")
    except StopIteration as end:
        assert isinstance(end.value, Authenticated)
    except (SaslError, AuthenticationFailed):
        pass


@cache
def _mailbox() -> list[Message]:
    flags: tuple[frozenset[str], ...] = (
        frozenset({"\\Seen"}),
        frozenset({"\\Flagged", "$Important"}),
        frozenset(),
    )
    return [
        Message(
            uid=uid, flags=flags[uid % 3], recent=uid % 5 == 0, came=date(2026, 1, 1 + uid % 20), size=uid * 100,
            headers=[("From", f"Ann <ann{uid}@example.org>"), ("Subject", "Grüße ß x"), ("X-Spam", "")],
            body=f"the body {uid}\nÄ second line",
        )
        for uid in range(1, _LARGEST, 2)
    ]  # fmt: skip


def search(data: bytes) -> None:
    """A search program that can be read is evaluated: members of the mailbox, or a charset that does not fit."""
    cursor = Cursor(data)
    try:
        key = read_program(cursor, grammar())
    except (ParseError, LimitExceeded):
        return
    run = replace(run_of(_mailbox()), now=lambda: 1_770_000_000.0)
    try:
        found = result(key, run, run.index.everything())
    except UnicodeError:
        return
    assert set(found) <= set(run.index.everything())


def _programs() -> tuple[bytes, ...]:
    found = [wire.partition(b"SEARCH ")[2] for wire in seeds.vectors() if b"SEARCH " in wire]
    return (
        *found,
        b"OR SEEN NOT (FROM ann SUBJECT {3+}\r\nabc)",
        b'TEXT "body" SINCE 1-Feb-2026 UID 3:9,20:*',
        b"1:5 NOT 3",
    )


def _dialogues() -> tuple[bytes, ...]:
    return tuple(first + b"\n" + second for first in seeds.SASL for second in seeds.SASL)


TARGETS = (
    Target("command", seeds.commands, command),
    Target("response", seeds.responses, response),
    Target("message", seeds.messages, message),
    Target("utf7", lambda: seeds.MAILBOX_NAMES, mailbox_name, 300),
    Target("numset", lambda: seeds.NUMBER_SETS, number_set),
    Target("sasl", _dialogues, sasl, 4000),
    Target("search", _programs, search, 2000),
)
