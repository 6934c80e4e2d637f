"""LSUB (RFC 3501 section 6.3.9): subscribed names, as clients from before LIST (SUBSCRIBED) ask for them."""

from __future__ import annotations

from typing import Self

from ..ports.client import Op
from ..ports.session import SessionContext
from ..protocol import states
from ..protocol.given import MailboxName, mailbox_name
from ..protocol.mailbox import DELIMITER, ListPattern, normal, read_list_mailbox, read_mailbox, superiors
from ..protocol.registry import Feature, Grammar
from ..record import record
from ..wire.cursor import Cursor
from ..wire.writer import Writer
from .list_ import NOSELECT, read_mailbox_list, write_mailbox_list

feature = Feature("LSUB", spec=("RFC 3501",), summary="Subscribed names, the old way", core=True)


@feature.command("LSUB", states=states.AUTHENTICATED, example='LSUB "" "*"')
@record
class Lsub:
    """lsub = "LSUB" SP mailbox SP list-mailbox."""

    reference: str
    pattern: str

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        reference = read_mailbox(c)
        c.sp()
        return cls(reference, read_list_mailbox(c))

    def write(self, w: Writer) -> None:
        w.raw(b"LSUB ").mailbox(self.reference).sp().string(w.mailbox_octets(self.pattern))


@feature.response("LSUB")
@record
class LsubData:
    """mailbox-data = "LSUB" SP mailbox-list."""

    attributes: tuple[str, ...]
    delimiter: str | None
    name: str

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        return cls(*read_mailbox_list(c))

    def write(self, w: Writer) -> None:
        write_mailbox_list(w, b"LSUB", self.attributes, self.delimiter, self.name)


@feature.handler(Lsub)
async def handle_lsub(ctx: SessionContext, command: Lsub) -> None:
    """A name that only has subscribed inferior names is told as \\Noselect where ``%`` stopped at it."""
    await ctx.account.refresh()
    pattern = ListPattern(normal(command.reference + command.pattern))
    subscribed = ctx.account.subscriptions()
    found: dict[str, bool] = {}
    for name in subscribed:
        if pattern.matches(name):
            found[name] = True
        elif "%" in command.pattern:
            found.update(
                {
                    upper: False
                    for upper in superiors(name)
                    if pattern.matches(upper) and upper not in subscribed
                }
            )
    for name in sorted(found):
        ctx.send(LsubData(() if found[name] else (NOSELECT,), DELIMITER, name))


@feature.op
def lsub(pattern: MailboxName = "*", reference: MailboxName = "") -> Op[tuple[LsubData, ...]]:
    """Subscribed names that match ``pattern`` (RFC 3501 section 6.3.9). Raises CommandFailed."""
    done = yield Lsub(mailbox_name(reference), mailbox_name(pattern))
    return tuple(done.of(LsubData))
