"""Password hashes: argon2id, and SCRAM keys for those who want them.

Passwords are prepared with SASLprep (RFC 4013) here and nowhere else, so that LOGIN, PLAIN and SCRAM agree on them. SCRAM keys
are PBKDF2, much cheaper to attack than argon2id: they are made only on request and with at least 100,000 rounds.
"""

from __future__ import annotations

import secrets

import argon2
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from imapkit.errors import SaslError, StoreError, UsageError
from imapkit.ports.directory import NewUser, user_name
from imapkit.sasl.base import ScramKeys
from imapkit.sasl.saslprep import saslprep
from imapkit.sasl.scram import derive_keys

SCRAM_ITERATIONS = 100_000
SALT_OCTETS = 16
MAX_PASSWORD = 1_024
"""Characters. Longer ones are refused before SASLprep, which takes microseconds a character."""


class Hasher:
    """argon2id with the library's parameters, or with the caller's (cheap ones, for tests). Thread-safe."""

    def __init__(self, argon: argon2.PasswordHasher | None = None) -> None:
        self._argon = argon or argon2.PasswordHasher()

    def hash(self, prepared: str) -> str:
        return self._argon.hash(prepared)

    def verify(self, password_hash: str, prepared: str) -> bool:
        """Whether ``prepared`` is the password behind the hash. Slow by intent: never on the event loop."""
        try:
            return self._argon.verify(password_hash, prepared)
        except VerifyMismatchError:
            return False
        except (InvalidHashError, VerificationError) as error:
            # Not a wrong password: a damaged hash, or no memory to compute it.
            raise StoreError(f"a password hash could not be checked: {error}") from error

    def dummy(self) -> str:
        """A hash that no password fits and that takes as long to check as a user's."""
        return self.hash(secrets.token_hex(32))


def make_user(name: str, password: str, scram: bool = False, hasher: Hasher | None = None) -> NewUser:
    """A user ready for ``Directory.add``; UsageError says what is wrong with the name or the password."""
    normal = user_name(name)
    password_hash, keys = hash_password(password, scram, hasher)
    return NewUser(normal, password_hash, keys)


def hash_password(
    password: str, scram: bool = False, hasher: Hasher | None = None
) -> tuple[str, ScramKeys | None]:
    """Hash and SCRAM keys of a new password, ready for ``Directory.set_password``."""
    prepared = _prepare_new(password)
    password_hash = (hasher or Hasher()).hash(prepared)
    keys = derive_keys(prepared, secrets.token_bytes(SALT_OCTETS), SCRAM_ITERATIONS) if scram else None
    return password_hash, keys


def prepare_presented(password: str) -> str | None:
    """The prepared form of a password that somebody presents; None if it can be nobody's."""
    if len(password) > MAX_PASSWORD:
        return None
    try:
        return saslprep(password, "password", stored=False) or None
    except SaslError:
        return None


def _prepare_new(password: str) -> str:
    if len(password) > MAX_PASSWORD:
        raise UsageError(f"a password has at most {MAX_PASSWORD} characters")
    try:
        prepared = saslprep(password, "password", stored=True)
    except SaslError as error:
        raise UsageError(str(error)) from error
    if not prepared:
        raise UsageError("a password cannot be empty")
    return prepared
