"""Packed sort keys: they say what the rows say, damage costs time alone, and nothing that went for good stays in them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imapkit.ports.store import Column, NewMessage
from imapkit.query.sort import Work
from imapkit.query.thread import Algorithm
from imapkit.stores.log.mailbox import OpenMailbox
from imapkit.stores.sqlite import SqliteStore, fsck, maintenance, rebuild_packs, sort_packs, vacuum
from imapkit.stores.sqlite.account import SqliteAccount
from imapkit.stores.sqlite.arrangement import Arrangement
from imapkit.stores.sqlite.contents import Contents
from imapkit.stores.sqlite.kept_keys import CHUNK, PACKED, pieces
from imapkit.stores.sqlite.sort_packs import SPAN, SPAN_BITS, build_packs, pack, unpack
from imapkit.stores.sqlite.sort_rows import SortRows

from ..store_conformance.mail import message, row

T = TypeVar("T")
BY = [
    Column.SENT, Column.BASE_SUBJECT, Column.SORT_FROM, Column.SORT_TO, Column.SORT_CC, Column.DISPLAY_FROM, Column.DISPLAY_TO,
]  # fmt: skip


def result(work: Work[T]) -> T:
    while True:
        try:
            next(work)
        except StopIteration as done:
            return cast(T, done.value)


# The octets

offsets = st.sets(st.integers(0, SPAN - 1), min_size=1, max_size=40)


@given(offsets, st.integers(0, 1 << 35), st.data())
def test_what_is_packed_comes_back(places: set[int], number: int, data: st.DataObject) -> None:
    ids = np.array(sorted(places), np.int64) + (number << SPAN_BITS)
    size = len(ids)
    texts = data.draw(
        st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=size, max_size=size)
    )
    packed = pack(ids, texts)
    if any("\0" in text for text in texts):
        assert packed is None
    else:
        assert packed is not None
        found = unpack(number, Column.BASE_SUBJECT, packed)
        assert found.ids.tolist() == ids.tolist() and found.values == texts
    whole = st.integers(-(1 << 63), (1 << 63) - 1)
    values = np.array(data.draw(st.lists(whole, min_size=size, max_size=size)), np.int64)
    packed = pack(ids, values)
    assert packed is not None
    found = unpack(number, Column.SENT, packed)
    assert found.ids.tolist() == ids.tolist() and list(found.values) == values.tolist()


@given(offsets, st.data(), st.sampled_from([Column.SENT, Column.BASE_SUBJECT]))
def test_damaged_octets_are_told(places: set[int], data: st.DataObject, column: Column) -> None:
    ids = np.array(sorted(places), np.int64)
    packed = pack(ids, ids if column is Column.SENT else [str(number) for number in ids])
    assert packed is not None
    at = data.draw(st.integers(0, len(packed) - 1))
    for octets in (packed[:at], b"", packed[:at] + bytes([packed[at] ^ data.draw(st.integers(1, 255))])):
        try:
            unpack(0, column, octets)  # zlib's sum, which is looked at before, knows the rest
        except ValueError:
            continue
        assert octets[at : at + 1]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 700)), max_size=12), st.sets(st.integers(0, 5)))
def test_each_content_is_in_one_step(runs: list[tuple[int, int]], packed: set[int]) -> None:
    spans = [span for span, count in runs for _ in range(count)]
    contents = np.array([span << SPAN_BITS | at % SPAN for at, span in enumerate(spans)], np.int64)
    found = pieces(contents, np.array(sorted(packed), np.int64))
    assert [at for piece in found for at in range(piece.first, piece.last)] == list(range(len(spans)))
    for piece in found:
        within = set(spans[piece.first : piece.last])
        assert 0 < piece.last - piece.first <= (SPAN if piece.is_packed else CHUNK) or len(within) == 1
        if piece.is_packed:
            assert len(within) == 1 and within <= packed and piece.last - piece.first >= PACKED


# An account


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is done behind arrivals waits for no more of them."""
    for name in ("TEXTS_AFTER", "INDEX_AFTER"):
        monkeypatch.setattr(maintenance, name, 0.001)


def with_packs(tmp_path: Path, test: Callable[[SqliteAccount, OpenMailbox], Awaitable[None]]) -> None:
    """An account with two spans that are packed, and one that is not yet."""

    async def main() -> None:
        here = SqliteStore(tmp_path)
        await here.create_account("ann", [("INBOX", ())])
        account = await here.open_account("ann")
        assert isinstance(account, SqliteAccount)
        chance = random.Random(4)
        for number in range(3):
            await account.append(row(account, "INBOX").id, [letter(chance, number, at) for at in range(300)])
            await account.maintenance.idle()
            if number < 2:
                skip_to(account, (number + 1) * SPAN + 900)
        assert await build(account) == 2
        assert count(account) == 20
        mailbox = await account.open("INBOX")
        await test(account, mailbox)
        mailbox.release()
        await account.release()
        await here.close()

    asyncio.run(main())


def skip_to(account: SqliteAccount, content: int) -> None:
    """As after a power cut: the numbers between are nobody's."""
    account.db.execute("UPDATE account SET next_content = ?", (content,))
    account.next_content = content


async def build(account: SqliteAccount) -> int:
    return await build_packs(account, 0, lambda: False)


def letter(chance: random.Random, number: int, at: int) -> NewMessage:
    name = chance.choice("abcdef")
    subject = chance.choice(["Re: ", ""]) + chance.choice(["plan", "Größe", "", "lunch", "x" * 300])
    date = f"Date: Fri, {chance.randint(1, 28)} Nov 2025 10:00:00 +0000\r\n"
    own = f"Message-ID: <{number}.{at}@x.example>\r\nReferences: <{number}.{chance.randint(0, at)}@x.example>\r\n"
    head = f"From: {name} <{name}@x.example>\r\nTo: {name}@y.example\r\nCc: z{name}@y.example\r\n"
    return message(f"{head}Subject: {subject}\r\n{date}{own}\r\ntext\r\n".encode())


def count(account: SqliteAccount) -> int:
    return int(str(account.db.execute("SELECT count(*) FROM sort_pack").fetchall()[0][0]))


def answers(account: SqliteAccount, mailbox: OpenMailbox) -> list[object]:
    """All orders and threads, by nothing that was kept before."""
    found: list[object] = []
    everything = mailbox.everything()
    for column in BY:
        arranged = result(Arrangement(mailbox, SortRows(account)).sorted(everything, [(column, False)]))
        found.append([arranged.uids[at] for at in arranged.order])
    for algorithm in Algorithm:
        threads = result(Arrangement(mailbox, SortRows(account)).threads(everything, algorithm))
        assert threads is not None
        found.append((list(threads[0]), threads[1].members, threads[1].depths))
    return found


def from_rows(account: SqliteAccount, mailbox: OpenMailbox) -> list[object]:
    kept = account.db.execute("SELECT * FROM sort_pack").fetchall()
    account.db.execute("DELETE FROM sort_pack")
    found = answers(account, mailbox)
    account.db.executemany("INSERT INTO sort_pack VALUES (?, ?, ?)", kept)
    return found


def rows_read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Fills with the contents whose rows are read."""
    read: list[int] = []
    plain, joined = Contents.read, Contents.joined

    def noted(self: Contents, contents: list[int], columns: list[Column]) -> object:
        read.extend(contents)
        return plain(self, contents, columns)

    def noted_numbers(self: Contents, contents: list[int], column: Column) -> str:
        read.extend(contents)
        return joined(self, contents, column)

    monkeypatch.setattr(Contents, "read", noted)
    monkeypatch.setattr(Contents, "joined", noted_numbers)
    return read


def test_answers_are_those_of_the_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(account: SqliteAccount, mailbox: OpenMailbox) -> None:
        expected = from_rows(account, mailbox)
        read = rows_read(monkeypatch)
        assert answers(account, mailbox) == expected
        assert set(read) == set(range(2 * SPAN + 900, 2 * SPAN + 1200)), "only those that are not packed"
        await account.expunge(mailbox, mailbox.by_uid([(10, 30), (310, 320)]))
        expected = from_rows(account, mailbox)
        read.clear()
        assert answers(account, mailbox) == expected
        assert min(read) > 2 * SPAN
        await account.expunge(mailbox, mailbox.by_uid([(40, 290)]))
        assert answers(account, mailbox) == from_rows(account, mailbox), "few of a span"

    with_packs(tmp_path, test)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE sort_pack SET data = zeroblob(length(data))",
        "UPDATE sort_pack SET crc = crc + 1 WHERE id % 2",
        "UPDATE sort_pack SET data = x'', crc = 0",
        "DELETE FROM sort_pack WHERE id >> 48 IN (1, 3, 9)",
        "DELETE FROM sort_pack WHERE id & 1",
    ],
)
def test_damage_costs_time_alone(tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture) -> None:
    async def test(account: SqliteAccount, mailbox: OpenMailbox) -> None:
        expected = from_rows(account, mailbox)
        assert await fsck(account) == []
        account.db.execute(damage)
        told = await fsck(account)
        assert answers(account, mailbox) == expected
        is_damage = damage.startswith("UPDATE")
        assert bool(told) == is_damage and all("of the sort keys is damaged" in line for line in told)
        assert ("read from their rows" in caplog.text) == is_damage

    with_packs(tmp_path, test)


def test_fsck_tells_of_a_piece_that_differs(tmp_path: Path) -> None:
    async def test(account: SqliteAccount, mailbox: OpenMailbox) -> None:
        account.db.execute("UPDATE sort_key SET subject = 'ELSE' WHERE id = 7")
        found = await fsck(account)
        assert found == [f"piece {3 << 48} of the sort keys differs from their rows"]
        await rebuild_packs(account)
        assert count(account) == 20
        assert await fsck(account) == []

    with_packs(tmp_path, test)


def test_vacuum_leaves_nothing_behind(tmp_path: Path) -> None:
    async def test(account: SqliteAccount, mailbox: OpenMailbox) -> None:
        await account.expunge(mailbox, mailbox.by_uid([(3, 20)]))
        done = await vacuum(account, account.owner.clock() + 10)
        assert done.contents == 18
        assert count(account) == 10, "those of the other span"
        expected = answers(account, mailbox)
        await build(account)
        assert count(account) == 20
        assert await fsck(account) == []
        assert answers(account, mailbox) == expected

    with_packs(tmp_path, test)


def test_a_text_that_cannot_be_packed_is_read_from_its_row(tmp_path: Path) -> None:
    async def test(account: SqliteAccount, mailbox: OpenMailbox) -> None:
        account.db.execute("DELETE FROM sort_pack")
        account.db.execute("UPDATE sort_key SET subject = 'A' || char(0) || 'B' WHERE id = 7")
        await build(account)
        assert count(account) == 19
        assert answers(account, mailbox) == from_rows(account, mailbox)

    with_packs(tmp_path, test)


def test_they_are_made_behind_arrivals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(account: SqliteAccount, mailbox: OpenMailbox) -> None:
        skip_to(account, 3 * SPAN - 3)
        made: list[int] = []
        plain = sort_packs._write_pack
        monkeypatch.setattr(
            sort_packs, "_write_pack", lambda db, span, column: (made.append(span), plain(db, span, column))
        )
        for total in (20, 30):
            await account.append(mailbox.row.id, [message(), message()])
            await account.maintenance.idle()
            assert count(account) == total
        assert set(made) == {2}, "the others were made as they were full"
        made.clear()
        await account.append(mailbox.row.id, [message()])
        await account.maintenance.idle()
        assert not made, "it is known what is packed"
        assert await fsck(account) == []

    with_packs(tmp_path, test)
