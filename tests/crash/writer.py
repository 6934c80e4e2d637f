"""A program that writes to an account from several tasks at once and says what it does, until it is killed.

Each task owns its messages (their subjects begin with its name). A line "try" comes before each change, a line "ack" when
the store has acknowledged it.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from pathlib import Path
from typing import Any

from imapkit.ports.store import Account, FlagAction, Mailbox
from imapkit.stores.sqlite import Disk, SqliteStore

from ..store_conformance.mail import message, octets, row
from ..support.crash import KillingDisk

NAMES = ("INBOX", "Sent", "Archive")
FLAGS = ("\\Seen", "\\Flagged", "Work", "later")


def say(**said: Any) -> None:
    """One line, whole, past all buffers."""
    os.write(1, (json.dumps(said) + "\n").encode())


class Task:
    """One writer."""

    def __init__(self, name: str, account: Account, boxes: dict[str, Mailbox], seed: str) -> None:
        self.name = name
        self.account = account
        self.boxes = boxes
        self.random = random.Random(seed)
        self.count = 0
        self.mine: dict[str, dict[int, str]] = {box: {} for box in NAMES}
        self.flags: dict[str, frozenset[str]] = {}

    async def run(self) -> None:
        while True:
            await self.random.choice(
                [self.append, self.append, self.store, self.store, self.move, self.expunge]
            )()
            await asyncio.sleep(0)

    def _say(self, word: str, **said: Any) -> None:
        say(say=word, task=self.name, **said)

    def _pick(self) -> tuple[str, list[int]]:
        box = self.random.choice(NAMES)
        uids = sorted(self.mine[box])
        return box, sorted(self.random.sample(uids, min(len(uids), self.random.randint(1, 3))))

    async def append(self) -> None:
        box = self.random.choice(NAMES)
        subjects = [f"{self.name} {self.count + number}" for number in range(self.random.randint(1, 3))]
        self.count += len(subjects)
        flags = frozenset(self.random.sample(FLAGS, self.random.randint(0, 2)))
        body = "x" * (80_000 if self.random.random() < 0.1 else 200)
        new = [message(octets(subject, body), flags) for subject in subjects]
        self._say("try", changes=[[subject, box, sorted(flags)] for subject in subjects])
        added = await self.account.append(row(self.account, box).id, new)
        placed = list(zip(added.uids, subjects, strict=True))
        self._say("ack", modseq=added.modseq, uids=[[box, uid, subject] for uid, subject in placed])
        for uid, subject in placed:
            self.mine[box][uid] = subject
            self.flags[subject] = flags

    async def store(self) -> None:
        box, uids = self._pick()
        if not uids:
            return
        flag = self.random.choice(FLAGS)
        action = self.random.choice([FlagAction.ADD, FlagAction.REMOVE])
        subjects = [self.mine[box][uid] for uid in uids]
        for subject in subjects:
            old = self.flags[subject]
            self.flags[subject] = old | {flag} if action is FlagAction.ADD else old - {flag}
        self._say("try", changes=[[subject, box, sorted(self.flags[subject])] for subject in subjects])
        members = self.boxes[box].by_uid([(uid, uid) for uid in uids])
        done = await self.account.store(self.boxes[box], members, action, frozenset({flag}))
        self._say("ack", modseq=done.modseq if len(done.changed) else None, uids=[])

    async def move(self) -> None:
        box, uids = self._pick()
        target = self.random.choice(NAMES)
        if not uids:
            return
        subjects = [self.mine[box].pop(uid) for uid in uids]
        self._say("try", changes=[[subject, target, None] for subject in subjects])
        members = self.boxes[box].by_uid([(uid, uid) for uid in uids])
        moved = await self.account.move(self.boxes[box], members, row(self.account, target).id)
        new = [uid for low, high in moved.target for uid in range(low, high + 1)]
        placed = list(zip(new, subjects, strict=True))
        self._say("ack", modseq=moved.modseq, uids=[[target, uid, subject] for uid, subject in placed])
        self.mine[target].update(placed)

    async def expunge(self) -> None:
        box, uids = self._pick()
        if not uids:
            return
        subjects = [self.mine[box].pop(uid) for uid in uids]
        self._say("try", changes=[[subject, None, None] for subject in subjects])
        members = self.boxes[box].by_uid([(uid, uid) for uid in uids])
        await self.account.expunge(self.boxes[box], members)
        self._say("ack", modseq=None, uids=[])


async def work(data: Path, name: str, tasks: int, disk: Disk) -> None:
    """Write for ever."""
    store = SqliteStore(data, disk=disk)
    account = await store.open_account("ann")
    boxes = {box: await account.open(box) for box in NAMES}
    async with asyncio.TaskGroup() as group:
        for number in range(tasks):
            task = f"{name}.{number}"
            group.create_task(Task(task, account, boxes, task).run())


if __name__ == "__main__":
    asyncio.run(work(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), KillingDisk()))
