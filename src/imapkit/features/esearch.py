"""ESEARCH (RFC 4731; part of IMAP4rev2, RFC 9051 sections 6.4.4 and 7.3.4): RETURN options, the ESEARCH response, the client's search.

An IMAP4rev2 session gets ESEARCH for every SEARCH. The rule: what matched is written as ranges and never listed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Protocol, Self, TypeVar, runtime_checkable

from ..errors import BadCharset, CommandBad, CommandFailed
from ..ports.client import ClientSession, Completed, Op
from ..ports.session import SessionContext
from ..protocol.given import options as checked_options
from ..protocol.numset import NumSet, Range, compress, encode_numset, join, read_numset
from ..protocol.registry import Feature, Grammar, Phase, Point, Reader, Writable
from ..query.key import SearchKey, checked_key, write_program
from ..record import record, value
from ..wire.cursor import Cursor
from ..wire.writer import LiteralMode, Writer
from .search import Search, SearchData, SearchPlan, numbers_of

feature = Feature(
    "ESEARCH",
    spec=("RFC 4731", "RFC 9051"),
    summary="SEARCH RETURN (MIN MAX ALL COUNT)",
    capabilities=("ESEARCH",),
    rev2=True,
)
feature.reads(Point.SEARCH_DATA)

T = TypeVar("T")


@runtime_checkable
class HasModseq(Protocol):
    """Data that tell the highest MODSEQ of what was found (CONDSTORE declares one)."""

    @property
    def modseq(self) -> int: ...


@value
class ReturnOption:
    """A result option that is one word."""

    name: str

    def write(self, w: Writer) -> None:
        w.raw(self.name.encode("ascii"))


def return_option(feature: Feature, name: str) -> ReturnOption:
    """Declare a result option without parameters and give its one record."""
    option = ReturnOption(name)

    def read(c: Cursor, g: Grammar) -> ReturnOption:
        return option

    feature.word_reader(Point.SEARCH_RETURN, name, read, ReturnOption)
    return option


MIN: Final = return_option(feature, "MIN")
MAX: Final = return_option(feature, "MAX")
ALL: Final = return_option(feature, "ALL")
COUNT: Final = return_option(feature, "COUNT")


# The response


@record
class NumberDatum:
    """ "MIN" SP nz-number / "MAX" SP nz-number / "COUNT" SP number."""

    name: str
    number: int

    def write(self, w: Writer) -> None:
        w.raw(self.name.encode("ascii")).sp().number(self.number)


@feature.word(Point.SEARCH_DATA, "ALL")
@record
class AllDatum:
    """ "ALL" SP sequence-set."""

    messages: NumSet

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        return cls(read_numset(c))

    def write(self, w: Writer) -> None:
        w.raw(b"ALL " + encode_numset(self.messages))


def _number_reader(name: str) -> Reader:
    def read(c: Cursor, g: Grammar) -> NumberDatum:
        c.sp()
        return NumberDatum(name, c.number() if name == "COUNT" else c.nz_number())

    return read


for _name in ("MIN", "MAX", "COUNT"):
    feature.word_reader(Point.SEARCH_DATA, _name, _number_reader(_name), NumberDatum)


@record
class UnknownDatum:
    """search-ret-data-ext that nobody declared; ``raw`` is its value."""

    name: str
    raw: bytes

    def write(self, w: Writer) -> None:
        w.raw(self.name.encode("ascii", "replace")).sp().raw(self.raw)


@feature.response("ESEARCH")
@record
class EsearchData:
    """ "ESEARCH" [SP "(" "TAG" SP tag-string ")"] [SP "UID"] *(SP search-return-data)."""

    tag: str | None = None
    uid: bool = False
    data: tuple[Writable, ...] = ()

    @property
    def min(self) -> int | None:
        return self._number("MIN")

    @property
    def max(self) -> int | None:
        return self._number("MAX")

    @property
    def count(self) -> int | None:
        return self._number("COUNT")

    @property
    def all(self) -> NumSet | None:
        found = self.of(AllDatum)
        return found.messages if found is not None else None

    def of(self, cls: type[T]) -> T | None:
        """The first datum of one class."""
        return next((datum for datum in self.data if isinstance(datum, cls)), None)

    def _number(self, name: str) -> int | None:
        numbers = (datum for datum in self.data if isinstance(datum, NumberDatum))
        return next((datum.number for datum in numbers if datum.name == name), None)

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        tag: str | None = None
        uid = False
        data: list[Writable] = []
        if c.peek_is(b" (") or (c.lenient and c.buf[c.pos :].lstrip().startswith(b"(")):
            c.sp()
            tag = _read_correlator(c)
        while c.accept_sp() and not c.at_end:
            if not uid and not data and c.accept_word(b"UID"):
                uid = True
            else:
                data.append(_read_datum(c, g))
        return cls(tag, uid, tuple(data))

    def write(self, w: Writer) -> None:
        w.raw(b"ESEARCH")
        if self.tag is not None:
            w.raw(b" (TAG ").quoted(self.tag.encode("utf-8", "surrogateescape")).raw(b")")
        if self.uid:
            w.raw(b" UID")
        for datum in self.data:
            w.sp()
            datum.write(w)


def _read_correlator(c: Cursor) -> str | None:
    """search-correlator; names other than TAG are those of RFC 7377, which are stepped over."""
    tag: str | None = None

    def pair() -> None:
        nonlocal tag
        name = c.word("TAG")
        c.sp()
        if name == b"TAG":
            tag = c.astring("a tag").decode("utf-8", "surrogateescape")
        else:
            c.skip_value()

    c.paren_list(pair)
    return tag


def _read_datum(c: Cursor, g: Grammar) -> Writable:
    name = c.word("a search result")
    if g.reader(Point.SEARCH_DATA, name) is not None:
        return g.read_word(Point.SEARCH_DATA, c, name)
    c.sp()
    return UnknownDatum(name.decode("ascii", "replace"), c.skip_value())


# The server

_BASIC: Final = frozenset({MIN, MAX, ALL, COUNT})


def _asked(plan: SearchPlan) -> frozenset[ReturnOption]:
    """The options of this RFC that were asked for; ALL when there is no option at all."""
    returns = plan.command.returns
    if not returns:
        return frozenset({ALL})
    return frozenset(option for option in returns if isinstance(option, ReturnOption)) & _BASIC


@feature.hook(SearchPlan, Phase.SELECT)
def select_extremes(ctx: SessionContext, plan: SearchPlan) -> None:
    """Only MIN and MAX: no other message is reported (RFC 4731 section 3.2, RFC 5182 section 2.4)."""
    asked = _asked(plan)
    if not asked or not asked <= {MIN, MAX} or not len(plan.found):
        return
    ranges = plan.found.ranges()
    first, last = ranges[0][0], ranges[-1][1]
    uids = ({first} if MIN in asked else set()) | ({last} if MAX in asked else set())
    plan.reported = ctx.view.mailbox.by_uid(list(compress(sorted(uids)))) & plan.found


@feature.hook(SearchPlan, Phase.EMIT)
def emit(ctx: SessionContext, plan: SearchPlan) -> None:
    """Answer by ESEARCH where RETURN was given or the session is IMAP4rev2's."""
    command = plan.command
    if plan.answered or (command.returns is None and not ctx.modes.rev2):
        return
    data = tuple(_data(ctx, plan))
    ctx.send(EsearchData(ctx.tag, command.uid, (*data, *plan.data)))
    plan.answered = True


def _data(ctx: SessionContext, plan: SearchPlan) -> Iterator[Writable]:
    asked, found = _asked(plan), plan.found
    if len(found):
        ranges = _ranges(ctx, plan)
        if MIN in asked:
            yield NumberDatum("MIN", ranges[0][0])
        if MAX in asked:
            yield NumberDatum("MAX", ranges[-1][1])
        if ALL in asked:
            yield AllDatum(NumSet(tuple(ranges)))
    if COUNT in asked:
        yield NumberDatum("COUNT", len(found))


def _ranges(ctx: SessionContext, plan: SearchPlan) -> list[Range]:
    """What is reported, in the numbers the client asked for."""
    if plan.command.uid:
        return plan.reported.ranges()
    return list(compress(numbers_of(ctx.view, plan.reported, uid=False)))


# The client


@record
class SearchResult:
    """The messages that a search found: UIDs, or message numbers when ``uid`` is False. Iterates over them, ascending."""

    messages: NumSet
    uid: bool
    modseq: int | None = None
    """The highest MODSEQ of them, when the search asked about MODSEQ (RFC 7162 section 3.1.5)."""

    def __len__(self) -> int:
        return self.messages.count()

    def __iter__(self) -> Iterator[int]:
        return self.messages.numbers()

    def __contains__(self, number: int) -> bool:
        return number in self.messages


@feature.op
def search(session: ClientSession, key: SearchKey, *, uid: bool = True) -> Op[SearchResult]:
    """Find messages (RFC 9051 section 6.4.4): UIDs, or message numbers with ``uid=False``. Raises BadCharset, CommandFailed.

    Asks by ESEARCH where the server has it, since that answers in ranges.
    """
    returns = (ALL,) if session.has("ESEARCH") else None
    return _result((yield from _run(session, key, uid, returns)), uid)


@feature.op
def search_return(
    session: ClientSession, key: SearchKey, *options: Writable, uid: bool = True
) -> Op[EsearchData]:
    """Ask for MIN, MAX, COUNT, ALL or other result options only (RFC 4731). Raises NotSupported, BadCharset, CommandFailed."""
    session.need("ESEARCH", "to choose what a search answers")
    wanted = checked_options(options, "what a search answers is told by objects, as COUNT or MIN")
    done = yield from _run(session, key, uid, wanted)
    return done.last(EsearchData) or EsearchData(None, uid)


def _run(
    session: ClientSession, key: SearchKey, uid: bool, returns: tuple[Writable, ...] | None
) -> Op[Completed]:
    """One SEARCH. 8-bit text goes out as UTF-8; a server that does not want the word CHARSET is asked without it, from then on."""
    checked_key(key)
    utf8 = {"IMAP4REV2", "UTF8=ACCEPT"} & {name.upper() for name in session.enabled}
    if utf8 or session.refuses_charset or _is_ascii(key):
        return (yield Search(key, uid, None, returns))
    try:
        return (yield Search(key, uid, "UTF-8", returns))
    except CommandFailed as error:
        if not isinstance(error, BadCharset | CommandBad) and error.code is not None:
            raise
        done = yield Search(key, uid, None, returns)
        session.refuses_charset = True
        return done


def _is_ascii(key: SearchKey) -> bool:
    w = Writer(LiteralMode.PLUS)
    write_program(w, key)
    return w.octets().isascii()


def _result(done: Completed, uid: bool) -> SearchResult:
    """What SEARCH or ESEARCH responses told; some servers send several, or the other one."""
    ranges: list[Range] = []
    modseqs: list[int] = []
    for extended in done.of(EsearchData):
        ranges += extended.all.ranges if extended.all is not None else ()
        modseqs += [datum.modseq for datum in extended.data if isinstance(datum, HasModseq)]
    for plain in done.of(SearchData):
        ranges += compress(sorted(set(plain.numbers)))
        modseqs += [plain.modseq] if plain.modseq is not None else []
    ordered = [(min(pair), max(pair)) for pair in ranges]
    return SearchResult(NumSet(tuple(join(ordered))), uid, max(modseqs, default=None))
