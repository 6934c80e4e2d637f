"""A state machine: each store, through two handles, does what the naive model does; counts are compared after each step."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from imapkit.ports.store import Account, Column, FlagAction, Mailbox, MailStore
from imapkit.protocol.numset import Range, join
from imapkit.stores.memory import MemoryStore
from imapkit.stores.sqlite import SqliteStore, compaction, fsck, maintenance
from imapkit.stores.sqlite.account import SqliteAccount

from .mail import check_mailbox, column, flags_of, message, octets, row
from .model import Box

T = TypeVar("T")
FLAGS = st.frozensets(
    st.sampled_from(["\\Seen", "\\Deleted", "\\Flagged", "Work", "$Junk", "later"]), max_size=3
)
UIDS = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 6)), min_size=1, max_size=3)
BOX = st.sampled_from(["INBOX", "Sent", "Other"])
HANDLE = st.integers(0, 1)
NAMES = ("INBOX", "Sent", "Other")


def spans(pairs: list[tuple[int, int]]) -> list[Range]:
    return join([(low, low + more) for low, more in pairs])


class StoreMachine(RuleBasedStateMachine):
    """Two handles on one account; which of them acts is drawn."""

    def make_stores(self) -> list[MailStore]:
        raise NotImplementedError

    @initialize()
    def start(self) -> None:
        self.runner = asyncio.Runner()
        self.boxes = {name: Box() for name in NAMES}
        self.trash: list[tuple[str, frozenset[str]]] = []
        self.count = 0
        self.stores = self.make_stores()
        self.run(self._open())

    def run(self, work: Coroutine[object, object, T]) -> T:
        return self.runner.run(work)

    async def _open(self) -> None:
        await self.stores[0].create_account("ann", [(name, ()) for name in NAMES])
        self.accounts: list[Account] = [await store.open_account("ann") for store in self.stores]
        self.mailboxes: list[dict[str, Mailbox]] = [
            {name: await account.open(name) for name in NAMES} for account in self.accounts
        ]
        for name, box in self.boxes.items():
            box.history[row(self.accounts[0], name).modseq] = {}

    def _note(self, account: Account, *names: str, changed: list[int] | None = None) -> None:
        """After a change: remember how these mailboxes look at the account's MODSEQ."""
        for name in names:
            self.boxes[name].history[account.modseq] = dict(self.boxes[name].messages)
        for uid in changed or []:
            self.boxes[names[0]].changed[uid] = account.modseq

    @rule(handle=HANDLE, name=BOX, flags=st.lists(FLAGS, min_size=1, max_size=4))
    def append(self, handle: int, name: str, flags: list[frozenset[str]]) -> None:
        account, box = self.accounts[handle], self.boxes[name]
        subjects = [f"subject {self.count + number}" for number in range(len(flags))]
        self.count += len(flags)
        new = [message(octets(text), some) for text, some in zip(subjects, flags, strict=True)]
        added = self.run(account.append(row(account, name).id, new))
        uids = [box.add(some, text) for text, some in zip(subjects, flags, strict=True)]
        assert added.uids == uids
        self._note(account, name, changed=uids)

    @rule(handle=HANDLE, name=BOX, pairs=UIDS, action=st.sampled_from(list(FlagAction)), flags=FLAGS)
    def store(
        self, handle: int, name: str, pairs: list[tuple[int, int]], action: FlagAction, flags: frozenset[str]
    ) -> None:
        account, mailbox, box = self._at(handle, name)
        members = mailbox.by_uid(spans(pairs))
        expected = box.store(list(members), action, flags)
        done = self.run(account.store(mailbox, members, action, flags))
        assert list(done.changed) == expected and not len(done.refused)
        if expected:
            self._note(account, name, changed=expected)

    @rule(handle=HANDLE, name=BOX, pairs=UIDS, back=st.integers(0, 4))
    def store_unchanged_since(self, handle: int, name: str, pairs: list[tuple[int, int]], back: int) -> None:
        account, mailbox, box = self._at(handle, name)
        since = sorted(box.history)[-1 - back % len(box.history)]
        members = mailbox.by_uid(spans(pairs))
        refused = [uid for uid in members if box.changed[uid] > since]
        expected = box.store(
            [uid for uid in members if uid not in refused], FlagAction.ADD, frozenset({"\\Answered"})
        )
        done = self.run(
            account.store(mailbox, members, FlagAction.ADD, frozenset({"\\Answered"}), unchanged_since=since)
        )
        assert (list(done.changed), list(done.refused)) == (expected, refused)
        if expected:
            self._note(account, name, changed=expected)

    @rule(handle=HANDLE, name=BOX, other=BOX, pairs=UIDS, move=st.booleans())
    def transfer(self, handle: int, name: str, other: str, pairs: list[tuple[int, int]], move: bool) -> None:
        account, mailbox, box = self._at(handle, name)
        members = mailbox.by_uid(spans(pairs))
        uids = [uid for uid in members if uid in box.messages]
        act = account.move if move else account.copy
        copied = self.run(act(mailbox, members, row(account, other).id))
        made = [self.boxes[other].add(box.messages[uid], box.subjects[uid]) for uid in uids]
        if move:
            box.expunge(uids)
        assert [uid for low, high in copied.source for uid in range(low, high + 1)] == uids
        assert [uid for low, high in copied.target for uid in range(low, high + 1)] == made
        if uids:
            self._note(account, other, name, changed=made)

    @rule(handle=HANDLE, name=BOX, pairs=UIDS)
    def expunge(self, handle: int, name: str, pairs: list[tuple[int, int]]) -> None:
        account, mailbox, box = self._at(handle, name)
        members = mailbox.by_uid(spans(pairs))
        self.trash += [(box.subjects[uid], box.messages[uid]) for uid in members if uid in box.messages]
        gone = box.expunge(list(members))
        ranges = self.run(account.expunge(mailbox, members))
        assert [uid for low, high in ranges for uid in range(low, high + 1)] == gone
        if gone:
            self._note(account, name)

    @rule(handle=HANDLE, name=BOX, every=st.integers(1, 3))
    def undelete(self, handle: int, name: str, every: int) -> None:
        account, box = self.accounts[handle], self.boxes[name]
        self.run(account.refresh())
        items = list(account.trash())
        assert [item.flags for item in items] == [flags for _, flags in self.trash]
        if not items:
            return
        self.run(account.undelete([item.trash_id for item in items[::every]], row(account, name).id))
        made = [box.add(flags - {"\\Deleted"}, subject) for subject, flags in self.trash[::every]]
        del self.trash[::every]
        self._note(account, name, changed=made)

    @rule(handle=HANDLE, name=BOX)
    def take_recent(self, handle: int, name: str) -> None:
        account, mailbox, box = self._at(handle, name)
        assert list(self.run(account.take_recent(mailbox))) == sorted(box.recent)
        box.recent.clear()

    @rule(handle=HANDLE, name=BOX, back=st.integers(0, 50))
    def changes(self, handle: int, name: str, back: int) -> None:
        account, mailbox, box = self._at(handle, name)
        self.run(account.refresh())
        since = sorted(box.history)[-1 - back % len(box.history)]
        then, now = box.history[since], box.messages
        found = mailbox.changes(since)
        assert list(found.added) == [uid for uid in now if uid not in then]
        assert [uid for low, high in found.expunged for uid in range(low, high + 1)] == [
            uid for uid in then if uid not in now
        ]
        assert list(found.changed) == [uid for uid in now if uid in then and box.changed[uid] > since]

    def _at(self, handle: int, name: str) -> tuple[Account, Mailbox, Box]:
        self.run(self.accounts[handle].refresh())
        return self.accounts[handle], self.mailboxes[handle][name], self.boxes[name]

    @invariant()
    def same(self) -> None:
        for account, mailboxes in zip(self.accounts, self.mailboxes, strict=True):
            self.run(account.refresh())
            for name, mailbox in mailboxes.items():
                box = self.boxes[name]
                check_mailbox(mailbox, account.modseq)
                assert flags_of(mailbox) == box.messages
                assert mailbox.row.uidnext == box.uidnext
                assert mailbox.row.recent == len(box.recent)
                assert column(mailbox, Column.MODSEQ) == {uid: box.changed[uid] for uid in box.messages}
                assert mailbox.row == row(account, name)

    def teardown(self) -> None:
        if not hasattr(self, "runner"):
            return
        self.run(self._close())
        self.runner.close()

    async def _close(self) -> None:
        for account in self.accounts:
            if isinstance(account, SqliteAccount):
                assert await fsck(account) == []
        for mailboxes in self.mailboxes:
            for mailbox in mailboxes.values():
                mailbox.release()
        for account in self.accounts:
            await account.release()
        for store in self.stores:
            await store.close()


class MemoryMachine(StoreMachine):
    def make_stores(self) -> list[MailStore]:
        store = MemoryStore()
        return [store, store]


class SqliteMachine(StoreMachine):
    """The handles are two stores on one directory, as two processes would have."""

    def make_stores(self) -> list[MailStore]:
        self.directory = Path(tempfile.mkdtemp())
        return [SqliteStore(self.directory), SqliteStore(self.directory)]

    def teardown(self) -> None:
        super().teardown()
        if hasattr(self, "directory"):
            shutil.rmtree(self.directory)


class CompactingMachine(SqliteMachine):
    """The same with segments of five messages and a log that is cut all the time."""

    def make_stores(self) -> list[MailStore]:
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(maintenance, "LEAST_LOG", 300)
        self.patch.setattr(compaction, "MESSAGES", 5)
        self.patch.setattr(compaction, "TOMBSTONES", 5)
        return super().make_stores()

    def teardown(self) -> None:
        super().teardown()
        if hasattr(self, "patch"):
            self.patch.undo()


TestMemoryModel = MemoryMachine.TestCase
TestMemoryModel.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestSqliteModel = SqliteMachine.TestCase
TestSqliteModel.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestCompactingModel = CompactingMachine.TestCase
TestCompactingModel.settings = TestSqliteModel.settings
