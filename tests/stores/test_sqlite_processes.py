"""Two processes on one account: each sees what the other wrote, and no number is given twice."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from imapkit.ports.store import Account
from imapkit.stores.sqlite import SqliteStore, fsck
from imapkit.stores.sqlite.account import SqliteAccount

from ..store_conformance.mail import check_counts, fill, flags_of, row

ROOT = Path(__file__).parents[2]
Other = Callable[[str, int], Awaitable[object]]


def beside(tmp_path: Path, scenario: Callable[[Account, Other], Awaitable[None]]) -> None:
    async def other(job: str, count: int) -> object:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.stores.other", str(tmp_path), job, str(count),
            stdout=asyncio.subprocess.PIPE, cwd=ROOT,
        )  # fmt: skip
        out, _ = await process.communicate()
        assert process.returncode == 0
        return json.loads(out)

    async def run() -> None:
        store = SqliteStore(tmp_path)
        await store.create_account("ann", [("INBOX", ()), ("Sent", ()), ("Trash", ())])
        account = await store.open_account("ann")
        await scenario(account, other)
        await account.refresh()
        await check_counts(account)
        assert isinstance(account, SqliteAccount)
        assert await fsck(account) == []
        await account.release()
        await store.close()

    asyncio.run(run())


def test_a_waiting_process_hears_of_a_change(tmp_path: Path) -> None:
    async def scenario(account: Account, other: Other) -> None:
        mailbox = await account.open("INBOX")
        since = account.modseq
        waiting = asyncio.create_task(account.changed(since))
        uids = await other("append", 2)
        assert uids == [1, 2]
        await asyncio.wait_for(waiting, 5)  # by the hint: the regular look comes after ten seconds
        await account.refresh()
        assert list(mailbox.changes(since).added) == [1, 2] and mailbox.row.messages == 2
        assert flags_of(mailbox) == {1: {"theirs"}, 2: {"theirs"}}
        assert await other("flags", 0) == [1, 2]
        await account.refresh()
        assert mailbox.keywords() == ("theirs", "fresh") and mailbox.row.unseen == 0
        assert flags_of(mailbox)[1] == {"theirs", "fresh", "\\Seen"}
        mailbox.release()

    beside(tmp_path, scenario)


def test_a_writer_decides_on_what_others_wrote(tmp_path: Path) -> None:
    async def scenario(account: Account, other: Other) -> None:
        await other("append", 3)
        assert await fill(account, "INBOX", 1) == [4], "without any refresh of the caller's"
        await other("mailboxes", 0)
        await account.create("more")
        names = [state.name for state in account.mailboxes()]
        assert names == ["Gesendet", "INBOX", "Sent", "made", "made/elsewhere", "more"]
        assert account.subscriptions() == {"made"}
        assert row(account, "Gesendet").id < row(account, "Sent").id

    beside(tmp_path, scenario)


def test_both_append_at_once(tmp_path: Path) -> None:
    async def scenario(account: Account, other: Other) -> None:
        theirs = asyncio.create_task(_list(other("append", 60)))
        mine: list[int] = []
        while not theirs.done():
            mine += await fill(account, "INBOX", 1, {"mine"})
            await asyncio.sleep(0.002)
        uids = await theirs
        await account.refresh()
        assert sorted(mine + uids) == list(range(1, len(mine) + 61))
        mailbox = await account.open("INBOX")
        flags = flags_of(mailbox)
        assert all(flags[uid] == {"mine"} for uid in mine) and all(flags[uid] == {"theirs"} for uid in uids)
        mailbox.release()

    beside(tmp_path, scenario)


async def _list(work: Awaitable[object]) -> list[int]:
    found = await work
    assert isinstance(found, list)
    return found
