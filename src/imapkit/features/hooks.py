"""How the owner of a plan runs the steps that other features added to it. Not a feature."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Generator, Sequence
from typing import Final

from ..ports.session import SessionContext
from ..protocol.registry import Hook, Phase


class _Nothing:
    """An awaitable that is done: most phases of most plans have no step, and a coroutine costs more than finding that out."""

    __slots__ = ()

    def __await__(self) -> Generator[object, object, None]:
        return
        yield


_NOTHING: Final = _Nothing()


def run_hooks(ctx: SessionContext, plan_name: str, phase: Phase, plan: object) -> Awaitable[None]:
    """Run the steps of one phase, in their order. To be awaited at once."""
    hooks = ctx.registry.hooks(plan_name, phase)
    for at, hook in enumerate(hooks, 1):
        result = hook.call(ctx, plan)
        if result is not None and inspect.isawaitable(result):  # most are plain functions; the look is dear
            return _rest(result, hooks[at:], ctx, plan)
    return _NOTHING


async def run_phases(ctx: SessionContext, plan_name: str, phases: Sequence[Phase], plan: object) -> None:
    """Run the steps of several phases, one after the other, where nothing happens in between."""
    hooks_of = ctx.registry.hooks
    for phase in phases:
        for hook in hooks_of(plan_name, phase):
            result = hook.call(ctx, plan)
            if result is not None and inspect.isawaitable(result):
                await result


async def _rest(begun: Awaitable[object], hooks: Sequence[Hook], ctx: SessionContext, plan: object) -> None:
    """What is left to do from the first step on that is no plain function."""
    await begun
    for hook in hooks:
        result = hook.call(ctx, plan)
        if result is not None and inspect.isawaitable(result):
            await result
