"""What ``reindex``, ``vacuum``, ``fsck`` and ``undelete`` have in common: the accounts under a data directory, with their users' names."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import StoreError, UsageError
from ..record import record
from .accounts import need_user
from .data import Data, open_data

if TYPE_CHECKING:
    from ..stores.sqlite import SqliteAccount


@record
class Owned:
    """An account, open."""

    user: str
    """The account's own id where no user has it."""
    account: SqliteAccount


async def each_account(
    data: Path, user: str | None, broken: Callable[[str, StoreError], None] | None = None
) -> AsyncGenerator[Owned, None]:
    """Every account, or the one of ``user``, one after another. Raises UsageError, NoSuchUser, StoreError.

    ``broken`` hears of those that cannot even be opened; without it the first of them ends the round.
    """
    from ..stores.sqlite import SqliteAccount

    async with open_data(data) as opened:
        for account_id, name in await wanted_accounts(opened, user):
            try:
                account = await opened.store.open_account(account_id)
            except StoreError as error:
                if broken is None:
                    raise
                broken(name, error)
                continue
            try:
                if not isinstance(account, SqliteAccount):
                    raise UsageError("this works with the built-in store only")
                yield Owned(name, account)
            finally:
                await account.release()


async def wanted_accounts(opened: Data, user: str | None) -> list[tuple[str, str]]:
    """(account, its user's name or its own id) of all accounts, or of one user's. Raises NoSuchUser."""
    names = {row.account: row.name for row in opened.directory.list()}
    if user is not None:
        row = need_user(opened.directory, user)
        return [(row.account, row.name)]
    return [(account, names.get(account, account)) async for account in opened.store.accounts()]


@asynccontextmanager
async def account_of(data: Path, user: str) -> AsyncIterator[SqliteAccount]:
    """One user's account."""
    accounts = each_account(data, user)
    try:
        yield (await anext(accounts)).account
    finally:
        await accounts.aclose()
