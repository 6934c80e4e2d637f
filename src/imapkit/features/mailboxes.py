"""CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE (RFC 9051 sections 6.3.4 to 6.3.8).

Extensions add parameters at ``Point.CREATE_PARAM`` and steps to the plan "CREATE": PLAN before the mailbox is made, COMPLETE after.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self, TypeVar

from ..errors import MailboxMissing, MailboxTaken, No
from ..ports.client import Op
from ..ports.session import SessionContext
from ..ports.store import MailboxRow
from ..protocol import states
from ..protocol.codes import Code
from ..protocol.given import MailboxName, mailbox_name, options
from ..protocol.mailbox import DELIMITER, INBOX, NameFault, check_name, read_spelled
from ..protocol.registry import Does, Feature, Grammar, Phase, Point, Writable
from ..protocol.status import Kind, Ok, Status
from ..record import record
from ..wire.cursor import Cursor
from ..wire.writer import Writer
from .base import ALREADYEXISTS, CANNOT
from .hooks import completed, run_hooks
from .names import no_mailbox, tell_deleted, tell_spelling
from .select import CLOSED

feature = Feature(
    "MAILBOXES",
    spec=("RFC 3501", "RFC 9051"),
    summary="CREATE, DELETE, RENAME, SUBSCRIBE and UNSUBSCRIBE",
    rev2=True,
    core=True,
)
feature.reads(Point.CREATE_PARAM)

T = TypeVar("T")


@feature.command("CREATE", states=states.AUTHENTICATED, does=Does.CHANGES, example='CREATE "My Folder"')
@record
class Create:
    """create = "CREATE" SP mailbox [create-params] (RFC 4466 section 2.2)."""

    mailbox: str
    params: tuple[Writable, ...] = ()
    given: str | None = field(default=None, compare=False)
    """How a client spelled the mailbox, where that is not its spelling here."""

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        mailbox, given = read_spelled(c)
        if not c.accept_sp():
            return cls(mailbox, (), given)
        params = c.paren_list(lambda: g.read_word(Point.CREATE_PARAM, c, c.word("a CREATE parameter")))
        return cls(mailbox, tuple(params), given)

    def write(self, w: Writer) -> None:
        w.raw(b"CREATE ").mailbox(self.mailbox)
        if self.params:
            w.sp().list_of(self.params, lambda param: param.write(w))


@record
class _Named:
    """A command with one mailbox name."""

    mailbox: str
    given: str | None = field(default=None, compare=False)
    """How a client spelled it, where that is not its spelling here."""

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        return cls(*read_spelled(c))

    def _write(self, w: Writer, word: bytes) -> None:
        w.raw(word).sp().mailbox(self.mailbox)


@feature.command("DELETE", states=states.AUTHENTICATED, does=Does.CHANGES | Does.NAMES, example="DELETE Old")
@record
class Delete(_Named):
    """delete = "DELETE" SP mailbox."""

    def write(self, w: Writer) -> None:
        self._write(w, b"DELETE")


@feature.command(
    "RENAME", states=states.AUTHENTICATED, does=Does.CHANGES | Does.NAMES, example="RENAME Old New"
)
@record
class Rename:
    """rename = "RENAME" SP mailbox SP mailbox."""

    old: str
    new: str
    given: str | None = field(default=None, compare=False)
    """How a client spelled the old name, where one of the two names is spelled otherwise here."""

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        old, given = read_spelled(c)
        c.sp()
        new, given_new = read_spelled(c)
        return cls(old, new, old if given is None and given_new is not None else given)

    def write(self, w: Writer) -> None:
        w.raw(b"RENAME ").mailbox(self.old).sp().mailbox(self.new)


@feature.command("SUBSCRIBE", states=states.AUTHENTICATED, does=Does.CHANGES, example="SUBSCRIBE Lists")
@record
class Subscribe(_Named):
    """subscribe = "SUBSCRIBE" SP mailbox."""

    def write(self, w: Writer) -> None:
        self._write(w, b"SUBSCRIBE")


@feature.command(
    "UNSUBSCRIBE", states=states.AUTHENTICATED, does=Does.CHANGES | Does.NAMES, example="UNSUBSCRIBE Lists"
)
@record
class Unsubscribe(_Named):
    """unsubscribe = "UNSUBSCRIBE" SP mailbox."""

    def write(self, w: Writer) -> None:
        self._write(w, b"UNSUBSCRIBE")


# The server


@feature.plan("CREATE", Phase.PLAN, Phase.COMPLETE)
@dataclass(slots=True)
class CreatePlan:
    """What CREATE does. Steps may add to ``special_use`` in PLAN, and set ``code`` in COMPLETE, when ``row`` is there."""

    name: str
    params: tuple[Writable, ...]
    special_use: list[str]
    codes: list[Code]
    row: MailboxRow | None = None

    def param(self, cls: type[T]) -> T | None:
        """The parameter of one class, if it was given."""
        return next((param for param in self.params if isinstance(param, cls)), None)


def checked_name(name: str) -> str:
    """A name that can be made, or No with CANNOT."""
    found = check_name(name)
    if isinstance(found, NameFault):
        raise No(found.text, CANNOT)
    return found


@feature.handler(Create)
async def handle_create(ctx: SessionContext, command: Create) -> Ok:
    """A trailing delimiter says that inferior names will come, which needs nothing here (RFC 9051 section 6.3.4)."""
    name = checked_name(command.mailbox.removesuffix(DELIMITER))
    if name == INBOX:
        raise No("INBOX is there already", ALREADYEXISTS)
    plan = CreatePlan(name, command.params, [], [])
    await run_hooks(ctx, Phase.PLAN, plan)
    try:
        plan.row = await ctx.account.create(name, tuple(plan.special_use))
    except MailboxTaken:
        raise No(f"there is a mailbox {name} already", ALREADYEXISTS) from None
    if command.given is not None:
        tell_spelling(ctx, name, command.given.removesuffix(DELIMITER))
    await run_hooks(ctx, Phase.COMPLETE, plan)
    return completed(ctx, "CREATE completed", plan.codes)


@feature.handler(Delete)
async def handle_delete(ctx: SessionContext, command: Delete) -> None:
    if command.mailbox == INBOX:
        raise No("INBOX cannot be deleted", CANNOT)
    row = ctx.account.find(command.mailbox)
    try:
        await ctx.account.delete(command.mailbox)
    except MailboxMissing:
        raise no_mailbox(ctx, command.mailbox) from None
    tell_deleted(ctx, command.mailbox, command.given)
    if ctx.selected is not None and row is not None and ctx.selected.mailbox.row.id == row.id:
        await ctx.unselect()
        ctx.send_status(Status(Kind.OK, "The selected mailbox was deleted", CLOSED))


@feature.handler(Rename)
async def handle_rename(ctx: SessionContext, command: Rename) -> None:
    new = checked_name(command.new.removesuffix(DELIMITER))
    if new == INBOX:
        raise No("INBOX is there already", ALREADYEXISTS)
    if new.startswith(command.old + DELIMITER) and command.old != INBOX:
        raise No("a mailbox cannot be moved below itself", CANNOT)
    try:
        await ctx.account.rename(command.old, new)
    except MailboxMissing:
        raise no_mailbox(ctx, command.old) from None
    except MailboxTaken:
        raise No(f"there is a mailbox {new} already", ALREADYEXISTS) from None
    tell_spelling(ctx, new, command.given)


@feature.handler(Subscribe)
async def handle_subscribe(ctx: SessionContext, command: Subscribe) -> None:
    """A name may be subscribed before its mailbox exists, so that clients can restore their list (RFC 9051 section 6.3.7)."""
    await ctx.account.subscribe(checked_name(command.mailbox))


@feature.handler(Unsubscribe)
async def handle_unsubscribe(ctx: SessionContext, command: Unsubscribe) -> None:
    """A name that is not subscribed is what the client wants it to be; only a name that nobody can read may mean another one."""
    await ctx.account.unsubscribe(checked_name(command.mailbox))


# The client


@feature.op
def create(mailbox: MailboxName, *params: Writable) -> Op[None]:
    """Make a mailbox and the superior names it lacks (RFC 9051 section 6.3.4). Raises MailboxExists, NotAllowed, CommandFailed."""
    form = r'what extensions add to CREATE is told by objects, as Use(("\Sent",))'
    yield Create(mailbox_name(mailbox), options(params, form))


@feature.op
def delete(mailbox: MailboxName) -> Op[None]:
    """Remove a mailbox and its messages (RFC 9051 section 6.3.5). Raises NoSuchMailbox, NotAllowed, CommandFailed."""
    yield Delete(mailbox_name(mailbox))


@feature.op
def rename(old: MailboxName, new: str) -> Op[None]:
    """Rename a mailbox and its inferior names (RFC 9051 section 6.3.6). Raises NoSuchMailbox, MailboxExists, CommandFailed."""
    yield Rename(mailbox_name(old), mailbox_name(new))


@feature.op
def subscribe(mailbox: MailboxName) -> Op[None]:
    """Add a name to the user's list of subscribed mailboxes (RFC 9051 section 6.3.7). Raises CommandFailed."""
    yield Subscribe(mailbox_name(mailbox))


@feature.op
def unsubscribe(mailbox: MailboxName) -> Op[None]:
    """Take a name off the user's list of subscribed mailboxes (RFC 9051 section 6.3.8). Raises CommandFailed."""
    yield Unsubscribe(mailbox_name(mailbox))
