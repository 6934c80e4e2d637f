"""Columns on numpy. Flags and MODSEQs change in place; UIDs are only added to and struck out (STORE rule 18).

Expunged messages stay in the arrays, marked dead, until there are so many that folding them out costs each of them little.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from imapkit.protocol.numset import Range
from imapkit.query.index import MessageSet, NumberColumn
from imapkit.stores.log.bits import DELETED_MASK, PLANE, PLANE_MASK, SEEN_MASK, planes_of, split
from imapkit.stores.log.columns import DAY, EPOCH_DAY, FlagPlan, Slice, Totals
from imapkit.stores.log.entry import Added, Batch, Entry, Expunged, FlagsChanged, Touched

from .decimals import spaced
from .uidset import NumpySet, Uids, is_member, uids_of

Places = npt.NDArray[np.intp] | slice
Column = npt.NDArray[Any]  # of the kind that _KINDS names
_KINDS: dict[str, npt.DTypeLike] = {
    "uid": np.uint32,
    "content": np.int64,
    "size": np.int64,
    "date": np.int64,
    "zone": np.int16,
    "sent": np.int32,
    "saved": np.int64,
    "born": np.int64,
    "modseq": np.int64,
}
_OCTETS = 1 + sum(np.dtype(kind).itemsize for kind in _KINDS.values())
"""Of a message in all columns, and whether it lives; its flags come in planes of eight octets each."""
FIXED = ("uid", "content", "size", "date", "zone", "sent", "saved", "born")
"""Columns that never change once a message is there."""
_DAYS = (NumberColumn.INTERNAL_DAY, NumberColumn.SAVE_DAY)
_LARGEST = (1 << 63) - 1
_FOLD = 1024
_LOOK = 8192
"""Messages looked at together for the first without a flag: it mostly is among the first."""
_SPAN = 1 << 20
"""Contents no farther apart are looked for by marks."""
# All empty mailboxes share these: many accounts have hardly anything else, and arrays are not small.
_NO_COLUMNS: dict[str, Column] = {name: np.empty(0, kind) for name, kind in _KINDS.items()}
_NO_PLANE: Column = np.zeros(0, np.uint64)
_NO_ALIVE: npt.NDArray[np.bool_] = np.ones(0, np.bool_)
_NOTHING = NumpySet(np.empty(0, np.uint32))


class NumpyColumns:
    """The messages of one mailbox."""

    def __init__(self) -> None:
        self.modseq = 0
        self.last = 0
        """The highest UID that was ever added."""
        self._used = 0
        self._dead = 0
        self._columns = _NO_COLUMNS
        self._planes: list[Column] = [_NO_PLANE]
        self._alive = _NO_ALIVE
        self._present: NumpySet | None = None
        self._snapshot: array[int] | None = None
        self._first: int | None = None
        self._first_of = -1
        self._gap = 0
        """Place minus UID of the message that was looked up last: mostly that of the next one, too."""

    @property
    def octets(self) -> int:
        """Memory held. Asked of every open mailbox as a session leaves one."""
        return len(self._alive) * (_OCTETS + 8 * len(self._planes))

    def _column(self, name: str) -> Column:
        return self._columns[name][: self._used]

    # Applying entries

    def apply(self, entry: Entry) -> None:
        fact = entry.fact
        if isinstance(fact, Added):
            self._add(entry, fact)
        elif isinstance(fact, Expunged):
            self._expunge(fact.ranges)
        elif isinstance(fact, FlagsChanged):
            self._grow_planes(planes_of(fact.on))
            self._set_flags(entry.modseq, fact)
        elif isinstance(fact, Touched):
            self._columns["modseq"][self._span(fact.ranges)] = entry.modseq
        self.modseq = max(self.modseq, entry.modseq)
        self._first_of = -1

    def _set_flags(self, modseq: int, fact: FlagsChanged) -> None:
        if len(fact.ranges) == 1 and fact.ranges[0][0] == fact.ranges[0][1]:
            at = self._place(fact.ranges[0][0])
            if at is not None:
                self._set_one(at, modseq, fact.on, fact.off)
        else:
            self._set_many(self._span(fact.ranges), modseq, fact)

    def _set_one(self, at: int, modseq: int, on: int, off: int) -> None:
        """The same for one message, without arrays."""
        for plane in self._planes:
            plane[at] = int(plane[at]) & ~off & PLANE_MASK | on & PLANE_MASK
            on >>= PLANE
            off >>= PLANE
        self._columns["modseq"][at] = modseq

    def _set_many(self, places: Places, modseq: int, fact: FlagsChanged) -> None:
        planes = len(self._planes)
        masks = zip(self._planes, split(fact.on, planes), split(fact.off, planes), strict=True)
        for plane, on, off in masks:
            plane[places] = plane[places] & np.uint64(~off & PLANE_MASK) | np.uint64(on)
        self._columns["modseq"][places] = modseq

    def _add(self, entry: Entry, fact: Added) -> None:
        batch = fact.batch
        skip = max(0, self.last + 1 - fact.first)
        count = len(batch) - skip
        if count <= 0:
            return
        here = self._room(count)
        columns = self._columns
        columns["uid"][here] = np.arange(fact.first + skip, fact.last + 1, dtype=np.uint32)
        for name in ("content", "size", "date", "zone", "sent"):
            columns[name][here] = np.asarray(getattr(batch, name))[skip:]
        columns["saved"][here] = entry.time
        columns["born"][here] = columns["modseq"][here] = entry.modseq
        self._grow_planes(len(batch.planes))
        for number, plane in enumerate(self._planes):
            plane[here] = np.asarray(batch.planes[number])[skip:] if number < len(batch.planes) else 0
        self.last = fact.last
        self._changed()

    def _room(self, count: int) -> slice:
        """Places for ``count`` messages more; they are alive."""
        start, end = self._used, self._used + count
        capacity = len(self._alive)
        if end > capacity:
            self._resize(max(end, capacity + capacity // 2 + 16))
        self._used = end
        self._alive[start:end] = True
        return slice(start, end)

    def reserve(self, count: int) -> None:
        """Make room for so many messages and some more, once instead of again and again."""
        if count > len(self._alive):
            self._resize(count + count // 16 + 16)

    def _resize(self, capacity: int) -> None:
        def larger(column: Column) -> Column:
            grown = np.zeros(capacity, column.dtype)
            grown[: self._used] = column[: self._used]
            return grown

        self._columns = {name: larger(column) for name, column in self._columns.items()}
        self._planes = [larger(plane) for plane in self._planes]
        self._alive = larger(self._alive)

    def _grow_planes(self, count: int) -> None:
        while len(self._planes) < count:
            self._planes.append(np.zeros(len(self._alive), np.uint64))

    def _expunge(self, ranges: list[Range]) -> None:
        places = self._span(ranges)
        self._dead += int(np.count_nonzero(self._alive[places]))
        self._alive[places] = False
        if self._dead > _FOLD and self._dead * 4 > self._used:
            self._fold()
        self._changed()

    def _fold(self) -> None:
        keep = self._alive[: self._used]
        self._columns = {name: column[: self._used][keep] for name, column in self._columns.items()}
        self._planes = [plane[: self._used][keep] for plane in self._planes]
        self._used -= self._dead
        self._dead = 0
        self._alive = np.ones(self._used, np.bool_)

    def _changed(self) -> None:
        self._present = None
        self._snapshot = None
        self._first_of = -1

    # Places

    def _place(self, uid: int) -> int | None:
        """The place of one message, the dead too."""
        column = self._columns["uid"]
        at = uid + self._gap
        if 0 <= at < self._used and column[at] == uid:
            return at
        at = int(column[: self._used].searchsorted(_uid(uid)))
        if at < self._used and column[at] == uid:
            self._gap = at - uid
            return at
        return None

    def _span(self, ranges: list[Range]) -> Places:
        """The places of all messages in sorted, joined ``ranges``, the dead too."""
        uid = self._column("uid")
        if len(ranges) == 1:
            low, high = ranges[0]
            if low == high:
                at = self._place(low)
                return slice(0, 0) if at is None else slice(at, at + 1)
            start = int(uid.searchsorted(_uid(low)))
            return slice(start, int(uid.searchsorted(_uid(high), "right")))
        if not ranges:
            return slice(0, 0)
        pairs = np.asarray(ranges, np.int64).clip(0, (1 << 32) - 1).astype(np.uint32)
        low_at = np.searchsorted(uid, pairs[:, 0], "left")
        high_at = np.searchsorted(uid, pairs[:, 1], "right")
        full = low_at < high_at
        steps = np.zeros(self._used + 1, np.int8)
        steps[low_at[full]] += 1
        steps[high_at[full]] -= 1
        return np.flatnonzero(np.cumsum(steps[:-1], dtype=np.int8))

    def _places(self, messages: MessageSet) -> Places:
        """The places of the members that are present."""
        uids = uids_of(messages)
        if not self._dead and uids is self._everything().uids:
            return slice(0, self._used)
        if len(uids) == 1:
            place = self._place(int(uids[0]))
            if place is None or (self._dead and not self._alive[place]):
                return slice(0, 0)
            return slice(place, place + 1)
        column = self._column("uid")
        if not len(column) or not len(uids):
            return slice(0, 0)
        run = self._run(column, uids)
        if run is not None:
            return run
        at = np.searchsorted(column, uids)
        at[at == len(column)] = len(column) - 1
        found = at[(column[at] == uids) & self._alive[at]]
        return cast("npt.NDArray[np.intp]", found)

    def _run(self, column: Column, uids: Uids) -> slice | None:
        """The places of UIDs without a gap, all of them present. None: to be looked up one by one."""
        first, count = uids[0], len(uids)
        if int(uids[-1]) - int(first) != count - 1:
            return None
        start = int(column.searchsorted(first))
        end = start + count
        if end > self._used or column[start] != first or column[end - 1] != uids[-1]:
            return None
        if self._dead and not self._alive[start:end].all():
            return None
        return slice(start, end)

    def _of(self, mask: npt.NDArray[np.bool_]) -> MessageSet:
        if self._dead:
            mask = mask & self._alive[: self._used]
        return NumpySet(self._column("uid")[mask])

    # Sets

    def __len__(self) -> int:
        return self._used - self._dead

    def _everything(self) -> NumpySet:
        if self._present is None:
            # A view will do: what is below ``_used`` is never written again.
            uid = self._column("uid")
            self._present = NumpySet(uid[self._alive[: self._used]] if self._dead else uid)
        return self._present

    def everything(self) -> MessageSet:
        return self._everything()

    def nothing(self) -> MessageSet:
        return _NOTHING

    def by_uid(self, ranges: list[Range]) -> MessageSet:
        if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
            at = self._place(ranges[0][0])
            if at is None or (self._dead and not self._alive[at]):
                return _NOTHING
            return NumpySet(self._columns["uid"][at : at + 1])
        places = self._span(ranges)
        if isinstance(places, slice) and places.stop - places.start == self._used:
            return self._everything()
        found = self._column("uid")[places]
        return NumpySet(found[self._alive[places]] if self._dead else found)

    def uids(self) -> Sequence[int]:
        if self._snapshot is None:
            found = array("I")
            found.frombytes(self._everything().uids.tobytes())
            self._snapshot = found
        return self._snapshot

    def numbers(self, messages: MessageSet) -> list[int]:
        found: list[int] = self._number(messages).tolist()
        return found

    def number_text(self, messages: MessageSet, *, uid: bool) -> bytes:
        return spaced(uids_of(messages) if uid else self._number(messages))

    def _number(self, messages: MessageSet) -> Column:
        """``numbers`` as an array."""
        present, uids = self._everything().uids, uids_of(messages)
        if not len(present) or not len(uids):
            return np.empty(0, np.intp)
        first = present[0]
        if int(present[-1]) - int(first) == len(present) - 1 and first <= uids[0] and uids[-1] <= present[-1]:
            return cast("Column", uids - (first - np.uint32(1)))  # no UID is missing: a subtraction
        at = present.searchsorted(uids)
        if len(uids) > len(present) or not np.array_equal(present[np.minimum(at, len(present) - 1)], uids):
            at = at[is_member(uids, present)]
        return cast("Column", at + 1)

    def with_bit(self, bit: int) -> MessageSet:
        number, bit = divmod(bit, PLANE)
        if number >= len(self._planes):
            return self.nothing()
        return self._of((self._planes[number][: self._used] & np.uint64(1 << bit)) != 0)

    def first_without(self, bit: int) -> int | None:
        """The lowest UID without a flag. Every SELECT asks, so it is remembered until something changes."""
        if self._first_of != bit:
            self._first, self._first_of = self._find_first_without(bit), bit
        return self._first

    def _find_first_without(self, bit: int) -> int | None:
        plane, mask = self._planes[bit // PLANE], np.uint64(1 << bit % PLANE)
        for start in range(0, self._used, _LOOK):
            end = min(start + _LOOK, self._used)
            missing = (plane[start:end] & mask) == 0
            if self._dead:
                missing &= self._alive[start:end]
            at = int(missing.argmax())
            if missing[at]:
                return int(self._columns["uid"][start + at])
        return None

    def between(self, column: NumberColumn, low: int, high: int) -> MessageSet:
        if column in _DAYS:
            values = self._seconds(column)  # not a division for each message, but a product for the two days
            low = max(min((low - EPOCH_DAY) * DAY, _LARGEST), -_LARGEST)
            high = max(min((high + 1 - EPOCH_DAY) * DAY - 1, _LARGEST), -_LARGEST)
        else:
            values = self._numbers(column)
        return self._of((values >= low) & (values <= high))

    def _numbers(self, column: NumberColumn) -> Column:
        match column:
            case NumberColumn.UID:
                return self._column("uid")
            case NumberColumn.MODSEQ:
                return self._column("modseq")
            case NumberColumn.SIZE:
                return self._column("size")
            case NumberColumn.SENT_DAY:
                return self._column("sent")
            case NumberColumn.INTERNAL_TIME:
                return self._column("date")
            case NumberColumn.SAVE_TIME:
                return self._column("saved")
        raise AssertionError(f"{column} is compared in seconds")

    def _seconds(self, column: NumberColumn) -> Column:
        """The moments that a column of days is about, as clocks showed them there."""
        if column is NumberColumn.SAVE_DAY:
            return self._column("saved")
        return self._column("date") + self._column("zone") * np.int64(60)

    def with_contents(self, contents: Collection[int]) -> MessageSet:
        if not contents:
            return _NOTHING
        wanted = (
            np.frombuffer(contents, np.int64)
            if isinstance(contents, array)
            else np.fromiter(contents, np.int64, len(contents))
        )
        column = self._column("content")
        low, high = int(wanted.min()), int(wanted.max())
        if high - low > _SPAN:
            return self._of(np.isin(column, wanted))
        # Close together, as an index gives them: a mark for each, and a look at it for each message.
        marks = np.zeros(high - low + 1, np.bool_)
        marks[wanted - low] = True
        places = np.flatnonzero((column >= low) & (column <= high))
        places = places[marks[column[places] - low]]
        found = np.zeros(len(column), np.bool_)
        found[places] = True
        return self._of(found)

    def contents_above(self, number: int) -> MessageSet:
        return self._of(self._column("content") > number)

    def born_after(self, modseq: int) -> MessageSet:
        return self._of(self._column("born") > modseq)

    def changed_after(self, modseq: int) -> MessageSet:
        return self._of((self._column("modseq") > modseq) & (self._column("born") <= modseq))

    # Changes and sums

    def plan_flags(self, messages: MessageSet, on: int, off: int, unchanged_since: int | None) -> FlagPlan:
        places = self._places(messages)
        if isinstance(places, slice) and places.stop - places.start == 1:
            return self._plan_one(places.start, messages, on, off, unchanged_since)
        return self._plan_many(places, on, off, unchanged_since)

    def _plan_one(
        self, at: int, messages: MessageSet, on: int, off: int, unchanged_since: int | None
    ) -> FlagPlan:
        """The plan for one message, without arrays: STORE of one message is what mail programs do all day."""
        if unchanged_since is not None and self._columns["modseq"][at] > unchanged_since:
            return FlagPlan(_NOTHING, messages, 0, 0, 0)
        old = 0
        for number, plane in enumerate(self._planes):
            old |= int(plane[at]) << PLANE * number
        new = old & ~off | on
        if new == old:
            return FlagPlan(_NOTHING, _NOTHING, 0, 0, 0)
        unseen = bool(old & SEEN_MASK) - bool(new & SEEN_MASK)
        deleted = bool(new & DELETED_MASK) - bool(old & DELETED_MASK)
        return FlagPlan(messages, _NOTHING, unseen, deleted, deleted * int(self._columns["size"][at]))

    def _plan_many(self, places: Places, on: int, off: int, unchanged_since: int | None) -> FlagPlan:
        """The plan for any number of messages."""
        uid = self._columns["uid"][places]
        differs = np.zeros(len(uid), np.bool_)
        planes = max(len(self._planes), planes_of(on))
        for number, (add, take) in enumerate(zip(split(on, planes), split(off, planes), strict=True)):
            if number >= len(self._planes):
                differs |= add != 0
            elif add or take:
                old = self._planes[number][places]
                differs |= (old & np.uint64(~take & PLANE_MASK) | np.uint64(add)) != old
        refused = self.nothing()
        if unchanged_since is not None:
            late = self._columns["modseq"][places] > unchanged_since
            refused = NumpySet(uid[late])
            differs &= ~late
        first = self._planes[0][places][differs]
        new = first & np.uint64(~off & PLANE_MASK) | np.uint64(on & PLANE_MASK)
        size = self._columns["size"][places][differs]
        was, is_ = _has(first, DELETED_MASK), _has(new, DELETED_MASK)
        return FlagPlan(
            NumpySet(uid[differs]),
            refused,
            int(np.count_nonzero(_has(first, SEEN_MASK))) - int(np.count_nonzero(_has(new, SEEN_MASK))),
            int(np.count_nonzero(is_)) - int(np.count_nonzero(was)),
            int(size[is_].sum()) - int(size[was].sum()),
        )

    def totals(self, messages: MessageSet, recent_from: int) -> Totals:
        places = self._places(messages)
        plane = self._planes[0][places]
        size = self._columns["size"][places]
        deleted = _has(plane, DELETED_MASK)
        return Totals(
            len(plane),
            len(plane) - int(np.count_nonzero(_has(plane, SEEN_MASK))),
            int(np.count_nonzero(deleted)),
            int(size.sum()),
            int(size[deleted].sum()),
            int(np.count_nonzero(self._columns["uid"][places] >= recent_from)),
        )

    def bits_used(self, messages: MessageSet) -> int:
        places = self._places(messages)
        mask = 0
        for number, plane in enumerate(self._planes):
            mask |= int(np.bitwise_or.reduce(plane[places], initial=np.uint64(0))) << PLANE * number
        return mask

    def extract(self, messages: MessageSet) -> Batch:
        places = self._places(messages)

        def pick(code: str, column: Column) -> array[int]:
            found: array[int] = array(code)
            found.frombytes(column[places].tobytes())
            return found

        columns = self._columns
        return Batch(
            content=pick("q", columns["content"]),
            size=pick("q", columns["size"]),
            date=pick("q", columns["date"]),
            zone=pick("h", columns["zone"]),
            sent=pick("i", columns["sent"]),
            planes=[pick("Q", plane) for plane in self._used_planes(places)],
        )

    def _used_planes(self, places: Places) -> list[Column]:
        """The first plane, and those after it up to the last in which any of these messages has a flag."""
        planes = list(self._planes)
        while len(planes) > 1 and not planes[-1][places].any():
            planes.pop()
        return planes

    # Reading

    def arrays(self, messages: MessageSet, *names: str) -> list[Column]:
        """The values of columns, for the members that are present. Not to be changed."""
        places = self._places(messages)
        return [self._columns[name][places] for name in names]

    def slices(self, messages: MessageSet, most: int, octets: int, cap: int) -> Iterator[Slice]:
        uids = uids_of(messages)
        if len(uids) == 1:
            places = self._places(messages)
            if places != slice(0, 0):
                yield Slice(partial(self._values, places))
            return
        start = 0
        while start < len(uids):
            some = uids[start : start + most]
            places = self._places(NumpySet(some))
            start += len(some)
            sizes = self._columns["size"][places]
            if len(sizes) * cap > octets:
                fit = max(1, int(np.searchsorted(np.cumsum(np.minimum(sizes, cap)), octets, "right")))
                if fit < len(sizes):
                    # What does not fit is looked up again: the caller may wait in between.
                    kept = self._columns["uid"][places][:fit]
                    start = int(np.searchsorted(uids, kept[-1])) + 1
                    places = self._places(NumpySet(kept))
            if len(sizes):
                yield Slice(partial(self._values, places))

    def _values(self, places: Places, name: str) -> list[int]:
        if name != "flags":
            return cast("list[int]", self._columns[name][places].tolist())
        planes = self._planes
        flags: list[int] = planes[0][places].tolist()
        for number, plane in enumerate(planes[1:], 1):
            words = plane[places].tolist()
            flags = [mask | word << PLANE * number for mask, word in zip(flags, words, strict=True)]
        return flags

    # Snapshots

    def segment(self, first: int, last: int) -> tuple[dict[str, Column], list[Column]]:
        """The living messages from UID ``first`` to ``last``: columns by name, and planes. Copies."""
        places = self._span([(first, last)])
        alive = self._alive[places]
        columns = {name: column[places][alive] for name, column in self._columns.items()}
        return columns, [plane[places][alive] for plane in self._planes]

    def load_segment(self, columns: dict[str, Column], planes: list[Column]) -> None:
        """Add what ``segment`` gave, behind what is there."""
        here = self._room(len(columns["uid"]))
        for name, column in columns.items():
            self._columns[name][here] = column
        self._grow_planes(len(planes))
        for number, plane in enumerate(self._planes):
            plane[here] = planes[number] if number < len(planes) else 0
        if len(columns["uid"]):
            self.last = max(self.last, int(columns["uid"][-1]))
        self._changed()


def _uid(number: int) -> np.uint32:
    return np.uint32(min(max(number, 0), (1 << 32) - 1))


def _has(plane: Column, mask: int) -> npt.NDArray[np.bool_]:
    return cast("npt.NDArray[np.bool_]", (plane & np.uint64(mask)) != 0)
