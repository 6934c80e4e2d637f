"""The index never changes what a search finds: against reading all texts, for any text and whatever happens to the file."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imapkit.ports.store import Mailbox, MessageSet
from imapkit.query import plan
from imapkit.query.collate import casemap
from imapkit.query.index import TextColumn
from imapkit.stores.log import search as log_search
from imapkit.stores.log.search import NOTHING_KNOWN
from imapkit.stores.sqlite import SqliteStore, contents, maintenance, search_file, search_index
from imapkit.stores.sqlite.account import SqliteAccount
from imapkit.stores.sqlite.disk import Disk
from imapkit.stores.sqlite.search_file import SearchFile

from ..store_conformance.mail import fill, message, octets, row

ROOT = Path(__file__).parents[2]
LETTERS = "aAbBcäÄßẞſ\"'*^(){}:-+ΣςiİıI日本𝒳\u0301 \t\0%_\\\ufffe\uffff\ufffd"
TEXTS = st.text(LETTERS, max_size=40)
NEEDLES = st.text(LETTERS, min_size=1, max_size=8)


@pytest.fixture(autouse=True)
def always_indexed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_search, "SCANNED", 0)


def play(data: Path, scenario: Callable[[SqliteAccount], Awaitable[None]]) -> None:
    async def run() -> None:
        store = SqliteStore(data)
        if not (data / "accounts" / "ann").exists():
            await store.create_account("ann", [("INBOX", ()), ("Other", ())])
        account = await store.open_account("ann")
        await scenario(account)
        await account.release()
        await store.close()

    asyncio.run(run())


def searched(mailbox: Mailbox, column: TextColumn, needle: str) -> MessageSet:
    """As the query engine does it."""
    index = mailbox.search()
    run = plan.Run(index, lambda _: index.nothing(), lambda _: index.nothing(), index.nothing)
    steps = plan.with_text(run, column, needle, mailbox.everything())
    while True:
        try:
            next(steps)
        except StopIteration as done:
            found: MessageSet = done.value
            return found


def candidates(mailbox: Mailbox, column: TextColumn, needle: str) -> list[int]:
    """What the index does not rule out."""
    found: set[int] = set()
    for known in mailbox.search().known(column, needle, mailbox.everything()):
        found.update(known.certain, known.possible)
    return sorted(found)


def read(mailbox: Mailbox, column: TextColumn, needle: str) -> list[int]:
    """Without any index."""
    chunks = mailbox.search().texts(column, mailbox.everything())
    return [uid for chunk in chunks for uid, text in chunk if needle in text]


async def put(account: SqliteAccount, name: str, bodies: list[str], subject: str = "hello") -> None:
    new = [
        message(octets(subject, body, extra="Content-Type: text/plain; charset=utf-8\r\n")) for body in bodies
    ]
    await account.append(row(account, name).id, new)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(TEXTS, min_size=1, max_size=8),
    st.lists(TEXTS, max_size=3),
    st.lists(NEEDLES, max_size=6),
    st.data(),
)
def test_the_index_changes_nothing(
    early: list[str], late: list[str], needles: list[str], data: st.DataObject
) -> None:
    for text in early[:3]:
        if text:
            at = data.draw(st.integers(0, len(text) - 1))
            needles.append(text[at : at + data.draw(st.integers(1, 30))])

    async def scenario(account: SqliteAccount) -> None:
        await put(account, "INBOX", early, subject=early[0].replace("\0", ""))
        inbox, other = await account.open("INBOX"), await account.open("Other")
        await account.copy(inbox, inbox.by_uid([(1, 2)]), row(account, "Other").id)
        await account.expunge(inbox, inbox.by_uid([(2, 2)]))
        assert await account.index.build(all_of_it=True) == len(early)
        if late:
            await put(account, "INBOX", late)
            await put(account, "Other", late)
        for needle in map(casemap, needles):
            for mailbox in (inbox, other):
                for column in TextColumn:
                    assert list(searched(mailbox, column, needle)) == read(mailbox, column, needle), needle
        inbox.release()
        other.release()

    with tempfile.TemporaryDirectory() as directory:
        play(Path(directory), scenario)


def test_candidates_are_few(tmp_path: Path) -> None:
    async def scenario(account: SqliteAccount) -> None:
        await put(account, "INBOX", [f"message number{number:03}" for number in range(100)])
        await account.index.build(all_of_it=True)
        await put(account, "INBOX", ["too late"])
        inbox = await account.open("INBOX")
        assert candidates(inbox, TextColumn.BODY, "NUMBER042") == [43, 101]
        assert candidates(inbox, TextColumn.HEADERS, "NOWHERE") == [101]
        assert candidates(inbox, TextColumn.BODY, "42") == [43, 101]
        assert candidates(inbox, TextColumn.BODY, "AGE NUMBER0") == list(range(1, 102))
        assert candidates(inbox, TextColumn.BODY, "AGE NUMBER04") == [*range(41, 51), 101]
        assert candidates(inbox, TextColumn.BODY, "\r\n") == list(range(1, 102)), "no word to look up"
        inbox.release()

    play(tmp_path, scenario)


def test_it_is_built_behind_arrivals_and_not_for_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_index, "LAG", 50)

    async def scenario(account: SqliteAccount) -> None:
        await fill(account, "INBOX", 49)
        await account.maintenance.idle()
        assert not (account.path.parent / search_file.FILE).exists()
        await fill(account, "INBOX", 51)
        await account.maintenance.idle()
        assert account.index.done() == 100
        await fill(account, "INBOX", 49)
        await account.maintenance.idle()
        assert account.index.done() == 100

    play(tmp_path, scenario)


def test_a_search_begins_what_an_import_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_index, "LAG", 50)
    monkeypatch.setattr(maintenance, "TEXTS_AFTER", 3600)

    async def imported(account: SqliteAccount) -> None:
        await put(account, "INBOX", [f"message number{number:03}" for number in range(60)])

    async def scenario(account: SqliteAccount) -> None:
        inbox = await account.open("INBOX")
        assert len(candidates(inbox, TextColumn.BODY, "NUMBER042")) == 60
        await account.maintenance.idle()
        assert candidates(inbox, TextColumn.BODY, "NUMBER042") == [43]
        assert len(read(inbox, TextColumn.BODY, "NUMBER")) == 60
        inbox.release()

    play(tmp_path, imported)
    play(tmp_path, scenario)


def test_large_messages_and_very_large_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_index, "MOST_CHARS", 200_000)

    async def scenario(account: SqliteAccount) -> None:
        await put(account, "INBOX", ["needle " + "x" * 100_000, "needle " + "x" * 300_000, "other"])
        await account.index.build(all_of_it=True)
        inbox = await account.open("INBOX")
        assert candidates(inbox, TextColumn.BODY, "ABSENT") == [2], "one that is not indexed is read"
        assert list(searched(inbox, TextColumn.BODY, "NEEDLE")) == [1, 2]
        inbox.release()

    play(tmp_path, scenario)


@pytest.mark.parametrize("at", [0, 30, 4096, 20_000])
def test_a_damaged_file_is_made_anew(tmp_path: Path, at: int) -> None:
    file = tmp_path / "accounts" / "ann" / search_file.FILE

    async def scenario(account: SqliteAccount) -> None:
        await put(account, "INBOX", [f"message number{number:03}" for number in range(300)])
        await account.index.build(all_of_it=True)

    async def again(account: SqliteAccount) -> None:
        inbox = await account.open("INBOX")
        await account.index.build(all_of_it=True)
        assert list(searched(inbox, TextColumn.BODY, "NUMBER042")) == [43]
        assert account.index.done() == 300
        inbox.release()

    play(tmp_path, scenario)
    octets_before = file.read_bytes()
    file.write_bytes(octets_before[:at] + b"damage!!" * 500 + octets_before[at + 4000 :])
    play(tmp_path, again)


def test_the_whole_file_is_checked_once_and_again_after_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check of each batch would cost as much as the file is large."""
    asked: list[bool] = []
    write = search_file.SearchFile.write

    def noted(path: Path, disk: Disk, token: str, *, check: bool = True) -> search_file.SearchFile:
        asked.append(check)
        return write(path, disk, token, check=check)

    monkeypatch.setattr(search_file.SearchFile, "write", noted)

    async def three_batches(account: SqliteAccount) -> None:
        for number in range(3):
            await put(account, "INBOX", [f"number {number}"])
            assert await account.index.build(all_of_it=True) == 1

    async def damaged(account: SqliteAccount) -> None:
        (account.path.parent / search_file.FILE).write_bytes(b"damage!!" * 512)
        account.index.forget()
        assert account.index.narrowed(TextColumn.BODY, "NUMBER", 0) is NOTHING_KNOWN
        assert await account.index.build(all_of_it=True) == 6

    play(tmp_path, three_batches)
    assert asked == [False, False, False]  # it made the file itself
    play(tmp_path, three_batches)
    assert asked[3:] == [True, False, False]
    play(tmp_path, damaged)
    assert asked[6]


def test_another_version_and_another_account_are_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(account: SqliteAccount) -> None:
        await put(account, "INBOX", ["number one", "number two"])
        assert await account.index.build(all_of_it=True) == 2
        assert await account.index.build(all_of_it=True) == 0
        monkeypatch.setattr(contents, "TEXT_VERSION", contents.TEXT_VERSION + 1)
        account.index.forget()
        assert account.index.narrowed(TextColumn.BODY, "ONE", 0) is NOTHING_KNOWN
        assert await account.index.build(all_of_it=True) == 2
        monkeypatch.setattr(search_file, "LAYOUT", search_file.LAYOUT + 1)
        account.index.forget()
        assert account.index.narrowed(TextColumn.BODY, "ONE", 0) is NOTHING_KNOWN
        assert await account.index.build(all_of_it=True) == 2
        account.token = "another"
        account.index.forget()
        assert account.index.narrowed(TextColumn.BODY, "ONE", 0) is NOTHING_KNOWN
        assert await account.index.build(all_of_it=True) == 2

    play(tmp_path, scenario)


def test_an_older_mail_file_put_back_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "accounts" / "ann" / "mail.db"

    async def before(account: SqliteAccount) -> None:
        await put(account, "INBOX", ["first"])

    async def indexed(account: SqliteAccount) -> None:
        await put(account, "INBOX", ["second"])
        await account.index.build(all_of_it=True)

    async def after(account: SqliteAccount) -> None:
        await put(account, "INBOX", ["something else", "and more"])
        inbox = await account.open("INBOX")
        assert list(searched(inbox, TextColumn.BODY, "SOMETHING")) == [2]
        await account.index.build(all_of_it=True)
        assert list(searched(inbox, TextColumn.BODY, "SOMETHING")) == [2] and account.index.done() == 3
        inbox.release()

    play(tmp_path, before)
    saved = path.read_bytes()
    play(tmp_path, indexed)
    path.write_bytes(saved)
    play(tmp_path, after)


def test_a_killed_builder_leaves_what_it_finished(tmp_path: Path) -> None:
    async def scenario(account: SqliteAccount) -> None:
        await put(account, "INBOX", [f"message number{number:03} " + "filler " * 60 for number in range(900)])

    async def after(account: SqliteAccount) -> None:
        inbox = await account.open("INBOX")
        for needle in ("NUMBER042", "NUMBER899", "FILLER", "ABSENT"):
            assert list(searched(inbox, TextColumn.BODY, needle)) == read(inbox, TextColumn.BODY, needle)
        inbox.release()

    play(tmp_path, scenario)
    command = [sys.executable, "-m", "tests.stores.other", str(tmp_path), "index", "16"]
    partly = 0
    for _ in range(6):
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()  # it has begun
        time.sleep(0.03)
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        play(tmp_path, after)
        store = SqliteStore(tmp_path)

        async def look(store: SqliteStore = store) -> int:
            account = await store.open_account("ann")
            done = account.index.done()
            await account.release()
            await store.close()
            return done

        done = asyncio.run(look())
        partly += 0 < done < 900
    assert partly, "no kill came in the middle"


def test_two_processes_build_once_and_both_look_up(tmp_path: Path) -> None:
    async def scenario(account: SqliteAccount) -> None:
        await put(account, "INBOX", [f"message number{number:03}" for number in range(600)])
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.stores.other", str(tmp_path), "index", "16",
            stdout=asyncio.subprocess.PIPE, cwd=ROOT,
        )  # fmt: skip
        assert process.stdout is not None
        await process.stdout.readline()
        inbox = await account.open("INBOX")
        mine = looks = 0
        while process.returncode is None:
            mine += await account.index.build(all_of_it=True)
            assert list(searched(inbox, TextColumn.BODY, "NUMBER042")) == [43]
            looks += 1
            await asyncio.sleep(0.005)
        out, _ = await process.communicate()
        assert json.loads(out) + mine == 600 and looks and account.index.done() == 600
        assert candidates(inbox, TextColumn.BODY, "NUMBER042") == [43]
        inbox.release()

    play(tmp_path, scenario)


def test_a_content_that_cannot_be_read_stops_nothing(tmp_path: Path) -> None:
    async def scenario(account: SqliteAccount) -> None:
        await put(account, "INBOX", ["one", "x" * 100_000, "three"])
        for path in (account.path.parent / "blobs").glob("??/*"):
            os.unlink(path)
        assert await account.index.build(all_of_it=True) == 3
        found = account.index.narrowed(TextColumn.BODY, "THREE", 0)
        assert found.possible is not None and sorted(found.possible) == [2, 3]
        await account.maintenance.stop()

    play(tmp_path, scenario)


def test_a_file_that_was_replaced_while_it_was_opened_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite opens a file's log by its name, later than the file: the two could be of different files."""

    async def scenario(account: SqliteAccount) -> None:
        await put(account, "INBOX", ["one", "two", "three"])
        assert await account.index.build(all_of_it=True) == 3
        account.index.forget()
        read, path = SearchFile.read, account.path.parent / search_file.FILE

        def slow(*arguments: Any) -> SearchFile | None:
            found = read(*arguments)
            aside = path.with_name("aside")
            shutil.copy(path, aside)
            os.replace(aside, path)
            return found

        monkeypatch.setattr(SearchFile, "read", slow)
        assert account.index.narrowed(TextColumn.BODY, "THREE", 0) == NOTHING_KNOWN
        monkeypatch.setattr(SearchFile, "read", read)
        assert account.index.narrowed(TextColumn.BODY, "THREE", 0).possible is not None
        await account.maintenance.stop()

    play(tmp_path, scenario)
