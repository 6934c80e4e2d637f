"""The connection without I/O: greetings, tags, literals that wait, what is refused in the middle."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from imapkit.errors import LimitExceeded, NotAnImapServer, ProtocolError, UsageError
from imapkit.features.append import Append, AppendMessage
from imapkit.features.base import CapabilityData, Noop
from imapkit.features.catalogue import full_registry
from imapkit.features.idle import DONE, Idle
from imapkit.features.mailboxes import Create
from imapkit.features.select import Exists
from imapkit.protocol.client import Asked, ClientConnection, Event, Farewell, Finished, Greeted
from imapkit.protocol.status import Kind
from imapkit.wire.frame import HeldLiteral
from imapkit.wire.limits import Limits
from imapkit.wire.writer import LiteralMode


def connection(mode: LiteralMode = LiteralMode.SYNC) -> ClientConnection:
    """One that was greeted."""
    core = ClientConnection(full_registry().grammar)
    core.literal_mode = mode
    core.receive(b"* OK hello\r\n")
    assert isinstance(core.next(), Greeted)
    return core


def out(core: ClientConnection) -> bytes:
    chunks = []
    while (chunk := core.next_chunk()) is not None:
        chunks.append(chunk)
    return b"".join(chunks)


def events(core: ClientConnection, data: bytes) -> list[Event]:
    core.receive(data)
    found = []
    while (event := core.next()) is not None:
        found.append(event)
    return found


@pytest.mark.parametrize(
    ("line", "kind"),
    [(b"* OK hi", Kind.OK), (b"* PREAUTH [CAPABILITY IMAP4rev1] hi", Kind.PREAUTH), (b"* ok", Kind.OK)],
)
def test_greeting(line: bytes, kind: Kind) -> None:
    core = ClientConnection(full_registry().grammar)
    (event,) = events(core, line + b"\r\n")
    assert isinstance(event, Greeted) and event.status.kind is kind


def test_greeting_that_turns_away() -> None:
    (event,) = events(ClientConnection(full_registry().grammar), b"* BYE too many of you\r\n")
    assert isinstance(event, Farewell) and event.status.text == "too many of you"


@pytest.mark.parametrize(
    "line",
    [
        b"220 mail ESMTP",
        b"HTTP/1.1 400 Bad Request",
        b"+OK POP3 ready",
        b"* NO way",
        b"A1 OK hm",
        b"+ yes",
        b"* 3 EXISTS",
    ],
)
def test_greeting_of_something_else(line: bytes) -> None:
    core = ClientConnection(full_registry().grammar)
    core.receive(line + b"\r\n")
    with pytest.raises(NotAnImapServer) as error:
        core.next()
    assert error.value.text == line.decode()


def test_tags_and_data() -> None:
    core = connection()
    assert core.send(Noop()) == "A1"
    assert out(core) == b"A1 NOOP\r\n"
    assert core.sent
    data, done = events(core, b"* 3 EXISTS\r\nA1 OK done\r\n")
    assert data == Exists(3)
    assert isinstance(done, Finished) and done.status.text == "done"
    assert core.send(Noop()) == "A2"


def test_one_command_at_a_time() -> None:
    core = connection()
    core.send(Noop())
    with pytest.raises(UsageError, match="under way"):
        core.send(Noop())


@pytest.mark.parametrize("line", [b"B7 OK done", b"A0 NO", b"A2 OK early"])
def test_an_unknown_tag_ends_it(line: bytes) -> None:
    core = connection()
    core.send(Noop())
    out(core)
    core.receive(line + b"\r\n")
    with pytest.raises(ProtocolError, match="not under way"):
        core.next()


def test_a_tagged_answer_to_nothing_ends_it() -> None:
    core = connection()
    core.receive(b"A1 OK come in\r\n")
    with pytest.raises(ProtocolError):
        core.next()


def literal_command() -> Append:
    return Append("box", (AppendMessage(HeldLiteral(b"hello")),))


def test_a_literal_waits_for_leave() -> None:
    core = connection()
    core.send(literal_command())
    assert out(core) == b"A1 APPEND box {5}\r\n"
    assert core.waiting and not core.sent
    assert events(core, b"* 4 EXISTS\r\n+ go on\r\n") == [Exists(4)]
    assert out(core) == b"hello\r\n"
    assert core.sent
    (done,) = events(core, b"A1 OK\r\n")
    assert isinstance(done, Finished)


@pytest.mark.parametrize("kind", [Kind.NO, Kind.BAD])
def test_a_refused_literal_is_not_sent(kind: Kind) -> None:
    core = connection()
    core.send(literal_command())
    out(core)
    (done,) = events(core, f"A1 {kind.value} [TOOBIG] too much\r\n".encode())
    assert isinstance(done, Finished) and done.status.kind is kind
    assert out(core) == b""
    core.send(Noop())
    assert out(core) == b"A2 NOOP\r\n"


@pytest.mark.parametrize("mode", LiteralMode)
def test_ok_to_half_a_command_ends_it(mode: LiteralMode) -> None:
    core = connection(mode)
    core.send(literal_command())
    core.next_chunk()
    if core.sent:
        return  # all of it is in one chunk
    core.receive(b"A1 OK injected\r\n")
    with pytest.raises(ProtocolError, match="not sent whole"):
        core.next()


def test_an_announced_literal_is_sent_even_if_it_was_refused_meanwhile() -> None:
    core = connection(LiteralMode.PLUS)
    core.send(literal_command())
    assert core.next_chunk() == b"A1 APPEND box {5+}\r\n"
    assert events(core, b"A1 NO [OVERQUOTA] full\r\n") == []
    assert out(core) == b"hello\r\n"
    event = core.next()
    assert isinstance(event, Finished) and event.status.code_name == "OVERQUOTA"


@pytest.mark.parametrize(("size", "waits"), [(4096, False), (4097, True)])
def test_literal_minus(size: int, waits: bool) -> None:
    core = connection(LiteralMode.MINUS)
    core.send(Append("box", (AppendMessage(HeldLiteral(b"x" * size)),)))
    out(core)
    assert core.waiting is waits


class Short:
    """A stream that does not hold what it says."""

    def __init__(self, size: int, pieces: list[bytes]) -> None:
        self.size = size
        self.pieces = pieces

    def chunks(self) -> Iterator[bytes]:
        yield from self.pieces


@pytest.mark.parametrize("pieces", [[b"abc"], [b"abc", b"defg"], []])
def test_a_stream_of_another_size_is_an_error(pieces: list[bytes]) -> None:
    core = connection(LiteralMode.PLUS)
    core.send(Append("box", (AppendMessage(Short(5, pieces)),)))
    with pytest.raises(UsageError, match="not as long"):
        out(core)


def test_idle() -> None:
    core = connection()
    core.send(Idle())
    assert out(core) == b"A1 IDLE\r\n"
    assert events(core, b"* 1 EXISTS\r\n+ idling\r\n* 2 EXISTS\r\n") == [
        Exists(1),
        Asked(b"idling"),
        Exists(2),
    ]
    core.send_line(DONE)
    assert out(core) == b"DONE\r\n"
    assert isinstance(events(core, b"A1 OK\r\n")[0], Finished)


def test_a_stray_continuation_is_nothing() -> None:
    core = connection()
    assert events(core, b"+ what?\r\n* 1 EXISTS\r\n") == [Exists(1)]


def test_bye() -> None:
    core = connection()
    (event,) = events(core, b"* BYE [UNAVAILABLE] going down\r\n")
    assert isinstance(event, Farewell) and event.status.code_name == "UNAVAILABLE"


def test_what_looks_like_a_literal_in_text_is_text() -> None:
    core = connection()
    core.send(Noop())
    out(core)
    first, second, done = events(core, b"* OK see {5}\r\n* 2 EXISTS\r\nA1 OK [X] {9}\r\n")
    assert second == Exists(2)
    assert isinstance(done, Finished)


def test_limits_hold_before_memory_is_taken() -> None:
    core = ClientConnection(full_registry().grammar, Limits(literal=100, line=1000))
    events(core, b"* OK hi\r\n")
    core.receive(b"* 1 FETCH (BODY[] {101}\r\n")
    with pytest.raises(LimitExceeded):
        core.next()


def test_starttls_forgets_what_was_injected() -> None:
    core = connection()
    core.send(Noop())
    out(core)
    core.receive(b"A1 OK begin\r\n* CAPABILITY IMAP4rev1 AUTH=EVIL\r\nA2 OK injected\r\n")
    assert isinstance(core.next(), Finished)
    assert core.discard() > 0
    assert core.next() is None
    assert events(core, b"* CAPABILITY IMAP4rev1\r\n") == [CapabilityData(("IMAP4rev1",))]


@pytest.mark.parametrize("name", ["a\r\nA2 LOGOUT", "a\nb", "nul\0", 'quo"te', "back\\slash", "Ä\r\n"])
@pytest.mark.parametrize("mode", LiteralMode)
def test_no_argument_begins_a_line(name: str, mode: LiteralMode) -> None:
    core = connection(mode)
    try:
        core.send(Create(name))
    except UsageError:
        return
    sent = out(core)
    if core.waiting:
        core.receive(b"+\r\n")
        assert core.next() is None
        sent += out(core)
    lines = sent.split(b"\r\n")
    assert lines[-1] == b""
    assert len(lines) == 2 or lines[0].endswith(b"}")  # a literal, whose octets are counted
