"""LOGIN (draft-murchison-sasl-login): name and password, each asked for. Obsolete, widely spoken. Never without TLS.

The server speaks first. Clients exist that send the name as initial response all the same; the server takes it.
"""

from __future__ import annotations

from imapkit.sasl.base import (
    ClientSteps,
    Credentials,
    ServerSteps,
    ask,
    bounded,
    check_password,
    decode_utf8,
    encode_utf8,
)

NAME = "LOGIN"


class LoginClient:
    """Answers by position: servers word the prompts as they like."""

    name = NAME
    client_first = False
    plaintext = True
    server_error = ""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self.complete = False

    def exchange(self) -> ClientSteps:
        name = bounded(encode_utf8(self._credentials.username, "user name"))
        password = bounded(encode_utf8(self._credentials.password, "password"))
        yield b""
        yield name
        self.complete = True
        yield password


class LoginServer:
    name = NAME

    def exchange(self, initial: bytes | None) -> ServerSteps:
        message = bounded(initial) if initial else (yield from ask(b"Username:"))
        name = decode_utf8(message, "user name")
        password = decode_utf8((yield from ask(b"Password:")), "password")
        return (yield from check_password(name, password, ""))
