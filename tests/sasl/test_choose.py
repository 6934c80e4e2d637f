"""Which mechanism a client takes and which ones a server offers."""

from __future__ import annotations

import pytest

from imapkit.errors import SaslError
from imapkit.sasl.base import ChannelBinding, ClientExchange, Credentials
from imapkit.sasl.registry import MECHANISMS, choose, client_mechanism, offered, server_mechanism
from imapkit.sasl.scram import derive_keys
from tests.sasl.drive import Users, both

ALL = ["LOGIN", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "GSSAPI", "XOAUTH2"]
WHO = Credentials("ann", "secret")
BINDING = ChannelBinding("tls-server-end-point", b"x" * 32)


def nonce() -> str:
    return "nonce"


@pytest.mark.parametrize(
    ("names", "tls", "binding", "chosen"),
    [
        (ALL, True, BINDING, "SCRAM-SHA-256-PLUS"),
        (ALL, True, None, "SCRAM-SHA-256"),
        (ALL, False, None, "SCRAM-SHA-256"),
        (["login", "plain"], True, None, "PLAIN"),
        (["LOGIN"], True, BINDING, "LOGIN"),
        (["SCRAM-SHA-256-PLUS", "PLAIN"], True, None, "PLAIN"),
    ],
)
def test_preference(names: list[str], tls: bool, binding: ChannelBinding | None, chosen: str) -> None:
    assert choose(names, WHO, tls=tls, nonce=nonce, binding=binding).name == chosen


@pytest.mark.parametrize("name", ["PLAIN", "LOGIN"])
def test_no_plaintext_without_tls_unless_allowed(name: str) -> None:
    with pytest.raises(SaslError, match="no TLS"):
        choose([name], WHO, tls=False, nonce=nonce)
    chosen = choose([name], WHO, tls=False, nonce=nonce, allow_plaintext=True)
    assert chosen.name == name and chosen.plaintext


@pytest.mark.parametrize("names", [[], ["GSSAPI"], ["SCRAM-SHA-256-PLUS"]])
def test_none_in_common(names: list[str]) -> None:
    with pytest.raises(SaslError, match="no usable SASL mechanism"):
        choose(names, WHO, tls=True, nonce=nonce)


def test_login_cannot_carry_an_authzid() -> None:
    boss = Credentials("ann", "secret", authzid="boss")
    assert choose(["LOGIN", "PLAIN"], boss, tls=True, nonce=nonce).name == "PLAIN"
    with pytest.raises(SaslError):
        choose(["LOGIN"], boss, tls=True, nonce=nonce)


def test_the_next_one_after_a_failure() -> None:
    first = choose(ALL, WHO, tls=True, nonce=nonce)
    assert choose(ALL, WHO, tls=True, nonce=nonce, tried=[first.name]).name == "PLAIN"
    with pytest.raises(SaslError):
        choose(ALL, WHO, tls=False, nonce=nonce, tried=[first.name])


@pytest.mark.parametrize(
    ("names", "tried", "flag"),
    [
        (["SCRAM-SHA-256"], [], b"y,,"),
        (ALL, [], b"p=tls-server-end-point,,"),
        (ALL, ["SCRAM-SHA-256-PLUS"], b"n,,"),
    ],
)
def test_what_the_client_says_of_channel_binding(names: list[str], tried: list[str], flag: bytes) -> None:
    chosen = choose(names, WHO, tls=True, nonce=nonce, binding=BINDING, tried=tried)
    assert (ClientExchange(chosen).initial or b"").startswith(flag)


def test_offered() -> None:
    assert offered(tls=True) == ("SCRAM-SHA-256", "PLAIN", "LOGIN")
    assert offered(tls=False) == ("SCRAM-SHA-256",)
    assert offered(tls=False, allow_plaintext=True, use_scram=False) == ("PLAIN", "LOGIN")
    assert offered(tls=True, binding=BINDING)[0] == "SCRAM-SHA-256-PLUS"
    assert offered(tls=False, use_scram=False) == ()


@pytest.mark.parametrize("name", [known.name for known in MECHANISMS])
def test_both_ends_by_name(name: str) -> None:
    users = Users({"ann": "secret"}, {"ann": derive_keys("secret", b"s" * 16, 4096)})
    binding = BINDING if name.endswith("-PLUS") else None
    client = client_mechanism(name.lower(), WHO, nonce, binding)
    result, exchange = both(client, server_mechanism(name, nonce, binding), users, initial_response=True)
    assert (client.name, result.authcid) == (name, "ann")
    exchange.finish()


def test_unknown_name() -> None:
    with pytest.raises(SaslError, match="unknown SASL mechanism CRAM-MD5"):
        server_mechanism("CRAM-MD5", nonce)
