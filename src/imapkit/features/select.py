"""SELECT, EXAMINE, CLOSE, UNSELECT and CHECK (RFC 9051 sections 6.3.2, 6.3.3, 6.4.1, 6.4.2; RFC 3691; RFC 3501 section 6.4.1).

Extensions add parameters at ``Point.SELECT_PARAM`` and steps to the plan "SELECT": ENABLE before the mailbox is opened, EMIT for more
untagged responses behind the core's. What makes the command BAD is found in PARSE, while the mailbox before is still open.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Self, TypeVar

from ..errors import MailboxMissing
from ..ports.client import ClientSession, Op
from ..ports.events import Arrived
from ..ports.session import SessionContext, View
from ..protocol import flags as names
from ..protocol import states
from ..protocol.codes import simple_code
from ..protocol.flags import read_flag_list, write_flag_list
from ..protocol.given import MailboxName, mailbox_name, options
from ..protocol.mailbox import read_spelled
from ..protocol.registry import Does, Feature, Grammar, Phase, Point, Sync, Writable
from ..protocol.response import Response, write_response
from ..protocol.status import Kind, Ok, Status
from ..record import record
from ..wire.cursor import Cursor
from ..wire.writer import Writer
from .expunge import remove_marked
from .hooks import run_hooks
from .names import no_mailbox

feature = Feature(
    "SELECT",
    spec=("RFC 3501", "RFC 9051", "RFC 3691"),
    summary="SELECT, EXAMINE, CLOSE, UNSELECT and CHECK",
    capabilities=("UNSELECT",),
    rev2=True,
    core=True,
)
feature.reads(Point.SELECT_PARAM)

READ_ONLY = simple_code(feature, "READ-ONLY")
READ_WRITE = simple_code(feature, "READ-WRITE")
CLOSED = simple_code(feature, "CLOSED")

KEYWORDS_MAX = 1024
"""Keywords of one mailbox; then no more can be made (STORE.md rule 2)."""

T = TypeVar("T")


# Responses


@feature.response("FLAGS")
@record
class FlagsData:
    """ "FLAGS" SP flag-list: the flags that may be used in the mailbox."""

    flags: tuple[str, ...]

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        return cls(read_flag_list(c))

    def write(self, w: Writer) -> None:
        w.raw(b"FLAGS ")
        write_flag_list(w, self.flags)


@feature.response("EXISTS", numbered=True)
@record
class Exists:
    """number SP "EXISTS"."""

    count: int

    @classmethod
    def read(cls, c: Cursor, g: Grammar, number: int) -> Self:
        return cls(number)

    def write(self, w: Writer) -> None:
        w.number(self.count).raw(b" EXISTS")


@feature.response("RECENT", numbered=True)
@record
class Recent:
    """number SP "RECENT" (IMAP4rev1 only)."""

    count: int

    @classmethod
    def read(cls, c: Cursor, g: Grammar, number: int) -> Self:
        return cls(number)

    def write(self, w: Writer) -> None:
        w.number(self.count).raw(b" RECENT")


@feature.word(Point.CODE, "PERMANENTFLAGS")
@record
class PermanentFlags:
    """The flags that a client may change for good; ``\\*``: new keywords may be made."""

    flags: tuple[str, ...]
    name: str = "PERMANENTFLAGS"

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        return cls(read_flag_list(c))

    def write(self, w: Writer) -> None:
        w.raw(b"PERMANENTFLAGS ")
        write_flag_list(w, self.flags)


@record
class _NumberCode:
    """A code with one number."""

    number: int

    @property
    def name(self) -> str:
        raise NotImplementedError

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        return cls(c.number())

    def write(self, w: Writer) -> None:
        w.raw(self.name.encode("ascii")).sp().number(self.number)


@feature.word(Point.CODE, "UIDNEXT")
@record
class UidNext(_NumberCode):
    """The UID that the next message will have, or more."""

    @property
    def name(self) -> str:
        return "UIDNEXT"


@feature.word(Point.CODE, "UIDVALIDITY")
@record
class UidValidity(_NumberCode):
    """The value with which the mailbox's UIDs go."""

    @property
    def name(self) -> str:
        return "UIDVALIDITY"


@feature.word(Point.CODE, "UNSEEN")
@record
class Unseen(_NumberCode):
    """The number of the first message without \\Seen (IMAP4rev1 only)."""

    @property
    def name(self) -> str:
        return "UNSEEN"


# What a client keeps of the selected mailbox, asked for or not


@feature.observes(Exists)
def take_exists(session: ClientSession, data: Exists) -> None:
    """EXISTS is the number of messages, never a difference."""
    view = session.view
    if view is None:
        return
    if data.count > view.exists:
        view.observe(Arrived(data.count - view.exists, data.count, view.uidnext))
    else:
        view.exists = data.count


@feature.observes(Recent)
def take_recent(session: ClientSession, data: Recent) -> None:
    if session.view is not None:
        session.view.recent = data.count


@feature.observes(FlagsData)
def take_flags_in_use(session: ClientSession, data: FlagsData) -> None:
    if session.view is not None:
        session.view.flags = frozenset(data.flags)


@feature.observes_code("PERMANENTFLAGS", "UIDNEXT", "UIDVALIDITY", "READ-ONLY", "READ-WRITE")
def take_code(session: ClientSession, status: Status) -> None:
    view, code = session.view, status.code
    if view is None:
        return
    if isinstance(code, PermanentFlags):
        view.permanent_flags = frozenset(code.flags)
    elif isinstance(code, UidNext):
        view.uidnext = code.number
    elif isinstance(code, UidValidity):
        view.uidvalidity = code.number or None
    else:
        view.read_only = status.code_name == "READ-ONLY"


# Commands


def _read_params(c: Cursor, g: Grammar) -> tuple[Writable, ...]:
    """select-params = SP "(" select-param *(SP select-param) ")" (RFC 4466 section 2.1)."""
    if not c.accept_sp():
        return ()
    return tuple(c.paren_list(lambda: g.read_word(Point.SELECT_PARAM, c, c.word("a SELECT parameter"))))


@record
class _Open:
    mailbox: str
    params: tuple[Writable, ...] = ()
    given: str | None = field(default=None, compare=False)
    """How a client spelled the mailbox, where that is not its spelling here."""

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        mailbox, given = read_spelled(c)
        return cls(mailbox, _read_params(c, g), given)

    def _write(self, w: Writer, name: bytes) -> None:
        w.raw(name).sp().mailbox(self.mailbox)
        if self.params:
            w.sp().list_of(self.params, lambda param: param.write(w))


@feature.command(
    "SELECT",
    states=states.AUTHENTICATED,
    sync=Sync.NONE,
    does=Does.NAMES | Does.OPENS,
    example="SELECT INBOX",
)
@record
class Select(_Open):
    """select = "SELECT" SP mailbox [select-params]."""

    def write(self, w: Writer) -> None:
        self._write(w, b"SELECT")


@feature.command(
    "EXAMINE",
    states=states.AUTHENTICATED,
    sync=Sync.NONE,
    does=Does.NAMES | Does.OPENS,
    example="EXAMINE INBOX",
)
@record
class Examine(_Open):
    """examine = "EXAMINE" SP mailbox [select-params]."""

    def write(self, w: Writer) -> None:
        self._write(w, b"EXAMINE")


class _Bare:
    """A command that is one word."""

    __slots__ = ()
    word: bytes

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        return cls()

    def write(self, w: Writer) -> None:
        w.raw(self.word)


@feature.command("CLOSE", states=states.SELECTED, sync=Sync.NONE, does=Does.CLOSES)
@record
class Close(_Bare):
    """close = "CLOSE"."""

    word = b"CLOSE"


@feature.command("UNSELECT", states=states.SELECTED, sync=Sync.NONE, does=Does.CLOSES)
@record
class Unselect(_Bare):
    """unselect = "UNSELECT"."""

    word = b"UNSELECT"


@feature.command("CHECK", states=states.SELECTED)
@record
class Check(_Bare):
    """check = "CHECK" (RFC 3501 section 6.4.1)."""

    word = b"CHECK"


# The server


@feature.plan("SELECT", *Phase)
@dataclass(slots=True)
class SelectPlan:
    """What SELECT does; steps may look at ``view`` from the phase EMIT on and put answers to later phases in ``notes``."""

    name: str
    read_only: bool
    params: tuple[Writable, ...]
    notes: dict[str, object]
    given: str | None = None
    view: View | None = None

    def param(self, cls: type[T]) -> T | None:
        """The parameter of one class, if it was given."""
        return next((param for param in self.params if isinstance(param, cls)), None)

    def opened(self) -> View:
        """The view. Only in the phases behind SELECT."""
        assert self.view is not None
        return self.view


@feature.handler(Select)
async def handle_select(ctx: SessionContext, command: Select) -> Ok:
    return await _open(ctx, command, read_only=False)


@feature.handler(Examine)
async def handle_examine(ctx: SessionContext, command: Examine) -> Ok:
    return await _open(ctx, command, read_only=True)


async def _open(ctx: SessionContext, command: _Open, *, read_only: bool) -> Ok:
    plan = SelectPlan(command.mailbox, read_only, command.params, {}, command.given)
    await run_hooks(ctx, Phase.PARSE, plan)
    if ctx.selected is not None:
        await ctx.unselect()
        ctx.send_bytes(_CLOSED_LINE)
    for phase in (Phase.ENABLE, Phase.PLAN):
        await run_hooks(ctx, phase, plan)
    await ctx.account.refresh()
    try:
        plan.view = view = await ctx.select(command.mailbox, read_only=read_only)
    except MailboxMissing:
        raise no_mailbox(ctx, command.mailbox) from None
    await run_hooks(ctx, Phase.SELECT, plan)
    _emit(ctx, view)
    for phase in (Phase.EMIT, Phase.AFTER, Phase.COMPLETE):
        await run_hooks(ctx, phase, plan)
    word = "EXAMINE" if read_only else "SELECT"
    return Ok(f"{word} completed", READ_ONLY if read_only else READ_WRITE)


def _emit(ctx: SessionContext, view: View) -> None:
    """What SELECT must tell (RFC 9051 section 6.3.2, RFC 3501 section 6.3.1)."""
    mailbox = view.mailbox
    row = mailbox.row
    recent = first = None
    if not ctx.modes.rev2:
        recent = len(view.recent())
        uid = mailbox.first_unseen()
        first = view.seq_of(uid) if uid is not None else None
    flags = flag_lines(mailbox.keywords(), view.read_only)
    ctx.send_bytes(flags, number_lines(len(view), recent, first, row.uidvalidity, row.uidnext))


@lru_cache(256)
def flag_lines(keywords: tuple[str, ...], read_only: bool) -> bytes:
    """FLAGS and PERMANENTFLAGS."""
    usable = (*names.SYSTEM, *keywords)
    lasting = () if read_only else usable if len(keywords) >= KEYWORDS_MAX else (*usable, names.ANY)
    return lines_of(FlagsData(usable), Status(Kind.OK, "Flags that stay", PermanentFlags(lasting)))


def number_lines(
    exists: int, recent: int | None, unseen: int | None, uidvalidity: int, uidnext: int
) -> bytes:
    """EXISTS to UIDNEXT, as their records would write them: SELECT is what mail programs do all day."""
    text = b"* %d EXISTS\r\n" % exists
    if recent is not None:
        text += b"* %d RECENT\r\n" % recent
    if unseen is not None:
        text += b"* OK [UNSEEN %d] First unseen\r\n" % unseen
    return text + (
        b"* OK [UIDVALIDITY %d] UIDs are valid\r\n* OK [UIDNEXT %d] Predicted next UID\r\n"
        % (uidvalidity, uidnext)
    )


def lines_of(*responses: Writable) -> bytes:
    """What is told again and again, to be kept: without arguments that a session's mode would write in another way."""
    w = Writer()
    for response in responses:
        write_response(w, response)
    return w.octets()


_CLOSED_LINE: Final = lines_of(Status(Kind.OK, "Previous mailbox closed", CLOSED))


@feature.handler(Close)
async def handle_close(ctx: SessionContext, command: Close) -> None:
    """Remove the messages marked \\Deleted without saying so, unless the mailbox is read-only."""
    view = ctx.view
    if not view.read_only:
        await remove_marked(ctx, "CLOSE", view.everything())
    await ctx.unselect()


@feature.handler(Unselect)
async def handle_unselect(ctx: SessionContext, command: Unselect) -> None:
    await ctx.unselect()


@feature.handler(Check)
async def handle_check(ctx: SessionContext, command: Check) -> None:
    """Nothing to do: what was answered OK is on the disk already."""


# The client


@record
class Selected:
    """What the server told about a mailbox as it was opened. None: not told."""

    name: str
    read_only: bool
    exists: int
    recent: int | None
    unseen: int | None
    """The number of the first unseen message (IMAP4rev1 only)."""
    uidvalidity: int | None
    uidnext: int | None
    flags: tuple[str, ...]
    permanent_flags: tuple[str, ...] | None
    codes: tuple[object, ...]
    """All response codes, for extensions."""
    data: tuple[object, ...] = ()
    """All untagged data about this mailbox, for extensions."""

    def code(self, cls: type[T]) -> T | None:
        """The response code of one class."""
        return next((code for code in self.codes if isinstance(code, cls)), None)


def _selected(session: ClientSession, command: Select | Examine) -> Op[Selected]:
    session.selected = None
    done = yield command
    data = _behind_closed(done.data)
    statuses = [one for one in data if isinstance(one, Status)]
    codes = tuple(status.code for status in (*statuses, done.status) if status.code is not None)
    exists, recent, usable = done.last(Exists), done.last(Recent), done.last(FlagsData)
    found = Selected(
        name=command.mailbox,
        read_only=done.status.code_name == "READ-ONLY",
        exists=exists.count if exists else 0,
        recent=recent.count if recent else None,
        unseen=None,
        uidvalidity=None,
        uidnext=None,
        flags=usable.flags if usable else (),
        permanent_flags=None,
        codes=codes,
        data=tuple(data),
    )
    session.selected = command.mailbox
    return _with_codes(found)


def _behind_closed(data: list[Response]) -> list[Response]:
    """What came before [CLOSED] is about the mailbox that was open before (RFC 7162 section 3.2.11)."""
    for at, response in enumerate(data):
        if isinstance(response, Status) and response.code == CLOSED:
            return data[at + 1 :]
    return data


def _with_codes(found: Selected) -> Selected:
    validity, uidnext = found.code(UidValidity), found.code(UidNext)
    unseen, lasting = found.code(Unseen), found.code(PermanentFlags)
    return Selected(
        name=found.name,
        read_only=found.read_only,
        exists=found.exists,
        recent=found.recent,
        unseen=unseen.number if unseen else None,
        uidvalidity=validity.number if validity and validity.number else None,
        uidnext=uidnext.number if uidnext else None,
        flags=found.flags,
        permanent_flags=lasting.flags if lasting else None,
        codes=found.codes,
        data=found.data,
    )


_PARAMETERS: Final = "what extensions add to SELECT is told by objects, as CondstoreParam()"


@feature.op
def select(session: ClientSession, mailbox: MailboxName, *params: Writable) -> Op[Selected]:
    """Open a mailbox for reading and writing (RFC 9051 section 6.3.2). Raises NoSuchMailbox, CommandFailed."""
    return (yield from _selected(session, Select(mailbox_name(mailbox), options(params, _PARAMETERS))))


@feature.op
def examine(session: ClientSession, mailbox: MailboxName, *params: Writable) -> Op[Selected]:
    """Open a mailbox read-only (RFC 9051 section 6.3.3). Raises NoSuchMailbox, CommandFailed."""
    return (yield from _selected(session, Examine(mailbox_name(mailbox), options(params, _PARAMETERS))))


@feature.op
def close(session: ClientSession) -> Op[None]:
    """Remove the messages marked \\Deleted and leave the mailbox (RFC 9051 section 6.4.1). Raises CommandFailed."""
    yield Close()
    session.selected = None


@feature.op
def unselect(session: ClientSession) -> Op[None]:
    """Leave the mailbox and remove nothing (RFC 9051 section 6.4.2). Raises NotSupported, CommandFailed."""
    session.need("UNSELECT", "to leave a mailbox without removing messages")
    yield Unselect()
    session.selected = None


@feature.op
def check() -> Op[None]:
    """Ask for a checkpoint (RFC 3501 section 6.4.1; gone in IMAP4rev2, where NOOP serves). Raises CommandFailed."""
    yield Check()
