"""Several sessions' views of one mailbox against a naive model, under random appends, flag changes, expunges and moves.

Each session has a client that does nothing but apply what it is told. Whenever it was told everything (NOOP), it must have the
true mailbox; and between that, every message number must mean the message it meant before.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Iterator
from datetime import UTC, datetime
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from imapkit.errors import Bad
from imapkit.message.index import index_message
from imapkit.ports.session import Modes
from imapkit.ports.store import Account, Column, FlagAction, Mailbox, NewMessage
from imapkit.protocol.numset import NumSet
from imapkit.server import numbers
from imapkit.server.view import SelectedView
from imapkit.stores.memory import MemoryStore
from imapkit.wire.frame import HeldLiteral

T = TypeVar("T")
TEXT = b"Subject: x\r\n\r\nx\r\n"
FLAGS = ("\\Seen", "\\Deleted", "work", "$Junk")
LINE = re.compile(
    rb"\* (\d+) (EXISTS|RECENT|EXPUNGE|FETCH)(?: \(FLAGS \(([^)]*)\)(?: UID (\d+))?(?: MODSEQ \((\d+)\))?\))?"
)


def new_message() -> NewMessage:
    return NewMessage(HeldLiteral(TEXT), index_message(TEXT), frozenset(), datetime(2026, 11, 1, tzinfo=UTC))


def true_flags(mailbox: Mailbox, uids: list[int]) -> dict[int, frozenset[str]]:
    found: dict[int, frozenset[str]] = {}
    for chunk in mailbox.rows(mailbox.by_uid([(uid, uid) for uid in uids]), (Column.UID, Column.FLAGS)):
        for uid, key in chunk:
            assert isinstance(uid, int) and isinstance(key, int)
            found[uid] = frozenset(mailbox.flag_names(key))
    return found


class Client:
    """One session: the view on the server's side, and what a client makes of its responses."""

    def __init__(self, mailbox: Mailbox, modes: Modes) -> None:
        self.mailbox = mailbox
        self.modes = modes
        self.view = SelectedView(mailbox, "INBOX", read_only=False, modes=modes, recent=mailbox.by_uid([]))
        self.uids: list[int] = []
        self.flags: dict[int, frozenset[str]] = {}
        self.learn(len(self.view))

    def learn(self, count: int) -> None:
        """EXISTS: ask for the UIDs and flags of what is new, as clients do."""
        assert count >= len(self.uids), "EXISTS never makes a mailbox smaller"
        new = [self.view.uid_of(number) for number in range(len(self.uids) + 1, count + 1)]
        self.uids += new
        self.flags |= true_flags(self.mailbox, new)

    def apply(self, lines: bytes) -> None:
        for line in lines.split(b"\r\n"):
            if not line or line.startswith((b"* FLAGS ", b"* OK ")):
                continue
            match = LINE.fullmatch(line)
            assert match, line
            number, word = int(match[1]), match[2]
            if word == b"EXISTS":
                self.learn(number)
            elif word == b"RECENT":
                assert not self.modes.rev2
            elif word == b"EXPUNGE":
                self.flags.pop(self.uids.pop(number - 1), None)
            else:
                uid = self.uids[number - 1]
                assert (match[4] is not None) == self.modes.uid_in_fetch
                assert (match[5] is not None) == self.modes.condstore
                assert match[4] is None or int(match[4]) == uid
                self.flags[uid] = frozenset(match[3].decode().split()) - {"\\Recent"}

    def update(self, *, expunge: bool) -> bytes:
        told = b"".join(self.view.update(expunge=expunge))
        self.apply(told)
        return told


class Views(RuleBasedStateMachine):
    @initialize(count=st.integers(0, 6))
    def start(self, count: int) -> None:
        self.loop = asyncio.new_event_loop()
        store = MemoryStore()
        self.do(store.create_account("a" * 16, [("INBOX", ()), ("Other", ())]))
        self.account: Account = self.do(store.open_account("a" * 16))
        inbox, other = self.account.find("INBOX"), self.account.find("Other")
        assert inbox is not None and other is not None
        self.inbox, self.other = inbox.id, other.id
        self.mailbox = self.do(self.account.open("INBOX"))
        self.model: dict[int, frozenset[str]] = {}
        self.expunged_at: dict[int, int] = {}
        self.clients: list[Client] = []
        if count:
            self.append(count)

    def do(self, work: Awaitable[T]) -> T:
        async def run() -> T:
            return await work

        return self.loop.run_until_complete(run())

    def pick(self, data: st.DataObject, uids: list[int]) -> list[int]:
        return sorted(data.draw(st.sets(st.sampled_from(uids), max_size=8))) if uids else []

    # What happens to the mailbox

    @rule(count=st.integers(1, 4))
    def append(self, count: int) -> None:
        added = self.do(self.account.append(self.inbox, [new_message() for _ in range(count)]))
        self.model |= dict.fromkeys(added.uids, frozenset())

    @rule(data=st.data())
    def expunge(self, data: st.DataObject) -> None:
        self.remove(self.pick(data, sorted(self.model)), move=False)

    @rule(data=st.data())
    def move_away(self, data: st.DataObject) -> None:
        self.remove(self.pick(data, sorted(self.model)), move=True)

    @rule(data=st.data())
    def copy_into_itself(self, data: st.DataObject) -> None:
        uids = self.pick(data, sorted(self.model))
        if uids:
            copied = self.do(self.account.copy(self.mailbox, self.members(uids), self.inbox))
            sources = [uid for low, high in copied.source for uid in range(low, high + 1)]
            targets = [uid for low, high in copied.target for uid in range(low, high + 1)]
            self.model |= {new: self.model[old] for old, new in zip(sources, targets, strict=True)}

    def remove(self, uids: list[int], *, move: bool) -> None:
        if not uids:
            return
        if move:
            self.do(self.account.move(self.mailbox, self.members(uids), self.other))
        else:
            self.do(self.account.expunge(self.mailbox, self.members(uids)))
        for uid in uids:
            del self.model[uid]
            self.expunged_at[uid] = self.account.modseq

    def members(self, uids: list[int]):  # type: ignore[no-untyped-def]
        return self.mailbox.by_uid([(uid, uid) for uid in uids])

    # What sessions do

    @precondition(lambda self: len(self.clients) < 4)
    @rule(rev2=st.booleans(), condstore=st.booleans(), uid=st.booleans())
    def select(self, rev2: bool, condstore: bool, uid: bool) -> None:
        self.clients.append(Client(self.mailbox, Modes(rev2=rev2, condstore=condstore, uid_in_fetch=uid)))

    @precondition(lambda self: self.clients)
    @rule(data=st.data(), action=st.sampled_from(FlagAction), flags=st.sets(st.sampled_from(FLAGS)))
    def store(self, data: st.DataObject, action: FlagAction, flags: set[str]) -> None:
        """STORE by message number: the session answers with FETCH itself, then tells the rest but expunges."""
        client = data.draw(st.sampled_from(self.clients))
        if not client.uids:
            return
        seqs = data.draw(st.sets(st.integers(1, len(client.uids)), min_size=1, max_size=6))
        meant = {client.uids[number - 1] for number in seqs} & set(self.model)
        found = client.view.resolve(NumSet.from_numbers(seqs), uid=False)
        assert set(found) == meant, "a message number named another message"
        stored = self.do(self.account.store(self.mailbox, found, action, frozenset(flags)))
        if len(stored.changed):
            client.view.note_own(stored.modseq)
        for uid in meant:
            before = self.model[uid]
            self.model[uid] = {
                FlagAction.ADD: before | flags,
                FlagAction.REMOVE: before - flags,
                FlagAction.REPLACE: frozenset(flags),
            }[action]
        client.flags |= true_flags(self.mailbox, sorted(meant))
        told = client.update(expunge=False)
        assert b"EXPUNGE" not in told

    @precondition(lambda self: self.clients)
    @rule(data=st.data())
    def fetch(self, data: st.DataObject) -> None:
        """No EXPUNGE may be told, and numbers stay what they were."""
        client = data.draw(st.sampled_from(self.clients))
        before = list(client.uids)
        told = client.update(expunge=False)
        assert b"EXPUNGE" not in told
        assert client.uids[: len(before)] == before

    @precondition(lambda self: self.clients)
    @rule(data=st.data())
    def noop(self, data: st.DataObject) -> None:
        client = data.draw(st.sampled_from(self.clients))
        client.update(expunge=True)
        assert client.uids == sorted(self.model)
        assert client.flags == self.model
        assert client.view.highest_modseq() >= self.mailbox.row.modseq
        assert not client.update(expunge=True), "nothing is told twice"

    @precondition(lambda self: self.clients)
    @rule(data=st.data(), low=st.integers(1, 30), high=st.integers(1, 30))
    def uid_ranges(self, data: st.DataObject, low: int, high: int) -> None:
        client = data.draw(st.sampled_from(self.clients))
        found = client.view.resolve(NumSet(((low, high),)), uid=True)
        known = set(client.uids) & set(self.model)
        assert set(found) == {uid for uid in known if min(low, high) <= uid <= max(low, high)}

    @invariant()
    def numbers_are_the_clients(self) -> None:
        for client in getattr(self, "clients", []):
            view, uids = client.view, client.uids
            assert len(view) == len(uids)
            assert [view.uid_of(number) for number in range(1, len(uids) + 1)] == uids
            assert [view.seq_of(uid) for uid in uids] == list(range(1, len(uids) + 1))
            present = [(number, uid) for number, uid in enumerate(uids, 1) if uid in self.model]
            assert list(view.numbered(view.everything())) == present
            untold = [self.expunged_at[uid] for uid in uids if uid not in self.model]
            assert all(modseq > view.highest_modseq() for modseq in untold)

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            self.loop.close()


@pytest.fixture(autouse=True)
def _fold_often(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Small mailboxes must meet what large ones meet."""
    monkeypatch.setattr(numbers, "FOLD", 3)
    yield


@pytest.mark.usefixtures("_fold_often")
class TestViews(Views.TestCase):
    settings = settings(
        max_examples=60,
        stateful_step_count=40,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )


def view_of(count: int) -> SelectedView:
    async def make() -> SelectedView:
        store = MemoryStore()
        await store.create_account("a" * 16, [("INBOX", ())])
        account = await store.open_account("a" * 16)
        row = account.find("INBOX")
        assert row is not None
        if count:
            await account.append(row.id, [new_message() for _ in range(count)])
        mailbox = await account.open("INBOX")
        return SelectedView(mailbox, "INBOX", read_only=False, modes=Modes(), recent=mailbox.by_uid([]))

    return asyncio.run(make())


def test_numbers_out_of_range_are_bad() -> None:
    view = view_of(3)
    for text in ("4", "1:4", "2,9", "4:*"):
        with pytest.raises(Bad, match="3 messages"):
            view.resolve(NumSet.parse(text), uid=False)
    assert list(view.resolve(NumSet.parse("*"), uid=False)) == [3]
    assert list(view.resolve(NumSet.parse("*:2"), uid=False)) == [2, 3]


def test_stars_in_an_empty_mailbox_mean_nothing() -> None:
    view = view_of(0)
    assert list(view.resolve(NumSet.parse("1:*"), uid=False)) == []
    assert list(view.resolve(NumSet.parse("1:*"), uid=True)) == []
    with pytest.raises(Bad, match="empty"):
        view.resolve(NumSet.parse("1"), uid=False)


def test_a_uid_range_with_a_star_holds_the_last_message() -> None:
    view = view_of(3)
    assert list(view.resolve(NumSet.parse("100:*"), uid=True)) == [3]
    assert list(view.resolve(NumSet.parse("100"), uid=True)) == []
    assert list(view.resolve(NumSet.parse("1:4294967295"), uid=True)) == [1, 2, 3]
