"""SCRAM-SHA-256: the exchange of RFC 7677 section 3 to the byte, both ends against each other, and every way to cheat."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from imapkit.errors import AuthenticationFailed, SaslError
from imapkit.sasl.base import (
    MAX_MESSAGE,
    Authenticated,
    ChannelBinding,
    ClientExchange,
    Credentials,
    FindScram,
)
from imapkit.sasl.scram import END_POINT, MAX_ITERATIONS, ScramClient, ScramServer, derive_keys
from imapkit.sasl.scram_text import escape_name, read_client_first, unescape_name
from tests.sasl.drive import Users, both, serve

CLIENT_NONCE = "rOprNGfwEbeRWgbNEkqO"
SERVER_NONCE = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
NONCE = (CLIENT_NONCE + SERVER_NONCE).encode()
SALT = base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")

C1 = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
S1 = b"r=" + NONCE + b",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
C2 = b"c=biws,r=" + NONCE + b",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
S2 = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

PENCIL = derive_keys("pencil", SALT, 4096)
BINDING = ChannelBinding(END_POINT, bytes(range(32)))


def nonce(text: str) -> Callable[[], str]:
    return lambda: text


def client(password: str = "pencil", name: str = "user", authzid: str = "") -> ScramClient:
    return ScramClient(Credentials(name, password, authzid), nonce(CLIENT_NONCE))


def server(binding: ChannelBinding | None = None, *, plus: bool = False) -> ScramServer:
    return ScramServer(nonce(SERVER_NONCE), binding, plus=plus)


def users() -> Users:
    return Users(keys={"user": PENCIL})


def started(mechanism: ScramClient) -> ClientExchange:
    exchange = ClientExchange(mechanism)
    exchange.initial_sent()
    return exchange


def test_rfc_7677_client() -> None:
    exchange = ClientExchange(client())
    assert exchange.initial == C1
    exchange.initial_sent()
    assert exchange.respond(S1) == C2
    assert exchange.respond(S2) == b""
    exchange.finish()


def test_rfc_7677_server() -> None:
    known = users()
    assert serve(server(), known, C1, [C2, b""]) == (Authenticated("user", ""), [S1, S2])
    assert known.asked == [FindScram("user")]


def test_server_without_initial_response() -> None:
    assert serve(server(), users(), None, [C1, C2, b""])[1] == [b"", S1, S2]


@pytest.mark.parametrize("initial", [True, False])
@pytest.mark.parametrize("name", ["user", "a,b=c", "=2C", "bjørn", "Ⅸ"])
def test_both_ends(name: str, initial: bool) -> None:
    prepared = "IX" if name == "Ⅸ" else name
    known = Users(keys={prepared: derive_keys("pässword½", b"s" * 16, 5000)})
    mechanism = client("pässword½", name, authzid="boss,=")
    result, exchange = both(mechanism, server(), known, initial_response=initial)
    assert result == Authenticated(prepared, "boss,=")
    exchange.finish()


def test_passwords_that_look_alike_are_one() -> None:
    assert derive_keys("I\u00adX", SALT, 4096) == derive_keys("\u2168", SALT, 4096)


@pytest.mark.parametrize("initial", [True, False])
def test_plus(initial: bool) -> None:
    mechanism = ScramClient(Credentials("user", "pencil"), nonce("c1"), BINDING, plus=True)
    assert mechanism.name == "SCRAM-SHA-256-PLUS"
    assert (ClientExchange(mechanism).initial or b"").startswith(b"p=tls-server-end-point,,n=user")
    result, exchange = both(mechanism, server(BINDING, plus=True), users(), initial_response=initial)
    assert result == Authenticated("user", "")
    exchange.finish()


def test_plus_over_another_channel_fails() -> None:
    other = ChannelBinding(END_POINT, bytes(32))
    mechanism = ScramClient(Credentials("user", "pencil"), nonce("c1"), other, plus=True)
    with pytest.raises(SaslError, match="channel binding does not match"):
        both(mechanism, server(BINDING, plus=True), users(), initial_response=True)


def test_plus_needs_binding_data() -> None:
    with pytest.raises(SaslError, match="TLS channel"):
        ScramServer(nonce("s"), plus=True)
    with pytest.raises(SaslError, match="TLS channel"):
        ScramClient(Credentials("user", "pencil"), nonce("c"), plus=True)


def test_downgrade_is_detected() -> None:
    mechanism = ScramClient(Credentials("user", "pencil"), nonce("c1"), BINDING)
    assert (ClientExchange(mechanism).initial or b"").startswith(b"y,,")
    with pytest.raises(SaslError, match="downgrade"):
        both(mechanism, server(BINDING), users(), initial_response=True)
    fresh = ScramClient(Credentials("user", "pencil"), nonce("c1"), BINDING)
    assert both(fresh, server(), users(), initial_response=True)[0] == Authenticated("user", "")


@pytest.mark.parametrize(
    ("first", "plus"),
    [
        (b"p=tls-server-end-point,,n=user,r=abc", False),
        (b"p=tls-unique,,n=user,r=abc", True),
        (b"n,,n=user,r=abc", True),
        (b"y,,n=user,r=abc", True),
    ],
)
def test_binding_flag_must_fit_the_mechanism(first: bytes, plus: bool) -> None:
    with pytest.raises(SaslError):
        serve(server(BINDING, plus=plus), users(), first)


def test_wrong_password_and_unknown_user_fail_alike() -> None:
    failures = []
    for mechanism in (client("pen"), client("pencil", "nobody")):
        with pytest.raises(AuthenticationFailed) as caught:
            both(mechanism, server(), users(), initial_response=True)
        failures.append((str(caught.value), caught.value.code))
    assert failures[0] == failures[1]


@pytest.mark.parametrize(
    "first",
    [
        b"",
        b"x,,n=user,r=abc",
        b"n,n=user,r=abc",
        b",,n=user,r=abc",
        b"n,,n=user",
        b"n,,r=abc,n=user",
        b"n,,n=,r=abc",
        b"n,,n=us=er,r=abc",
        b"n,,n=user=2,r=abc",
        b"n,,n=user,r=",
        b"n,,n=user,r=a b",
        b"n,,n=user,r=abc,",
        b"n,,n=user,r=abc,junk",
        b"n,,m=must,n=user,r=abc",
        b"n,,n=user,r=abc,m=must",
        b"n,b=boss,n=user,r=abc",
        b"n,a=,n=user,r=abc",
        b"n,,n=us\xffer,r=abc",
        b"n,,n=us\0er,r=abc",
        b"p=,,n=user,r=abc",
        b"n,,n=user,r=" + b"a" * MAX_MESSAGE,
        b"n,,n=user,r=" + b"a" * 2000,
        b"n,,n=" + b"a" * 2000 + b",r=abc",
        b"n,a=" + b"a" * 2000 + b",n=user,r=abc",
    ],
)
def test_malformed_first_message(first: bytes) -> None:
    known = users()
    with pytest.raises(SaslError):
        serve(server(), known, first)
    assert known.asked == []


@pytest.mark.parametrize(
    "final",
    [
        b"",
        C2.replace(b"c=biws", b"c=eSws"),
        C2.replace(b"c=biws", b"c=!!!!"),
        C2.replace(b"c=biws,", b""),
        C2.replace(b"k0,", b"k1,"),
        C2.replace(SERVER_NONCE.encode(), b""),
        C2.partition(b",p=")[0],
        C2.partition(b",p=")[0] + b",p=",
        C2.partition(b",p=")[0] + b",p=?",
        C2.replace(b",p=", b",m=x,p="),
    ],
)
def test_malformed_final_message(final: bytes) -> None:
    with pytest.raises(SaslError):
        serve(server(), users(), C1, [final])


@pytest.mark.parametrize("proof", [b"AAAA", base64.b64encode(bytes(32)), base64.b64encode(bytes(64))])
def test_wrong_proof(proof: bytes) -> None:
    with pytest.raises(AuthenticationFailed):
        serve(server(), users(), C1, [C2.partition(b",p=")[0] + b",p=" + proof])


def test_extension_is_ignored_but_authenticated() -> None:
    exchange = started(client())
    assert exchange.respond(S1 + b",x=new") != C2
    with pytest.raises(AuthenticationFailed):
        serve(server(), users(), C1, [C2.replace(b",p=", b",x=new,p=")])
    assert read_client_first(C1 + b",x=new").username == "user"


def test_response_to_the_signature_must_be_empty() -> None:
    with pytest.raises(SaslError, match="empty response"):
        serve(server(), users(), C1, [C2, b"thanks"])


@pytest.mark.parametrize("name", ["user\x07", "\u0627\u0031"])
def test_unpreparable_name_fails_like_an_unknown_one(name: str) -> None:
    known = users()
    with pytest.raises(AuthenticationFailed):
        serve(server(), known, f"n,,n={name},r=abc".encode())
    assert known.asked == []


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"r=another,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        b"r=" + CLIENT_NONCE.encode() + b",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        b"r=" + NONCE + b",i=4096",
        b"r=" + NONCE + b",s=,i=4096",
        b"r=" + NONCE + b",s=*,i=4096",
        S1.replace(b"4096", b"4095"),
        S1.replace(b"4096", b"%d" % (MAX_ITERATIONS + 1)),
        S1.replace(b"4096", b"9" * 5000),
        S1.replace(b"4096", b"-1"),
        S1.replace(b"4096", b"04096"),
        b"m=must," + S1,
        S1 + b",m=must",
        S1 + b",x=" + b"y" * MAX_MESSAGE,
    ],
)
def test_client_refuses_the_first_answer(answer: bytes) -> None:
    exchange = started(client())
    with pytest.raises(SaslError):
        exchange.respond(answer)


@pytest.mark.parametrize(
    "answer",
    [b"", b"v=", b"v=" + base64.b64encode(bytes(32)), b"v=AAAA", b"v=?", b"x=1", S2[:-5]],
)
def test_client_believes_no_wrong_signature(answer: bytes) -> None:
    exchange = started(client())
    exchange.respond(S1)
    with pytest.raises(SaslError):
        exchange.respond(answer)
    with pytest.raises(SaslError, match="not to be trusted"):
        exchange.finish()


@pytest.mark.parametrize("answers", [[], [S1]])
def test_ok_before_the_signature_is_not_believed(answers: list[bytes]) -> None:
    exchange = started(client())
    for answer in answers:
        exchange.respond(answer)
    with pytest.raises(SaslError, match="not to be trusted"):
        exchange.finish()


def test_server_error_is_kept_for_the_caller() -> None:
    exchange = started(client())
    exchange.respond(S1)
    assert exchange.respond(b"e=channel-bindings-dont-match") == b""
    assert exchange.mechanism.server_error == "channel-bindings-dont-match"
    with pytest.raises(SaslError, match="channel-bindings-dont-match"):
        exchange.finish()


@pytest.mark.parametrize(
    ("name", "password"), [("user", "\x07"), ("user", ""), ("\x07", "pw"), ("\u00ad", "pw")]
)
def test_client_refuses_unpreparable_credentials(name: str, password: str) -> None:
    with pytest.raises(SaslError):
        ClientExchange(client(password, name))


@pytest.mark.parametrize("bad", ["", "a,b", "a b", "ä", "x" * 2000])
def test_bad_nonce_from_the_caller(bad: str) -> None:
    with pytest.raises(SaslError, match="nonce"):
        ClientExchange(ScramClient(Credentials("user", "pencil"), nonce(bad)))


@pytest.mark.parametrize("name", ["a", ",", "=", "=2C", "=3D", ",,==", "a=2Cb,c"])
def test_names_escaped_and_back(name: str) -> None:
    assert "," not in escape_name(name)
    assert unescape_name(escape_name(name)) == name


def test_keys_stay_out_of_repr() -> None:
    assert repr(PENCIL) == "ScramKeys(iterations=4096, …)"
