"""An account that is deleted or taken away while others have it open: nothing is committed to it by them any more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from imapkit.errors import AccountGone
from imapkit.ports.store import Account, FlagAction, Mailbox, MailStore

from .mail import fill, row

MAILBOXES = (("INBOX", ()), ("Sent", ()))


@dataclass
class Held:
    """An account with a message that is open, and another one in the trash."""

    account: Account
    inbox: Mailbox
    target: int


async def hold(store: MailStore) -> Held:
    account = await store.open_account("ann")
    await fill(account, "INBOX", 2)
    inbox = await account.open("INBOX")
    await account.expunge(inbox, inbox.by_uid([(1, 1)]))
    return Held(account, inbox, row(account, "Sent").id)


Change = Callable[[Held], Awaitable[object]]
CHANGES: dict[str, Change] = {
    "append": lambda held: fill(held.account, "INBOX", 1),
    "copy": lambda held: held.account.copy(held.inbox, held.inbox.everything(), held.target),
    "move": lambda held: held.account.move(held.inbox, held.inbox.everything(), held.target),
    "store": lambda held: held.account.store(
        held.inbox, held.inbox.everything(), FlagAction.ADD, frozenset({"\\Seen"})
    ),
    "expunge": lambda held: held.account.expunge(held.inbox, held.inbox.everything()),
    "take_recent": lambda held: held.account.take_recent(held.inbox),
    "create": lambda held: held.account.create("new"),
    "rename": lambda held: held.account.rename("Sent", "Gesendet"),
    "delete": lambda held: held.account.delete("Sent"),
    "subscribe": lambda held: held.account.subscribe("Sent"),
    "unsubscribe": lambda held: held.account.unsubscribe("INBOX"),
    "undelete": lambda held: held.account.undelete(
        [one.trash_id for one in held.account.trash()], held.target
    ),
    "refresh": lambda held: held.account.refresh(),
}


@pytest.fixture(params=[True, False], ids=["here", "in another process"])
def both(request: pytest.FixtureRequest, store_of: Callable[[], MailStore]) -> tuple[MailStore, MailStore]:
    """Whose sessions are looked at, and who deletes."""
    here = store_of()
    return here, here if request.param else store_of()


def play(
    both: tuple[MailStore, MailStore], scenario: Callable[[MailStore, MailStore], Awaitable[None]]
) -> None:
    async def run() -> None:
        here, there = both
        await here.create_account("ann", MAILBOXES)
        account = await here.open_account("ann")
        await account.subscribe("INBOX")
        await account.release()
        try:
            await scenario(here, there)
        finally:
            for store in {here, there}:
                await store.close()

    asyncio.run(run())


@pytest.mark.parametrize("name", CHANGES)
def test_nothing_is_done_in_an_account_that_was_deleted(both: tuple[MailStore, MailStore], name: str) -> None:
    async def scenario(here: MailStore, there: MailStore) -> None:
        held = await hold(here)
        told: list[str] = []
        held.account.tell_when_gone(lambda: told.append("gone"))
        await there.delete_account("ann")
        with pytest.raises(AccountGone):
            await CHANGES[name](held)
        assert told == ["gone"]
        held.inbox.release()
        await held.account.release()
        assert [account async for account in here.accounts()] == []

    play(both, scenario)


def test_whoever_waits_is_told_at_once(both: tuple[MailStore, MailStore]) -> None:
    async def scenario(here: MailStore, there: MailStore) -> None:
        held = await hold(here)
        waiting = asyncio.ensure_future(held.account.changed(held.account.modseq))
        await asyncio.sleep(0)
        await there.delete_account("ann")
        with pytest.raises(AccountGone):
            await asyncio.wait_for(waiting, 5)
        held.inbox.release()
        await held.account.release()

    play(both, scenario)


def test_one_that_was_taken_away_is_opened_anew(both: tuple[MailStore, MailStore]) -> None:
    async def scenario(here: MailStore, there: MailStore) -> None:
        held = await hold(here)
        told = asyncio.Event()
        held.account.tell_when_gone(told.set)
        await there.take_away("ann")
        await asyncio.wait_for(told.wait(), 5)
        held.inbox.release()
        await held.account.release()
        account = await here.open_account("ann")
        assert await fill(account, "INBOX", 1) == [3]
        assert row(account, "INBOX").messages == 2 and account.subscriptions() == {"INBOX"}
        await account.release()

    play(both, scenario)
