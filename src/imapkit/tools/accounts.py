"""A user with the mailboxes everybody starts with: the directory and the store brought together, for ``user`` and for embedding.

The rule this file must not break: whoever is in the directory has an account; so the account comes first, and goes last.
"""

from __future__ import annotations

from typing import Final

from ..errors import NoSuchUser, UserExists
from ..ports.directory import Directory, NewUser, UserRow
from ..ports.store import INBOX, MailStore

MAILBOXES: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    (INBOX, ()),
    ("Drafts", ("\\Drafts",)),
    ("Sent", ("\\Sent",)),
    ("Trash", ("\\Trash",)),
    ("Junk", ("\\Junk",)),
    ("Archive", ("\\Archive",)),
)


async def add_user(store: MailStore, directory: Directory, user: NewUser) -> UserRow:
    """Raises UserExists."""
    if directory.find(user.name) is not None:
        raise UserExists(f"user {user.name!r} exists already")
    account_id = directory.reserve_account()
    await store.create_account(account_id, MAILBOXES)
    account = await store.open_account(account_id)
    try:
        for name, _ in MAILBOXES:
            await account.subscribe(name)
    finally:
        await account.release()
    try:
        return directory.add(user, account_id)
    except BaseException:
        await store.delete_account(account_id)
        raise


async def delete_user(store: MailStore, directory: Directory, name: str) -> None:
    """Remove the user, then the mail; sessions that are open end. Raises NoSuchUser."""
    row = directory.delete(name)
    await store.delete_account(row.account)


async def disable_user(store: MailStore, directory: Directory, name: str) -> None:
    """Refuse the user's logins, and end the sessions that are open. The mail stays. Raises NoSuchUser."""
    row = directory.disable(name)
    await store.take_away(row.account)


def need_user(directory: Directory, name: str) -> UserRow:
    """Raises NoSuchUser."""
    row = directory.find(name)
    if row is None:
        raise NoSuchUser(f"there is no user {name!r}")
    return row
