"""The port to the user directory: who may log in, with what, and where their mail lives.

User names have one normal form (``user_name``): NFKC, ASCII letters in lower case. NFKC and not NFC because SCRAM clients send
SASLprep, which is NFKC: a weaker form would keep names that no SCRAM client can say. Only ASCII letters are folded:
folding the rest depends on the language and the Unicode version, so "Ä" and "ä" are two names (compare RFC 8265 section 3.3).

Rules an implementation must not break: every ``find`` sees what other processes committed; a change is durable when
the call returns; a ``version`` and an account id are never given twice, deletion included.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Protocol

from imapkit.errors import UsageError
from imapkit.record import record
from imapkit.sasl.base import ScramKeys

from ..wire.case import ascii_lower

MAX_NAME = 255
"""Octets of a user name in UTF-8 (RFC 4616 asks for at least this many)."""

_FORBIDDEN = frozenset('/\\%*"')
_RESERVED = frozenset(("anonymous", "anyone"))


@record
class NewUser:
    """A user about to be added: hashed already, so that no directory ever sees a password."""

    name: str
    password: str
    """The argon2id hash, in its own notation."""
    scram: ScramKeys | None = None

    def __repr__(self) -> str:
        return f"NewUser({self.name!r}, scram={self.scram is not None})"


@record
class UserRow:
    """One user. ``account`` names the account store and its directory; ``version`` changes with every change of the row."""

    name: str
    account: str
    password: str
    scram: ScramKeys | None
    version: int
    disabled: bool
    created: int
    """Seconds since 1970."""

    def __repr__(self) -> str:
        return f"UserRow({self.name!r}, account={self.account!r}, version={self.version}, disabled={self.disabled})"


class Directory(Protocol):
    """Names may come in any spelling; rows come back with the normal one."""

    def find(self, name: str) -> UserRow | None:
        """The row as it is now, or None. A string that cannot be a user name is not found."""

    def list(self) -> tuple[UserRow, ...]:
        """All users by name."""

    def reserve_account(self) -> str:
        """A new random account id, durably taken: no later call gives it again, used or not."""

    def add(self, user: NewUser, account: str | None = None) -> UserRow:
        """Add a user, with a reserved account id or a new one. Raises UserExists."""

    def set_password(self, name: str, password: str, scram: ScramKeys | None) -> UserRow:
        """Replace hash and SCRAM keys together. Raises NoSuchUser."""

    def disable(self, name: str, disabled: bool = True) -> UserRow:
        """Refuse the user's logins, or allow them again. Raises NoSuchUser."""

    def delete(self, name: str) -> UserRow:
        """Remove the user and return the last row; the account's mail is the caller's. Raises NoSuchUser."""

    def has_scram(self) -> bool:
        """Whether any user has SCRAM keys: only then is SCRAM worth announcing."""

    def secret(self) -> bytes:
        """32 random octets, made once and kept: what unknown users' salts are derived from."""

    def close(self) -> None: ...


def user_name(text: str) -> str:
    """The normal form of a user name; UsageError says what is wrong with one that has none."""
    # Before normalising, which is slow on very long text and at most multiplies the length by 18.
    if len(text) > MAX_NAME:
        raise UsageError(f"a user name has at most {MAX_NAME} octets")
    return _normal(text)


@lru_cache(4096)
def _normal(text: str) -> str:
    """Kept, for a login asks twice."""
    name = ascii_lower(unicodedata.normalize("NFKC", text))
    if not name:
        raise UsageError("a user name cannot be empty")
    for char in name:
        if char in _FORBIDDEN or unicodedata.category(char)[0] in "CZ":
            raise UsageError(f"a user name cannot contain {_describe(char)}")
    if len(name.encode()) > MAX_NAME:
        raise UsageError(f"a user name has at most {MAX_NAME} octets")
    # A minus sign means "negative rights" in an access control list (RFC 4314), and an option in a command.
    if name.startswith(("-", ".")):
        raise UsageError(f"a user name cannot begin with {name[0]!r}")
    if name in _RESERVED:
        raise UsageError(f"{name!r} has a meaning of its own in IMAP and cannot be a user name")
    return name


def _describe(char: str) -> str:
    if char == " ":
        return "a space"
    return repr(char) if char.isprintable() else f"the character U+{ord(char):04X}"
