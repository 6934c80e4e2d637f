"""Asking for pages ahead of a read: which pages they are, that nobody loses anything by it, and that it is silent where all is at hand."""

from __future__ import annotations

import asyncio
import errno
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import apsw
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imapkit.ports.store import AnyColumn, Column, HeaderFields
from imapkit.stores.log.mailbox import MANY
from imapkit.stores.sqlite import SqliteStore
from imapkit.stores.sqlite.account import SqliteAccount
from imapkit.stores.sqlite.contents import tables_of
from imapkit.stores.sqlite.read_ahead import AHEAD, PIECE, File, ReadAhead, read_ahead, runs
from imapkit.stores.sqlite.table_pages import TablePages, parse

from ..store_conformance.mail import fill

# Which pages


def table(path: Path, ids: list[int], octets: Callable[[int], int], page_size: int = 512) -> tuple[int, int]:
    """Makes a file with a table of these rows, others between them; (descriptor, root of the table)."""
    db = apsw.Connection(str(path))
    db.pragma("page_size", page_size)
    db.execute("CREATE TABLE other (id INTEGER PRIMARY KEY, data BLOB)")
    db.execute("CREATE TABLE wanted (id INTEGER PRIMARY KEY, data BLOB)")
    with db:
        for number in ids:
            db.execute("INSERT INTO wanted VALUES (?, zeroblob(?))", (number, octets(number)))
            db.execute("INSERT INTO other VALUES (NULL, zeroblob(40))")
    root = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'wanted'").fetchone()
    db.close()
    assert root is not None
    return os.open(path, os.O_RDONLY), root[0]  # type: ignore[return-value]  # an INTEGER


def leaves(path: Path) -> list[int]:
    """The pages of the table that hold rows, as SQLite walks them."""
    db = apsw.Connection(str(path))
    query = "SELECT pageno FROM dbstat WHERE name = 'wanted' AND pagetype = 'leaf' ORDER BY path"
    found = [row[0] for row in db.execute(query)]
    db.close()
    return found  # type: ignore[return-value]  # INTEGERs


@pytest.mark.parametrize(
    ("count", "step", "most"), [(0, 1, 1), (1, 1, 9), (40, 3, 60), (3000, 1, 90), (3000, 1 << 40, 900), (9000, 7, 9)]
)  # fmt: skip
def test_pages_are_those_that_sqlite_has(tmp_path: Path, count: int, step: int, most: int) -> None:
    chance = random.Random(count)
    ids = [1 + at * step for at in range(count)]
    fd, root = table(tmp_path / "db", ids, lambda _: chance.randint(0, most))
    try:
        tree = TablePages(fd, 512, root)
        assert tree.of(np.array(ids, np.int64)).tolist() == (leaves(tmp_path / "db") if ids else [])
        each = [tree.of(np.array([number])).tolist() for number in ids]
        assert all(len(pages) == 1 for pages in each)
        some = sorted(chance.sample(range(count), count // 3))
        together = tree.of(np.array([ids[at] for at in some], np.int64)).tolist()
        assert together == list(dict.fromkeys(each[at][0] for at in some))
    finally:
        os.close(fd)


@given(st.binary(max_size=600), st.sampled_from([0, 100]), st.booleans())
def test_whatever_a_page_holds_it_is_read_to_an_end(octets: bytes, start: int, is_interior: bool) -> None:
    if is_interior:
        octets = octets[:start] + b"\x05" + octets[start:]
    found = parse(octets, start)
    if found is not None:
        assert len(found.pages) == len(found.ids) + 1


def test_a_damaged_tree_is_left_after_a_while(tmp_path: Path) -> None:
    chance = random.Random(3)
    for kind in range(3):
        # Pages that name themselves, each other, or nothing that there is
        page = b"\x05\0\0\0\1\x01\xf0\0" + [b"\0\0\0\2", b"\0\0\0\1", b"\xff\xff\xff\xff"][kind]
        page = (page + b"\x01\xf0").ljust(496, b"\0") + b"\0\0\0\1\x20" + b"\0" * 11
        (tmp_path / "db").write_bytes(bytes(100) + page[:412] + page + chance.randbytes(512))
        fd = os.open(tmp_path / "db", os.O_RDONLY)
        try:
            found = TablePages(fd, 512, 2).of(np.arange(1, 90))
        finally:
            os.close(fd)
        assert len(found) <= 90


@given(st.sets(st.integers(1, 400)))
def test_runs_hold_all_pages_and_few_others(pages: set[int]) -> None:
    found = list(runs(np.array(sorted(pages), np.int64)))
    within = {page for first, last in found for page in range(first, last + 1)}
    assert within >= pages
    assert all(first in pages and last in pages for first, last in found)
    assert all({page, page + 1, page + 2} & pages for page in within)
    assert all(two[0] - one[1] > 3 for one, two in zip(found, found[1:], strict=False))


# When


class Noted(File):
    """A file of which every page is in memory, or none."""

    def __init__(self, fd: int, path: Path, *, warm: bool) -> None:
        super().__init__(path, fd)
        self.warm = warm
        self.asked: set[int] = set()
        self.looks = 0

    def has(self, start: int) -> bool:
        self.looks += 1
        return self.warm

    def will_need(self, start: int, length: int) -> None:
        self.asked |= set(range(start // 512 + 1, (start + length) // 512 + 1))


def test_a_cold_file_is_asked_for_a_little_ahead_of_the_read(tmp_path: Path) -> None:
    ids = list(range(1, 30_001))
    fd, root = table(tmp_path / "db", ids, lambda _: 20)
    try:
        file, tree = Noted(fd, tmp_path / "db", warm=False), TablePages(fd, 512, root)
        shuffled = np.array(ids, np.int64)
        random.Random(1).shuffle(shuffled)  # what was copied does not ascend
        ahead = ReadAhead(file, [tree], shuffled)
        for start in range(0, len(ids), 1000):
            ahead.before(1000)
            for end in (start + 1000, min(start + 1000 + AHEAD, len(ids))):
                assert file.asked >= set(tree.of(np.unique(shuffled[:end])).tolist())
            beyond = min(start + 1000 + AHEAD + PIECE, len(ids))
            # A page or two lie between those that are wanted
            assert len(file.asked) <= 3 * len(tree.of(np.unique(shuffled[:beyond]))) + 3
    finally:
        os.close(fd)


def test_what_is_in_memory_is_not_asked_for_and_hardly_looked_at(tmp_path: Path) -> None:
    ids = list(range(1, 40_001))
    fd, root = table(tmp_path / "db", ids, lambda _: 20)
    try:
        file, tree = Noted(fd, tmp_path / "db", warm=True), TablePages(fd, 512, root)
        ahead = ReadAhead(file, [tree], np.array(ids, np.int64))
        for _ in range(20):
            ahead.before(1000)
        assert not file.asked
        assert file.looks <= 12
        file.warm = False  # the second half of it is not
        for _ in range(20):
            ahead.before(1000)
        assert file.asked >= set(tree.of(np.arange(36_001, 40_001)).tolist())
    finally:
        os.close(fd)


def test_nothing_is_asked_of_a_descriptor_that_is_another_files(tmp_path: Path) -> None:
    fd, root = table(tmp_path / "db", list(range(1, 2001)), lambda _: 20)
    (tmp_path / "other").write_bytes(b"")
    other = os.open(tmp_path / "other", os.O_RDONLY)
    try:
        file, tree = Noted(fd, tmp_path / "db", warm=False), TablePages(fd, 512, root)
        os.dup2(other, fd)
        ReadAhead(file, [tree], np.arange(1, 2001)).before(1000)
        assert not file.asked
    finally:
        os.close(fd)
        os.close(other)
    assert not file.is_open()


def test_a_disk_that_cannot_say_is_left_alone(tmp_path: Path) -> None:
    fd, root = table(tmp_path / "db", list(range(1, 2001)), lambda _: 20)

    class Silent(Noted):
        def has(self, start: int) -> bool:
            self.looks += 1
            raise OSError(errno.EOPNOTSUPP, "no such read here")

    try:
        file = Silent(fd, tmp_path / "db", warm=False)
        ahead = ReadAhead(file, [TablePages(fd, 512, root)], np.arange(1, 2001))
        ahead.before(1000)
        ahead.before(1000)
        assert file.looks == 1
        assert not file.asked
    finally:
        os.close(fd)


# Of an account


@pytest.mark.parametrize(
    ("columns", "tables"),
    [
        ([Column.ENVELOPE, Column.BODY], ["content"]),
        ([Column.EMAILID], ["content"]),
        ([Column.SENT], ["sort_key"]),
        ([Column.HEADER, Column.BASE_SUBJECT], ["blob", "sort_key"]),
        ([HeaderFields(frozenset({b"subject"})), Column.THREADID], ["content", "fields"]),
        ([HeaderFields(frozenset({b"x-unknown"}))], ["blob"]),
        ([], []),
    ],
)
def test_the_tables_of_columns(columns: list[AnyColumn], tables: list[str]) -> None:
    assert tables_of(columns) == tables


_TRY_TO_LOCK = """
import fcntl, sys
with open(sys.argv[1], "r+b") as file:
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 510, 0x40000002)
    except BlockingIOError:
        print("held")
"""
"""The octets that SQLite's readers hold a lock on."""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux is asked for pages")
def test_an_account_finds_its_file_and_keeps_its_locks(tmp_path: Path) -> None:
    async def main() -> None:
        here = SqliteStore(tmp_path)
        await here.create_account("ann", [("INBOX", ())])
        account = await here.open_account("ann")
        assert isinstance(account, SqliteAccount)
        await fill(account, "INBOX", 3)
        for _ in range(3):
            await account.maintenance.idle()
            await account.sync.barrier()
            assert account.rest() or account.rest()
            assert account.db
            file = account._handle.file
            assert file.is_open()
            ids = np.arange(MANY + 1)
            assert read_ahead(account._handle, ["content"], ids[1:]) is None
            ahead = read_ahead(account._handle, ["content", "sort_key"], ids)
            assert ahead is not None
            ahead.before(len(ids))
            assert file.is_open()
            tried = [sys.executable, "-c", _TRY_TO_LOCK, str(account.path)]
            done = await asyncio.to_thread(subprocess.run, tried, capture_output=True, text=True, check=True)
            assert done.stdout == "held\n"
        await account.release()
        await here.close()
        assert not file.is_open()

    asyncio.run(main())
