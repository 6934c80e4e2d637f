"""APPEND (RFC 9051 section 6.3.12): put a message into a mailbox; several where MULTIAPPEND is there.

Steps of the plan "APPEND": PLAN before anything is stored, COMPLETE after it (a step may add a response code). The rule this file must
not break: all messages of a command are added in one change, or none is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import Final, Self, cast

from ..errors import MailboxMissing, No
from ..ports.client import ClientSession, Op
from ..ports.session import SessionContext
from ..ports.store import Added, NewMessage
from ..protocol import states
from ..protocol.codes import Code
from ..protocol.dates import read_date_time, write_date_time
from ..protocol.flags import RECENT, read_flag_list, write_flag_list
from ..protocol.given import MailboxName, flag_list, mailbox_name, moment
from ..protocol.mailbox import read_spelled
from ..protocol.registry import Does, Feature, Grammar, Phase, Point
from ..protocol.status import Ok
from ..protocol.uid_codes import AppendUid
from ..record import record
from ..wire.cursor import Cursor
from ..wire.frame import HeldLiteral, Literal
from ..wire.writer import Stream, Writer
from .base import TOOBIG
from .hooks import completed, run_hooks
from .intake import index_literal
from .names import no_target, tell_spelling
from .store import settable

feature = Feature(
    "APPEND", spec=("RFC 3501", "RFC 9051"), summary="Put a message into a mailbox", rev2=True, core=True
)
feature.reads(Point.APPEND_MORE)

_TURN: Final = 0.01
"""Seconds of looking through messages after which other sessions have theirs."""
MORE: Final = b"append-message"
"""The name under which MULTIAPPEND declares the reader of further messages."""


@record
class AppendMessage:
    """append-message = [SP flag-list] [SP date-time] SP (literal / literal8), behind the first space."""

    message: Stream
    """A Literal as it was read; anything that gives octets in order to write."""
    flags: tuple[str, ...] = ()
    date: datetime | None = None
    """Becomes INTERNALDATE; None: now."""
    binary: bool = False
    """Sent as literal8: may hold NUL (RFC 3516)."""

    @classmethod
    def of(cls, message: bytes | Stream, flags: Iterable[str] = (), date: datetime | None = None) -> Self:
        """From octets with CRLF line ends, or a stream of them; a ``date`` without zone is in this machine's. Raises UsageError."""
        if isinstance(message, bytes):
            return cls(HeldLiteral(message), flag_list(flags), moment(date), b"\0" in message)
        return cls(message, flag_list(flags), moment(date))

    def checked(self) -> Self:
        """The same, its date with a zone. Raises UsageError for what has no form on the wire."""
        return type(self)(self.message, flag_list(self.flags), moment(self.date), self.binary)

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        flags: tuple[str, ...] = ()
        if c.peek_is(b"("):
            start = c.pos
            flags = read_flag_list(c)
            if RECENT in flags:
                c.pos = start
                raise c.fail("flags without \\Recent")
            c.sp()
        date: datetime | None = None
        if c.peek_is(b'"'):
            date = read_date_time(c)
            c.sp()
        binary = c.at_literal8()
        return cls(c.literal("a message as a literal"), flags, date, binary)

    def write(self, w: Writer) -> None:
        if self.flags:
            write_flag_list(w, self.flags)
            w.sp()
        if self.date is not None:
            write_date_time(w, self.date)
            w.sp()
        w.literal(self.message, binary=self.binary)


@feature.command(
    "APPEND",
    states=states.AUTHENTICATED,
    does=Does.CHANGES | Does.NAMES,
    example="APPEND INBOX (\\Seen) {310}",
)
@record
class Append:
    """append = "APPEND" SP mailbox 1*append-message; more than one is declared by MULTIAPPEND."""

    mailbox: str
    messages: tuple[AppendMessage, ...]
    given: str | None = field(default=None, compare=False)
    """How a client spelled the mailbox, where that is not its spelling here."""

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        mailbox, given = read_spelled(c)
        c.sp()
        messages = [AppendMessage.read(c, g)]
        read_more = g.reader(Point.APPEND_MORE, MORE)
        while read_more is not None and c.accept_sp():
            messages.append(cast(AppendMessage, read_more(c, g)))
        return cls(mailbox, tuple(messages), given)

    def write(self, w: Writer) -> None:
        w.raw(b"APPEND ").mailbox(self.mailbox)
        for message in self.messages:
            w.sp()
            message.write(w)


@feature.plan("APPEND", Phase.PLAN, Phase.COMPLETE)
@dataclass(slots=True)
class AppendPlan:
    """What APPEND does."""

    command: Append
    codes: list[Code]
    added: Added | None = None


@feature.handler(Append)
async def handle_append(ctx: SessionContext, command: Append) -> Ok:
    flags = [settable(one.flags) for one in command.messages]
    for one in command.messages:
        _check(ctx, _literal(one))
    row = ctx.account.find(command.mailbox)
    if row is None:
        await ctx.account.refresh()
        row = ctx.account.find(command.mailbox)
    if row is None:
        raise no_target(ctx, command.mailbox)
    plan = AppendPlan(command, [])
    await run_hooks(ctx, Phase.PLAN, plan)
    now = datetime.now(UTC)
    new: list[NewMessage] = []
    turn = monotonic()
    for one, kept in zip(command.messages, flags, strict=True):
        literal = _literal(one)
        new.append(NewMessage(literal, await index_literal(literal), kept, one.date or now))
        if monotonic() - turn > _TURN:
            await asyncio.sleep(0)
            turn = monotonic()
    view = ctx.selected
    here = view if view is not None and view.mailbox.row.id == row.id and view.takes_recent else None
    try:
        plan.added = await ctx.account.append(row.id, new, take_recent=here is not None)
    except MailboxMissing:
        raise no_target(ctx, command.mailbox) from None
    if here is not None and plan.added.recent is not None:
        here.note_recent(plan.added.recent)  # told to this session first, by the updates of this very command
    tell_spelling(ctx, command.mailbox, command.given)
    await run_hooks(ctx, Phase.COMPLETE, plan)
    return completed(ctx, "APPEND completed", plan.codes)


def _literal(one: AppendMessage) -> Literal:
    return cast("Literal", one.message)  # what was read is one


def _check(ctx: SessionContext, literal: Literal) -> None:
    """A message of no octets is how a client gives up in the middle (RFC 3502)."""
    if literal.size > ctx.settings.append_limit:
        raise No(
            f"a message may have {ctx.settings.append_limit} octets, this one has {literal.size}", TOOBIG
        )
    if not literal.size:
        raise No("a message cannot be empty: nothing was appended")


@feature.op
def append(
    session: ClientSession,
    mailbox: MailboxName,
    message: bytes | Stream,
    flags: Iterable[str] = (),
    date: datetime | None = None,
) -> Op[AppendUid | None]:
    """Put a message, as octets with CRLF line ends or a stream of them, into a mailbox (RFC 9051 section 6.3.12).

    Gives UIDVALIDITY and UID where the server tells them (RFC 4315). ``date`` becomes INTERNALDATE; None: now.
    Raises NoSuchMailbox, TooBig, OverQuota, CommandFailed.
    """
    return (yield from append_all(session, mailbox, (AppendMessage.of(message, flags, date),)))


def append_all(
    session: ClientSession, mailbox: MailboxName, messages: tuple[AppendMessage, ...]
) -> Op[AppendUid | None]:
    """One APPEND of all of them."""
    if any(message.binary for message in messages):
        session.need("BINARY", "to append a message that holds NUL")
    done = yield Append(mailbox_name(mailbox), messages)
    return done.code(AppendUid)
