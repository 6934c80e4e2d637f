"""``imapkit import`` and ``export``: into a store and out again, once each, whatever interrupts them."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from imapkit import connect
from imapkit.errors import StoreError, StoreFull
from imapkit.ports.store import Account, Added, Column, NewMessage
from imapkit.stores.memory import MemoryStore
from imapkit.tools.accounts import need_user
from imapkit.tools.cli import main
from imapkit.tools.data import open_data
from imapkit.tools.demo_mail import load
from imapkit.tools.formats.base import Format, Found
from imapkit.tools.formats.choose import reader
from imapkit.tools.importing import Import, Imported
from tests.support.imapkit_server import imapkit_server

T = TypeVar("T")
MAIL = b"From: bob@example.org\nSubject: %d\n\ntext\n"


class Watch:
    """Keeps what the import tells."""

    def __init__(self) -> None:
        self.octets = 0
        self.faults: list[tuple[str, str]] = []

    def advance(self, octets: int) -> None:
        self.octets += octets

    def bad(self, source: str, reason: str) -> None:
        self.faults.append((source, reason))


async def memory_account() -> Account:
    store = MemoryStore()
    await store.create_account("a", [("INBOX", ())])
    return await store.open_account("a")


async def contents(account: Account, name: str) -> Counter[tuple[bytes, frozenset[str]]]:
    mailbox = await account.open(name)
    try:
        rows = [
            row
            for chunk in mailbox.rows(mailbox.everything(), (Column.CONTENT, Column.FLAGS))
            for row in chunk
        ]
        return Counter(
            (account.body(int(str(content))).read(), frozenset(mailbox.flag_names(int(str(flags)))))
            for content, flags in rows
        )
    finally:
        mailbox.release()


def eml_files(path: Path, count: int) -> Path:
    path.mkdir()
    for number in range(count):
        (path / f"{number:05}.eml").write_bytes(MAIL % number)
    return path


def test_a_second_run_adds_nothing_and_twins_stay_twins(tmp_path: Path) -> None:
    source = eml_files(tmp_path / "in", 5)
    for name in ("twin-a", "twin-b"):
        (source / f"{name}.eml").write_bytes(MAIL % 0)
        os.utime(source / f"{name}.eml", (0, 0))

    async def run() -> list[Imported]:
        account = await memory_account()
        done = [await Import(account, Watch()).run(reader(source, None)) for _ in range(2)]
        assert sum((await contents(account, "INBOX")).values()) == 7
        return done

    first, second = asyncio.run(run())
    assert (first.added, first.present) == (7, 0)
    assert (second.added, second.present) == (0, 7)


class Cut(Exception):
    """The end of a run in the middle."""


@pytest.mark.parametrize("after", [0, 1, 99, 100, 101, 250])
def test_a_run_that_was_cut_is_finished_by_the_next(tmp_path: Path, after: int) -> None:
    source = eml_files(tmp_path / "in", 300)

    class CutReader:
        def total(self) -> int:
            return 0

        def messages(self) -> Iterator[Found]:
            for number, found in enumerate(reader(source, None).messages()):
                if number == after:
                    raise Cut
                yield found

    async def run() -> None:
        account = await memory_account()
        with pytest.raises(Cut):
            await Import(account, Watch()).run(CutReader())
        await Import(account, Watch()).run(reader(source, None))
        found = await contents(account, "INBOX")
        assert len(found) == 300 and set(found.values()) == {1}

    asyncio.run(run())


def test_names_that_cannot_be_are_told_once_and_counted_each(tmp_path: Path) -> None:
    for place in ("a*b/1.eml", "a*b/2.eml", "good/3.eml"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).write_bytes(MAIL % 1)

    async def run() -> tuple[Imported, Watch]:
        account = await memory_account()
        watch = Watch()
        return await Import(account, watch, "Old").run(reader(tmp_path, None)), watch

    done, watch = asyncio.run(run())
    assert (done.added, done.bad, len(watch.faults)) == (1, 2, 1)
    assert "Old/a*b" in watch.faults[0][1]
    assert watch.octets == reader(tmp_path, None).total()


def refusing(account: Account, refuse: Callable[[list[NewMessage]], Exception | None]) -> None:
    """Make the account's append fail where ``refuse`` says so."""
    real: Callable[..., Awaitable[Added]] = account.append

    async def append(mailbox_id: int, messages: list[NewMessage]) -> Added:
        error = refuse(list(messages))
        if error is not None:
            raise error
        return await real(mailbox_id, messages)

    account.append = append  # type: ignore[method-assign,assignment]


def test_one_message_that_the_store_refuses_keeps_no_other_out(tmp_path: Path) -> None:
    source = eml_files(tmp_path / "in", 10)

    async def run() -> tuple[Imported, Watch]:
        account = await memory_account()
        refusing(
            account,
            lambda batch: (
                StoreError("not this one") if any(m.index.search_subject == "7" for m in batch) else None
            ),
        )
        watch = Watch()
        return await Import(account, watch).run(reader(source, None)), watch

    done, watch = asyncio.run(run())
    assert (done.added, done.bad) == (9, 1)
    assert watch.faults == [(str(source / "00007.eml"), "not this one")]


def test_a_full_store_ends_the_run(tmp_path: Path) -> None:
    source = eml_files(tmp_path / "in", 3)

    async def run() -> None:
        account = await memory_account()
        refusing(account, lambda batch: StoreFull("no space left"))
        with pytest.raises(StoreFull):
            await Import(account, Watch()).run(reader(source, None))

    asyncio.run(run())


# The commands, on the SQLite store


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from imapkit.server.auth import make_user
    from imapkit.tools.accounts import add_user

    async def make() -> None:
        async with open_data(tmp_path / "data", make=True) as opened:
            await add_user(opened.store, opened.directory, make_user("ann", "secret"))

    asyncio.run(make())
    return tmp_path / "data"


def stored(data: Path, work: Callable[[Account], Awaitable[T]]) -> T:
    async def run() -> T:
        async with open_data(data) as opened:
            account = await opened.store.open_account(need_user(opened.directory, "ann").account)
            try:
                return await work(account)
            finally:
                await account.release()

    return asyncio.run(run())


@pytest.mark.parametrize("form", [Format.MAILDIR, Format.MBOX])
def test_the_sample_account_through_files_into_another_place(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], form: Format
) -> None:
    source = tmp_path / "in"
    for sample, octets in load():
        folder = source / sample.mailbox.replace("INBOX", "")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / sample.file).write_bytes(octets)
    where = ("--data", str(data), "--user", "ann")
    assert main(["import", *where, str(source)]) == 0
    assert main(["export", *where, str(tmp_path / "out"), "--format", form.value]) == 0
    names = stored(data, _names)
    assert main(["import", *where, str(tmp_path / "out"), "--mailbox", "Copy"]) == 0
    out = capsys.readouterr().out
    assert out.count(f"{sum(1 for _ in load())} messages") == 3

    async def compare(account: Account) -> None:
        for name in names:
            copy = "Copy" if name == "INBOX" and form is Format.MAILDIR else f"Copy/{name}"
            if account.find(copy) is None:
                continue
            ours, theirs = await contents(account, name), await contents(account, copy)
            assert {key[0].rstrip() for key in ours} == {key[0].rstrip() for key in theirs}

    stored(data, compare)


async def _names(account: Account) -> list[str]:
    return [row.name for row in account.mailboxes()]


@pytest.mark.crash
def test_killed_anywhere_and_run_again_each_message_is_there_once(data: Path, tmp_path: Path) -> None:
    count = 1500
    source = eml_files(tmp_path / "in", count)
    command = [sys.executable, "-m", "imapkit", "import", "--data", str(data), "--user", "ann", str(source)]
    dice = random.Random(7)
    kills = 0
    for _ in range(6):
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
            time.sleep(dice.uniform(0.3, 1.6))
            process.send_signal(signal.SIGKILL)
            kills += process.wait(30) == -signal.SIGKILL
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert kills
    found = stored(data, lambda account: contents(account, "INBOX"))
    assert len(found) == count and set(found.values()) == {1}


def test_beside_a_running_server(tmp_path: Path) -> None:
    """A session that is open sees the messages, and what it sees can be exported meanwhile."""
    source = eml_files(tmp_path / "in", 20)
    with imapkit_server(tmp_path / "data", {"ann": "secret"}) as server:
        where = ("--data", str(server.data), "--user", "ann")
        url = f"imap://ann@{server.host}:{server.port}"
        with connect(url, password="secret", allow_plaintext=True) as client:
            inbox = client.select("INBOX")
            assert main(["import", *where, str(source)]) == 0
            inbox.refresh()
            assert inbox.exists == 20
            inbox.uids("1").flag(seen=True)
            assert main(["export", *where, str(tmp_path / "out"), "--mailbox", "INBOX"]) == 0
    names = [path.name for path in (tmp_path / "out" / "cur").iterdir()]
    assert len(names) == 20 and sum(name.endswith(":2,S") for name in names) == 1


def test_bad_files_are_named_and_the_exit_code_is_1(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = eml_files(tmp_path / "in", 2)
    (source / "empty.eml").write_bytes(b"")
    assert main(["import", "--data", str(data), "--user", "ann", str(source)]) == 1
    out, err = capsys.readouterr()
    assert out == "2 messages imported, 1 could not be read\n"
    assert err == f"imapkit: {source / 'empty.eml'}: the file is empty\n"


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("import", "nowhere", "--user", "ann"), 2, "there is no nowhere"),
        (("import", ".", "--user", "bob"), 1, "no user 'bob'"),
        (("export", "out", "--user", "ann", "--mailbox", "None"), 1, "no mailbox 'None'"),
        (("export", "out", "--user", "ann", "--format", "pst"), 2, "'pst'"),
    ],
)
def test_failures_are_one_line(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...], code: int, told: str,
) -> None:  # fmt: skip
    eml_files(tmp_path / "in", 1)
    monkeypatch.chdir(tmp_path / "in")
    assert main([*arguments, "--data", str(data)]) == code
    err = capsys.readouterr().err
    assert told in err and len(err.splitlines()) == 1
