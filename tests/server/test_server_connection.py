"""The server's connection without I/O: the same events however the octets come, and nothing read before its turn."""

import random
from collections.abc import Callable, Iterable, Iterator

import pytest

from imapkit.features.base import Capability, Noop
from imapkit.features.catalogue import full_registry
from imapkit.features.select import Select
from imapkit.protocol.server import Event, LiteralAsked, Malformed, Received, ServerConnection, TooLarge
from imapkit.wire.frame import LiteralSink, MemorySink
from imapkit.wire.limits import Limits

LIMITS = Limits(line=200, literal=100, literal_in_memory=50, literals=3, frame=150)
Told = tuple[object, ...]


def connection(limits: Limits = LIMITS) -> ServerConnection:
    return ServerConnection(full_registry().grammar, limits)


def told(event: Event) -> Told:
    """An event as something to compare."""
    if isinstance(event, Received):
        command = event.command
        shown = ("command", command.tag, command.entry.name.decode(), repr(command.command))
        event.frame.close()
        return shown
    if isinstance(event, Malformed):
        return "malformed", event.tag, event.text
    if isinstance(event, LiteralAsked):
        return "literal?", event.tag, event.size
    return "too large", event.tag, event.error.kind, event.fatal


def play(chunks: Iterable[bytes], limits: Limits = LIMITS) -> list[Told]:
    """All events of the chunks; each literal that is asked for is accepted."""
    conn = connection(limits)
    events: list[Told] = []
    for chunk in chunks:
        conn.receive(chunk)
        while (event := conn.next()) is not None:
            events.append(told(event))
            if isinstance(event, LiteralAsked):
                conn.accept_literal()
    conn.close()
    return events


STREAMS: dict[str, tuple[bytes, list[tuple[object, ...]]]] = {
    "plain": (
        b"a1 NOOP\r\na2 capability\r\n",
        [("command", "a1", "NOOP", repr(Noop())), ("command", "a2", "CAPABILITY", repr(Capability()))],
    ),
    "typed with bare line ends": (
        b"a1 noop\na2 NoOp\n",
        [("command", "a1", "NOOP", repr(Noop())), ("command", "a2", "NOOP", repr(Noop()))],
    ),
    "mistakes": (
        b"\r\na1 helo\r\na2 noop now\r\n(x\r\na3 noop\r\n",
        [
            ("malformed", None, "every command begins with a tag: a1 NOOP (expected a tag at offset 0)"),
            (
                "malformed",
                "a1",
                "HELO belongs to SMTP: this server speaks IMAP (expected a known command at offset 3)",
            ),
            ("malformed", "a2", "expected the end of the line at offset 7, found ' now'; NOOP stands alone"),
            ("malformed", None, "every command begins with a tag: a1 NOOP (expected a tag at offset 0)"),
            ("command", "a3", "NOOP", repr(Noop())),
        ],
    ),
    "literals that wait": (
        b"a1 login {3}\r\nann {6}\r\nsecret\r\na2 noop\r\n",
        [
            ("literal?", "a1", 3),
            ("literal?", "a1", 6),
            ("command", "a1", "LOGIN", "Login(user=b'ann', password=…)"),
            ("command", "a2", "NOOP", repr(Noop())),
        ],
    ),
    "literals that do not wait": (
        b"a1 login {3+}\r\nann {6+}\r\nse}\r\nt\r\na2 noop\r\n",
        [
            ("command", "a1", "LOGIN", "Login(user=b'ann', password=…)"),
            ("command", "a2", "NOOP", repr(Noop())),
        ],
    ),
    "a literal over the limit": (
        b"a1 login {101}\r\na2 noop\r\n",
        [("too large", "a1", "literal", False), ("command", "a2", "NOOP", repr(Noop()))],
    ),
    "a literal over the limit that does not wait": (
        b"a1 login {101+}\r\na2 noop\r\n",
        [("too large", "a1", "literal", True)],
    ),
    "literals over the limit together": (
        b"a1 append x {90+}\r\n" + b"x" * 90 + b" {90}\r\na2 noop\r\n",
        [
            ("too large", "a1", "all literals of a command", False),
            ("command", "a2", "NOOP", repr(Noop())),
        ],
    ),
    "a line over the limit": (
        b"a1 login " + b"x" * 500 + b"\r\na2 noop\r\n",
        [("too large", "a1", "line", False), ("command", "a2", "NOOP", repr(Noop()))],
    ),
    "a password is not repeated": (
        b'a1 login ann "secret" more\r\n',
        [("malformed", "a1", "expected the end of the line at offset 21; it looks like LOGIN name password")],
    ),
}


def one_by_one(data: bytes) -> Iterator[bytes]:
    return (data[at : at + 1] for at in range(len(data)))


def at_random(data: bytes) -> Iterator[bytes]:
    chance = random.Random(data)
    at = 0
    while at < len(data):
        size = chance.choice((1, 2, 3, 7, 40))
        yield data[at : at + size]
        at += size


CUTS: dict[str, Callable[[bytes], Iterable[bytes]]] = {
    "whole": lambda data: [data],
    "octet by octet": one_by_one,
    "at random": at_random,
}


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("name", STREAMS)
def test_events_do_not_depend_on_the_cuts(name: str, cut: str) -> None:
    data, expected = STREAMS[name]
    assert play(CUTS[cut](data)) == expected


@pytest.mark.parametrize("name", STREAMS)
def test_every_single_cut(name: str) -> None:
    data, expected = STREAMS[name]
    for at in range(len(data) + 1):
        assert play([data[:at], data[at:]]) == expected, at


@pytest.mark.parametrize("name", STREAMS)
def test_every_truncation_gives_a_prefix_of_the_events(name: str) -> None:
    data, expected = STREAMS[name]
    for at in range(len(data)):
        found = play([data[:at]])
        assert found == expected[: len(found)], at


def test_a_refused_literal_drops_its_command() -> None:
    conn = connection()
    conn.receive(b"a1 login {3}\r\n")
    assert conn.next() == LiteralAsked("a1", 3)
    assert conn.next() is None
    conn.refuse_literal()
    conn.receive(b"a2 noop\r\n")
    event = conn.next()
    assert isinstance(event, Received) and event.command.tag == "a2"


def test_a_raw_line_knows_no_literals() -> None:
    """AUTHENTICATE's answers and IDLE's DONE: what looks like a literal there is text."""
    conn = connection()
    conn.receive(b"a1 idle\r\nDONE {5}\r\na2 noop\r\n")
    first = conn.next()
    assert isinstance(first, Received) and first.command.tag == "a1"
    assert conn.next_line() == b"DONE {5}"
    second = conn.next()
    assert isinstance(second, Received) and second.command.tag == "a2"


def test_a_raw_line_octet_by_octet() -> None:
    conn = connection()
    for octet in one_by_one(b"AG\xc3\xa4{3+}"):
        conn.receive(octet)
        assert conn.next_line() is None
    conn.receive(b"\n")
    assert conn.next_line() == b"AG\xc3\xa4{3+}"


def test_a_raw_line_over_the_limit() -> None:
    conn = connection()
    conn.receive(b"x" * 300)
    event = conn.next_line()
    assert isinstance(event, TooLarge) and event.error.kind == "line" and not event.fatal


def test_what_came_behind_starttls_is_forgotten() -> None:
    conn = connection()
    conn.receive(b"a1 starttls\r\na2 login ann secret\r\na3 no")
    event = conn.next()
    assert isinstance(event, Received) and event.command.entry.name == b"STARTTLS"
    assert conn.discard() == len(b"a2 login ann secret\r\na3 no")
    conn.receive(b"a4 noop\r\n")
    event = conn.next()
    assert isinstance(event, Received) and event.command.tag == "a4"


@pytest.mark.parametrize("utf8", [True, False])
def test_nothing_is_read_ahead_of_a_change_of_mode(utf8: bool) -> None:
    """UTF-8 in a quoted string is a name only if the command before it has switched that on."""
    conn = connection()
    conn.receive('a1 noop\r\na2 select "Größe"\r\n'.encode())
    assert isinstance(conn.next(), Received)
    conn.utf8 = utf8
    event = conn.next()
    name = (
        event.command.command.mailbox
        if isinstance(event, Received) and isinstance(event.command.command, Select)
        else None
    )
    assert (name == "Größe") == utf8


def test_limits_change_between_commands() -> None:
    conn = connection()
    conn.receive(b"a1 login {101}\r\n")
    assert isinstance(conn.next(), TooLarge)
    conn.limits = Limits(literal=200)
    conn.receive(b"a2 login {101}\r\n")
    assert conn.next() == LiteralAsked("a2", 101)


class CountingSink(MemorySink):
    opened = 0
    aborted = 0

    def abort(self) -> None:
        CountingSink.aborted += 1
        super().abort()


def test_large_literals_go_to_the_sink_and_are_given_up_at_the_end() -> None:
    asked: list[tuple[bytes, int]] = []

    def open_sink(head: bytes, size: int) -> LiteralSink:
        asked.append((head, size))
        return CountingSink()

    conn = connection()
    conn.use_sink(open_sink)
    conn.receive(b"a1 append x {20+}\r\n" + b"x" * 20 + b"\r\na2 append x {60+}\r\n" + b"x" * 10)
    assert isinstance(conn.next(), Received)
    assert conn.next() is None
    assert asked == [(b"a2 append x {60+}\r\n", 60)]
    assert conn.in_command
    conn.close()
    assert CountingSink.aborted == 1
