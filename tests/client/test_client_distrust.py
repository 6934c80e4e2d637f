"""What a server that means harm, or has gone mad, can do to the client: nothing that lasts."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import imapkit
from imapkit.client import patience
from imapkit.errors import ConnectionLost, ConnectionTimeout, LimitExceeded
from imapkit.wire.limits import CLIENT_BEFORE_LOGIN

from .twins import GREETING, Play, Script, Twin, logged_in, server, url

ANN = {"user": "ann", "password": "secret", "allow_plaintext": True}


# What was said before TLS and before the login


def test_starttls_forgets_all_that_was_said_in_the_clear(
    twin: Twin, certificate: tuple[Path, ssl.SSLContext]
) -> None:
    def play(s: Script) -> None:
        s.send("* OK [CAPABILITY IMAP4rev1 STARTTLS MOVE LITERAL+] ready")
        s.send("* ENABLED QRESYNC UTF8=ACCEPT", "* OK [ALERT] pay here: http://evil.example")
        s.answer("STARTTLS", "* NO [ALERT] again")
        s.start_tls(certificate[1])
        s.answer("CAPABILITY", "* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR", "* OK [ALERT] from the real one")
        s.answer("AUTHENTICATE PLAIN", status="OK [CAPABILITY IMAP4rev1] in")
        s.goodbye()

    with (
        server(play) as port,
        twin.connect(
            f"imap://127.0.0.1:{port}", user="ann", password="secret", cafile=certificate[0]
        ) as mail,
    ):
        assert list(mail.alerts) == ["from the real one"]
        assert mail.connection.enabled == set() and not mail.connection.utf8
        assert mail.capabilities == {"IMAP4REV1"} and not mail.has("MOVE")
        assert mail.connection.greeting == ""


def test_before_the_login_nothing_counts_but_capabilities(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.send(GREETING)
        s.send(
            "* ENABLED UTF8=ACCEPT", "* OK [ALERT] not yet", "* 5 EXISTS", "* FLAGS (x)", '* LIST () "/" x'
        )
        s.answer("AUTHENTICATE PLAIN", "* ENABLED QRESYNC", status="OK [CAPABILITY IMAP4rev1] in")
        s.answer("NOOP", "* OK [ALERT] now")
        s.goodbye()

    with server(play) as port, twin.connect(url(port), **ANN) as mail:
        assert mail.connection.enabled == set() and list(mail.alerts) == []
        mail.noop()
        assert list(mail.alerts) == ["now"]


# Answers without end


def flood(line: bytes, seconds: float = 0.0) -> Callable[[Script], None]:
    """Sends the same without end, with a pause between, until the client has gone."""

    def send(s: Script) -> None:
        s.line()
        try:
            while True:
                s.raw(line)
                time.sleep(seconds)
        except OSError:
            pass

    return send


@pytest.mark.parametrize(
    "piece",
    [b"* 5 EXISTS\r\n", b"x", b"+ more\r\n", b"* OK still here\r\n"],
    ids=["untagged", "half a line", "plus", "ok"],
)
def test_a_command_whose_answer_has_no_end(twin: Twin, piece: bytes) -> None:
    with (
        server(logged_in(flood(piece, 0.02))) as port,
        twin.connect(url(port), timeout=0.1, identity=None, allow_plaintext=True) as mail,
    ):
        with pytest.raises(ConnectionTimeout, match="has no end"):
            mail.noop()
        assert mail.connection.closed


@pytest.mark.parametrize(
    "piece", [b"* OK wait\r\n", b"+ \r\n", b"x"], ids=["untagged", "plus", "half a line"]
)
def test_a_login_whose_answer_has_no_end(twin: Twin, piece: bytes) -> None:
    def play(s: Script) -> None:
        s.send(GREETING)
        flood(piece, 0.02)(s)

    with server(play) as port, pytest.raises(imapkit.ImapError) as caught:
        twin.connect(url(port), timeout=0.3, **ANN)
    assert isinstance(caught.value, ConnectionLost | imapkit.SaslError), caught.value


def test_a_greeting_that_trickles(twin: Twin) -> None:
    def play(s: Script) -> None:
        try:
            while True:
                s.raw(b"x")
                time.sleep(0.02)
        except OSError:
            pass

    with server(play) as port, pytest.raises(ConnectionTimeout):
        twin.connect(url(port), connect_timeout=0.3, **ANN)


def test_what_one_command_keeps_has_a_bound(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    name = "_async" if twin.name == "async" else "_sync"
    module = __import__(f"imapkit.client.{name}.connection", fromlist=["KEPT"])
    monkeypatch.setattr(module, "KEPT", 100_000)
    with (
        server(logged_in(flood(b'* LIST () "/" x\r\n' * 100))) as port,
        twin.connect(url(port), identity=None, allow_plaintext=True) as mail,
    ):
        with pytest.raises(LimitExceeded, match="the answer to one command"):
            mail.lsub()
        assert mail.connection.closed


@pytest.mark.parametrize(
    "answer",
    [
        b"* CAPABILITY " + b"x" * (CLIENT_BEFORE_LOGIN.line + 1) + b"\r\n",
        b"* X {%d}\r\n" % (CLIENT_BEFORE_LOGIN.literal + 1),
        b"* X {99999999999999999999}\r\n",
        b"* 1 FETCH (X " + b"{1}\r\na " * (CLIENT_BEFORE_LOGIN.literals + 1) + b")\r\n",
    ],
    ids=["line", "literal", "literal of 20 digits", "literals"],
)
def test_what_is_announced_too_large_before_the_login(twin: Twin, answer: bytes) -> None:
    def play(s: Script) -> None:
        s.send("* OK hello")
        s.line()
        s.raw(answer)
        try:
            s.line()
        except (EOFError, OSError):
            pass

    with server(play) as port, pytest.raises((LimitExceeded, ConnectionLost)):
        twin.connect(url(port), timeout=2, **ANN)


def announce(answer: bytes) -> Play:
    def play(s: Script) -> None:
        tag, _, _ = s.line().partition(b" ")
        s.raw(answer + tag + b" OK\r\n")
        try:
            s.line()
        except (EOFError, OSError):
            pass

    return play


def test_a_literal_that_is_announced_too_large(twin: Twin) -> None:
    with (
        server(logged_in(announce(b"* 1 FETCH (BODY[] {99999999999}\r\n"))) as port,
        twin.connect(url(port), timeout=2, identity=None, allow_plaintext=True) as mail,
        pytest.raises(LimitExceeded),
    ):
        mail.noop()


def test_a_line_that_is_nested_too_deep_costs_that_line(twin: Twin) -> None:
    with (
        server(logged_in(announce(b"* 1 FETCH (X " + b"(" * 300 + b"\r\n* 5 EXISTS\r\n"))) as port,
        twin.connect(url(port), timeout=2, identity=None, allow_plaintext=True) as mail,
    ):
        mail.noop()
        assert not mail.connection.closed


# BYE


def stays_open(*lines: str, every: float = 0.0) -> Play:
    """Says this at the next command, once or again and again, and leaves the socket open until the client closes it."""

    def play(s: Script) -> None:
        s.line()
        s.send(*lines)
        try:
            while every:
                time.sleep(every)
                s.send(*lines)
            s.line()
        except (EOFError, OSError):
            pass

    return play


@pytest.mark.parametrize("every", [0.0, 0.05])
def test_bye_ends_a_command_at_once(twin: Twin, every: float) -> None:
    with (
        server(logged_in(stays_open("* BYE down for repair", every=every))) as port,
        twin.connect(url(port), timeout=30, identity=None, allow_plaintext=True) as mail,
    ):
        with pytest.raises(ConnectionLost, match="down for repair") as caught:
            mail.noop()
        assert caught.value.bye == "down for repair"
        assert mail.connection.closed
        with pytest.raises(ConnectionLost, match="down for repair"):
            mail.noop()


def test_a_refusal_that_comes_with_the_bye_is_told(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.send(GREETING)
        tag = s.command("AUTHENTICATE PLAIN")
        s.send("* BYE too many failures", f"{tag} NO [AUTHENTICATIONFAILED] wrong")
        try:
            s.line()
        except (EOFError, OSError):
            pass

    with server(play) as port, pytest.raises(imapkit.AuthenticationFailed, match="wrong"):
        twin.connect(url(port), timeout=30, **ANN)


def test_bye_during_the_login(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.send(GREETING)
        stays_open("* BYE come back tomorrow")(s)

    with server(play) as port, pytest.raises(ConnectionLost, match="come back tomorrow"):
        twin.connect(url(port), timeout=30, **ANN)


def test_bye_while_messages_are_iterated(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.select()
        s.line()
        s.send("* 1 FETCH (UID 1 FLAGS ())", "* BYE enough")
        try:
            s.line()
        except (EOFError, OSError):
            pass

    with (
        server(logged_in(play)) as port,
        twin.connect(url(port), timeout=30, identity=None, allow_plaintext=True) as mail,
    ):
        inbox = mail.select("INBOX")
        with pytest.raises(ConnectionLost, match="enough"):
            for _ in inbox.uids("1:3").fetch(imapkit.Flags):
                pass
        assert mail.connection.closed


def test_bye_while_idling_is_the_reason_that_is_told(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.select()
        s.line()
        s.send("+ idling", "* BYE idled too long")
        try:
            s.line()
        except (EOFError, OSError):
            pass

    with (
        server(logged_in(play)) as port,
        twin.connect(url(port), timeout=30, identity=None, allow_plaintext=True) as mail,
    ):
        inbox = mail.select("INBOX")
        with pytest.raises(ConnectionLost, match="idled too long"):  # noqa: SIM117 - leaving must not replace the reason
            with inbox.idle(timeout=20) as events:
                for _ in events:
                    pass


def test_a_bye_that_is_no_end_of_a_logout(twin: Twin) -> None:
    """The tagged answer is not waited for as long as that of a command, which would be longer than a test may take."""
    with server(logged_in(stays_open("* BYE bye"))) as port:
        mail = twin.connect(url(port), timeout=1000, identity=None, allow_plaintext=True)
        mail.logout()
        assert mail.connection.closed


def test_time_that_the_user_takes_is_not_the_servers(twin: Twin) -> None:
    """Only waiting counts: messages may be iterated as slowly as one likes."""

    def play(s: Script) -> None:
        s.select(40)
        tag, _, _ = s.line().partition(b" ")
        for number in range(1, 41):
            s.send(f"* {number} FETCH (UID {number} FLAGS ())")
        s.send(tag + b" OK done")
        s.goodbye()

    timeout = 0.05
    with (
        server(logged_in(play)) as port,
        twin.connect(url(port), timeout=timeout, identity=None, allow_plaintext=True) as mail,
    ):
        seen = 0
        for _ in mail.select("INBOX").uids("1:40").fetch(imapkit.Flags):
            seen += 1
            time.sleep(timeout * patience.WHOLE / 20)
        assert seen == 40
        assert threading.active_count() < 20
