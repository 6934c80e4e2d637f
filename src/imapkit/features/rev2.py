"""IMAP4rev2 as a mode (RFC 9051 sections 6.3.1 and appendix E): what ENABLE IMAP4rev2 changes in a session.

SEARCH answers with ESEARCH, \\Recent is gone, mailbox names and quoted strings are UTF-8.
"""

from __future__ import annotations

from ..ports.session import SessionContext
from ..protocol.registry import Feature, Phase
from .list_ import list_entry, plain_list_data
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


@feature.hook(SelectPlan, Phase.EMIT, order=50)
def tell_name(ctx: SessionContext, plan: SelectPlan) -> None:
    """SELECT tells the mailbox's name as LIST does (RFC 9051 section 6.3.2)."""
    if ctx.modes.rev2:
        ctx.send(plain_list_data(list_entry(ctx, plan.opened().mailbox.row)))
