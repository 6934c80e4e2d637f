"""A second process that uses an account: ``python -m tests.stores.other DATA JOB COUNT``. Says what it got, as JSON."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from imapkit.ports.store import Account, FlagAction
from imapkit.stores.sqlite import SqliteStore, search_index

from ..store_conformance.mail import fill, row


async def work(data: Path, job: str, count: int) -> object:
    store = SqliteStore(data)
    account = await store.open_account("ann")
    result: object = None
    if job == "append":
        result = [(await fill(account, "INBOX", 1, {"theirs"}))[0] for _ in range(count)]
    elif job == "flags":
        mailbox = await account.open("INBOX")
        done = await account.store(
            mailbox, mailbox.everything(), FlagAction.ADD, frozenset({"\\Seen", "fresh"})
        )
        result = list(done.changed)
        mailbox.release()
    elif job == "mailboxes":
        await account.create("made/elsewhere")
        await account.rename("Sent", "Gesendet")
        await account.create("Sent")
        await account.delete("Trash")
        await account.subscribe("made")
        result = [row.name for row in account.mailboxes()]
    elif job == "index":
        search_index.BATCH = count
        print("begun", flush=True)
        result = await account.index.build(all_of_it=True)
    elif job == "turns":
        result = await turns(account, count)
    await account.release()
    await store.close()
    return result


async def turns(account: Account, count: int) -> list[int]:
    """At each line of input: how many messages are there, and then one more, told once it is committed."""
    seen: list[int] = []
    print("begun", flush=True)
    for _ in range(count):
        await asyncio.to_thread(
            sys.stdin.readline
        )  # the loop goes on: work behind arrivals takes the lock too
        await account.refresh()
        seen.append(row(account, "INBOX").messages)
        print((await fill(account, "INBOX", 1))[0], flush=True)
    return seen


if __name__ == "__main__":
    print(json.dumps(asyncio.run(work(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))))
