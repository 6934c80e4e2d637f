"""How the owner of a plan runs the steps that other features added to it. Not a feature."""

from __future__ import annotations

import inspect

from ..ports.session import SessionContext
from ..protocol.registry import Phase


async def run_hooks(ctx: SessionContext, plan_name: str, phase: Phase, plan: object) -> None:
    """Run the steps of one phase, in their order."""
    for hook in ctx.registry.hooks(plan_name, phase):
        result = hook.call(ctx, plan)
        if result is not None and inspect.isawaitable(result):  # most are plain functions; the look is dear
            await result
