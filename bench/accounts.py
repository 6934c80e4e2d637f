"""Many imapkit accounts at once, written straight into a data directory before the server starts.

Their password's hash is a cheap one: the peers keep these passwords as plain text, and the rows about many accounts are about
accounts. What the hash of a real account costs has a row of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import argon2

from imapkit.ports.directory import NewUser
from imapkit.tools.accounts import add_user
from imapkit.tools.data import Data, open_data

_TOGETHER = 16
_CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
_REAL = argon2.PasswordHasher()


def add(data: Path, names: Sequence[str], password: str, *, real: bool = False) -> None:
    """Accounts with the mailboxes that `imapkit user add` gives; ``real``: with the hash that it makes."""
    if names:
        hashed = (_REAL if real else _CHEAP).hash(password)
        asyncio.run(_add(data, [NewUser(name, hashed) for name in names]))


async def _add(data: Path, users: Sequence[NewUser]) -> None:
    async with open_data(data, make=True) as opened:
        for at in range(0, len(users), _TOGETHER):
            part = users[at : at + _TOGETHER]
            await asyncio.gather(*(_one(opened, user) for user in part))


async def _one(opened: Data, user: NewUser) -> None:
    await add_user(opened.store, opened.directory, user)
