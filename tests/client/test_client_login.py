"""Logins that are refused, and what the server can do after one."""

from __future__ import annotations

from typing import Any

import pytest

import imapkit
from imapkit.sasl.base import ClientExchange, Credentials
from imapkit.sasl.registry import choose

from .twins import Script, Twin, server, url

ANN: dict[str, Any] = {"user": "ann", "password": "secret", "allow_plaintext": True, "timeout": 5.0}
REFUSALS = [
    ("no", ()),
    ("[AUTHENTICATIONFAILED] wrong password", ()),
    ("[AUTHORIZATIONFAILED] not you", ()),
    ("[EXPIRED] too old", ()),
    ("[ALERT] Please log in via your web browser", ()),
    ("[WEBALERT https://x.example/continue?a=1] Web login required", ()),
    ("[XUNHEARD-OF (a b) 3] reasons", ()),
    ("[PARSE] reasons", ()),
    ("[LIMIT] too many connections", ()),
    ("[INUSE] locked", ()),
    ("[NOPERM] no", ()),
    ("[UNAVAILABLE] later", (imapkit.Unavailable,)),
    ("[CONTACTADMIN] ask", (imapkit.Unavailable,)),
    ("[SERVERBUG] oops", (imapkit.Unavailable,)),
    ("[PRIVACYREQUIRED] TLS first", (imapkit.PrivacyRequired,)),
]


def login(s: Script, status: str) -> None:
    s.answer('LOGIN "ann" "secret"', status=status)


def ways(mail: Any) -> list[Any]:
    plain = choose(["PLAIN"], Credentials("ann", "secret"), tls=False, nonce=str, allow_plaintext=True)
    return [lambda: mail.login("ann", "secret"), lambda: mail.authenticate(ClientExchange(plain))]


@pytest.mark.parametrize(("refusal", "also"), REFUSALS)
def test_a_refused_login_is_a_refused_login(
    twin: Twin, refusal: str, also: tuple[type[Exception], ...]
) -> None:
    def play(s: Script) -> None:
        s.send("* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN] hi")
        login(s, f"NO {refusal}")
        s.answer("AUTHENTICATE PLAIN", status=f"NO {refusal}")
        s.goodbye()

    with server(play) as port, twin.connect(url(port), allow_plaintext=True, timeout=5.0) as mail:
        for way in ways(mail):
            with pytest.raises(imapkit.AuthenticationFailed) as error:
                way()
            assert (
                all(isinstance(error.value, one) for one in also)
                and error.value.text == refusal.rpartition("] ")[2]
            )
            assert refusal in str(error.value), "the server's sentence, with all that is in it"
    with server(lambda s: _refuse(s, refusal)) as port, pytest.raises(imapkit.AuthenticationFailed):
        twin.connect(url(port), **ANN)


def _refuse(s: Script, refusal: str) -> None:
    s.send("* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN LOGINDISABLED] hi")
    s.answer("AUTHENTICATE PLAIN", status=f"NO {refusal}")
    assert s.sock.recv(10) == b""


def test_a_bad_to_a_login_is_none(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.send("* OK [CAPABILITY IMAP4rev1] hi")
        login(s, "BAD what")
        s.goodbye()

    with (
        server(play) as port,
        twin.connect(url(port), allow_plaintext=True, timeout=5.0) as mail,
        pytest.raises(imapkit.CommandBad),
    ):
        mail.login("ann", "secret")


def test_a_mechanism_that_cannot_be_used_is_not_the_last(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.send("* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=LOGIN] hi")
        s.answer("AUTHENTICATE PLAIN", status="NO [CANNOT] not by this mechanism")
        tag = s.command("AUTHENTICATE LOGIN")
        s.send(f"{tag} NO [CANNOT] nor by this one")
        login(s, "OK [CAPABILITY IMAP4rev1 MOVE] in")
        s.goodbye()

    with server(play) as port, twin.connect(url(port), **ANN) as mail:
        assert mail.has("MOVE")


@pytest.mark.parametrize("told", [True, False])
def test_capabilities_after_a_login_by_hand(twin: Twin, told: bool) -> None:
    def play(s: Script) -> None:
        s.send("* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN XBEFORE] hi")
        for take in (login, lambda s, status: s.answer("AUTHENTICATE", status=status)):
            take(s, "OK [CAPABILITY IMAP4rev1 SASL-IR MOVE] in" if told else "OK in")
            if not told:
                s.answer("CAPABILITY", "* CAPABILITY IMAP4rev1 SASL-IR MOVE")
        s.goodbye()

    with server(play) as port, twin.connect(url(port), allow_plaintext=True, timeout=5.0) as mail:
        for way in ways(mail):
            way()
            assert mail.has("MOVE") and not mail.has("XBEFORE")
