"""Whole SASL exchanges through the authenticator: our client against it, every mechanism, every outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from imapkit.errors import AuthenticationFailed, SaslError
from imapkit.ports.directory import UserRow
from imapkit.sasl.base import ClientExchange, Credentials
from imapkit.sasl.registry import client_mechanism, server_mechanism
from imapkit.server.auth import Authenticator
from imapkit.stores.directory.memory import MemoryDirectory
from tests.auth.support import CountingHasher, FakeClock, run, user

NAMES = ["PLAIN", "LOGIN", "SCRAM-SHA-256"]


class Server:
    def __init__(self) -> None:
        self.directory = MemoryDirectory()
        self.directory.add(user("ann", "secret", scram=True))
        self.directory.add(user("nokeys"))
        self.clock, self.hasher = FakeClock(), CountingHasher()
        self.auth = Authenticator(self.directory, self.clock, 1, hasher=self.hasher)
        self.challenges = 0
        self.before_answer: Callable[[int], object] = lambda number: None

    def login(self, mechanism: str, who: Credentials, address: str = "192.0.2.1") -> UserRow:
        client = ClientExchange(client_mechanism(mechanism, who, lambda: "client-nonce"))
        initial = client.initial
        client.initial_sent()

        async def ask(challenge: bytes) -> bytes:
            self.challenges += 1
            response = client.respond(challenge)
            self.before_answer(self.challenges)
            return response

        server = server_mechanism(mechanism, lambda: "server-nonce")
        row = run(self.auth.login(server, initial, ask, address))
        client.finish()
        return row


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.auth.close()


@pytest.mark.parametrize("mechanism", NAMES)
def test_the_right_password(server: Server, mechanism: str) -> None:
    assert server.login(mechanism, Credentials("Ann", "secret")) == server.directory.find("ann")


@pytest.mark.parametrize("mechanism", NAMES)
def test_all_failures_look_the_same(server: Server, mechanism: str) -> None:
    server.directory.add(user("off", "secret", scram=True))
    server.directory.disable("off")
    outcomes = set()
    for name, password in (("ann", "wrong"), ("nobody", "secret"), ("off", "secret"), ("off", "wrong")):
        server.challenges = 0
        with pytest.raises(AuthenticationFailed) as caught:
            server.login(mechanism, Credentials(name, password), address=name)
        outcomes.add((str(caught.value), caught.value.code, server.challenges))
    assert len(outcomes) == 1


def test_without_keys_there_is_no_scram_but_plain(server: Server) -> None:
    with pytest.raises(AuthenticationFailed):
        server.login("SCRAM-SHA-256", Credentials("nokeys", "secret"))
    assert server.login("PLAIN", Credentials("nokeys", "secret")).name == "nokeys"


def test_scram_costs_no_hash(server: Server) -> None:
    server.login("SCRAM-SHA-256", Credentials("ann", "secret"))
    assert server.hasher.checked == []


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256"])
def test_acting_for_oneself_and_for_others(server: Server, mechanism: str) -> None:
    assert server.login(mechanism, Credentials("ann", "secret", authzid="ANN")).name == "ann"
    with pytest.raises(AuthenticationFailed) as caught:
        server.login(mechanism, Credentials("ann", "secret", authzid="nokeys"))
    assert caught.value.code == "AUTHORIZATIONFAILED"
    with pytest.raises(AuthenticationFailed) as wrong:
        server.login(mechanism, Credentials("ann", "wrong", authzid="nokeys"))
    assert wrong.value.code == "AUTHENTICATIONFAILED"


CHANGES: list[Callable[[MemoryDirectory], object]] = [
    lambda directory: directory.disable("ann"),
    lambda directory: directory.delete("ann"),
    lambda directory: directory.set_password("ann", "h", None),
    lambda directory: directory.set_password("ann", "h", user("x", "other", scram=True).scram),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_during_scram_bites(server: Server, change: Callable[[MemoryDirectory], object]) -> None:
    server.before_answer = lambda number: change(server.directory) if number == 1 else None
    with pytest.raises(AuthenticationFailed):
        server.login("SCRAM-SHA-256", Credentials("ann", "secret"))


@pytest.mark.parametrize("mechanism", NAMES)
def test_guessing_is_slowed_down_whatever_the_mechanism(server: Server, mechanism: str) -> None:
    for _ in range(8):
        with pytest.raises(AuthenticationFailed):
            server.login(mechanism, Credentials("nobody", "guess"))
    assert server.clock.slept == sorted(server.clock.slept) and server.clock.slept[-1] == 4.0


def test_malformed_messages_are_told_apart_from_wrong_ones(server: Server) -> None:
    async def ask(challenge: bytes) -> bytes:
        return b"nonsense"

    with pytest.raises(SaslError):
        run(server.auth.login(server_mechanism("PLAIN", lambda: "n"), None, ask, "192.0.2.1"))


def test_a_cancelled_exchange_passes_through(server: Server) -> None:
    class Cancelled(Exception):
        pass

    async def ask(challenge: bytes) -> bytes:
        raise Cancelled

    for mechanism in NAMES:
        with pytest.raises(Cancelled):
            run(server.auth.login(server_mechanism(mechanism, lambda: "n"), None, ask, "192.0.2.1"))
    assert server.clock.slept == []
