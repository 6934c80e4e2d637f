"""What happened since: changes, vanished, waiting."""

from __future__ import annotations

import asyncio

import pytest

from imapkit.ports.store import Account, FlagAction

from .conftest import Play
from .mail import fill, row

SEEN = frozenset({"\\Seen"})


def test_changes_between_any_two_moments(play: Play) -> None:
    async def scenario(account: Account) -> None:
        mailbox = await account.open("INBOX")
        start = mailbox.row.modseq
        await fill(account, "INBOX", 4)
        a = account.modseq
        await account.store(mailbox, mailbox.by_uid([(1, 2)]), FlagAction.ADD, SEEN)
        b = account.modseq
        await account.expunge(mailbox, mailbox.by_uid([(2, 3)]))
        c = account.modseq
        await fill(account, "INBOX", 2)
        await account.expunge(mailbox, mailbox.by_uid([(5, 5)]))
        await account.store(mailbox, mailbox.by_uid([(6, 6)]), FlagAction.ADD, SEEN)

        def seen(since: int) -> tuple[list[int], list[tuple[int, int]], list[int]]:
            changes = mailbox.changes(since)
            assert changes.modseq == mailbox.row.modseq
            return list(changes.added), changes.expunged, list(changes.changed)

        assert seen(start) == ([1, 4, 6], [], [])
        assert seen(a) == ([6], [(2, 3)], [1])
        assert seen(b) == ([6], [(2, 3)], [])
        assert seen(c) == ([6], [], [])
        assert seen(account.modseq) == ([], [], [])
        assert mailbox.vanished(start) == [(2, 3), (5, 5)]
        assert mailbox.vanished(c) == [(5, 5)]
        assert mailbox.vanished(account.modseq) == []
        mailbox.release()

    play(scenario)


def test_own_changes_do_not_count(play: Play) -> None:
    async def scenario(account: Account) -> None:
        await fill(account, "INBOX", 3)
        mailbox = await account.open("INBOX")
        since = account.modseq
        mine = await account.store(mailbox, mailbox.by_uid([(1, 2)]), FlagAction.ADD, SEEN)
        assert list(mailbox.changes(since, frozenset({mine.modseq})).changed) == []
        await account.store(mailbox, mailbox.by_uid([(2, 2)]), FlagAction.ADD, frozenset({"x"}))
        again = await account.store(mailbox, mailbox.by_uid([(2, 3)]), FlagAction.ADD, frozenset({"y"}))
        own = frozenset({mine.modseq, again.modseq})
        assert list(mailbox.changes(since, own).changed) == [2], "somebody else changed it in between"
        assert list(mailbox.changes(since).changed) == [1, 2, 3]
        mailbox.release()

    play(scenario)


def test_waiting_for_a_change(play: Play) -> None:
    async def scenario(account: Account) -> None:
        before = account.modseq
        waiting = asyncio.create_task(account.changed(before))
        await asyncio.sleep(0)
        assert not waiting.done()
        await fill(account, "INBOX", 1)
        await asyncio.wait_for(waiting, 1)
        await asyncio.wait_for(account.changed(before), 1)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(account.changed(account.modseq), 0.05)

    play(scenario)


def test_a_snapshot_of_uids_stays_as_it_is(play: Play) -> None:
    async def scenario(account: Account) -> None:
        await fill(account, "INBOX", 3)
        mailbox = await account.open("INBOX")
        uids, everything = mailbox.uids(), mailbox.everything()
        assert mailbox.uids() is uids, "cheap when nothing came or went"
        await account.store(mailbox, everything, FlagAction.ADD, SEEN)
        assert mailbox.uids() is uids
        await account.expunge(mailbox, mailbox.by_uid([(2, 2)]))
        await fill(account, "INBOX", 2)
        assert list(uids) == list(everything) == [1, 2, 3]
        assert list(mailbox.uids()) == [1, 3, 4, 5]
        mailbox.release()

    play(scenario)


def test_concurrent_writers_get_numbers_of_their_own(play: Play) -> None:
    async def scenario(account: Account) -> None:
        async def one() -> list[tuple[int, int]]:
            got = []
            for _ in range(10):
                uids = await fill(account, "INBOX", 1)
                got.append((uids[0], account.modseq))
            return got

        results = await asyncio.gather(*(one() for _ in range(8)))
        uids = [uid for result in results for uid, _ in result]
        assert sorted(uids) == list(range(1, 81))
        assert row(account, "INBOX").messages == 80

    play(scenario)


def test_message_sets(play: Play) -> None:
    async def scenario(account: Account) -> None:
        await fill(account, "INBOX", 10)
        mailbox = await account.open("INBOX")
        await account.expunge(mailbox, mailbox.by_uid([(5, 5)]))
        low, high = mailbox.by_uid([(1, 6)]), mailbox.by_uid([(4, 4), (6, 8), (100, 1 << 32)])
        assert list(low) == [1, 2, 3, 4, 6] and list(high) == [4, 6, 7, 8]
        assert list(low | high) == [1, 2, 3, 4, 6, 7, 8]
        assert list(low & high) == [4, 6] and list(low - high) == [1, 2, 3] and list(high - low) == [7, 8]
        assert low.ranges() == [(1, 4), (6, 6)] and len(low) == 5
        assert 4 in low and 5 not in low and 0 not in low and -1 not in low and "4" not in low
        nothing = mailbox.search().nothing()
        assert len(nothing) == 0 and nothing.ranges() == [] and list(nothing | low) == list(low | nothing)
        assert list(low & nothing) == list(nothing - low) == [] and list(low - nothing) == list(low)
        mailbox.release()

    play(scenario)
