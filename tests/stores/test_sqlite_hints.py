"""Hints between processes: heard, lost without harm, and cleared away when their process is gone."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path

import pytest

from imapkit.stores.sqlite.hints import Hints


@pytest.mark.parametrize("name", ["run", "a-directory-with-a-name-" + "x" * 100])
def test_hints_reach_all_others(tmp_path: Path, name: str) -> None:
    async def scenario() -> None:
        heard: list[tuple[int, str, int]] = []
        hints = [
            Hints(tmp_path / name, lambda account, modseq, at=at: heard.append((at, account, modseq)))  # type: ignore[misc]
            for at in range(3)
        ]
        for one in hints:
            one.open()
        hints[0].send("ann", 5)
        hints[0].send("ann", 7)
        await asyncio.sleep(0.05)
        assert {(1, "ann", 7), (2, "ann", 7)} <= set(heard) and not any(at == 0 for at, _, _ in heard)
        hints[2].close()
        hints[0].send("bob", 1)
        await asyncio.sleep(0.05)
        assert heard[-1] == (1, "bob", 1)
        hints[0].close()
        hints[1].close()
        assert list((tmp_path / name).iterdir()) == []

    asyncio.run(scenario())


def test_the_socket_of_a_dead_process_goes(tmp_path: Path) -> None:
    async def scenario() -> None:
        (tmp_path / "run").mkdir()
        dead = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        dead.bind(str(tmp_path / "run" / "dead"))
        dead.close()
        hints = Hints(tmp_path / "run", lambda account, modseq: None)
        hints.open()
        hints.send("ann", 1)
        hints.send("ann", 2)
        hints.close()
        assert list((tmp_path / "run").iterdir()) == []

    asyncio.run(scenario())


def test_a_full_queue_delays_hints_and_loses_none(tmp_path: Path) -> None:
    """Systems keep as few as ten datagrams for a process that is busy."""

    async def scenario() -> None:
        heard: dict[str, int] = {}
        sender = Hints(tmp_path / "run", lambda account, modseq: None)
        all_heard = asyncio.Event()

        def hear(account: str, modseq: int) -> None:
            heard[account] = modseq
            if len(heard) == 600 and set(heard.values()) == {2}:
                all_heard.set()

        busy = Hints(tmp_path / "run", hear)
        sender.open()
        busy.open()
        for modseq in (1, 2):
            for number in range(600):
                sender.send(f"account{number}", modseq)
        await asyncio.wait_for(all_heard.wait(), 10)
        sender.close()
        busy.close()

    asyncio.run(scenario())


def test_a_process_that_came_in_the_same_moment_is_told_too(tmp_path: Path) -> None:
    """A file system's clock may stand still between two changes of a directory."""

    async def scenario() -> None:
        heard: list[str] = []
        sender = Hints(tmp_path / "run", lambda account, modseq: None)
        late = Hints(tmp_path / "run", lambda account, modseq: heard.append(account))
        sender.open()
        sender.send("ann", 1)
        before = (tmp_path / "run").stat()
        late.open()
        os.utime(tmp_path / "run", ns=(before.st_atime_ns, before.st_mtime_ns))
        sender.send("bob", 1)
        await asyncio.sleep(0.05)
        sender.close()
        late.close()
        assert heard == ["bob"]

    asyncio.run(scenario())
