"""``SqliteStore.repair``: from whatever is left, every message whose octets are there comes back."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from imapkit.errors import AccountGone, StoreBroken
from imapkit.ports.store import Column, FlagAction
from imapkit.stores.sqlite import Repair, SqliteStore, compaction, fsck, vacuum
from imapkit.stores.sqlite.account import SqliteAccount

from ..store_conformance.mail import check_counts, column, fill, flags_of, message, octets, row

LARGE = 100_000


def run(data: Path, scenario: Callable[[SqliteStore], Awaitable[None]]) -> None:
    async def whole() -> None:
        store = SqliteStore(data)
        try:
            await scenario(store)
        finally:
            await store.close()

    asyncio.run(whole())


def with_account(data: Path, scenario: Callable[[SqliteAccount], Awaitable[None]]) -> None:
    async def opened(store: SqliteStore) -> None:
        account = await store.open_account("ann")
        try:
            await scenario(account)
        finally:
            await account.release()

    run(data, opened)


@contextmanager
def tables(data: Path) -> Iterator[sqlite3.Connection]:
    """The account's file, for doing it harm."""
    db = sqlite3.connect(data / "accounts/ann/mail.db")
    try:
        yield db
        db.commit()
    finally:
        db.close()


def repaired(data: Path) -> Repair:
    """What a repair says; afterwards all is well, and a second one finds nothing to do."""
    found: list[Repair] = []

    async def scenario(store: SqliteStore) -> None:
        found.append(await store.repair("ann"))
        again = await store.repair("ann")
        assert again.aside is None
        assert all(each.brought_back == each.lost == 0 for each in again.mailboxes)

    run(data, scenario)

    async def check(account: SqliteAccount) -> None:
        assert await fsck(account) == []
        await check_counts(account)

    with_account(data, check)
    return found[0]


def summary(done: Repair) -> dict[str, tuple[int, int, int]]:
    return {each.mailbox: (each.found, each.brought_back, each.lost) for each in done.mailboxes}


def subjects(data: Path, mailbox: str = "INBOX") -> dict[int, str]:
    """UID to subject."""
    found: dict[int, str] = {}

    async def scenario(account: SqliteAccount) -> None:
        opened = await account.open(mailbox)
        for uid, header in column(opened, Column.HEADER).items():
            assert isinstance(header, bytes)
            found[uid] = header.partition(b"Subject: ")[2].partition(b"\r\n")[0].decode()
        opened.release()

    with_account(data, scenario)
    return found


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """INBOX has two snapshots of several segments and a log above them; Lists is small and has large messages."""
    monkeypatch.setattr(compaction, "MESSAGES", 10)

    async def scenario(store: SqliteStore) -> None:
        await store.create_account("ann", [("INBOX", ()), ("Lists", ())])
        account = await store.open_account("ann")
        inbox = row(account, "INBOX").id
        mailbox = await account.open("INBOX")
        await fill(account, "INBOX", 25, {"a"})
        await compaction.compact(account, inbox)
        await account.store(mailbox, mailbox.by_uid([(3, 4)]), FlagAction.ADD, frozenset({"b"}))
        await account.expunge(mailbox, mailbox.by_uid([(7, 7), (24, 24)]))
        await fill(account, "INBOX", 8)
        await compaction.compact(account, inbox)
        await account.store(mailbox, mailbox.by_uid([(1, 1)]), FlagAction.ADD, frozenset({"c", "\\Seen"}))
        await fill(account, "INBOX", 1)
        for number in range(3):
            large = octets(f"large {number}", body="x" * LARGE + str(number))
            await account.append(row(account, "Lists").id, [message(large)])
        mailbox.release()
        await account.release()

    run(tmp_path, scenario)
    return tmp_path


ALL = [uid for uid in range(1, 35) if uid not in (7, 24)]


def test_a_sound_account_is_left_alone(data: Path) -> None:
    before = {path: path.read_bytes() for path in (data / "accounts/ann/blobs").rglob("*") if path.is_file()}
    done = repaired(data)
    assert summary(done) == {"INBOX": (32, 0, 0), "Lists": (3, 0, 0)}
    assert done.aside is None and not (data / "damaged").exists()
    assert before == {path: path.read_bytes() for path in before}


def test_two_compactions_at_once(data: Path) -> None:
    """The manifest names segments that are gone, the one before it is gone, and the log is cut."""
    kept = subjects(data)
    with tables(data) as db:
        db.execute("DELETE FROM snapshot WHERE modseq < (SELECT max(modseq) FROM snapshot)")
        db.execute("DELETE FROM segment WHERE mailbox = 1")
    with pytest.raises(StoreBroken):
        subjects(data)
    done = repaired(data)
    assert summary(done) == {"INBOX": (0, 32, 0), "Lists": (3, 0, 0)}
    assert sorted(subjects(data).values()) == sorted(kept.values())
    assert [each.renumbered for each in done.mailboxes] == [True, False]
    assert done.aside is not None and done.aside.parent == data / "damaged"
    assert sqlite3.connect(done.aside / "mail.db").execute("SELECT count(*) FROM log").fetchone()[0] > 0


def test_uids_and_flags_that_are_known_stay(data: Path) -> None:
    """Only the segments with flags are lost, and the log knows the latest."""
    kept = subjects(data)
    with tables(data) as db:
        db.execute("DELETE FROM snapshot")
    done = repaired(data)
    assert summary(done)["INBOX"] == (0, 32, 0)
    assert not any(each.renumbered for each in done.mailboxes)
    assert subjects(data) == kept

    async def scenario(account: SqliteAccount) -> None:
        mailbox = await account.open("INBOX")
        flags = flags_of(mailbox)
        assert (flags[1], flags[2], flags[3], flags[34]) == ({"a", "c", "\\Seen"}, {"a"}, {"a", "b"}, set())
        # Whoever knew older flags is told
        assert len(mailbox.changes(mailbox.row.modseq - 1).changed) == 32
        mailbox.release()

    with_account(data, scenario)


def test_a_part_of_the_segments(data: Path) -> None:
    """What is known keeps its UID, the others come behind it."""
    kept = subjects(data)
    with tables(data) as db:
        db.execute("DELETE FROM snapshot")
        db.execute("DELETE FROM log WHERE mailbox = 1")
        (first,) = db.execute("SELECT min(id) FROM segment WHERE mailbox = 1").fetchone()
        db.execute("DELETE FROM segment WHERE mailbox = 1 AND id = ?", (first,))
    done = repaired(data)
    assert summary(done)["INBOX"] == (0, 32, 0)
    now = subjects(data)
    assert sorted(now.values()) == sorted(kept.values())
    known = [uid for uid in now if uid in kept and now[uid] == kept[uid]]
    assert 10 <= len(known) < 32 and done.mailboxes[0].renumbered


def test_a_damaged_snapshot_costs_nothing(data: Path) -> None:
    kept = subjects(data)
    with tables(data) as db:
        db.execute(
            "UPDATE segment SET data = zeroblob(length(data)) WHERE id = (SELECT max(id) FROM segment)"
        )
    done = repaired(data)
    assert summary(done)["INBOX"] == (32, 0, 0) and subjects(data) == kept
    assert not done.mailboxes[0].renumbered and done.aside is not None


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE mailbox SET unseen = 99, recent = 5, deleted_size = 7",
        "UPDATE mailbox SET uidnext = 3 WHERE id = 1",
        "UPDATE mailbox SET size = size + 1",
        "UPDATE mailbox SET modseq = 2 WHERE id = 2",
        "UPDATE account SET messages = 1, size = 0",
        "UPDATE account SET modseq = 0, next_content = 1, uidvalidity = 0, next_mailbox = 0",
        "DELETE FROM account",
        "DELETE FROM meta WHERE key = 'token'",
        "DELETE FROM sort_key WHERE id < 5",
        "DELETE FROM fields WHERE id > 30",
        "DELETE FROM content WHERE id IN (1, 2, 36)",
        "UPDATE sort_pack SET data = x'00'",
        "UPDATE log SET data = x'63' WHERE mailbox = 2 AND kind = 1 AND id = (SELECT max(id) FROM log WHERE mailbox = 2)",
        "DELETE FROM mailbox WHERE name = 'Lists'",
        "DELETE FROM mailbox WHERE name = 'INBOX'",
        "DELETE FROM mailbox",
        "DELETE FROM segment; DELETE FROM snapshot; DELETE FROM log",
        "DELETE FROM segment; DELETE FROM snapshot; DELETE FROM log; DELETE FROM mailbox",
    ],
)
def test_no_message_is_lost(data: Path, damage: str) -> None:
    kept = sorted([*subjects(data).values(), *subjects(data, "Lists").values()])
    with tables(data) as db:
        db.executescript(damage)
    done = repaired(data)
    names = [each.mailbox for each in done.mailboxes]
    assert sorted(subject for name in names for subject in subjects(data, name).values()) == kept
    assert sum(each.lost for each in done.mailboxes) == 0


def test_what_is_lost_is_named(data: Path) -> None:
    kept = subjects(data)
    with tables(data) as db:
        (content,) = db.execute(
            "SELECT id FROM content WHERE search_subject = 'MESSAGE 3' ORDER BY id"
        ).fetchone()
        db.execute("DELETE FROM blob WHERE id = ?", (content,))
    files = sorted((data / "accounts/ann/blobs").glob("??/*"))
    files[0].unlink()
    done = repaired(data)
    assert summary(done) == {"INBOX": (31, 0, 1), "Lists": (2, 0, 1)}
    inbox, lists = done.mailboxes
    assert [(lost.uid, lost.subject.lower()) for lost in inbox.missing] == [(4, "message 3")]
    assert lists.missing[0].subject.startswith("large") and "missing" in lists.missing[0].why
    assert subjects(data) == {uid: subject for uid, subject in kept.items() if uid != 4}


def damage_blobs(data: Path, kind: str) -> None:
    one, two, _ = sorted((data / "accounts/ann/blobs").glob("??/*"))
    if kind == "truncated":
        one.write_bytes(one.read_bytes()[:-10])
    elif kind == "directory":
        one.unlink()
        one.mkdir()
        (one / "inside").write_bytes(b"what is this")
    elif kind == "another message":
        one.write_bytes(b"Subject: other\r\n\r\n".ljust(one.stat().st_size, b"y"))
    elif kind == "flipped":
        octets = bytearray(one.read_bytes())
        octets[-100] ^= 1
        one.write_bytes(octets)
    elif kind == "swapped":
        left, right = one.read_bytes(), two.read_bytes()
        one.write_bytes(right)
        two.write_bytes(left)
    elif kind == "link":
        other = data / "elsewhere"
        one.rename(other)
        one.symlink_to(other)
    elif kind == "moved away by vacuum":
        one.rename(data / "accounts/ann/blobs/spool/0123456789ab")


@pytest.mark.parametrize(
    ("kind", "lists"),
    [
        ("truncated", (2, 0, 1)),
        ("directory", (2, 0, 1)),
        ("another message", (2, 0, 1)),
        ("flipped", (3, 0, 0)),
        ("swapped", (1, 2, 0)),
        ("link", (2, 1, 0)),
        ("moved away by vacuum", (2, 1, 0)),
    ],
)
def test_files_of_messages(data: Path, kind: str, lists: tuple[int, int, int]) -> None:
    damage_blobs(data, kind)
    done = repaired(data)
    assert summary(done) == {"INBOX": (32, 0, 0), "Lists": lists}
    assert done.aside is not None and len(list((done.aside / "blobs").iterdir())) == (
        2 if kind == "swapped" else int("moved" not in kind)
    )
    assert len(subjects(data, "Lists")) == 3 - lists[2]


@pytest.mark.parametrize("seed", range(12))
def test_any_damage_ends_in_a_sound_account(data: Path, seed: int) -> None:
    """Rows go from all tables by chance: what has its octets is there afterwards, whatever else is gone."""
    chance = random.Random(seed)
    with tables(data) as db:
        for table in (
            "segment",
            "snapshot",
            "log",
            "mailbox",
            "content",
            "sort_key",
            "fields",
            "blob",
            "trash",
        ):
            if chance.random() < 0.6:
                share = chance.choice([10, 50, 90])
                ids = "mailbox * 1000 + modseq" if table == "snapshot" else "id"
                rows = [
                    number
                    for (number,) in db.execute(f"SELECT {ids} FROM {table}")
                    if chance.randrange(100) < share
                ]
                db.executemany(f"DELETE FROM {table} WHERE {ids} = ?", [(number,) for number in rows])
        left = {number for (number,) in db.execute("SELECT id FROM blob")}
        mailboxes = db.execute("SELECT count(*) FROM mailbox").fetchone()[0]
    done = repaired(data)
    there: set[int] = set()

    async def scenario(account: SqliteAccount) -> None:
        for each in account.mailboxes():
            mailbox = await account.open(each.name)
            there.update(int(str(value)) for value in column(mailbox, Column.CONTENT).values())
            mailbox.release()
        there.update(number for batch in account.trash_batches() for number in batch.batch.content)

    with_account(data, scenario)
    if mailboxes < 2 or any(each.lost or each.brought_back for each in done.mailboxes):
        assert left <= there


def test_other_processes_and_sessions_begin_anew(data: Path) -> None:
    async def scenario(store: SqliteStore) -> None:
        other = SqliteStore(data)
        held = await other.open_account("ann")
        told: list[str] = []
        held.tell_when_gone(lambda: told.append("gone"))
        waiting = asyncio.ensure_future(held.changed(held.modseq))
        await asyncio.sleep(0)
        with tables(data) as db:
            db.execute("UPDATE mailbox SET unseen = 99")
        await store.repair("ann")
        with pytest.raises(AccountGone):
            await asyncio.wait_for(waiting, 10)
        assert told == ["gone"]
        with pytest.raises(AccountGone):
            await held.create("nowhere")
        fresh = await other.open_account("ann")
        assert fresh is not held
        await fill(fresh, "INBOX", 1)
        assert await fsck(fresh) == []
        await held.release()
        await fresh.release()
        await other.close()

    run(data, scenario)


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM mailbox WHERE name = 'Lists'",
        "DELETE FROM log WHERE mailbox = 2",
        "DELETE FROM snapshot WHERE modseq = (SELECT max(modseq) FROM snapshot); UPDATE mailbox SET log_floor = modseq - 1 WHERE id = 1",
    ],
)
def test_vacuum_takes_nothing_from_a_damaged_account(data: Path, damage: str) -> None:
    with tables(data) as db:
        db.executescript(damage)

    async def scenario(account: SqliteAccount) -> None:
        with pytest.raises(StoreBroken):
            await vacuum(account, 1 << 40)

    with_account(data, scenario)
    with tables(data) as db:
        assert db.execute("SELECT count(*) FROM content").fetchone() == (37,)
    assert sum(each.lost for each in repaired(data).mailboxes) == 0
