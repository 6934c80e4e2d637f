"""SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677): both sides prove the password, neither sends it.

Rules it must not break: all comparisons of secrets take constant time; the client believes no server that did not sign; a
server that can bind channels refuses ``y`` (a downgrade), and always checks ``c=``. -PLUS binds ``tls-server-end-point``
(RFC 5929) and exists only where the caller has the data of the channel.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

from imapkit.errors import SaslError
from imapkit.sasl import scram_text as text
from imapkit.sasl.base import (
    Authenticated,
    ChannelBinding,
    ClientSteps,
    Credentials,
    ScramKeys,
    ServerSteps,
    ask,
    bounded,
    encode_utf8,
    failed,
    find_scram,
    first_message,
)
from imapkit.sasl.saslprep import saslprep

NAME = "SCRAM-SHA-256"
PLUS_NAME = "SCRAM-SHA-256-PLUS"
END_POINT = "tls-server-end-point"
MIN_ITERATIONS = 4_096
MAX_ITERATIONS = 1_000_000
"""A client runs no more: a hostile server could keep it busy for hours (RFC 5802 section 9)."""


def derive_keys(password: str, salt: bytes, iterations: int) -> ScramKeys:
    """What a server keeps of ``password``. The salt is the caller's, random and of 16 octets at least."""
    return _keys(_salted(password, salt, iterations), salt, iterations)


def _salted(password: str, salt: bytes, iterations: int) -> bytes:
    """``SaltedPassword := Hi(Normalize(password), salt, i)``"""
    prepared = encode_utf8(saslprep(password, "password", stored=True), "password")
    return hashlib.pbkdf2_hmac("sha256", prepared, salt, iterations)


def _keys(salted: bytes, salt: bytes, iterations: int) -> ScramKeys:
    stored = hashlib.sha256(_hmac(salted, b"Client Key")).digest()
    return ScramKeys(salt, iterations, stored, _hmac(salted, b"Server Key"))


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def _xor(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


class ScramClient:
    """``binding`` with ``plus``: bind to it. ``binding`` without: say that the server seems unable to (``y``)."""

    client_first = True
    plaintext = False

    def __init__(
        self,
        credentials: Credentials,
        nonce: Callable[[], str],
        binding: ChannelBinding | None = None,
        *,
        plus: bool = False,
    ) -> None:
        if plus and binding is None:
            raise SaslError(f"{PLUS_NAME} needs the data of the TLS channel")
        self.name = PLUS_NAME if plus else NAME
        self.complete = False
        self.server_error = ""
        self._credentials = credentials
        self._nonce = nonce
        self._binding = binding
        self._plus = plus

    def exchange(self) -> ClientSteps:
        who = self._credentials
        header = self._gs2_header()
        name = saslprep(who.username, "user name", stored=False)
        encode_utf8(name, "user name")
        # Refused before anything is sent, not after the salt has arrived.
        encode_utf8(saslprep(who.password, "password", stored=True), "password")
        nonce = text.check_nonce(self._nonce())
        bare = f"n={text.escape_name(name)},r={nonce}"
        answer = yield bounded((header + bare).encode())

        first = text.read_server_first(answer)
        if not first.nonce.startswith(nonce) or first.nonce == nonce:
            raise SaslError("SCRAM: the server's nonce does not extend the client's")
        if not MIN_ITERATIONS <= first.iterations <= MAX_ITERATIONS:
            raise SaslError(
                f"SCRAM: {first.iterations} iterations are outside {MIN_ITERATIONS} to {MAX_ITERATIONS}: refused"
            )
        without_proof = f"c={text.encode64(header.encode() + self._binding_data())},r={first.nonce}"
        signed = b",".join((bare.encode(), answer, without_proof.encode()))
        salted = _salted(who.password, first.salt, first.iterations)
        client_key = _hmac(salted, b"Client Key")
        proof = _xor(client_key, _hmac(hashlib.sha256(client_key).digest(), signed))
        final = yield f"{without_proof},p={text.encode64(proof)}".encode()

        signature, self.server_error = text.read_server_final(final)
        if not self.server_error:
            if not hmac.compare_digest(signature, _hmac(_hmac(salted, b"Server Key"), signed)):
                raise SaslError("SCRAM: the server's signature is wrong: it does not know the password")
            self.complete = True
        # IMAP carries no data in its OK, so the verifier comes as a challenge and is answered by nothing.
        yield b""

    def _gs2_header(self) -> str:
        if self._plus and self._binding:
            flag = f"p={self._binding.kind}"
        else:
            flag = "y" if self._binding else "n"
        authzid = self._credentials.authzid
        if authzid:
            encode_utf8(authzid, "authorization identity")
        return f"{flag},{'a=' + text.escape_name(authzid) if authzid else ''},"

    def _binding_data(self) -> bytes:
        return self._binding.data if self._plus and self._binding else b""


class ScramServer:
    """``binding``: the data of this channel, given exactly when the server also announces -PLUS."""

    def __init__(
        self, nonce: Callable[[], str], binding: ChannelBinding | None = None, *, plus: bool = False
    ) -> None:
        if plus and binding is None:
            raise SaslError(f"{PLUS_NAME} needs the data of the TLS channel")
        self.name = PLUS_NAME if plus else NAME
        self._nonce = nonce
        self._binding = binding
        self._plus = plus

    def exchange(self, initial: bytes | None) -> ServerSteps:
        first = text.read_client_first((yield from first_message(initial)))
        expected_binding = first.gs2_header.encode() + self._check_flag(first.flag)
        try:
            name = saslprep(first.username, "user name", stored=False)
        except SaslError:
            raise failed() from None
        keys = yield from find_scram(name)

        nonce = first.nonce + text.check_nonce(self._nonce())
        answer = f"r={nonce},s={text.encode64(keys.salt)},i={keys.iterations}"
        final = text.read_client_final((yield from ask(answer.encode())))
        signed = f"{first.bare},{answer},{final.without_proof}".encode()
        if not hmac.compare_digest(final.nonce.encode(), nonce.encode()):
            raise SaslError("SCRAM: the final message carries another nonce")
        if not hmac.compare_digest(final.binding, expected_binding):
            raise SaslError("SCRAM: the channel binding does not match: is somebody in between?")
        if not _proves(keys, final.proof, signed):
            raise failed()

        signature = text.encode64(_hmac(keys.server_key, signed))
        if (yield from ask(f"v={signature}".encode())):
            raise SaslError("SCRAM: expected an empty response to the server's signature")
        return Authenticated(name, first.authzid)

    def _check_flag(self, flag: str) -> bytes:
        """RFC 5802 section 6: what the client said of channel binding must fit what this server offers."""
        if not self._plus:
            if flag.startswith("p="):
                raise SaslError(f"SCRAM: channel binding is asked for without {PLUS_NAME}")
            if flag == "y" and self._binding:
                raise SaslError("SCRAM: the client did not see that this server binds channels: a downgrade")
            return b""
        if self._binding is None or flag != f"p={self._binding.kind}":
            raise SaslError(f"{PLUS_NAME}: expected the channel binding {END_POINT}")
        return self._binding.data


def _proves(keys: ScramKeys, proof: bytes, signed: bytes) -> bool:
    """Whether ``proof`` comes from somebody who knows the password."""
    signature = _hmac(keys.stored_key, signed)
    if len(proof) != len(signature):
        return False
    client_key = _xor(proof, signature)
    return hmac.compare_digest(hashlib.sha256(client_key).digest(), keys.stored_key)
