"""Answers that come fast and never end, or that grow when they are unpacked or read: time and room have an end all the same."""

from __future__ import annotations

import zlib
from importlib import import_module
from types import ModuleType

import pytest

import imapkit
from imapkit.errors import ConnectionLost, ConnectionTimeout, LimitExceeded

from .test_client_distrust import flood
from .twins import Script, Twin, logged_in, server, url

OPEN = {"identity": None, "allow_plaintext": True}

LINES = pytest.mark.parametrize(
    "piece",
    [b"* OK still here\r\n", b"+ more\r\n", b"* 9 FETCH (UID 9 FLAGS ())\r\n", b"x"],
    ids=["ok", "plus", "a message nobody asked for", "half a line"],
)


def part_of(twin: Twin, name: str) -> ModuleType:
    """The twin's module of that name: where a limit is replaced."""
    return import_module(f"imapkit.client._{twin.name}.{name}")


@pytest.fixture
def earns_little(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command has little time at first; every octet earns more than it takes, but lines in all no more than that."""
    monkeypatch.setattr(part_of(twin, "connection"), "WHOLE", 0.01)
    monkeypatch.setattr(part_of(twin, "pump"), "EARNED", 1000)
    monkeypatch.setattr(part_of(twin, "pump"), "EARNED_BY_LINES", 1)


@LINES
@pytest.mark.usefixtures("earns_little")
def test_lines_that_come_fast_earn_no_time_without_end(twin: Twin, piece: bytes) -> None:
    with (
        server(logged_in(flood(piece * 20, 0.01))) as port,
        twin.connect(url(port), timeout=10, **OPEN) as mail,
    ):
        with pytest.raises(ConnectionTimeout, match="has no end"):
            mail.noop()
        assert mail.connection.closed


@LINES
@pytest.mark.usefixtures("earns_little")
def test_the_same_while_messages_are_iterated(twin: Twin, piece: bytes) -> None:
    def play(s: Script) -> None:
        s.select()
        flood(piece * 20, 0.01)(s)

    with server(logged_in(play)) as port, twin.connect(url(port), timeout=10, **OPEN) as mail:
        inbox = mail.select("INBOX")
        with pytest.raises(ConnectionTimeout, match="has no end"):
            list(inbox.uids("1:3").fetch(imapkit.Flags))
        assert mail.connection.closed


@LINES
def test_what_comes_between_two_messages_has_a_bound(
    twin: Twin, piece: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part_of(twin, "connection"), "KEPT_BETWEEN", 100_000)

    def play(s: Script) -> None:
        s.select()
        flood(piece * 1000)(s)

    with server(logged_in(play)) as port, twin.connect(url(port), **OPEN) as mail:
        inbox = mail.select("INBOX")
        with pytest.raises(LimitExceeded, match="the answer to one command"):
            list(inbox.uids("1:3").fetch(imapkit.Flags))
        assert mail.connection.closed


def test_messages_that_were_asked_for_come_however_many(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound is that between two messages: all of them together are larger."""
    monkeypatch.setattr(part_of(twin, "connection"), "KEPT_BETWEEN", 3_000_000)
    body = b"x" * 400_000

    def play(s: Script) -> None:
        s.select(20)
        tag, _, _ = s.line().partition(b" ")
        for number in range(1, 21):
            s.raw(b"* %d FETCH (UID %d BODY[] {%d}\r\n%b)\r\n" % (number, number, len(body), body))
        s.send(tag + b" OK done")
        s.answer("NOOP")
        s.goodbye()

    with server(logged_in(play)) as port, twin.connect(url(port), **OPEN) as mail:
        found = list(mail.select("INBOX").uids("1:20").fetch(imapkit.Body))
        assert [message.uid for message in found] == list(range(1, 21))
        mail.noop()


def test_small_responses_count_for_the_objects_they_become(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The octets alone are within the bound."""
    line, count = b"* 5 EXISTS\r\n", 1000
    monkeypatch.setattr(part_of(twin, "connection"), "KEPT", 2 * len(line) * count)

    def play(s: Script) -> None:
        tag, _, _ = s.line().partition(b" ")
        s.raw(line * count + tag + b" OK done\r\n")
        try:
            s.line()
        except (EOFError, OSError):
            pass

    with (
        server(logged_in(play)) as port,
        twin.connect(url(port), **OPEN) as mail,
        pytest.raises(LimitExceeded, match="the answer to one command"),
    ):
        mail.noop()


def test_what_is_compressed_counts_as_large_as_it_becomes(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The packed octets are a hundredth of the bound, and the line alone is within that of lines."""
    monkeypatch.setattr(part_of(twin, "connection"), "KEPT", 1_000_000)
    packer = zlib.compressobj(wbits=-15)

    def play(s: Script) -> None:
        s.answer("COMPRESS DEFLATE")
        s.take(1)
        packed = packer.compress(b"* X " + b"x" * 5_000_000 + b"\r\nA2 OK done\r\n")
        packed += packer.flush(zlib.Z_SYNC_FLUSH)
        assert len(packed) < 10_000
        s.raw(packed)
        try:
            while s.sock.recv(4096):
                pass
        except OSError:
            pass

    greeting = "* PREAUTH [CAPABILITY IMAP4rev1 COMPRESS=DEFLATE] hi"
    with server(logged_in(play, greeting)) as port, twin.connect(url(port), **OPEN) as mail:
        mail.compress()
        with pytest.raises(LimitExceeded, match="the answer to one command"):
            mail.noop()
        assert mail.connection.closed


class Reason(Exception):
    """Why a program left a block."""


def test_leaving_while_idling_does_not_replace_the_reason(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.select()
        s.line()
        s.send("+ idling", "* 4 EXISTS")
        s.line()  # DONE, which is not answered

    with server(logged_in(play)) as port, twin.connect(url(port), **OPEN) as mail:
        inbox = mail.select("INBOX")
        with pytest.raises(Reason):  # noqa: SIM117 - leaving must not replace the reason
            with inbox.idle(timeout=20) as events:
                for _ in events:
                    raise Reason
        assert mail.connection.closed


def test_leaving_a_mailbox_does_not_replace_the_reason(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.select()
        s.line()  # UNSELECT, which is not answered

    with server(logged_in(play)) as port, twin.connect(url(port), **OPEN) as mail:
        with pytest.raises(Reason):  # noqa: SIM117 - leaving must not replace the reason
            with mail.select("INBOX"):
                raise Reason
        assert mail.connection.closed


@pytest.mark.parametrize("idling", [True, False])
def test_what_goes_wrong_while_leaving_is_told_where_it_is_the_reason(twin: Twin, *, idling: bool) -> None:
    def play(s: Script) -> None:
        s.select()
        s.line()
        if idling:
            s.send("+ idling", "* 4 EXISTS")
            s.line()
        s.send("* BYE enough")

    with server(logged_in(play)) as port, twin.connect(url(port), **OPEN) as mail:
        inbox = mail.select("INBOX")
        with pytest.raises(ConnectionLost, match="enough"):  # noqa: SIM117 - told by leaving
            with inbox.idle(timeout=20) if idling else inbox as events:
                if idling:
                    next(iter(events))
