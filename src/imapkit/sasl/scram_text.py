"""The messages of SCRAM (RFC 5802 section 7): read and written, with no cryptography in sight.

The order of attributes is fixed; unknown optional ones behind them are ignored; a mandatory extension (``m=``) is refused.
"""

from __future__ import annotations

import base64
import binascii
import re

from imapkit.errors import SaslError
from imapkit.record import record
from imapkit.sasl.base import decode_utf8

MAX_NAME = 1_024
"""Characters of a name, escaped: preparing one takes microseconds a character, before anybody is known."""

_NONCE = re.compile(r"[\x21-\x2b\x2d-\x7e]{1,1024}")
_CBIND_FLAG = re.compile(r"[ny]|p=([A-Za-z0-9.-]+)")
_NUMBER = re.compile(r"[1-9][0-9]{0,9}")
_EXTENSION = re.compile(r"[A-Za-z]=[^\0,]+")


@record
class ClientFirst:
    """``gs2-header`` is kept as sent: it is authenticated by ``c=`` later."""

    gs2_header: str
    flag: str
    authzid: str
    username: str
    nonce: str
    bare: str


@record
class ServerFirst:
    nonce: str
    salt: bytes
    iterations: int


@record
class ClientFinal:
    binding: bytes
    nonce: str
    proof: bytes
    without_proof: str


def escape_name(name: str) -> str:
    """``saslname``: comma and equals sign are the only characters with a meaning."""
    return name.replace("=", "=3D").replace(",", "=2C")


def unescape_name(text: str) -> str:
    """The name behind ``saslname``; an equals sign that begins neither escape is an error."""
    first, *rest = text.split("=")
    name = [first]
    for piece in rest:
        if piece.startswith("2C"):
            name.append("," + piece[2:])
        elif piece.startswith("3D"):
            name.append("=" + piece[2:])
        else:
            raise SaslError("SCRAM: a name holds '=' that is neither '=2C' nor '=3D'")
    if not text:
        raise SaslError("SCRAM: a name is empty")
    if len(text) > MAX_NAME:
        raise SaslError(f"SCRAM: a name is longer than {MAX_NAME} characters")
    return "".join(name)


def encode64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def check_nonce(nonce: str) -> str:
    """``printable``: visible ASCII without a comma."""
    if not _NONCE.fullmatch(nonce):
        raise SaslError("SCRAM: the nonce is not 1 to 1024 visible ASCII characters without a comma")
    return nonce


def read_client_first(message: bytes) -> ClientFirst:
    """``client-first-message = gs2-header client-first-message-bare``"""
    text = decode_utf8(message, "first SCRAM message")
    parts = text.split(",", 2)
    if len(parts) != 3:
        raise SaslError("SCRAM: the first message lacks its GS2 header")
    flag, authzid, bare = parts
    if not _CBIND_FLAG.fullmatch(flag):
        raise SaslError("SCRAM: the first message begins with none of 'n', 'y' and 'p='")
    if authzid and not authzid.startswith("a="):
        raise SaslError("SCRAM: expected 'a=' or nothing between the first two commas")
    fields = _fields(bare, "nr")
    return ClientFirst(
        gs2_header=f"{flag},{authzid},",
        flag=flag,
        authzid=unescape_name(authzid[2:]) if authzid else "",
        username=unescape_name(fields[0]),
        nonce=check_nonce(fields[1]),
        bare=bare,
    )


def read_server_first(message: bytes) -> ServerFirst:
    """``server-first-message = [reserved-mext ","] nonce "," salt "," iteration-count ["," extensions]``"""
    nonce, salt, count = _fields(decode_utf8(message, "first SCRAM answer"), "rsi")
    if not _NUMBER.fullmatch(count):
        raise SaslError("SCRAM: the iteration count is not a positive number")
    return ServerFirst(check_nonce(nonce), _decode64(salt, "salt"), int(count))


def read_client_final(message: bytes) -> ClientFinal:
    """``client-final-message = client-final-message-without-proof "," proof``"""
    text = decode_utf8(message, "final SCRAM message")
    without_proof, found, proof = text.rpartition(",p=")
    if not found:
        raise SaslError("SCRAM: the final message does not end with a proof")
    binding, nonce = _fields(without_proof, "cr")
    return ClientFinal(_decode64(binding, "channel binding"), nonce, _decode64(proof, "proof"), without_proof)


def read_server_final(message: bytes) -> tuple[bytes, str]:
    """``server-final-message = (server-error / verifier) ["," extensions]``: the signature or the error."""
    text = decode_utf8(message, "final SCRAM answer")
    if text.startswith("e="):
        return b"", _fields(text, "e")[0]
    return _decode64(_fields(text, "v")[0], "server signature"), ""


def _fields(text: str, letters: str) -> list[str]:
    """The values of the attributes ``letters``, which open ``text`` in this order; the rest are extensions."""
    fields = text.split(",")
    if fields[0].startswith("m="):
        raise SaslError("SCRAM: a mandatory extension is not supported")
    if len(fields) < len(letters):
        raise SaslError(f"SCRAM: expected the attributes {', '.join(letters)}")
    for letter, field in zip(letters, fields, strict=False):
        if not field.startswith(letter + "="):
            raise SaslError(f"SCRAM: expected the attribute {letter}")
    for field in fields[len(letters) :]:
        if not _EXTENSION.fullmatch(field):
            raise SaslError("SCRAM: malformed extension")
        if field.startswith("m="):
            raise SaslError("SCRAM: a mandatory extension is not supported")
    return [field[2:] for field in fields[: len(letters)]]


def _decode64(text: str, what: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise SaslError(f"SCRAM: the {what} is not base64") from None
    if not data:
        raise SaslError(f"SCRAM: the {what} is empty")
    return data
