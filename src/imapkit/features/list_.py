"""LIST, plain and extended, and CHILDREN (RFC 9051 section 6.3.9, RFC 5258, RFC 3348).

Extensions add selection options at ``Point.LIST_SELECTION``, return options at ``Point.LIST_RETURN`` and data items at
``Point.LIST_DATA``; an option is a record with the methods of ``SelectionOption`` or ``ReturnOption``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from typing import Final, Protocol, Self, cast, runtime_checkable

from ..errors import ParseError
from ..ports.client import ClientSession, Op
from ..ports.session import SessionContext
from ..ports.store import MailboxRow
from ..protocol import states
from ..protocol.given import MailboxName, mailbox_name, options
from ..protocol.mailbox import (
    DELIMITER,
    INBOX,
    ListPattern,
    is_inbox,
    is_simple,
    normal,
    read_list_mailbox,
    read_mailbox,
    read_spelled,
    superiors,
)
from ..protocol.registry import Feature, Grammar, Phase, Point, Writable
from ..record import record
from ..wire.case import ascii_lower, ascii_upper
from ..wire.cursor import Cursor
from ..wire.writer import Writer
from .hooks import run_hooks

feature = Feature(
    "LIST",
    spec=("RFC 3501", "RFC 9051", "RFC 5258", "RFC 3348"),
    summary="LIST with extended options; CHILDREN",
    capabilities=("CHILDREN", "LIST-EXTENDED"),
    rev2=True,
    core=True,
)
feature.reads(Point.LIST_SELECTION, Point.LIST_RETURN)

NOSELECT = "\\Noselect"
NONEXISTENT = "\\NonExistent"
SUBSCRIBED = "\\Subscribed"
HAS_CHILDREN = "\\HasChildren"
HAS_NO_CHILDREN = "\\HasNoChildren"

_LINE: Final = b'* LIST %s "/" "%s"\r\n'
_PACE: Final = 500
"""Names listed without a pause."""


# What is listed


@record
class ListEntry:
    """A name that LIST looks at. ``row`` is None for a name without a mailbox: a superior name, or a subscription."""

    name: str
    row: MailboxRow | None
    subscribed: bool
    has_children: bool


@runtime_checkable
class SelectionOption(Protocol):
    """Which names are listed. ``base`` False: only goes with another option (RECURSIVEMATCH), or changes nothing (REMOTE)."""

    base: bool

    def selects(self, entry: ListEntry) -> bool: ...

    def write(self, w: Writer) -> None: ...


@runtime_checkable
class ReturnOption(Protocol):
    """What is told of each name: ``attributes`` join the LIST response; ``after`` sends more behind it."""

    def attributes(self, entry: ListEntry) -> Iterable[str]: ...

    async def after(self, ctx: SessionContext, entry: ListEntry) -> None: ...

    def write(self, w: Writer) -> None: ...


@feature.word(Point.LIST_SELECTION, "SUBSCRIBED")
@record
class SelectSubscribed:
    """Subscribed names, with or without a mailbox."""

    base: bool = True

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        return cls()

    def write(self, w: Writer) -> None:
        w.raw(b"SUBSCRIBED")

    def selects(self, entry: ListEntry) -> bool:
        return entry.subscribed


@feature.word(Point.LIST_SELECTION, "REMOTE")
@record
class SelectRemote:
    """Remote mailboxes as well: there are none."""

    base: bool = False

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        return cls()

    def write(self, w: Writer) -> None:
        w.raw(b"REMOTE")

    def selects(self, entry: ListEntry) -> bool:
        return True


@feature.word(Point.LIST_SELECTION, "RECURSIVEMATCH")
@record
class SelectRecursive:
    """Also names whose inferior names would be selected (RFC 5258 section 3)."""

    base: bool = False

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        return cls()

    def write(self, w: Writer) -> None:
        w.raw(b"RECURSIVEMATCH")

    def selects(self, entry: ListEntry) -> bool:
        return True


@feature.word(Point.LIST_RETURN, "SUBSCRIBED")
@record
class ReturnSubscribed:
    """Mark subscribed names."""

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        return cls()

    def write(self, w: Writer) -> None:
        w.raw(b"SUBSCRIBED")

    def attributes(self, entry: ListEntry) -> Iterable[str]:
        return (SUBSCRIBED,) if entry.subscribed else ()

    async def after(self, ctx: SessionContext, entry: ListEntry) -> None:
        """Nothing more."""


@feature.word(Point.LIST_RETURN, "CHILDREN")
@record
class ReturnChildren:
    """Tell of inferior names: here that is told always (RFC 3348)."""

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        return cls()

    def write(self, w: Writer) -> None:
        w.raw(b"CHILDREN")

    def attributes(self, entry: ListEntry) -> Iterable[str]:
        return ()

    async def after(self, ctx: SessionContext, entry: ListEntry) -> None:
        """Nothing more."""


# Command and response


@feature.command("LIST", states=states.AUTHENTICATED, example='LIST "" "*"')
@record
class List:
    """list = "LIST" [SP list-select-opts] SP mailbox SP mbox-or-pat [SP list-return-opts]."""

    reference: str
    patterns: tuple[str, ...]
    selection: tuple[Writable, ...] = ()
    returns: tuple[Writable, ...] = ()
    extended: bool = False
    """Written with selection options, several patterns or RETURN: then names that do not exist are told as such."""

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        selection: tuple[Writable, ...] = ()
        extended = False
        if c.peek_is(b"("):
            extended = True
            selection = _read_options(c, g, Point.LIST_SELECTION)
            c.sp()
        reference = read_mailbox(c)
        c.sp()
        extended = extended or c.peek_is(b"(")
        patterns = _read_patterns(c)
        returns: tuple[Writable, ...] = ()
        if c.accept_sp():
            if not c.accept_word(b"RETURN"):
                raise c.fail("RETURN")
            c.sp()
            extended = True
            returns = _read_options(c, g, Point.LIST_RETURN)
        _check_selection(c, selection)
        return cls(reference, patterns, selection, returns, extended)

    def write(self, w: Writer) -> None:
        w.raw(b"LIST ")
        only_said_here = self.extended and not self.returns and len(self.patterns) == 1
        if self.selection or only_said_here:
            w.list_of(self.selection, lambda option: option.write(w)).sp()
        w.mailbox(self.reference).sp()
        if len(self.patterns) == 1:
            w.string(w.mailbox_octets(self.patterns[0]))
        else:
            w.list_of(self.patterns, lambda pattern: w.string(w.mailbox_octets(pattern)))
        if self.returns:
            w.raw(b" RETURN ").list_of(self.returns, lambda option: option.write(w))


def _read_options(c: Cursor, g: Grammar, point: Point) -> tuple[Writable, ...]:
    return tuple(c.paren_list(lambda: g.read_word(point, c, c.word(f"a {point.value}"))))


def _read_patterns(c: Cursor) -> tuple[str, ...]:
    """mbox-or-pat (RFC 5258 section 6)."""
    start = c.pos
    patterns = c.one_or_list(lambda: read_list_mailbox(c))
    if not patterns:
        c.pos = start
        raise c.fail("at least one pattern")
    return tuple(patterns)


def _check_selection(c: Cursor, selection: tuple[Writable, ...]) -> None:
    """RECURSIVEMATCH must not stand alone, nor with REMOTE only (RFC 5258 section 3.1)."""
    options = cast("tuple[SelectionOption, ...]", selection)
    if any(isinstance(option, SelectRecursive) for option in options) and not any(
        option.base for option in options
    ):
        raise ParseError(c.pos, "a selection option that RECURSIVEMATCH can go with")


@feature.response("LIST")
@record
class ListData:
    """mailbox-list = "LIST" SP "(" [mbx-list-flags] ")" SP (DQUOTE QUOTED-CHAR DQUOTE / nil) SP mailbox [SP mbox-list-extended]."""

    attributes: tuple[str, ...]
    delimiter: str | None
    name: str
    childinfo: tuple[str, ...] = ()
    """Selection options that inferior names meet (RFC 5258 section 4)."""
    old_name: str | None = None
    """The name before a rename, or the name asked for, if the server maps it (RFC 9051 section 6.3.9.7)."""
    others: tuple[tuple[str, bytes], ...] = ()
    """Other extended data, raw."""

    word = "LIST"

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        attributes, delimiter, name = read_mailbox_list(c)
        if not c.accept_sp() or not c.peek_is(b"("):
            return cls(attributes, delimiter, name)
        return cls(attributes, delimiter, name, *_read_extended(c))

    def write(self, w: Writer) -> None:
        write_mailbox_list(w, b"LIST", self.attributes, self.delimiter, self.name)
        items: list[Callable[[], object]] = []
        if self.childinfo:
            names = self.childinfo
            items.append(lambda: w.raw(b'"CHILDINFO" ').list_of(names, lambda name: w.string(name.encode())))
        if self.old_name is not None:
            old_name = self.old_name
            items.append(lambda: w.raw(b'"OLDNAME" (').string(w.mailbox_octets(old_name)).raw(b")"))
        items += [partial(_write_other, w, name, raw) for name, raw in self.others]
        if items:
            w.sp().list_of(items, lambda write: write())

    def has(self, attribute: str) -> bool:
        """True when the name has this attribute (any case)."""
        return ascii_lower(attribute) in map(ascii_lower, self.attributes)


def _write_other(w: Writer, name: str, raw: bytes) -> None:
    w.astring(name.encode()).sp().raw(raw)


def read_mailbox_list(c: Cursor) -> tuple[tuple[str, ...], str | None, str]:
    """Attributes, delimiter and name, as in LIST and LSUB."""
    c.sp()
    attributes = tuple(c.paren_list(lambda: c.flag().decode("utf-8", "replace")))
    c.sp()
    delimiter = c.nstring()
    c.sp()
    name = _read_listed_name(c)
    shown = delimiter.decode("utf-8", "replace") if delimiter else None
    return attributes, shown, _with_delimiter(name, shown)


def _read_listed_name(c: Cursor) -> str:
    """A mailbox name; a client takes all that is left for an unquoted name with spaces, as some servers write it."""
    if c.lenient and not c.at_string():
        rest = c.buf[c.pos :]
        if b" (" not in rest:
            c.pos = c.end
            return read_mailbox(
                Cursor(b'"' + rest.strip().replace(b"\\", b"\\\\") + b'"', lenient=True, utf8=c.utf8)
            )
    return read_mailbox(c)


def _as_spelled(c: Cursor) -> str:
    """A mailbox name that is to be compared with what somebody wrote."""
    name, given = read_spelled(c)
    return name if given is None else given


def _with_delimiter(name: str, delimiter: str | None) -> str:
    """Names keep the server's delimiter; INBOX in capitals whatever the delimiter is."""
    first = name.partition(delimiter)[0] if delimiter else name
    return INBOX + name[len(first) :] if is_inbox(first) else name


def write_mailbox_list(
    w: Writer, word: bytes, attributes: Iterable[str], delimiter: str | None, name: str
) -> None:
    w.raw(word).sp().list_of(attributes, lambda attribute: w.flag(attribute.encode()))
    w.sp().nstring(delimiter.encode() if delimiter else None).sp().string(w.mailbox_octets(name))


def _read_extended(c: Cursor) -> tuple[tuple[str, ...], str | None, tuple[tuple[str, bytes], ...]]:
    """mbox-list-extended = "(" [mbox-list-extended-item *(SP mbox-list-extended-item)] ")"."""
    childinfo: tuple[str, ...] = ()
    old_name: str | None = None
    others: list[tuple[str, bytes]] = []

    def read() -> None:
        nonlocal childinfo, old_name
        name = ascii_upper(c.astring("a data item").decode("utf-8", "replace"))
        c.sp()
        if name == "CHILDINFO":
            childinfo = tuple(c.paren_list(lambda: ascii_upper(c.astring().decode("utf-8", "replace"))))
        elif name == "OLDNAME":
            old_name = next(iter(c.one_or_list(lambda: _as_spelled(c))), None)
        else:
            others.append((name, c.skip_value()))

    c.paren_list(read)
    return childinfo, old_name, tuple(others)


# The server


@feature.plan("LIST", Phase.PLAN)
@record
class ListPlan:
    """What LIST does; steps may change ``returns`` in PLAN."""

    command: List
    returns: list[ReturnOption]


@feature.handler(List)
async def handle_list(ctx: SessionContext, command: List) -> None:
    if not command.extended and command.patterns == ("",):
        ctx.send(ListData((NOSELECT,), DELIMITER, _root(command.reference)))
        return
    if command.extended:
        ctx.modes.extended_list = True
    await ctx.account.refresh()
    plan = ListPlan(command, list(cast("tuple[ReturnOption, ...]", command.returns)))
    await run_hooks(ctx, Phase.PLAN, plan)
    entries = list_entries(ctx)
    # Among extended options an empty pattern asks for no delimiter, and matches nothing, whatever the reference (RFC 5258 section 3)
    patterns = [ListPattern(normal(command.reference + pattern)) for pattern in command.patterns if pattern]
    if not patterns:
        return
    selection = _Selection(command, entries, patterns)
    is_plain = not selection.options and not plan.returns
    for number, entry in enumerate(entries, 1):
        if _matches(patterns, entry.name):
            if is_plain and entry.row is not None and is_simple(entry.name):
                known = _plain_attributes(entry.row.special_use, entry.has_children)
                ctx.send_bytes(_LINE % (known, entry.name.encode("ascii")))
            else:
                await _list_one(ctx, plan, entry, selection)
        if number % _PACE == 0:
            await ctx.flush()
            await asyncio.sleep(0)


def _root(reference: str) -> str:
    """What a plain LIST of the empty pattern tells besides the delimiter (RFC 9051 section 6.3.9): the reference's first level."""
    first, delimiter, _ = reference.partition(DELIMITER)
    return first + delimiter if delimiter else ""


def _matches(patterns: list[ListPattern], name: str) -> bool:
    return patterns[0].matches(name) or (
        len(patterns) > 1 and any(pattern.matches(name) for pattern in patterns)
    )


def list_entries(ctx: SessionContext) -> list[ListEntry]:
    """All names: mailboxes, subscriptions without a mailbox, and the superior names that both lack; INBOX first."""
    rows = {row.name: row for row in ctx.account.mailboxes()}
    subscribed = ctx.account.subscriptions()
    parents: set[str] = set()
    for name in rows:
        while DELIMITER in name:
            name = name.rpartition(DELIMITER)[0]
            if name in parents:
                break
            parents.add(name)
    lost = subscribed - rows.keys()
    others = (parents | lost).union(*map(superiors, lost)) - rows.keys()
    every = sorted([*rows, *others]) if others else list(rows)
    if INBOX in rows or INBOX in others:
        every.remove(INBOX)
        every.insert(0, INBOX)
    return [ListEntry(name, rows.get(name), name in subscribed, name in parents) for name in every]


def list_entry(ctx: SessionContext, row: MailboxRow) -> ListEntry:
    """The entry of one mailbox."""
    prefix = row.name + DELIMITER
    has_children = any(other.name.startswith(prefix) for other in ctx.account.mailboxes())
    return ListEntry(row.name, row, row.name in ctx.account.subscriptions(), has_children)


class _Selection:
    """The selection options of one command."""

    def __init__(self, command: List, entries: list[ListEntry], patterns: list[ListPattern]) -> None:
        self.options = cast("tuple[SelectionOption, ...]", command.selection)
        self.base = [option for option in self.options if option.base]
        self.tells_subscribed = any(isinstance(option, SelectSubscribed) for option in self.options)
        self._above: set[str] = set()
        """Names that have inferior names that are selected (RFC 5258 section 3.5)."""
        self._above_unlisted: set[str] = set()
        """Those of them where such an inferior name is not listed itself, since it does not match the patterns."""
        if any(isinstance(option, SelectRecursive) for option in self.options):
            for entry in entries:
                if self.chooses(entry):
                    above = superiors(entry.name)
                    self._above.update(above)
                    if not _matches(patterns, entry.name):
                        self._above_unlisted.update(above)
        self._childinfo = tuple(dict.fromkeys(_option_name(option) for option in self.base))

    def chooses(self, entry: ListEntry) -> bool:
        return all(option.selects(entry) for option in self.base)

    def stands_for_others(self, entry: ListEntry) -> bool:
        """True for a name that is listed although it is not selected: for inferior names that are, and are not listed."""
        return entry.name in self._above_unlisted

    def childinfo(self, entry: ListEntry) -> tuple[str, ...]:
        return self._childinfo if entry.name in self._above else ()


async def _list_one(ctx: SessionContext, plan: ListPlan, entry: ListEntry, selection: _Selection) -> None:
    if not selection.base and entry.row is None and not entry.has_children:
        return  # only a subscription: it exists for LIST (SUBSCRIBED) alone
    if not selection.chooses(entry) and not selection.stands_for_others(entry):
        return
    childinfo = selection.childinfo(entry)
    attributes = _attributes(ctx, plan, entry, selection)
    if childinfo or not is_simple(entry.name):
        ctx.send(ListData(attributes, DELIMITER, entry.name, childinfo))
    else:
        ctx.send_bytes(_LINE % (_attribute_list(attributes), entry.name.encode("ascii")))
    for option in plan.returns:
        await option.after(ctx, entry)


@lru_cache(256)
def _plain_attributes(uses: tuple[str, ...], has_children: bool) -> bytes:
    """What ``_attributes`` gives for a mailbox where no option asks for more."""
    return _attribute_list((*dict.fromkeys(uses), HAS_CHILDREN if has_children else HAS_NO_CHILDREN))


@lru_cache(256)
def _attribute_list(attributes: tuple[str, ...]) -> bytes:
    w = Writer()
    return w.list_of(attributes, lambda attribute: w.flag(attribute.encode())).octets()


def _option_name(option: SelectionOption) -> str:
    w = Writer()
    option.write(w)
    return w.octets().decode("ascii")


def _attributes(
    ctx: SessionContext, plan: ListPlan, entry: ListEntry, selection: _Selection
) -> tuple[str, ...]:
    nothing = NONEXISTENT if plan.command.extended or ctx.modes.rev2 else NOSELECT
    found = dict.fromkeys([nothing] if entry.row is None else entry.row.special_use)
    if entry.subscribed and selection.tells_subscribed:
        found[SUBSCRIBED] = None
    for option in plan.returns:
        found.update(dict.fromkeys(option.attributes(entry)))
    found[_children(entry)] = None
    return tuple(found)


def _children(entry: ListEntry) -> str:
    return HAS_CHILDREN if entry.has_children else HAS_NO_CHILDREN


def plain_list_data(entry: ListEntry, old_name: str | None = None) -> ListData:
    """A name that has a mailbox, without any option."""
    uses = entry.row.special_use if entry.row is not None else ()
    return ListData((*uses, _children(entry)), DELIMITER, entry.name, old_name=old_name)


# The client


_OPTIONS: Final = "options of LIST are a list of objects, as [ReturnSubscribed()]"


@feature.op
def list_mailboxes(
    session: ClientSession,
    pattern: MailboxName = "*",
    reference: MailboxName = "",
    *,
    selection: tuple[Writable, ...] = (),
    returns: tuple[Writable, ...] = (),
) -> Op[tuple[ListData, ...]]:
    """Mailboxes that match ``pattern`` (``*`` anything, ``%`` one level; RFC 9051 section 6.3.9).

    ``selection`` and ``returns`` are options of RFC 5258. Raises NotSupported, CommandFailed.
    """
    selection, returns = options(selection, _OPTIONS), options(returns, _OPTIONS)
    if selection or returns:
        session.need("LIST-EXTENDED", "for LIST with options")
    done = yield List(mailbox_name(reference), (mailbox_name(pattern),), selection, returns)
    return tuple(done.of(ListData))
