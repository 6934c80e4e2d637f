"""LIST-STATUS (RFC 5819, RFC 9051 section 6.3.9.8): counts of every listed mailbox, in one command."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from ..ports.client import ClientSession, Op
from ..ports.session import SessionContext
from ..protocol.given import MailboxName, mailbox_name
from ..protocol.registry import Feature, Grammar, Point
from ..record import record
from ..wire.cursor import Cursor
from ..wire.writer import Writer
from .list_ import List, ListData, ListEntry
from .status import (
    MailboxStatus,
    StatusData,
    mailbox_status,
    read_item_names,
    send_status_data,
    wanted_items,
)

feature = Feature(
    "LIST-STATUS",
    spec=("RFC 5819", "RFC 9051"),
    summary="LIST with the counts of every mailbox",
    capabilities=("LIST-STATUS",),
    rev2=True,
)


@feature.word(Point.LIST_RETURN, "STATUS")
@record
class ReturnStatus:
    """status-option = "STATUS" SP "(" status-att *(SP status-att) ")"."""

    items: tuple[str, ...]

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        return cls(read_item_names(c, g))

    def write(self, w: Writer) -> None:
        w.raw(b"STATUS ").list_of(self.items, lambda name: w.atom(name.encode("ascii")))

    def attributes(self, entry: ListEntry) -> Iterable[str]:
        return ()

    async def after(self, ctx: SessionContext, entry: ListEntry) -> None:
        if entry.row is not None:
            await send_status_data(ctx, entry.row, self.items)


@feature.op
def list_status(
    session: ClientSession, pattern: MailboxName = "*", *items: str
) -> Op[tuple[tuple[ListData, MailboxStatus | None], ...]]:
    """Mailboxes with their counts (RFC 5819); None for a name without a mailbox. Raises NotSupported, CommandFailed."""
    session.need("LIST-STATUS", "for counts with LIST")
    wanted = wanted_items(session, items)
    done = yield List("", (mailbox_name(pattern),), returns=(ReturnStatus(wanted),))
    counts = {data.mailbox: mailbox_status(data, session.registry.grammar) for data in done.of(StatusData)}
    return tuple((data, counts.get(data.name)) for data in done.of(ListData))
