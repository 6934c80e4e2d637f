"""PLAIN (RFC 4616, its examples too) and LOGIN: both roles, alone and against each other."""

from __future__ import annotations

import pytest

from imapkit.errors import AuthenticationFailed, SaslError
from imapkit.sasl.base import MAX_MESSAGE, Authenticated, CheckPassword, ClientExchange, Credentials
from imapkit.sasl.login import LoginClient, LoginServer
from imapkit.sasl.plain import PlainClient, PlainServer
from tests.sasl.drive import Users, both, serve

USERS = {"tim": "tanstaaftanstaaf", "Kurt": "xipj3plmq", "bjørn": "blåbær,=\u00a0"}


def test_rfc_examples_client() -> None:
    assert (
        ClientExchange(PlainClient(Credentials("tim", "tanstaaftanstaaf"))).initial
        == b"\0tim\0tanstaaftanstaaf"
    )
    who = Credentials("Kurt", "xipj3plmq", authzid="Ursel")
    assert ClientExchange(PlainClient(who)).initial == b"Ursel\0Kurt\0xipj3plmq"


def test_rfc_examples_server() -> None:
    assert serve(PlainServer(), Users(USERS), b"\0tim\0tanstaaftanstaaf") == (Authenticated("tim", ""), [])
    assert serve(PlainServer(), Users(USERS), b"Ursel\0Kurt\0xipj3plmq")[0] == Authenticated("Kurt", "Ursel")


def test_plain_without_initial_response_gets_an_empty_challenge() -> None:
    result = serve(PlainServer(), Users(USERS), None, [b"\0tim\0tanstaaftanstaaf"])
    assert result == (Authenticated("tim", ""), [b""])


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"tim",
        b"\0tim",
        b"\0tim\0",
        b"\0\0pw",
        b"\0\0",
        b"\0tim\0pw\0",
        b"a\0tim\0p\0w",
        b"\0tim\0\xff\xfe",
        b"\0\xc0\x80\0pw",
        b"\xed\xa0\x80\0tim\0pw",
    ],
)
def test_malformed_plain(message: bytes) -> None:
    users = Users(USERS)
    with pytest.raises(SaslError):
        serve(PlainServer(), users, message)
    assert users.asked == []


def test_wrong_password() -> None:
    with pytest.raises(AuthenticationFailed) as caught:
        serve(PlainServer(), Users(USERS), b"\0tim\0wrong")
    assert caught.value.code == "AUTHENTICATIONFAILED"
    with pytest.raises(AuthenticationFailed) as other:
        serve(LoginServer(), Users(USERS), None, [b"nobody", b"wrong"])
    assert str(other.value) == str(caught.value)


@pytest.mark.parametrize("initial", [True, False])
@pytest.mark.parametrize("name", USERS)
def test_both_ends(name: str, initial: bool) -> None:
    who = Credentials(name, USERS[name])
    for client, server in ((PlainClient(who), PlainServer()), (LoginClient(who), LoginServer())):
        result, exchange = both(client, server, Users(USERS), initial_response=initial)
        assert result == Authenticated(name, "")
        exchange.finish()


@pytest.mark.parametrize(
    ("name", "password", "authzid"),
    [
        ("", "pw", ""),
        ("ann", "", ""),
        ("a\0nn", "pw", ""),
        ("ann", "p\0w", ""),
        ("ann", "pw", "b\0b"),
        ("ann", "\ud800", ""),
        ("ann", "x" * MAX_MESSAGE, ""),
    ],
)
def test_client_refuses_what_cannot_be_sent(name: str, password: str, authzid: str) -> None:
    with pytest.raises(SaslError):
        ClientExchange(PlainClient(Credentials(name, password, authzid)))


@pytest.mark.parametrize(
    ("name", "password"), [("", "pw"), ("ann", ""), ("a\0", "pw"), ("ann", "x" * 70_000)]
)
def test_login_client_refuses_what_cannot_be_sent(name: str, password: str) -> None:
    with pytest.raises(SaslError):
        ClientExchange(LoginClient(Credentials(name, password)))


def test_login_prompts_and_name_as_initial_response() -> None:
    result = serve(LoginServer(), Users(USERS), None, [b"tim", b"tanstaaftanstaaf"])
    assert result == (Authenticated("tim", ""), [b"Username:", b"Password:"])
    assert serve(LoginServer(), Users(USERS), b"tim", [b"tanstaaftanstaaf"])[1] == [b"Password:"]
    assert serve(LoginServer(), Users(USERS), b"", [b"tim", b"tanstaaftanstaaf"])[1] == [
        b"Username:",
        b"Password:",
    ]


@pytest.mark.parametrize("responses", [[b"", b"pw"], [b"tim", b""], [b"t\0m", b"pw"], [b"tim", b"\xff"]])
def test_malformed_login(responses: list[bytes]) -> None:
    with pytest.raises(SaslError):
        serve(LoginServer(), Users(USERS), None, responses)


def test_login_client_answers_by_position_and_has_no_initial_response() -> None:
    exchange = ClientExchange(LoginClient(Credentials("ann", "pw")))
    assert exchange.initial is None
    assert exchange.respond(b"User Name\0") == b"ann"
    with pytest.raises(SaslError, match="not to be trusted"):
        exchange.finish()


def test_one_challenge_too_many() -> None:
    exchange = ClientExchange(LoginClient(Credentials("ann", "pw")))
    assert [exchange.respond(b"?"), exchange.respond(b"?")] == [b"ann", b"pw"]
    with pytest.raises(SaslError, match="too many"):
        exchange.respond(b"?")


def test_challenge_before_the_first_message() -> None:
    exchange = ClientExchange(PlainClient(Credentials("ann", "pw")))
    with pytest.raises(SaslError, match="before"):
        exchange.respond(b"tell me")


def test_long_messages_are_refused_both_ways() -> None:
    long = b"\0tim\0" + b"x" * MAX_MESSAGE
    with pytest.raises(SaslError, match="limit"):
        serve(PlainServer(), Users(USERS), long)
    with pytest.raises(SaslError, match="limit"):
        serve(PlainServer(), Users(USERS), None, [long])
    with pytest.raises(SaslError, match="limit"):
        ClientExchange(LoginClient(Credentials("ann", "pw"))).respond(long)


def test_passwords_stay_out_of_repr() -> None:
    assert "hunter2" not in repr(Credentials("ann", "hunter2"))
    assert "hunter2" not in repr(CheckPassword("ann", "hunter2", ""))
