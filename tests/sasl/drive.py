"""Runs SASL exchanges in memory: a server alone by a list of messages, or both ends against each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from imapkit.sasl.base import (
    Answer,
    Authenticated,
    Challenge,
    CheckPassword,
    ClientExchange,
    ClientMechanism,
    Request,
    ScramKeys,
    ServerMechanism,
)


class Users:
    """What a server knows; ``asked`` keeps the requests it got."""

    def __init__(
        self, passwords: Mapping[str, str] | None = None, keys: Mapping[str, ScramKeys] | None = None
    ) -> None:
        self.passwords = dict(passwords or {})
        self.keys = dict(keys or {})
        self.asked: list[Request] = []

    def answer(self, request: Request) -> Answer:
        self.asked.append(request)
        if isinstance(request, CheckPassword):
            return self.passwords.get(request.authcid) == request.password
        assert not isinstance(request, Challenge)
        return self.keys.get(request.user, ScramKeys(b"0" * 16, 4096, b"1" * 32, b"2" * 32))


def serve(
    server: ServerMechanism, users: Users, initial: bytes | None, responses: Sequence[bytes] = ()
) -> tuple[Authenticated, list[bytes]]:
    """The result and the challenges of a server that is sent these messages."""
    challenges: list[bytes] = []
    left = list(responses)
    steps = server.exchange(initial)
    try:
        request = next(steps)
        while True:
            if isinstance(request, Challenge):
                challenges.append(request.data)
                request = steps.send(left.pop(0))
            else:
                request = steps.send(users.answer(request))
    except StopIteration as end:
        assert not left, "the server did not read everything"
        return end.value, challenges


def both(
    client: ClientMechanism, server: ServerMechanism, users: Users, *, initial_response: bool
) -> tuple[Authenticated, ClientExchange]:
    """Client against server, with SASL-IR or without."""
    exchange = ClientExchange(client)
    initial = exchange.initial if initial_response else None
    if initial is not None:
        exchange.initial_sent()
    steps = server.exchange(initial)
    try:
        request = next(steps)
        while True:
            if isinstance(request, Challenge):
                request = steps.send(exchange.respond(request.data))
            else:
                request = steps.send(users.answer(request))
    except StopIteration as end:
        return end.value, exchange
