"""``imapkit fsck --repair``: what was done to each mailbox, and whether all is well now."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import StoreError, UsageError
from . import words
from .data import open_data
from .upkeep import wanted_accounts

if TYPE_CHECKING:
    from ..stores.sqlite import Repair, Repaired, SqliteStore


async def repair_all(data: Path, user: str | None, as_json: bool) -> bool:
    """All accounts, or one user's. True when something is lost, or wrong still. Raises UsageError, NoSuchUser, StoreError."""
    from ..stores.sqlite import SqliteStore

    bad = False
    async with open_data(data) as opened:
        store = opened.store
        if not isinstance(store, SqliteStore):
            raise UsageError("this works with the built-in store only")
        for account_id, name in await wanted_accounts(opened, user):
            try:
                done = await store.repair(account_id)
                faults = await _check_again(store, account_id)
            except StoreError as error:
                bad = True
                _tell_fault(name, str(error), as_json)
                continue
            _tell(name, done, as_json)
            for fault in faults:
                _tell_fault(name, fault, as_json)
            bad = bad or bool(faults) or any(each.lost for each in done.mailboxes)
    return bad


async def _check_again(store: SqliteStore, account_id: str) -> list[str]:
    from ..stores.sqlite import fsck

    account = await store.open_account(account_id)
    try:
        return await fsck(account)
    finally:
        await account.release()


def _tell_fault(name: str, fault: str, as_json: bool) -> None:
    if as_json:
        words.print_json({"user": name, "fault": fault})
    else:
        print(f"{words.shown(name)}: {words.one_line(fault)}")


def _tell(name: str, done: Repair, as_json: bool) -> None:
    for each in done.mailboxes:
        if as_json:
            words.print_json(_fields(name, each, done))
        else:
            _print(name, each)
    for note in [] if as_json else done.notes:
        print(f"{words.shown(name)}: {words.one_line(note)}")
    if done.aside is not None and not as_json:
        print(f"{words.shown(name)}: what was there before is in {words.shown(str(done.aside))}")


def _print(name: str, each: Repaired) -> None:
    where = f"{words.shown(name)}: {words.one_line(each.mailbox)}"
    fresh = ", with a new UIDVALIDITY" if each.renumbered else ""
    print(f"{where}: found {each.found}, brought back {each.brought_back}, lost {each.lost}{fresh}")
    for lost in each.missing:
        what = " ".join(part for part in (lost.sender, lost.subject) if part)
        print(f"{where}: UID {lost.uid} is lost ({lost.why}): {words.one_line(what)}".rstrip(": "))


def _fields(name: str, each: Repaired, done: Repair) -> dict[str, object]:
    return {
        "user": name,
        "mailbox": each.mailbox,
        "found": each.found,
        "brought_back": each.brought_back,
        "lost": each.lost,
        "new_uidvalidity": each.renumbered,
        "missing": [
            {"uid": lost.uid, "why": lost.why, "from": lost.sender, "subject": lost.subject}
            for lost in each.missing
        ],
        "notes": done.notes,
        "aside": None if done.aside is None else str(done.aside),
    }
