"""Hints between processes: heard, lost without harm, and cleared away when their process is gone."""

from __future__ import annotations

import asyncio
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
