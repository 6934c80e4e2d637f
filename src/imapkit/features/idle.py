"""IDLE (RFC 2177, RFC 9051 section 6.3.13): the server tells changes as they happen, until DONE."""

from __future__ import annotations

import asyncio
from typing import Final, Self

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
    line: bytes | None = None
    while line is None:
        since = ctx.account.modseq
        await ctx.sync()
        await ctx.flush()
        if ctx.state is State.LOGOUT:
            # The mailbox is gone: the client had its BYE, and need say nothing more
            return Ok("IDLE ended with the session")
        # One future for the client and the account: thousands of sessions are here at a time, and a task for each is a third of one.
        woken = ctx.account.watch(since)
        try:
            line = await ctx.line_or(woken)
        finally:
            ctx.account.unwatch(woken)
        if line is None and ctx.settings.idle_update:
            line = await _line_within(ctx, ctx.settings.idle_update)
    if line.strip().upper() != DONE:
        raise Bad("expected DONE to end IDLE")
    return Ok("IDLE completed")


async def _line_within(ctx: SessionContext, seconds: float) -> bytes | None:
    loop = asyncio.get_running_loop()
    late = loop.create_future()
    timer = loop.call_later(seconds, _wake, late)
    try:
        return await ctx.line_or(late)
    finally:
        timer.cancel()


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
