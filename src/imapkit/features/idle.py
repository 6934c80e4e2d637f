"""IDLE (RFC 2177, RFC 9051 section 6.3.13): the server tells changes as they happen, until DONE."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any, Final, Self

from ..errors import Bad
from ..ports.session import SessionContext
from ..protocol import states
from ..protocol.registry import Feature, Grammar
from ..protocol.states import State
from ..protocol.status import Continuation, Ok
from ..record import record
from ..wire.cursor import Cursor
from ..wire.writer import Writer

feature = Feature(
    "IDLE",
    spec=("RFC 2177", "RFC 9051"),
    summary="Changes told as they happen",
    capabilities=("IDLE",),
    rev2=True,
)

DONE: Final = b"DONE"


@feature.command("IDLE", states=states.AUTHENTICATED)
@record
class Idle:
    """idle = "IDLE" CRLF "DONE"."""

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        return cls()

    def write(self, w: Writer) -> None:
        w.raw(b"IDLE")


@feature.handler(Idle)
async def handle_idle(ctx: SessionContext, command: Idle) -> Ok:
    ctx.send(Continuation(b"idling"))
    line = ctx.next_line()
    try:
        while True:
            since = ctx.account.modseq
            await ctx.sync()
            await ctx.flush()
            if ctx.state is State.LOGOUT:
                # The mailbox is gone: the client had its BYE, and need say nothing more
                return Ok("IDLE ended with the session")
            if await _woken_by_line(ctx, line, since):
                break
            if ctx.settings.idle_update:
                await asyncio.wait({line}, timeout=ctx.settings.idle_update)
    finally:
        line.cancel()
    if line.result().strip().upper() != DONE:
        raise Bad("expected DONE to end IDLE")
    return Ok("IDLE completed")


async def _woken_by_line(ctx: SessionContext, line: asyncio.Future[bytes], since: int) -> bool:
    """Wait for the client's line or a change of the account; True for the line."""
    loop = asyncio.get_running_loop()
    changed = loop.create_task(ctx.account.changed(since))
    # Not asyncio.wait: what it keeps meanwhile is a tenth of what an idle session costs.
    woken = loop.create_future()
    wake = partial(_wake, woken)
    line.add_done_callback(wake)
    changed.add_done_callback(wake)
    try:
        await woken
        if changed.done() and not line.done():
            changed.result()
    finally:
        line.remove_done_callback(wake)
        changed.cancel()
    return line.done()


def _wake(woken: asyncio.Future[None], _: asyncio.Future[Any]) -> None:
    if not woken.done():
        woken.set_result(None)
