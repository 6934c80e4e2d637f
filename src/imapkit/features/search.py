"""SEARCH and UID SEARCH (RFC 3501 and RFC 9051, section 6.4.4): the command, its keys, its plan, the untagged SEARCH response.

Other files add keys at ``Point.SEARCH_KEY``, return options at ``Point.SEARCH_RETURN`` and steps to the plan "SEARCH": SELECT sees
``plan.found``; EMIT may answer itself and say so by ``plan.answered``. The client's verb stands in ``esearch``, which it prefers.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, Self, TypeVar

from ..errors import Bad, No, StoreError
from ..message.charset import codec_name
from ..ports.session import SessionContext, View
from ..protocol import states
from ..protocol.registry import Feature, Grammar, Phase, Point, Sync, Writable
from ..query import plan as query
from ..query.index import MessageSet
from ..query.key import Numbers, SearchKey, read_program, write_program
from ..query.plan import Run
from ..query.records import READERS
from ..record import record
from ..wire.case import ascii_upper
from ..wire.cursor import Cursor
from ..wire.writer import Writer
from .hooks import run_hooks

feature = Feature(
    "SEARCH",
    spec=("RFC 3501", "RFC 9051"),
    summary="SEARCH and UID SEARCH with every key of IMAP4rev1 and IMAP4rev2",
    rev2=True,
    core=True,
)
feature.reads(Point.SEARCH_KEY, Point.SEARCH_RETURN)

for _word, _read, _cls in READERS:
    feature.word_reader(Point.SEARCH_KEY, _word, _read, _cls)

CHARSETS: Final = ("US-ASCII", "UTF-8")
"""The charsets every server knows; named in BADCHARSET."""

_BATCH: Final = 10_000
_FEW: Final = 50

T = TypeVar("T")


@feature.word(Point.CODE, "BADCHARSET")
@record
class BadCharsetCode:
    """ "BADCHARSET" [SP "(" charset *(SP charset) ")"]."""

    charsets: tuple[str, ...] = ()
    name: str = "BADCHARSET"

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        def charset() -> str:
            return c.astring("a charset").decode("ascii", "replace")

        c.skip_spaces()
        return cls(tuple(c.paren_list(charset)) if c.peek_is(b"(") else ())

    def write(self, w: Writer) -> None:
        w.raw(b"BADCHARSET")
        if self.charsets:
            w.sp().list_of(self.charsets, lambda charset: w.astring(charset.encode("ascii")))


@feature.command(
    "SEARCH", states=states.SELECTED, uid=True, sync=Sync.NO_EXPUNGE, example='SEARCH UNSEEN FROM "bob"'
)
@record
class Search:
    """search = "SEARCH" [SP "RETURN" SP "(" [search-return-opt …] ")"] SP ["CHARSET" SP charset SP] search-key *(SP search-key)."""

    key: SearchKey
    uid: bool = True
    charset: str | None = None
    returns: tuple[Writable, ...] | None = None
    """The result options; None: no RETURN."""

    @classmethod
    def read(cls, c: Cursor, g: Grammar, *, uid: bool) -> Self:
        c.sp()
        returns = _read_returns(c, g)
        charset = None
        if c.accept_word(b"CHARSET"):
            c.sp()
            charset = c.astring("a charset").decode("ascii", "replace")
            c.sp()
        return cls(read_program(c, g), uid, charset, returns)

    def write(self, w: Writer) -> None:
        w.raw(b"UID SEARCH " if self.uid else b"SEARCH ")
        if self.returns is not None:
            w.raw(b"RETURN ").list_of(self.returns, lambda option: option.write(w)).sp()
        if self.charset is not None:
            w.raw(b"CHARSET ").astring(self.charset.encode("ascii")).sp()
        write_program(w, self.key)

    @property
    def names_numbers(self) -> bool:
        """True when the criteria hold message numbers: then no EXPUNGE may come, even with UID (RFC 7162 section 3.2.10.2)."""
        return any(isinstance(key, Numbers) and not key.numbers.saved for key in self.key.walk())

    def option(self, cls: type[T]) -> T | None:
        """The first result option of one class."""
        return next((option for option in self.returns or () if isinstance(option, cls)), None)


def _read_returns(c: Cursor, g: Grammar) -> tuple[Writable, ...] | None:
    """search-return-opts, where a feature declared any."""
    if not g.words[Point.SEARCH_RETURN] or not c.accept_word(b"RETURN"):
        return None
    c.sp()
    options = c.paren_list(lambda: g.read_word(Point.SEARCH_RETURN, c, c.word("a result option")))
    c.sp()
    return tuple(options)


@feature.response("SEARCH")
@record
class SearchData:
    """ "SEARCH" *(SP nz-number) [SP "(" "MODSEQ" SP mod-sequence-value ")"] (RFC 3501 section 7.2.5, RFC 7162 section 3.1.6)."""

    numbers: tuple[int, ...] = ()
    modseq: int | None = None

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        return cls(*read_numbers(c))

    def write(self, w: Writer) -> None:
        for chunk in number_line(b"SEARCH", self.numbers, self.modseq):
            w.raw(chunk)


def read_numbers(c: Cursor) -> tuple[tuple[int, ...], int | None]:
    """*(SP nz-number) [SP search-sort-mod-seq]: what SEARCH and SORT tell (RFC 7162 section 7)."""
    numbers: list[int] = []
    modseq = None
    while c.accept_sp() and not c.at_end:
        if c.accept(b"("):
            if not c.accept_word(b"MODSEQ"):
                raise c.fail("MODSEQ")
            c.sp()
            modseq = c.number64("a MODSEQ")
            c.expect(b")")
        else:
            numbers.append(c.nz_number("a message number"))
    return tuple(numbers), modseq


def number_line(name: bytes, found: Iterable[int], modseq: int | None) -> Iterator[bytes]:
    """The response SEARCH or SORT without ``* ``, in pieces."""
    yield name
    numbers = iter(found)
    while batch := tuple(islice(numbers, _BATCH)):
        yield (
            b" %d" * len(batch) % batch
        )  # one formatting: the quickest way from many numbers to their digits
    if modseq is not None:
        yield b" (MODSEQ %d)" % modseq


# The server


@feature.plan("SEARCH", *Phase)
@dataclass(slots=True)
class SearchPlan:
    """A search under way, for the steps of other features (also of commands that are built on SEARCH)."""

    command: Search
    found: MessageSet
    """What matched; empty before the phase SELECT."""
    reported: MessageSet
    """The members of ``found`` that the answer names: fewer than all when only MIN and MAX were asked."""
    modseq: int | None = None
    """Goes into the answer, whatever its form (RFC 7162 section 3.1.5)."""
    data: list[Writable] = field(default_factory=list)
    """More data for ESEARCH, from extensions."""
    answered: bool = False
    """The answer was sent, or none is due."""
    if_refused: list[Callable[[], None]] = field(default_factory=list)
    """Called when the command is answered NO."""


@feature.handler(Search)
async def handle_search(ctx: SessionContext, command: Search) -> None:
    plan = await run_search(ctx, command)
    await run_hooks(ctx, Phase.EMIT, plan)
    if not plan.answered:
        modseq = b"" if plan.modseq is None else b" (MODSEQ %d)" % plan.modseq
        ctx.send_bytes(b"* SEARCH", _number_text(ctx.view, plan.found, uid=command.uid), modseq, b"\r\n")
    for phase in (Phase.AFTER, Phase.COMPLETE):
        await run_hooks(ctx, phase, plan)


async def run_search(ctx: SessionContext, command: Search) -> SearchPlan:
    """The plan up to what was found: for SEARCH, and for commands that answer it in another form."""
    nothing = ctx.view.mailbox.search().nothing()
    plan = SearchPlan(command, nothing, nothing)
    await run_hooks(ctx, Phase.PARSE, plan)
    try:
        for phase in (Phase.ENABLE, Phase.PLAN):
            await run_hooks(ctx, phase, plan)
        plan.found = plan.reported = await find(ctx, command.key, command.charset)
    except (No, StoreError):
        for call in plan.if_refused:
            call()
        raise
    await run_hooks(ctx, Phase.SELECT, plan)
    return plan


async def find(ctx: SessionContext, key: SearchKey, charset: str | None = None) -> MessageSet:
    """The messages that match, among those the client knows of. Other sessions run between its steps. Raises No, Bad."""
    view = ctx.view
    index = view.mailbox.search()
    run = Run(
        index,
        resolve=lambda numbers: view.resolve(numbers, uid=False, criterion=True),
        resolve_uids=lambda uids: view.resolve(uids, uid=True),
        recent=view.recent,
        codec=_codec(ctx, charset),
        now=time.time,
    )
    try:
        key.check(run)
    except UnicodeError:
        name = charset or "UTF-8"
        raise No(f"a search string is not {name}", BadCharsetCode(CHARSETS)) from None
    for found in query.evaluate(key, run, view.everything() & index.everything()):
        if found is not None:
            return found
        await asyncio.sleep(0)
    raise AssertionError("an evaluation ends with its result")


def _codec(ctx: SessionContext, charset: str | None) -> str:
    """Python's name of the charset of the search strings. Raises No for one that this session cannot have."""
    if charset is None:
        return "utf-8"
    if "UTF8=ACCEPT" in ctx.modes.enabled:
        raise Bad("CHARSET is not allowed once UTF8=ACCEPT is enabled (RFC 6855 section 3)")
    if ascii_upper(charset) in CHARSETS:
        return "utf-8"
    codec = codec_name(charset)
    if codec is None or ctx.modes.utf8:
        raise No(f"the charset {charset} is not supported", BadCharsetCode(CHARSETS))
    if codec != "western":
        return codec
    name = charset.strip().lower()
    return "utf-8" if "ascii" in name or "x3.4" in name else "cp1252" if "1252" in name else "latin-1"


def numbers_of(view: View, messages: MessageSet, *, uid: bool) -> Iterator[int]:
    """UIDs or message numbers, ascending, of messages that the client knows of."""
    if uid:
        return iter(messages)
    if len(messages) > _FEW and _knows_all(view):
        return iter(view.mailbox.numbers(messages))
    return iter(view.numbers_of(messages))


def _number_text(view: View, messages: MessageSet, *, uid: bool) -> bytes:
    """The same in decimal, a space before each."""
    if uid or (len(messages) > _FEW and _knows_all(view)):
        return view.mailbox.number_text(messages, uid=uid)
    numbers = view.numbers_of(messages)
    return b" %d" * len(numbers) % tuple(numbers)


def _knows_all(view: View) -> bool:
    """The client knows what is there, no more and no less."""
    return len(view) == len(view.mailbox.uids()) == len(view.everything())
