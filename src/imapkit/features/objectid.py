"""OBJECTID (RFC 8474): ids of mailboxes, messages and threads that outlive UIDs and names."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import ClassVar, Final, Self, cast

from ..ports.session import SessionContext
from ..ports.store import Account, Column
from ..protocol.registry import Feature, Grammar, Phase, Point
from ..protocol.status import Kind, Status
from ..query.index import IdColumn, MessageSet
from ..query.key import SearchKey
from ..query.plan import Run, Steps
from ..record import record, value
from ..wire.cursor import Cursor
from ..wire.writer import Writer
from .fetch_data import FetchData
from .fetch_items import WordItem
from .fetch_pieces import Computed, Piece, Values
from .mailboxes import CreatePlan
from .select import SelectPlan, lines_of
from .status import status_item

feature = Feature(
    "OBJECTID",
    spec=("RFC 8474",),
    summary="Lasting ids of mailboxes, messages and threads",
    capabilities=("OBJECTID",),
)

_ID: Final = re.compile(rb"[A-Za-z0-9_-]{1,255}")
_LOOSE_ID: Final = re.compile(rb"[^\x00-\x20()\x7f]{1,1000}")


def read_object_id(c: Cursor) -> str:
    """objectid = 1*255(ALPHA / DIGIT / "_" / "-")."""
    return c.match(_LOOSE_ID if c.lenient else _ID, "an object id").decode("ascii", "replace")


def write_object_id(w: Writer, text: str) -> None:
    w.atom(text.encode("ascii", "replace"))


def _read_in_parentheses(c: Cursor) -> str:
    """ "(" objectid ")"."""
    c.sp()
    c.expect(b"(")
    found = read_object_id(c)
    c.expect(b")")
    return found


# Mailboxes


@feature.word(Point.CODE, "MAILBOXID")
@record
class MailboxId:
    """ "MAILBOXID" SP "(" objectid ")"."""

    id: str
    name: str = "MAILBOXID"

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        return cls(_read_in_parentheses(c))

    def write(self, w: Writer) -> None:
        w.raw(b"MAILBOXID (")
        write_object_id(w, self.id)
        w.raw(b")")


@feature.hook(SelectPlan, Phase.EMIT)
def tell_mailbox_id(ctx: SessionContext, plan: SelectPlan) -> None:
    ctx.send_bytes(_id_line(plan.opened().mailbox.row.object_id))


@lru_cache(256)
def _id_line(object_id: str) -> bytes:
    """Every SELECT tells it, and it never changes."""
    return lines_of(Status(Kind.OK, "The mailbox's lasting id", MailboxId(object_id)))


@feature.hook(CreatePlan, Phase.COMPLETE)
def tell_new_mailbox_id(ctx: SessionContext, plan: CreatePlan) -> None:
    if plan.row is not None:
        plan.codes.append(MailboxId(plan.row.object_id))


def _read_status(c: Cursor) -> str:
    """ "(" objectid ")", with its parentheses."""
    c.expect(b"(")
    found = read_object_id(c)
    c.expect(b")")
    return f"({found})"


status_item(
    feature,
    "MAILBOXID",
    lambda ctx, row: f"({row.object_id})",
    _read_status,
    field="mailbox_id",
    capability="OBJECTID",
)


# Messages


@feature.word(Point.FETCH_ITEM, "EMAILID")
@value
class EmailIdItem(WordItem):
    """EMAILID: the same for all copies of a message."""

    name = b"EMAILID"

    def piece(self) -> Piece:
        return Computed(b"EMAILID ", (Column.EMAILID,), _in_parentheses)


@feature.word(Point.FETCH_ITEM, "THREADID")
@value
class ThreadIdItem(WordItem):
    """THREADID: the same for all messages of a thread."""

    name = b"THREADID"

    def piece(self) -> Piece:
        return Computed(b"THREADID ", (Column.THREADID,), _in_parentheses)


def _in_parentheses(account: Account, values: Values) -> bytes:
    text = cast(str, values[0])
    return b"(%b)" % text.encode("ascii") if text else b"NIL"


@feature.word(Point.FETCH_DATA, "EMAILID")
@record
class EmailIdDatum:
    """ "EMAILID" SP "(" objectid ")"."""

    id: str

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        return cls(_read_in_parentheses(c))

    def put(self, data: FetchData) -> None:
        data.email_id = self.id

    def write(self, w: Writer) -> None:
        w.raw(b"EMAILID (")
        write_object_id(w, self.id)
        w.raw(b")")


@feature.word(Point.FETCH_DATA, "THREADID")
@record
class ThreadIdDatum:
    """ "THREADID" SP ("(" objectid ")" / nil): NIL where the server knows no threads."""

    id: str | None

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        if c.accept_nil():
            return cls(None)
        c.expect(b"(")
        found = read_object_id(c)
        c.expect(b")")
        return cls(found)

    def put(self, data: FetchData) -> None:
        data.thread_id = self.id

    def write(self, w: Writer) -> None:
        w.raw(b"THREADID ")
        if self.id is None:
            w.raw(b"NIL")
            return
        w.raw(b"(")
        write_object_id(w, self.id)
        w.raw(b")")


# Search keys


class _IdKey(SearchKey):
    """A search key that is an object id."""

    __slots__ = ()
    word: ClassVar[bytes]
    column: ClassVar[IdColumn]
    id: str

    @classmethod
    def _read_id(cls, c: Cursor) -> str:
        c.sp()
        return read_object_id(c)

    def write(self, w: Writer) -> None:
        w.raw(self.word).sp()
        write_object_id(w, self.id)

    def evaluate(self, run: Run, within: MessageSet) -> Steps:
        yield from ()
        return within & run.index.with_id(self.column, self.id)


@feature.word(Point.SEARCH_KEY, "EMAILID")
@record
class EmailIdKey(_IdKey):
    """ "EMAILID" SP objectid: all copies of one message."""

    id: str
    word = b"EMAILID"
    column = IdColumn.EMAIL

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        return cls(cls._read_id(c))


@feature.word(Point.SEARCH_KEY, "THREADID")
@record
class ThreadIdKey(_IdKey):
    """ "THREADID" SP objectid: all messages of one thread."""

    id: str
    word = b"THREADID"
    column = IdColumn.THREAD

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        return cls(cls._read_id(c))
