"""A user directory in a dictionary: for tests and the demo. It is gone with the process; all else is as the port says."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

from imapkit.errors import NoSuchUser, UsageError, UserExists
from imapkit.ports.directory import NewUser, UserRow, user_name
from imapkit.sasl.base import ScramKeys
from imapkit.stores.directory.accounts import random_account


class MemoryDirectory:
    """Rows are never changed in place, so a caller may keep one."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._users: dict[str, UserRow] = {}
        self._accounts: dict[str, str | None] = {}
        self._version = 0
        self._secret = secrets.token_bytes(32)

    def find(self, name: str) -> UserRow | None:
        try:
            return self._users.get(user_name(name))
        except UsageError:
            return None

    def list(self) -> tuple[UserRow, ...]:
        return tuple(self._users[name] for name in sorted(self._users))

    def reserve_account(self) -> str:
        account = random_account()
        while account in self._accounts:
            account = random_account()
        self._accounts[account] = None
        return account

    def add(self, user: NewUser, account: str | None = None) -> UserRow:
        name = user_name(user.name)
        if name in self._users:
            raise UserExists(f"user {name!r} exists already")
        if account is None:
            account = self.reserve_account()
        elif self._accounts.get(account, "unknown") is not None:
            raise UsageError(f"account {account!r} is not reserved or has a user already")
        self._accounts[account] = name
        row = UserRow(name, account, user.password, user.scram, self._next_version(), False, int(self._now()))
        self._users[name] = row
        return row

    def set_password(self, name: str, password: str, scram: ScramKeys | None) -> UserRow:
        old = self._existing(name)
        return self._put(
            UserRow(old.name, old.account, password, scram, self._next_version(), old.disabled, old.created)
        )

    def disable(self, name: str, disabled: bool = True) -> UserRow:
        old = self._existing(name)
        return self._put(
            UserRow(
                old.name, old.account, old.password, old.scram, self._next_version(), disabled, old.created
            )
        )

    def delete(self, name: str) -> UserRow:
        return self._users.pop(self._existing(name).name)

    def has_scram(self) -> bool:
        return any(row.scram is not None for row in self._users.values())

    def secret(self) -> bytes:
        return self._secret

    def close(self) -> None:
        """Nothing to give back."""

    def _existing(self, name: str) -> UserRow:
        row = self.find(name)
        if row is None:
            raise NoSuchUser(f"there is no user {name!r}")
        return row

    def _put(self, row: UserRow) -> UserRow:
        self._users[row.name] = row
        return row

    def _next_version(self) -> int:
        self._version += 1
        return self._version
