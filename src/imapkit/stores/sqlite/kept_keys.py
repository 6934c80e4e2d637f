"""What SORT and THREAD compare, kept as numbers beside the columns of an open mailbox (RFC 5256).

A text is kept as its rank among those of the mailbox, a message id as a number of its own. Each key is read from the file when it is first
asked for, and from then on only for what arrived. The rules it must not break: a key says of a message what its row says; what
is under way in one session is never half of what another sees; and no step is longer than a few milliseconds for 100,000 messages.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Final, Protocol, cast

import numpy as np
import numpy.typing as npt

from imapkit.ports.store import Column
from imapkit.query.index import MessageSet
from imapkit.query.sort import Work
from imapkit.record import record
from imapkit.stores.log.mailbox import OpenMailbox, ReadAhead

from .columns import NumpyColumns
from .kept_ids import Ancestors, Ids, Numbered, OwnIds
from .sort_packs import SPAN_BITS
from .text_ranks import TextRanks
from .uidset import NumpySet, Uids, distinct, is_member, uids_of

Numbers = npt.NDArray[np.int64]
Places = npt.NDArray[np.intp]

CHUNK: Final = 4000
"""Rows read in one step."""
PACKED: Final = 256
"""So many of one span, one behind the other, are read from its pieces, which hold 4,096; of fewer the rows."""
_MOST_IDS: Final = 40
"""Message ids known, to a message: with more, they are read anew."""
_FOLD: Final = 4
"""Expunged messages are left out when one in so many is."""


class Rows(Protocol):
    """What reads content rows."""

    def ahead(
        self, mailbox: OpenMailbox, messages: MessageSet, columns: Sequence[Column]
    ) -> ReadAhead | None:
        """What makes a long read quicker."""
        ...

    def read(self, contents: list[int], columns: Sequence[Column]) -> Sequence[object]:
        """The values of each column."""
        ...

    def spans(self, numbers: Numbers, columns: Sequence[Column]) -> Numbers:
        """Those of which ``packed`` has all columns, unless they are damaged."""
        ...

    def packed(self, number: int, contents: Numbers, columns: Sequence[Column]) -> list[object] | None:
        """The values of each column, of contents of one span, from its pieces. None: they must be read from the rows."""
        ...


class Key(enum.Enum):
    """What is kept: the column that it is made of, and how."""

    _value_: tuple[Column, str]

    SENT = (Column.SENT, "as it is")
    REPLY = (Column.IS_REPLY, "as it is")
    SUBJECT = (Column.BASE_SUBJECT, "rank")
    FROM = (Column.SORT_FROM, "rank")
    TO = (Column.SORT_TO, "rank")
    CC = (Column.SORT_CC, "rank")
    DISPLAY_FROM = (Column.DISPLAY_FROM, "rank")
    DISPLAY_TO = (Column.DISPLAY_TO, "rank")
    SUBJECT_ID = (Column.BASE_SUBJECT, "id")
    """Equal where the subject is; 0 for an empty one."""
    OWN_ID = (Column.MESSAGE_ID, "message id")
    ANCESTORS = (Column.REFERENCES, "message ids")
    __hash__ = object.__hash__

    @property
    def column(self) -> Column:
        return self.value[0]


RANKED: Final = {key.column: key for key in Key if key.value[1] == "rank"}


def columns_of(mailbox: OpenMailbox) -> NumpyColumns:
    """The columns as they are now: they may be replaced whole."""
    return cast(NumpyColumns, mailbox.columns)


@record
class Piece:
    """What is read in one step: from the first to before the last of some contents."""

    first: int
    last: int
    is_packed: bool
    """All are of one span, and its pieces have them."""


def pieces(contents: Numbers, packed: Numbers) -> list[Piece]:
    """The steps in which contents are read, where there are pieces of the spans ``packed``."""
    spans = contents >> SPAN_BITS
    starts = np.flatnonzero(np.diff(spans, prepend=-1))
    ends = np.append(starts[1:], len(contents))
    good = (ends - starts >= PACKED) & np.isin(spans[starts], packed)
    found: list[Piece] = []
    last = 0
    for start, end in zip(starts[good].tolist(), ends[good].tolist(), strict=True):
        found += [*_plain(last, start), Piece(start, end, True)]
        last = end
    return [*found, *_plain(last, len(contents))]


def _plain(first: int, last: int) -> list[Piece]:
    return [Piece(at, min(at + CHUNK, last), False) for at in range(first, last, CHUNK)]


class KeptNumbers:
    """Numbers as they are, or, of texts, numbers that are equal where the texts are."""

    def __init__(self, is_text: bool, values: Numbers | None = None) -> None:
        self.is_text = is_text
        self.values: Numbers = np.empty(0, np.int64) if values is None else values

    def __len__(self) -> int:
        return len(self.values)

    @property
    def octets(self) -> int:
        return self.values.nbytes

    def folded(self, keep: npt.NDArray[np.bool_]) -> KeptNumbers:
        return KeptNumbers(self.is_text, self.values[keep])

    def extended(self, parts: list[Numbers]) -> KeptNumbers:
        return KeptNumbers(self.is_text, np.concatenate((self.values, *parts)))


Kept = KeptNumbers | TextRanks | OwnIds | Ancestors
"""The values of one key, a message after the other. None of them is ever changed in place."""


class KeptKeys:
    """The keys of one mailbox. Everything is by place: that of a message among those known, which are by ascending UID."""

    def __init__(self, mailbox: OpenMailbox, rows: Rows) -> None:
        self._mailbox = mailbox
        self._rows = rows
        self.uid: Uids = np.empty(0, np.uint32)
        self._content: Numbers = np.empty(0, np.int64)
        self._kept: dict[Key, Kept] = {}
        self._orders: dict[Key, Places] = {}
        self._ids = Numbered()
        self._changes = 0
        """Counts what changes places, or adds to a key: whoever read meanwhile begins again."""

    @property
    def octets(self) -> int:
        """Memory held."""
        kept = sum(each.octets for each in self._kept.values())
        orders = sum(order.nbytes for order in self._orders.values())
        return self.uid.nbytes + self._content.nbytes + orders + kept

    # Up to date

    def bring(self, keys: list[Key]) -> Work[None]:
        """Read what is not known yet of ``keys``. No step lies between the end of this and what the caller does next."""
        while True:
            self._follow()
            missing = [key for key in keys if len(self._kept_of(key)) < len(self.uid)]
            if not missing:
                return
            start = len(self._kept_of(missing[0]))
            yield from self._read([key for key in missing if len(self._kept_of(key)) == start], start)

    def _follow(self) -> None:
        """Take in what arrived; leave out what is gone, if that is much, or if rows must be read, which may be gone too."""
        columns = columns_of(self._mailbox)
        present = uids_of(columns.everything())
        last = int(self.uid[-1]) if len(self.uid) else 0
        fresh = present[np.searchsorted(present, np.uint32(last), "right") :]
        dead = len(self.uid) + len(fresh) - len(present)
        if dead and (len(fresh) or dead * _FOLD > len(self.uid) or self._is_behind()):
            self._fold(is_member(self.uid, present))
        if len(fresh):
            (content,) = columns.arrays(NumpySet(fresh), "content")
            self.uid = np.concatenate((self.uid, fresh))
            self._content = np.concatenate((self._content, content))
            self._changes += 1

    def _is_behind(self) -> bool:
        return any(len(kept) < len(self.uid) for kept in self._kept.values())

    def _fold(self, keep: npt.NDArray[np.bool_]) -> None:
        places = np.cumsum(keep) - 1
        for key, kept in self._kept.items():
            self._kept[key] = kept.folded(keep[: len(kept)])
            if key in self._orders:
                order = self._orders[key]
                self._orders[key] = places[order[keep[order]]]
        self.uid, self._content = self.uid[keep], self._content[keep]
        if len(self._ids) > _MOST_IDS * (len(self.uid) + 1000):  # most are of messages that are gone
            self._ids = Numbered()
            for key in (Key.OWN_ID, Key.ANCESTORS):
                self._kept.pop(key, None)
        self._changes += 1

    def _read(self, keys: list[Key], start: int) -> Work[None]:
        contents, changes = self._content[start:], self._changes
        columns = list(dict.fromkeys(key.column for key in keys))
        values: list[list[object]] = [[] for _ in columns]
        pieces = self._pieces(contents, columns)
        plain = [
            self.uid[start + piece.first : start + piece.last] for piece in pieces if not piece.is_packed
        ]
        ahead = self._ahead(plain, columns)
        for piece in pieces:
            some = contents[piece.first : piece.last]
            read = self._rows.packed(int(some[0]) >> SPAN_BITS, some, columns) if piece.is_packed else None
            if ahead is not None and not piece.is_packed:
                ahead.before(len(some))
            for found, part in zip(values, read or self._rows.read(some.tolist(), columns), strict=True):
                found.append(part)
            yield
            if self._changes != changes:
                return  # what was read is of other places now, or known: to put it in again would take a look-up for each text
        for key in keys:
            kept = yield from self._unless_changed(self._extended(key, values[columns.index(key.column)]))
            if kept is None:
                return
            self._kept[key] = kept
            self._changes += 1

    def _unless_changed(self, work: Work[Kept]) -> Work[Kept | None]:
        """The result of ``work``; None, and no further step, where another session took in or left out messages after one.

        What it looks up next would be at other places, and be taken for the text of a neighbour.
        """
        changes = self._changes
        while True:
            try:
                next(work)
            except StopIteration as done:
                return cast(Kept, done.value)
            yield
            if self._changes != changes:
                return None

    def _pieces(self, contents: Numbers, columns: list[Column]) -> list[Piece]:
        if len(contents) < PACKED:
            return pieces(contents, contents[:0])
        return pieces(contents, self._rows.spans(distinct(contents >> SPAN_BITS), columns))

    def _ahead(self, uids: list[Uids], columns: list[Column]) -> ReadAhead | None:
        return self._rows.ahead(self._mailbox, NumpySet(np.concatenate(uids)), columns) if uids else None

    def _extended(self, key: Key, parts: list[object]) -> Work[Kept]:
        kept = self._kept_of(key)
        if isinstance(kept, KeptNumbers) and not kept.is_text:
            return kept.extended([np.asarray(part, np.int64) for part in parts])
        texts = [text for part in cast("list[Sequence[str]]", parts) for text in part]
        if isinstance(kept, TextRanks):
            order = self.order(key) if len(kept) else np.empty(0, np.intp)
            return (yield from kept.extended(texts, order, lambda place: self._text(key, place)))
        if isinstance(kept, KeptNumbers):
            # hash() is keyed anew in each process and has 64 bits: two texts with one number do not happen
            return kept.extended([np.array([hash(text) if text else 0 for text in texts], np.int64)])
        return (yield from kept.extended(texts))

    def _text(self, key: Key, place: int) -> str:
        return cast("list[str]", self._rows.read([int(self._content[place])], [key.column])[0])[0]

    def _kept_of(self, key: Key) -> Kept:
        """What is known of a key; of ranks nothing, where reading all is quicker than putting in what came."""
        kept = self._kept.get(key)
        if kept is None or (isinstance(kept, TextRanks) and not kept.takes(len(self.uid) - len(kept))):
            kept = self._kept[key] = self._made(key)
            self._orders.pop(key, None)
        return kept

    def _made(self, key: Key) -> Kept:
        match key.value[1]:
            case "rank":
                return TextRanks()
            case "message id":
                return OwnIds(self._ids)
            case "message ids":
                return Ancestors(self._ids)
            case how:
                return KeptNumbers(how == "id")

    # Reading, of keys that were brought up to date

    def numbers(self, key: Key) -> Numbers:
        kept = self._kept[key]
        assert isinstance(kept, KeptNumbers | TextRanks)
        return kept.values

    def own_ids(self) -> Ids:
        return cast(OwnIds, self._kept[Key.OWN_ID]).values

    def ancestors(self) -> Ancestors:
        return cast(Ancestors, self._kept[Key.ANCESTORS])

    @property
    def ids(self) -> int:
        """How many numbers message ids have."""
        return len(self._ids)

    def order(self, key: Key) -> Places:
        """The places by ascending value, equal ones by place: kept, and brought up to date."""
        values = self.numbers(key)
        order = self._orders.get(key)
        if order is None:
            order = np.argsort(values, kind="stable")
        elif len(order) < len(values):
            more = np.arange(len(order), len(values))
            more = more[np.argsort(values[more], kind="stable")]
            order = np.insert(order, np.searchsorted(values[order], values[more], "right"), more)
        self._orders[key] = order
        return order

    def places(self, messages: MessageSet) -> Places | None:
        """Where the members are that are known; None: all are, and they are all that is known."""
        uids = uids_of(messages)
        if len(uids) == len(self.uid) and (len(uids) == 0 or np.array_equal(uids, self.uid)):
            return None
        at = np.searchsorted(self.uid, uids)
        at[at == len(self.uid)] = 0
        return cast(Places, at[self.uid[at] == uids]) if len(self.uid) else at[:0]
