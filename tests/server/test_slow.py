"""Commands that hold the event loop are logged by name, and what they wait for, get or raise passes unchanged."""

from __future__ import annotations

import asyncio
import time
from typing import Self

import pytest

from imapkit.ports.session import SessionContext
from imapkit.protocol import states
from imapkit.protocol.registry import Feature, Grammar
from imapkit.record import record
from imapkit.server import log
from imapkit.server.options import Timeouts
from imapkit.server.slow import PAGE_OCTETS, new_page, present, read_page, watched
from imapkit.wire.cursor import Cursor
from imapkit.wire.writer import Writer

from .wire import connect, options, serving

extra = Feature("XHOLD", spec=("none",), summary="A command that holds the loop, or only waits")


@extra.command("XHOLD", states=states.ANY)
@record
class Hold:
    """xhold = "XHOLD" SP atom SP atom."""

    how: bytes
    secret: bytes

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        how = c.atom()
        c.sp()
        return cls(how, c.atom())

    def write(self, w: Writer) -> None:
        w.raw(b"XHOLD ").atom(self.how).sp().atom(self.secret)


@extra.handler(Hold)
async def handle_hold(ctx: SessionContext, command: Hold) -> None:
    if command.how == b"hold":
        time.sleep(0.2)  # noqa: ASYNC251  # that is the fault
    await asyncio.sleep(0.2)
    if command.how == b"hold":
        time.sleep(0.2)  # noqa: ASYNC251  # that is the fault


async def test_a_command_that_holds_the_loop_is_logged_once_and_by_its_name(
    caplog: pytest.LogCaptureFixture,
) -> None:
    given = options(extra=(extra,), timeouts=Timeouts(slow_command_seconds=0.15))
    async with serving(given) as server, connect(server.host, server.port) as wire:
        assert (await wire.command(b"a1 XHOLD hold hunter2"))[-1] == b"a1 OK XHOLD completed\r\n"
    told = [entry for entry in caplog.records if "slow command" in entry.getMessage()]
    assert len(told) == 1
    assert "'command': 'XHOLD'" in told[0].getMessage() and told[0].levelname == "WARNING"
    assert "hunter2" not in caplog.text


async def test_a_command_that_only_waits_is_none(caplog: pytest.LogCaptureFixture) -> None:
    given = options(extra=(extra,), timeouts=Timeouts(slow_command_seconds=0.15))
    async with serving(given) as server, connect(server.host, server.port) as wire:
        assert (await wire.command(b"a1 XHOLD wait hunter2"))[-1] == b"a1 OK XHOLD completed\r\n"
    assert "slow command" not in caplog.text


async def test_the_present_command_is_told_while_it_holds_the_loop_and_only_then() -> None:
    page, before = new_page(), present.page
    seen: list[str] = []

    async def work() -> str:
        seen.append(read_page(page))
        await asyncio.sleep(0)
        seen.append(read_page(page))
        return "done"

    async def run(name: str) -> str:
        return await watched(work(), name, 9, log.get("test"))

    present.share(page)
    try:
        task = asyncio.ensure_future(run("UID FETCH"))
        await asyncio.sleep(0)
        assert (seen, read_page(page)) == (["UID FETCH"], "")
        assert await task == "done"
        assert (seen, read_page(page)) == (["UID FETCH"] * 2, "")
        await run("X" * 99)
        assert seen[-1] == "X" * PAGE_OCTETS
    finally:
        present.share(before)


async def test_errors_and_cancelling_pass_both_ways() -> None:
    heard: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            heard.append("cancelled")
            await asyncio.sleep(0)
            heard.append("and went on")
            raise ValueError("why") from None

    async def run() -> None:
        await watched(work(), "X", 9, log.get("test"))

    task = asyncio.ensure_future(run())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(ValueError, match="why"):
        await task
    assert heard == ["cancelled", "and went on"]


def test_what_is_closed_half_way_is_closed_inside() -> None:
    heard: list[str] = []

    class Ever:
        def __await__(self):  # type: ignore[no-untyped-def]
            while True:
                yield

    async def work() -> None:
        try:
            await Ever()
        finally:
            heard.append("closed")

    async def run() -> None:
        await watched(work(), "X", 9, log.get("test"))

    running = run()
    running.send(None)
    running.close()
    assert heard == ["closed"]
