"""IMAP4rev2 as a mode (RFC 9051 sections 6.3.1 and appendix E): what ENABLE IMAP4rev2 changes in a session.

SEARCH answers with ESEARCH, \\Recent is gone, mailbox names and quoted strings are UTF-8.
"""

from __future__ import annotations

from ..ports.session import SessionContext
from ..protocol.registry import Feature

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
