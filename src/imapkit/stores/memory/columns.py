"""Columns on ``array``: plain loops, so that the memory store needs no numpy and shows what numpy must agree with."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial

from imapkit.protocol.numset import Range
from imapkit.query.index import MessageSet, NumberColumn
from imapkit.stores.log.bits import DELETED_MASK, SEEN_MASK
from imapkit.stores.log.columns import DAY, EPOCH_DAY, FlagPlan, Slice, Totals
from imapkit.stores.log.entry import Added, Batch, Entry, Expunged, FlagsChanged, Touched, planes_for

from .uidset import UidSet


class ArrayColumns:
    """The messages of one mailbox."""

    def __init__(self) -> None:
        self.modseq = 0
        self._uid = array("I")
        self._flags: list[int] = []
        self._modseq = array("Q")
        self._born = array("Q")
        self._saved = array("q")
        self._content = array("q")
        self._size = array("q")
        self._date = array("q")
        self._zone = array("h")
        self._sent = array("i")
        self._last = 0
        self._snapshot: array[int] | None = None

    def apply(self, entry: Entry) -> None:
        fact = entry.fact
        if isinstance(fact, Added):
            self._add(entry, fact)
        elif isinstance(fact, Expunged):
            self._expunge(fact.ranges)
        elif isinstance(fact, FlagsChanged):
            for at in self._places(fact.ranges):
                self._flags[at] = self._flags[at] & ~fact.off | fact.on
                self._modseq[at] = entry.modseq
        elif isinstance(fact, Touched):
            for at in self._places(fact.ranges):
                self._modseq[at] = entry.modseq
        self.modseq = max(self.modseq, entry.modseq)

    def _add(self, entry: Entry, fact: Added) -> None:
        batch = fact.batch
        skip = max(0, self._last + 1 - fact.first)
        count = len(batch) - skip
        if count <= 0:
            return
        self._uid.extend(range(fact.first + skip, fact.last + 1))
        self._flags += [batch.flags(at) for at in range(skip, len(batch))]
        self._modseq.extend([entry.modseq] * count)
        self._born.extend([entry.modseq] * count)
        self._saved.extend([entry.time] * count)
        self._content.extend(batch.content[skip:])
        self._size.extend(batch.size[skip:])
        self._date.extend(batch.date[skip:])
        self._zone.extend(batch.zone[skip:])
        self._sent.extend(batch.sent[skip:])
        self._last = fact.last
        self._snapshot = None

    def _expunge(self, ranges: list[Range]) -> None:
        for low, high in reversed(ranges):
            gone = slice(bisect_left(self._uid, low), bisect_right(self._uid, high))
            for column in (self._uid, self._modseq, self._born, self._saved, self._content, self._size):
                del column[gone]
            for column in (self._date, self._zone, self._sent):
                del column[gone]
            del self._flags[gone]
        self._snapshot = None

    def _places(self, ranges: list[Range]) -> Iterator[int]:
        for low, high in ranges:
            yield from range(bisect_left(self._uid, low), bisect_right(self._uid, high))

    def _members(self, messages: MessageSet) -> Iterator[int]:
        for uid in messages:
            at = bisect_left(self._uid, uid)
            if at < len(self._uid) and self._uid[at] == uid:
                yield at

    def _where(self, test: Callable[[int], bool]) -> MessageSet:
        return UidSet(tuple([uid for at, uid in enumerate(self._uid) if test(at)]))

    def __len__(self) -> int:
        return len(self._uid)

    def everything(self) -> MessageSet:
        return UidSet(tuple(self._uid))

    def nothing(self) -> MessageSet:
        return UidSet()

    def by_uid(self, ranges: list[Range]) -> MessageSet:
        return UidSet(tuple([self._uid[at] for at in self._places(ranges)]))

    def uids(self) -> Sequence[int]:
        if self._snapshot is None:
            self._snapshot = array("I", self._uid)
        return self._snapshot

    def numbers(self, messages: MessageSet) -> list[int]:
        number = {uid: at for at, uid in enumerate(self.uids(), 1)}
        return [number[uid] for uid in messages if uid in number]

    def number_text(self, messages: MessageSet, *, uid: bool) -> bytes:
        found = list(messages) if uid else self.numbers(messages)
        return b" %d" * len(found) % tuple(found)

    def with_bit(self, bit: int) -> MessageSet:
        return self._where(lambda at: bool(self._flags[at] >> bit & 1))

    def first_without(self, bit: int) -> int | None:
        return next((uid for at, uid in enumerate(self._uid) if not self._flags[at] >> bit & 1), None)

    def between(self, column: NumberColumn, low: int, high: int) -> MessageSet:
        return self._where(lambda at: low <= self._number(column, at) <= high)

    def _number(self, column: NumberColumn, at: int) -> int:
        match column:
            case NumberColumn.UID:
                return self._uid[at]
            case NumberColumn.MODSEQ:
                return self._modseq[at]
            case NumberColumn.SIZE:
                return self._size[at]
            case NumberColumn.INTERNAL_DAY:
                return (self._date[at] + self._zone[at] * 60) // DAY + EPOCH_DAY
            case NumberColumn.SENT_DAY:
                return self._sent[at]
            case NumberColumn.SAVE_DAY:
                return self._saved[at] // DAY + EPOCH_DAY
            case NumberColumn.INTERNAL_TIME:
                return self._date[at]
            case NumberColumn.SAVE_TIME:
                return self._saved[at]

    def with_contents(self, contents: Collection[int]) -> MessageSet:
        wanted = frozenset(contents)
        return self._where(lambda at: self._content[at] in wanted)

    def contents_above(self, number: int) -> MessageSet:
        return self._where(lambda at: self._content[at] > number)

    def born_after(self, modseq: int) -> MessageSet:
        return self._where(lambda at: self._born[at] > modseq)

    def changed_after(self, modseq: int) -> MessageSet:
        return self._where(lambda at: self._born[at] <= modseq < self._modseq[at])

    def plan_flags(self, messages: MessageSet, on: int, off: int, unchanged_since: int | None) -> FlagPlan:
        changed: list[int] = []
        refused: list[int] = []
        unseen = deleted = deleted_size = 0
        for at in self._members(messages):
            if unchanged_since is not None and self._modseq[at] > unchanged_since:
                refused.append(self._uid[at])
                continue
            old = self._flags[at]
            new = old & ~off | on
            if new == old:
                continue
            changed.append(self._uid[at])
            unseen += bool(old & SEEN_MASK) - bool(new & SEEN_MASK)
            step = bool(new & DELETED_MASK) - bool(old & DELETED_MASK)
            deleted += step
            deleted_size += step * self._size[at]
        return FlagPlan(UidSet(tuple(changed)), UidSet(tuple(refused)), unseen, deleted, deleted_size)

    def totals(self, messages: MessageSet, recent_from: int) -> Totals:
        places = list(self._members(messages))
        gone = [at for at in places if self._flags[at] & DELETED_MASK]
        return Totals(
            len(places),
            sum(not self._flags[at] & SEEN_MASK for at in places),
            len(gone),
            sum(self._size[at] for at in places),
            sum(self._size[at] for at in gone),
            sum(self._uid[at] >= recent_from for at in places),
        )

    def bits_used(self, messages: MessageSet) -> int:
        mask = 0
        for at in self._members(messages):
            mask |= self._flags[at]
        return mask

    def extract(self, messages: MessageSet) -> Batch:
        places = list(self._members(messages))

        def pick(column: array[int]) -> array[int]:
            return array(column.typecode, [column[at] for at in places])

        return Batch(
            content=pick(self._content),
            size=pick(self._size),
            date=pick(self._date),
            zone=pick(self._zone),
            sent=pick(self._sent),
            planes=planes_for([self._flags[at] for at in places]),
        )

    def slices(self, messages: MessageSet, most: int, octets: int, cap: int) -> Iterator[Slice]:
        uids = list(messages)
        start = 0
        while start < len(uids):
            places = list(self._members(UidSet(tuple(uids[start : start + most]))))
            total = 0
            for kept, at in enumerate(places):
                total += min(self._size[at], cap)
                if total > octets and kept:
                    places = places[:kept]
                    start = uids.index(self._uid[at], start)
                    break
            else:
                start += most
            if places:
                yield Slice(partial(self._values, places))

    def _values(self, places: list[int], name: str) -> list[int]:
        column = {
            "uid": self._uid,
            "flags": self._flags,
            "modseq": self._modseq,
            "saved": self._saved,
            "content": self._content,
            "size": self._size,
            "date": self._date,
        }[name]
        return [column[at] for at in places]
