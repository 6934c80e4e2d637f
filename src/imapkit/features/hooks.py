"""How the owner of a plan runs the steps that other features added to it, and answers with all they have to say. Not a feature."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Generator, Sequence
from typing import Final

from ..ports.session import SessionContext
from ..protocol.codes import Code
from ..protocol.registry import Hook, Phase
from ..protocol.status import Kind, Ok, Status


class _Nothing:
    """An awaitable that is done: most phases of most plans have no step, and a coroutine costs more than finding that out."""

    __slots__ = ()

    def __await__(self) -> Generator[object, object, None]:
        return
        yield


_NOTHING: Final = _Nothing()


def run_hooks(ctx: SessionContext, phase: Phase, plan: object) -> Awaitable[None]:
    """Run the steps of one phase of the plan's class, in their order. To be awaited at once."""
    steps = ctx.registry.steps(type(plan), phase)
    for at, hook in enumerate(steps, 1):
        result = hook.call(ctx, plan)
        if result is not None and inspect.isawaitable(result):  # most are plain functions; the look is dear
            return _rest(result, steps[at:], ctx, plan)
    return _NOTHING


async def run_phases(ctx: SessionContext, phases: Sequence[Phase], plan: object) -> None:
    """Run the steps of several phases, one after the other, where nothing happens in between."""
    steps_of, cls = ctx.registry.steps, type(plan)
    for phase in phases:
        for hook in steps_of(cls, phase):
            result = hook.call(ctx, plan)
            if result is not None and inspect.isawaitable(result):
                await result


async def _rest(begun: Awaitable[object], steps: Sequence[Hook], ctx: SessionContext, plan: object) -> None:
    """What is left to do from the first step on that is no plain function."""
    await begun
    for hook in steps:
        result = hook.call(ctx, plan)
        if result is not None and inspect.isawaitable(result):
            await result


def completed(ctx: SessionContext, text: str, codes: Sequence[Code]) -> Ok:
    """The tagged OK of a plan with all response codes of its steps: a status has room for one, so the others go before it."""
    for code in codes[1:]:
        ctx.send_status(Status(Kind.OK, text, code))
    return Ok(text, codes[0] if codes else None)
