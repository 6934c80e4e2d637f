"""IMAP4rev2 as a mode (RFC 9051 sections 6.3.1 and appendix E): what ENABLE IMAP4rev2 changes in a session.

SEARCH answers with ESEARCH, \\Recent is gone, mailbox names and quoted strings are UTF-8, and every FETCH that was not asked for
tells the UID.
"""

from __future__ import annotations

from ..ports.session import SessionContext
from ..protocol.registry import Feature, Phase
from .names import reads_old_names, tell_name
from .select import SelectPlan

feature = Feature(
    "IMAP4REV2",
    spec=("RFC 9051",),
    summary="The IMAP4rev2 session mode",
    rev2=True,
    core=True,
)


@feature.enable("IMAP4REV2")
def enable_rev2(ctx: SessionContext) -> None:
    ctx.modes.rev2 = True
    ctx.modes.utf8 = True
    ctx.modes.uid_in_fetch = True  # section 7.5.2


@feature.hook(SelectPlan, Phase.EMIT, order=50)
def tell_selected(ctx: SessionContext, plan: SelectPlan) -> None:
    """SELECT tells the mailbox's name as LIST does (RFC 9051 section 6.3.2); before IMAP4rev2 only where it was spelled otherwise."""
    if ctx.modes.rev2 or (plan.given is not None and reads_old_names(ctx)):
        tell_name(ctx, plan.opened().mailbox.row, plan.given)
