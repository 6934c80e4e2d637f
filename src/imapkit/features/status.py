"""STATUS (RFC 9051 section 6.3.11): counts of a mailbox without opening it.

An extension adds an item by ``status_item(feature, name, of)`` in its own file.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Final, Self

from ..ports.client import ClientSession, Op
from ..ports.session import SessionContext
from ..ports.store import MailboxRow
from ..protocol import states
from ..protocol.given import MailboxName, mailbox_name, plain_text
from ..protocol.mailbox import is_simple, read_mailbox
from ..protocol.registry import Does, Feature, Grammar, Phase, Point
from ..record import record
from ..wire.cursor import Cursor
from ..wire.writer import Writer
from .hooks import run_hooks
from .names import no_mailbox

feature = Feature(
    "STATUS", spec=("RFC 3501", "RFC 9051"), summary="Counts of a mailbox", rev2=True, core=True
)
feature.reads(Point.STATUS_ITEM)

StatusValue = int | str | None


@record
class StatusAtt:
    """One item of a STATUS response."""

    name: str
    value: StatusValue

    def write(self, w: Writer) -> None:
        w.raw(self.name.encode("ascii")).sp()
        if isinstance(self.value, int):
            w.number(self.value)
        elif self.value is None:
            w.raw(b"NIL")
        else:
            w.raw(self.value.encode("ascii"))


class StatusItem:
    """How an item is read in a response, and where its value comes from in a mailbox's row."""

    __slots__ = ("_read", "capability", "field", "name", "of")

    def __init__(
        self,
        name: str,
        of: Callable[[SessionContext, MailboxRow], StatusValue],
        read: Callable[[Cursor], StatusValue],
        field: str,
        capability: str,
    ) -> None:
        self.field = field
        self.capability = capability
        self.name = name
        self.of = of
        self._read = read

    def __call__(self, c: Cursor, g: Grammar) -> StatusAtt:
        return StatusAtt(self.name, self._read(c))


def read_count(c: Cursor) -> int:
    return c.number64()


def status_item(
    feature: Feature,
    name: str,
    of: Callable[[SessionContext, MailboxRow], StatusValue],
    read: Callable[[Cursor], StatusValue] = read_count,
    *,
    field: str = "",
    capability: str = "",
) -> None:
    """Declare a STATUS item: ``of`` gives the server's value, ``read`` reads it behind name and space.

    ``field``: the field of ``MailboxStatus`` that it fills. ``capability``: with it, a client asks for the item by itself.
    """
    item = StatusItem(name, of, read, field, capability)
    feature.word_reader(Point.STATUS_ITEM, name, item, StatusAtt)


status_item(feature, "MESSAGES", lambda ctx, row: row.messages, field="messages")
status_item(feature, "RECENT", lambda ctx, row: row.recent, field="recent")
status_item(feature, "UIDNEXT", lambda ctx, row: row.uidnext, field="uidnext")
status_item(feature, "UIDVALIDITY", lambda ctx, row: row.uidvalidity, field="uidvalidity")
status_item(feature, "UNSEEN", lambda ctx, row: row.unseen, field="unseen")
status_item(feature, "DELETED", lambda ctx, row: row.deleted, field="deleted")

_DIGITS: Final = 20
"""Of the largest number that a count can be."""
BASIC: Final = ("MESSAGES", "UIDNEXT", "UIDVALIDITY", "UNSEEN")


def read_item_names(c: Cursor, g: Grammar) -> tuple[str, ...]:
    """ "(" status-att *(SP status-att) ")"."""

    def read() -> str:
        start = c.pos
        name = c.word("a STATUS item")
        if g.reader(Point.STATUS_ITEM, name) is None:
            c.pos = start
            raise c.fail("a known STATUS item")
        return name.decode("ascii")

    start = c.pos
    names = c.paren_list(read)
    if not names:
        c.pos = start
        raise c.fail("at least one STATUS item")
    return tuple(names)


@feature.command(
    "STATUS", states=states.AUTHENTICATED, does=Does.NAMES, example="STATUS INBOX (MESSAGES UNSEEN)"
)
@record
class StatusCommand:
    """status = "STATUS" SP mailbox SP "(" status-att *(SP status-att) ")"."""

    mailbox: str
    items: tuple[str, ...]

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        mailbox = read_mailbox(c)
        c.sp()
        return cls(mailbox, read_item_names(c, g))

    def write(self, w: Writer) -> None:
        w.raw(b"STATUS ").mailbox(self.mailbox).sp()
        w.list_of(self.items, lambda name: w.atom(name.encode("ascii")))


@feature.response("STATUS")
@record
class StatusData:
    """mailbox-data = "STATUS" SP mailbox SP "(" [status-att-list] ")"."""

    mailbox: str
    items: tuple[StatusAtt, ...]

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        mailbox = _read_response_mailbox(c)
        c.sp()
        return cls(mailbox, tuple(c.paren_list(lambda: _read_att(c, g))))

    def write(self, w: Writer) -> None:
        w.raw(b"STATUS ").mailbox(self.mailbox).sp().list_of(self.items, lambda item: item.write(w))

    def get(self, name: str) -> StatusValue:
        """The value of one item; None when it is not there."""
        return next((item.value for item in self.items if item.name == name), None)


def _read_response_mailbox(c: Cursor) -> str:
    """A mailbox name; some servers forget the quotes around one with spaces, so all before the last list counts."""
    if c.lenient and not c.at_string():
        last = _last_list(c.buf)
        if last > c.pos and b" " in c.buf[c.pos : last]:
            name = read_mailbox(Cursor(b'"' + c.buf[c.pos : last] + b'"', lenient=True, utf8=c.utf8))
            c.pos = last
            return name
    return read_mailbox(c)


def _last_list(line: bytes) -> int:
    """Where the space before the list at the end of ``line`` is; -1 when there is none."""
    depth = 0
    for at in range(len(line) - 1, 0, -1):
        depth += (line[at] == 0x29) - (line[at] == 0x28)
        if depth == 0 and line[at] == 0x28:
            return at - 1 if line[at - 1] == 0x20 else -1
    return -1


def _read_att(c: Cursor, g: Grammar) -> StatusAtt:
    name = c.word("a STATUS item")
    c.sp()
    item = g.reader(Point.STATUS_ITEM, name)
    if isinstance(item, StatusItem):
        return item(c, g)
    raw = c.skip_value()
    return StatusAtt(
        name.decode("ascii", "replace"),
        int(raw) if raw.isdigit() and len(raw) <= _DIGITS else raw.decode("utf-8", "replace"),
    )


# The server


@feature.plan("STATUS", Phase.PLAN)
@record
class StatusPlan:
    """One mailbox whose counts are asked for."""

    row: MailboxRow
    items: tuple[str, ...]


async def send_status_data(ctx: SessionContext, row: MailboxRow, items: Sequence[str]) -> None:
    """Answer STATUS for one mailbox; also for LIST … RETURN (STATUS …)."""
    plan = StatusPlan(row, tuple(items))
    await run_hooks(ctx, Phase.PLAN, plan)
    line, sources = _line(ctx.registry.grammar, plan.items)
    values = tuple([of(ctx, row) for of in sources])
    if is_simple(row.name) and set(map(type, values)) == {int}:
        ctx.send_bytes(line % (Writer().mailbox(row.name).octets(), *values))
        return
    atts = [StatusAtt(name, value) for name, value in zip(plan.items, values, strict=True)]
    ctx.send(StatusData(row.name, tuple(atts)))


@lru_cache(64)
def _line(
    grammar: Grammar, names: tuple[str, ...]
) -> tuple[bytes, list[Callable[[SessionContext, MailboxRow], StatusValue]]]:
    """The response where all values are numbers, and where they come from."""
    items = [grammar.reader(Point.STATUS_ITEM, name.encode("ascii")) for name in names]
    sources = [item.of for item in items if isinstance(item, StatusItem)]
    assert len(sources) == len(names)
    return b"* STATUS %%b (%b)\r\n" % b" ".join([b"%b %%d" % name.encode("ascii") for name in names]), sources


@feature.handler(StatusCommand)
async def handle_status(ctx: SessionContext, command: StatusCommand) -> None:
    await ctx.account.refresh()
    row = ctx.account.find(command.mailbox)
    if row is None:
        raise no_mailbox(ctx, command.mailbox)
    await send_status_data(ctx, row, command.items)


# The client


@record
class MailboxStatus:
    """Counts of a mailbox. None: not asked for, or not told."""

    name: str
    messages: int | None = None
    unseen: int | None = None
    recent: int | None = None
    uidnext: int | None = None
    uidvalidity: int | None = None
    deleted: int | None = None
    size: int | None = None
    highest_modseq: int | None = None
    mailbox_id: str | None = None
    append_limit: int | None = None
    others: tuple[StatusAtt, ...] = ()


def mailbox_status(data: StatusData, g: Grammar) -> MailboxStatus:
    """The pleasant form of a STATUS response."""
    found: dict[str, Any] = {}
    others: list[StatusAtt] = []
    for att in data.items:
        item = g.reader(Point.STATUS_ITEM, att.name.encode("ascii", "replace"))
        if isinstance(item, StatusItem) and item.field:
            found[item.field] = att.value.strip("()") if isinstance(att.value, str) else att.value
        else:
            others.append(att)
    return MailboxStatus(data.mailbox, **found, others=tuple(others))


@feature.op
def status(session: ClientSession, mailbox: MailboxName, *items: str) -> Op[MailboxStatus]:
    """Counts of a mailbox (RFC 9051 section 6.3.11); without ``items``, MESSAGES UIDNEXT UIDVALIDITY UNSEEN and what else is offered.

    Raises NoSuchMailbox, CommandFailed.
    """
    name = mailbox_name(mailbox)
    done = yield StatusCommand(name, wanted_items(session, items))
    data = done.last(StatusData)
    return mailbox_status(data, session.registry.grammar) if data else MailboxStatus(name)


def wanted_items(session: ClientSession, given: tuple[str, ...]) -> tuple[str, ...]:
    """The items that a caller named, or those worth asking for. Raises UsageError."""
    return tuple(plain_text(item, "a STATUS item").upper() for item in given) or default_items(session)


def default_items(session: ClientSession) -> tuple[str, ...]:
    """The items worth asking for."""
    words = session.registry.grammar.words[Point.STATUS_ITEM].values()
    more = [item for item in words if isinstance(item, StatusItem) and item.capability]
    return (*BASIC, *(item.name for item in more if session.has(item.capability)))
