"""What all sessions of one server share: the store, the users, the options, the TLS context, and the counts of sessions."""

from __future__ import annotations

import ssl
from collections import Counter

from ..ports.directory import Directory
from ..ports.store import MailStore
from .auth import Authenticator
from .options import Options


class Services:
    """``options`` and ``tls`` may be replaced while the server runs; a session keeps the options it began with."""

    def __init__(
        self,
        store: MailStore,
        directory: Directory,
        authenticator: Authenticator,
        options: Options,
        tls: ssl.SSLContext | None,
    ) -> None:
        self.store = store
        self.directory = directory
        self.authenticator = authenticator
        self.options = options
        self.tls = tls
        self._sessions = 0
        self._by_address: Counter[str] = Counter()
        self._by_user: Counter[str] = Counter()

    def take_session(self, address: str) -> bool:
        """Count a new session; False when there are too many."""
        limits = self.options.limits
        if self._sessions >= limits.sessions or self._by_address[address] >= limits.sessions_per_address:
            return False
        self._sessions += 1
        self._by_address[address] += 1
        return True

    def give_session(self, address: str) -> None:
        self._sessions -= 1
        _give(self._by_address, address)

    def may_be_here(self, name: str, account: str) -> bool:
        """Whether the user is still in the directory, may log in, and has this account. Raises StoreError."""
        row = self.directory.find(name)
        return row is not None and not row.disabled and row.account == account

    def take_user(self, name: str) -> bool:
        """Count a session of a user; False when there are too many."""
        if self._by_user[name] >= self.options.limits.sessions_per_user:
            return False
        self._by_user[name] += 1
        return True

    def give_user(self, name: str) -> None:
        _give(self._by_user, name)


def _give(counts: Counter[str], key: str) -> None:
    counts[key] -= 1
    if counts[key] <= 0:
        del counts[key]
