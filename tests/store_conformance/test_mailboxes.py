"""Mailboxes: create, delete, rename, subscribe; accounts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from imapkit.errors import MailboxMissing, MailboxTaken, StoreError, UsageError
from imapkit.ports.store import Account, FlagAction, MailStore

from .conftest import Play
from .mail import fill, flags_of, row


def names(account: Account) -> list[str]:
    return [state.name for state in account.mailboxes()]


def test_create_makes_superiors(play: Play) -> None:
    async def scenario(account: Account) -> None:
        made = await account.create("a/b/c", ("\\Archive",))
        assert names(account) == ["INBOX", "Sent", "Trash", "a", "a/b", "a/b/c"]
        assert row(account, "a/b/c") == made and made.special_use == ("\\Archive",)
        assert (made.messages, made.uidnext) == (0, 1)
        states = account.mailboxes()
        assert len({state.object_id for state in states}) == len({state.uidvalidity for state in states}) == 6
        for taken in ("a/b", "inbox", "Sent"):
            with pytest.raises(MailboxTaken):
                await account.create(taken)
        await account.create("inbox/x")
        assert account.find("INBOX/x") is not None and account.find("nope") is None

    play(scenario)


def test_delete_leaves_inferiors(play: Play) -> None:
    async def scenario(account: Account) -> None:
        await account.create("a/b")
        before = row(account, "a")
        mailbox = await account.open("a")
        await fill(account, "a", 2)
        since = account.modseq
        await account.delete("a")
        assert names(account) == ["INBOX", "Sent", "Trash", "a/b"]
        assert mailbox.gone and mailbox.changes(since).expunged == [(1, 2)]
        with pytest.raises(MailboxMissing):
            await account.delete("a")
        with pytest.raises(MailboxMissing):
            await account.open("a")
        with pytest.raises(MailboxMissing):
            await account.store(mailbox, mailbox.everything(), FlagAction.ADD, frozenset({"x"}))
        after = await account.create("a")
        assert after.uidvalidity > before.uidvalidity and after.object_id != before.object_id
        assert after.messages == 0 and after.uidnext == 1
        mailbox.release()

    play(scenario)


def test_rename_takes_inferiors_along(play: Play) -> None:
    async def scenario(account: Account) -> None:
        await account.create("a/b/c")
        await fill(account, "a/b", 2, {"x"})
        before = row(account, "a/b")
        mailbox = await account.open("a/b")
        await account.rename("a", "new/place")
        assert names(account) == [
            "INBOX",
            "Sent",
            "Trash",
            "new",
            "new/place",
            "new/place/b",
            "new/place/b/c",
        ]
        after = row(account, "new/place/b")
        assert (after.id, after.object_id, after.uidvalidity) == (
            before.id,
            before.object_id,
            before.uidvalidity,
        )
        assert mailbox.row.name == "new/place/b" and not mailbox.gone
        await fill(account, "new/place/b", 1)
        assert list(mailbox.everything()) == [1, 2, 3]
        for taken in ("Sent", "new/place/b"):
            with pytest.raises(MailboxTaken):
                await account.rename("new/place/b/c", taken)
        with pytest.raises(MailboxMissing):
            await account.rename("a", "q")
        with pytest.raises(UsageError):
            await account.rename("new", "new/x")
        mailbox.release()

    play(scenario)


def test_rename_does_not_run_over_inferiors(play: Play) -> None:
    async def scenario(account: Account) -> None:
        await account.create("x/y")
        await account.create("gone/y")
        await account.delete("gone")
        with pytest.raises(MailboxTaken):
            await account.rename("x", "gone")
        assert account.find("x/y") is not None and account.find("gone") is None

    play(scenario)


def test_rename_inbox_moves_its_messages(play: Play) -> None:
    async def scenario(account: Account) -> None:
        await account.create("INBOX/sub")
        await fill(account, "INBOX", 3, {"Work", "\\Seen"})
        mailbox = await account.open("INBOX")
        await account.expunge(mailbox, mailbox.by_uid([(2, 2)]))
        since = account.modseq
        await account.rename("INBOX", "old/mail")
        assert names(account) == ["INBOX", "INBOX/sub", "Sent", "Trash", "old", "old/mail"]
        assert mailbox.row.messages == 0 and mailbox.row.uidnext == 4
        assert mailbox.changes(since).expunged == [(1, 1), (3, 3)]
        target = await account.open("old/mail")
        assert flags_of(target) == {1: {"Work", "\\Seen"}, 2: {"Work", "\\Seen"}}
        assert target.row.object_id != mailbox.row.object_id
        mailbox.release()
        target.release()

    play(scenario)


def test_subscriptions_are_names(play: Play) -> None:
    async def scenario(account: Account) -> None:
        await account.subscribe("nowhere")
        await account.subscribe("inbox")
        await account.subscribe("Sent")
        await account.unsubscribe("Sent")
        await account.unsubscribe("never")
        assert account.subscriptions() == {"nowhere", "INBOX"}
        await account.rename("Sent", "Old")
        await account.delete("Old")
        assert account.subscriptions() == {"nowhere", "INBOX"}

    play(scenario)


def test_uidvalidity_rises_with_each_mailbox(play: Play) -> None:
    async def scenario(account: Account) -> None:
        values = []
        for number in range(5):
            values.append((await account.create(f"m{number}")).uidvalidity)
            await account.delete(f"m{number}")
        assert values == sorted(set(values)) and all(0 < value < 1 << 32 for value in values)

    play(scenario)


def test_accounts(store_of: Callable[[], MailStore]) -> None:
    async def scenario() -> None:
        store = store_of()
        await store.create_account("bob", [("INBOX", ())])
        await store.create_account("ann", [("INBOX", ())])
        assert [name async for name in store.accounts()] == ["ann", "bob"]
        with pytest.raises(StoreError):
            await store.create_account("bob", [])
        with pytest.raises(StoreError):
            await store.open_account("eve")
        ann = await store.open_account("ann")
        await fill(ann, "INBOX", 1)
        await ann.release()
        await store.delete_account("ann")
        assert [name async for name in store.accounts()] == ["bob"]
        await store.create_account("ann", [("INBOX", ())])
        ann = await store.open_account("ann")
        assert row(ann, "INBOX").messages == 0
        await ann.release()
        await store.close()

    asyncio.run(scenario())
