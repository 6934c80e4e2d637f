"""Pipelined commands share a sync: their answers wait for it, in order, and none is heard that the disk does not have."""

from __future__ import annotations

import asyncio
import random
import re
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from imapkit.ports.gate import MOST
from imapkit.stores.directory.memory import MemoryDirectory
from imapkit.stores.sqlite import SqliteStore
from imapkit.tools.embed import Server, quick_hasher

from ..server.wire import Wire, connect
from ..support.powercut import PowerDisk
from .test_power import NextBoot

UID = re.compile(rb"\[APPENDUID \d+ (\d+)\]")


class HeldDisk(PowerDisk):
    """A disk that can be slow, or broken, where the log of changes is synced."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.go = threading.Event()
        self.go.set()
        self.broken = False
        self.slow = 0.0
        self.syncs = 0

    def sync_data(self, fd: int, path: Path) -> None:
        if path.name == "mail.db-wal" and threading.current_thread().name == "imapkit-sync":
            self.syncs += 1
            self.go.wait(10)
            time.sleep(self.slow)
            if self.broken:
                raise OSError(5, "Input/output error")
        super().sync_data(fd, path)


@asynccontextmanager
async def serving(disk: HeldDisk) -> AsyncIterator[Server]:
    store = SqliteStore(disk.root, disk=disk)
    server = Server(store, MemoryDirectory(), users={"ann": "secret"}, hasher=quick_hasher())
    try:
        async with server:
            yield server
    finally:
        disk.go.set()
        disk.close()


@asynccontextmanager
async def session(server: Server) -> AsyncIterator[Wire]:
    async with connect(server.host, server.port) as wire:
        await wire.login()
        yield wire


def append(tag: str, text: str) -> bytes:
    body = f"Subject: {text}\r\n\r\n{text}\r\n".encode()
    return b"%s APPEND INBOX {%d+}\r\n%s\r\n" % (tag.encode(), len(body), body)


def appends(name: str, count: int) -> bytes:
    return b"".join(append(f"{name}{number}", f"{name} {number}") for number in range(count))


async def nothing_comes(wire: Wire) -> bool:
    try:
        async with asyncio.timeout(0.2):
            return not await wire.reader.read(1)
    except TimeoutError:
        return True


def test_one_sync_and_answers_in_order(tmp_path: Path) -> None:
    async def scenario() -> None:
        disk = HeldDisk(tmp_path / "data")
        async with serving(disk) as server, session(server) as wire:
            await wire.command(b"s SELECT INBOX")
            before = disk.syncs
            await wire.send(appends("a", 20) + b"n NOOP\r\n" + append("z", "last"))
            lines = await wire.until(b"z ")
            tagged = [line for line in lines if not line.startswith(b"*")]
            assert [line.split()[0] for line in tagged] == [b"a%d" % number for number in range(20)] + [
                b"n",
                b"z",
            ]
            uids = [int(found[1]) for line in tagged if (found := UID.search(line))]
            assert uids == list(range(1, 22))
            assert disk.syncs - before <= 4  # one or two reads of the socket, at most two syncs each

    asyncio.run(scenario())


def test_nothing_is_answered_before_the_sync(tmp_path: Path) -> None:
    async def scenario() -> None:
        disk = HeldDisk(tmp_path / "data")
        async with serving(disk) as server, session(server) as wire, session(server) as other:
            await other.command(b"s SELECT INBOX")
            disk.go.clear()
            await wire.send(appends("a", 3) + b"n NOOP\r\n")
            assert await nothing_comes(wire)
            # Others see what was committed at once, as ever, and what waits on one connection stops no other.
            assert b"* 3 EXISTS\r\n" in await other.command(b"t NOOP")
            disk.go.set()
            tags = [line.split()[0] for line in await wire.until(b"n ")]
            assert tags == [b"a0", b"a1", b"a2", b"n"]

    asyncio.run(scenario())


def test_a_continuation_waits_too(tmp_path: Path) -> None:
    async def scenario() -> None:
        disk = HeldDisk(tmp_path / "data")
        async with serving(disk) as server, session(server) as wire:
            disk.go.clear()
            await wire.send(append("a", "one") + b"b APPEND INBOX {5}\r\n")
            assert await nothing_comes(wire)
            disk.go.set()
            lines = await wire.until(b"+ ")
            assert lines[0].startswith(b"a OK") and len(lines) == 2

    asyncio.run(scenario())


def test_idle_behind_a_change(tmp_path: Path) -> None:
    """IDLE waits for the disk twice at once: before it says so, and before it listens for the client."""

    async def scenario() -> None:
        disk = HeldDisk(tmp_path / "data")
        async with serving(disk) as server, session(server) as wire:
            await wire.command(b"s SELECT INBOX")
            disk.go.clear()
            await wire.send(append("a", "one") + b"i IDLE\r\n")
            assert await nothing_comes(wire)
            disk.go.set()
            lines = await wire.until(b"+ ")
            assert b"* 1 EXISTS\r\n" in lines
            async with session(server) as other:
                await other.command(append("b", "two").removesuffix(b"\r\n"))
            assert await wire.line() == b"* 2 EXISTS\r\n"
            await wire.send(b"DONE\r\n")
            assert (await wire.until(b"i "))[-1].startswith(b"i OK")

    asyncio.run(scenario())


def test_what_did_not_reach_the_disk_is_not_answered(tmp_path: Path) -> None:
    async def scenario(last: bytes) -> None:
        disk = HeldDisk(tmp_path / f"data{len(last)}")
        async with serving(disk) as server, session(server) as wire, session(server) as other:
            disk.broken = True
            await wire.send(appends("a", 3) + last)
            heard = await wire.rest()
            assert heard.startswith(b"* BYE [UNAVAILABLE]") and heard.count(b"\n") == 1
            # A command that nothing is pipelined behind is refused, and the session goes on.
            await other.send(append("b", "alone"))
            assert (await other.line()).startswith(b"b NO [UNAVAILABLE]")
            disk.broken = False
            await other.send(append("c", "alone"))
            assert (await other.line()).startswith(b"c OK")

    for last in (b"", b"x LOGOUT\r\n", b"i IDLE\r\n", b"x"):
        asyncio.run(scenario(last))


def test_a_sync_that_fails_for_another_fails_for_all(tmp_path: Path) -> None:
    """The kernel reports a failed write once: who waits for the next sync must be told as well."""

    async def scenario() -> None:
        disk = HeldDisk(tmp_path / "data")
        async with serving(disk) as server, session(server) as wire, session(server) as other:
            disk.go.clear()
            disk.broken = True
            await wire.send(append("a", "one"))
            assert await nothing_comes(wire)
            await other.send(append("b", "two"))
            assert await nothing_comes(other)
            disk.go.set()
            assert (await wire.line()).startswith(b"a NO [UNAVAILABLE]")
            assert (await other.line()).startswith(b"b NO [UNAVAILABLE]")

    asyncio.run(scenario())


def test_a_client_that_goes_meanwhile(tmp_path: Path) -> None:
    async def scenario() -> None:
        disk = HeldDisk(tmp_path / "data")
        async with serving(disk) as server:
            async with session(server) as wire:
                disk.go.clear()
                await wire.send(appends("a", 5))
            async with session(server) as wire:
                await asyncio.sleep(0.05)
                disk.go.set()
                assert b"* 5 EXISTS\r\n" in await wire.command(b"s SELECT INBOX")

    asyncio.run(scenario())


def test_there_is_an_end_to_what_is_held(tmp_path: Path) -> None:
    async def scenario() -> None:
        disk = HeldDisk(tmp_path / "data")
        async with serving(disk) as server, session(server) as wire:
            disk.go.clear()
            count = MOST + 50
            sending = asyncio.create_task(wire.send(appends("a", count)))
            assert await nothing_comes(wire)
            async with session(server) as other:
                seen = (await other.command(b"s STATUS INBOX (MESSAGES)"))[0]
            assert 1 < int(seen.split()[-1].strip(b")")) <= MOST + 1
            disk.go.set()
            await sending
            assert len(await wire.until(b"a%d " % (count - 1))) == count

    asyncio.run(scenario())


@pytest.mark.crash
@pytest.mark.parametrize("kept", [0.0, 0.5])
def test_what_was_heard_survives_a_power_cut(tmp_path: Path, kept: float) -> None:
    chance = random.Random(int(kept * 10))

    async def one(number: int) -> None:
        disk = HeldDisk(tmp_path / f"{number}")
        after = tmp_path / f"{number} after"
        heard: list[int] = []
        async with serving(disk) as server, session(server) as wire:
            disk.slow = 0.003
            await wire.send(appends("a", 60))
            for _ in range(chance.randint(1, 50)):
                found = UID.search(await wire.line())
                assert found
                heard.append(int(found[1]))
            if chance.random() < 0.5:
                await wire.send(appends("b", 10))
                await asyncio.sleep(chance.random() * 0.005)
            disk.cut(after, chance, kept)
        store = SqliteStore(after, disk=NextBoot(number))
        account = await store.open_account([name async for name in store.accounts()][0])
        mailbox = await account.open("INBOX")
        assert set(heard) <= set(mailbox.uids())
        mailbox.release()
        await account.release()
        await store.close()

    for number in range(6):
        asyncio.run(one(number))


def test_tools_without_a_session_wait(tmp_path: Path) -> None:
    """No gate is set where no session runs: the call returns when the disk has it."""

    async def scenario() -> None:
        disk = HeldDisk(tmp_path)
        store = SqliteStore(tmp_path, disk=disk)
        await store.create_account("ann", [("INBOX", ())])
        account = await store.open_account("ann")
        disk.go.clear()
        making = asyncio.create_task(account.create("new"))
        await asyncio.sleep(0.1)
        assert not making.done()
        disk.go.set()
        await making
        await account.release()
        await store.close()
        disk.close()

    asyncio.run(scenario())
