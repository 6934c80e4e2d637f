"""PLAIN (RFC 4616): authorization identity, name and password in one message. Never without TLS."""

from __future__ import annotations

from imapkit.errors import SaslError
from imapkit.sasl.base import (
    ClientSteps,
    Credentials,
    ServerSteps,
    bounded,
    check_password,
    decode_utf8,
    encode_utf8,
    first_message,
)

NAME = "PLAIN"


class PlainClient:
    """Sends the strings as they are: preparing them is the server's part (section 2), and not every server does."""

    name = NAME
    client_first = True
    plaintext = True
    server_error = ""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self.complete = False

    def exchange(self) -> ClientSteps:
        who = self._credentials
        authzid = encode_utf8(who.authzid, "authorization identity") if who.authzid else b""
        name, password = encode_utf8(who.username, "user name"), encode_utf8(who.password, "password")
        message = bounded(b"\0".join((authzid, name, password)))
        self.complete = True
        yield message


class PlainServer:
    name = NAME

    def exchange(self, initial: bytes | None) -> ServerSteps:
        """``message = [authzid] UTF8NUL authcid UTF8NUL passwd``"""
        parts = (yield from first_message(initial)).split(b"\0")
        if len(parts) != 3:
            raise SaslError(f"PLAIN: expected three parts separated by NUL, found {len(parts)}")
        authzid = decode_utf8(parts[0], "authorization identity") if parts[0] else ""
        name, password = decode_utf8(parts[1], "user name"), decode_utf8(parts[2], "password")
        return (yield from check_password(name, password, authzid))
