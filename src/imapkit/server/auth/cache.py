"""Passwords verified a moment ago, so that a phone that reconnects does not cost a hash each time.

What is kept is HMAC-SHA256(secret of this process, row version, name, password): no password, and nothing that outlives the
row it was checked against. Versions are never used twice, so a new password, a disabled user, a deleted and re-added one
all miss.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable

from imapkit.ports.directory import UserRow
from imapkit.record import record
from imapkit.server.auth.lru import Lru

KEEP_SECONDS = 300.0
CAPACITY = 10_000


@record
class _Entry:
    digest: bytes
    until: float


class VerifiedCache:
    """One password a user: there is one right password for a version of a row."""

    def __init__(
        self, secret: bytes, now: Callable[[], float], keep: float = KEEP_SECONDS, capacity: int = CAPACITY
    ) -> None:
        self._secret = secret
        self._now = now
        self._keep = keep
        self._entries: Lru[str, _Entry] = Lru(capacity)

    def __len__(self) -> int:
        return len(self._entries)

    def remember(self, row: UserRow, prepared: str) -> None:
        """``prepared`` was just verified against ``row``."""
        self._entries.put(row.name, _Entry(self.digest(row, prepared), self._now() + self._keep))

    def knows(self, row: UserRow, prepared: str) -> bool:
        """Whether ``prepared`` was verified against this very row lately. Being asked does not extend the time."""
        entry = self._entries.get(row.name)
        if entry is None:
            return False
        if self._now() >= entry.until:
            self._entries.drop(row.name)
            return False
        return hmac.compare_digest(entry.digest, self.digest(row, prepared))

    def digest(self, row: UserRow, prepared: str) -> bytes:
        """What stands for a row and a password, in this process alone."""
        # NUL separates: neither a number nor a user name can hold one.
        message = f"{row.version}\0{row.name}\0{prepared}".encode()
        return hmac.digest(self._secret, message, "sha256")
