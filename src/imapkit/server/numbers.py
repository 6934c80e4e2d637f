"""Message numbers: which UID each number means to one client, as it was told so far (RFC 9051 section 2.3.1.2).

A base of UIDs shared with the store, a tail of those added since, and a sorted list of the places in both that were expunged
(STORE.md rule 18). The rule this file must not break: nothing costs more than the number of messages that are asked for or
changed, times a logarithm; folding (which copies) comes at most once in ``FOLD`` changes.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

from ..protocol.numset import Range, compress

FOLD: Final = 1024
_CHUNK: Final = 4096
_DENSE: Final = 32


class Numbers:
    """Numbers 1 to ``len`` and their UIDs, both ascending."""

    __slots__ = ("_base", "_gone", "_tail")

    def __init__(self, uids: Sequence[int]) -> None:
        self._base = uids
        self._tail: list[int] = []
        self._gone: list[int] = []

    def __len__(self) -> int:
        return len(self._base) + len(self._tail) - len(self._gone)

    @property
    def last_uid(self) -> int:
        """The highest UID that was ever numbered here, expunged or not; 0 when there was none."""
        if self._tail:
            return self._tail[-1]
        return int(self._base[-1]) if len(self._base) else 0

    def uid_of(self, number: int) -> int:
        """Raises IndexError."""
        if not 1 <= number <= len(self):
            raise IndexError(number)
        return self._at(self._place(number))

    def number_of(self, uid: int) -> int | None:
        place = self._find(uid)
        if place >= self._places or self._at(place) != uid:
            return None
        before = bisect_left(self._gone, place)
        if before < len(self._gone) and self._gone[before] == place:
            return None
        return place - before + 1

    def in_ranges(self, uid_ranges: Iterable[Range]) -> Iterator[tuple[int, int]]:
        """(number, UID) of those numbered here whose UID is in sorted ``uid_ranges``, ascending."""
        gone = self._gone
        ranges = list(uid_ranges)
        shift = self._shift(ranges)
        if shift is not None:
            for low, high in ranges:
                yield from zip(range(low + shift, high + shift + 1), range(low, high + 1), strict=True)
            return
        held_from, held = self._held(ranges)
        for start, end in self._spans(ranges, held_from, held):
            before = bisect_left(gone, start) if gone else 0
            for place in range(start, end, _CHUNK):
                stop = min(end, place + _CHUNK)
                uids = held[place - held_from : stop - held_from] if held else self._uids(place, stop)
                if before == len(gone) or gone[before] >= stop:
                    yield from zip(range(place - before + 1, stop - before + 1), uids, strict=True)
                    continue
                for at, uid in enumerate(uids, place):
                    if before < len(gone) and gone[before] == at:
                        before += 1
                    else:
                        yield at - before + 1, uid

    def of(self, uids: list[int]) -> list[int]:
        """The numbers of ascending ``uids``; those that are not numbered here are left out."""
        if len(uids) == 1:
            number = self.number_of(uids[0])
            return [] if number is None else [number]
        shift = self._shift([(uids[0], uids[-1])]) if uids else 0
        if shift is not None:
            return [uid + shift for uid in uids] if shift else uids
        start = self._find(uids[0])
        end = start + len(uids)
        if (
            self._has_all(start, end) and self._uids(start, end) == uids
        ):  # all in a row: FETCH and SEARCH of everything
            first = start - bisect_left(self._gone, start) + 1
            return list(range(first, first + len(uids)))
        return self._one_by_one(uids)

    def _has_all(self, start: int, end: int) -> bool:
        """All of these places are there, and none was expunged."""
        before = bisect_left(self._gone, start)
        return end <= self._places and (before == len(self._gone) or self._gone[before] >= end)

    def _one_by_one(self, uids: list[int]) -> list[int]:
        """The same where messages are missing in between."""
        return [number for number, _ in self.in_ranges(compress(uids))]

    def uid_range(self, low: int, high: int) -> Range:
        """The UIDs from number ``low`` to number ``high``."""
        first = self.uid_of(low)
        return first, first if low == high else self.uid_of(high)

    def add(self, uids: Iterable[int]) -> None:
        """Number ``uids``, ascending and above all before."""
        self._tail.extend(uids)

    def remove(self, uid_ranges: Iterable[Range]) -> list[int]:
        """Take UIDs out; gives the numbers they had before, descending."""
        removed: list[int] = []
        places: list[int] = []
        gone = self._gone
        for place, end in self._spans(uid_ranges):
            before = bisect_left(gone, place)
            while place < end:
                if before < len(gone) and gone[before] == place:
                    before += 1
                else:
                    removed.append(place - before + 1)
                    places.append(place)
                place += 1
        if places:
            gone.extend(places)
            gone.sort()
        removed.reverse()
        return removed

    def fold(self, uids: Callable[[], Sequence[int]]) -> None:
        """Take ``uids()``, which are exactly those numbered here, as the new base, if enough has changed to be worth it."""
        if len(self._gone) + len(self._tail) > FOLD:
            self._base, self._tail, self._gone = uids(), [], []

    def __iter__(self) -> Iterator[int]:
        """The UIDs, ascending."""
        return (uid for _, uid in self.in_ranges([(1, self.last_uid)] if self._places else []))

    # Places: 0 to the length of base and tail together

    @property
    def _places(self) -> int:
        return len(self._base) + len(self._tail)

    def _at(self, place: int) -> int:
        size = len(self._base)
        return int(self._base[place]) if place < size else self._tail[place - size]

    def _uids(self, start: int, end: int) -> list[int]:
        """The UIDs of the places from ``start`` to before ``end``."""
        size = len(self._base)
        found = self._base[start:end] if start < size else ()
        as_list = getattr(found, "tolist", None)  # arrays: far quicker than an element at a time
        uids: list[int] = as_list() if as_list is not None else list(found)
        return uids + self._tail[max(0, start - size) : end - size] if end > size else uids

    def _shift(self, ranges: list[Range]) -> int | None:
        """Number minus UID, where it is the same for all from the first range to the last: nothing is missing in between."""
        if not ranges:
            return None
        first, last = ranges[0][0], ranges[-1][1]
        start = self._find(first)
        end = start + last - first + 1
        if end > self._places or self._at(start) != first or self._at(end - 1) != last:
            return None
        before = bisect_left(self._gone, start)
        if before < len(self._gone) and self._gone[before] < end:
            return None
        return start - before + 1 - first

    def _held(self, ranges: list[Range]) -> tuple[int, list[int]]:
        """Where many small ranges lie close together: the first place and the UIDs of that region, to search in without the array."""
        if len(ranges) < 2:
            return 0, []
        start, end = self._find(ranges[0][0]), self._find(ranges[-1][1] + 1)
        return (start, self._uids(start, end)) if end - start <= _DENSE * len(ranges) else (0, [])

    def _spans(
        self, uid_ranges: Iterable[Range], held_from: int = 0, held: Sequence[int] = ()
    ) -> Iterator[tuple[int, int]]:
        """The places (first, behind the last) of each of sorted ``uid_ranges``.

        Each search is narrow: between two UIDs there are no more places than numbers, so that ranges close to each other cost
        next to nothing.
        """
        end = last = 0
        if held:
            count = len(held)
            for low, high in uid_ranges:
                start = bisect_left(held, low, end, min(count, end + low - last - 1)) if last else 0
                end = bisect_left(held, high + 1, start, min(count, start + high - low + 1))
                last = high
                yield held_from + start, held_from + end
            return
        for low, high in uid_ranges:
            start = self._find(low, end, end + low - last - 1)
            end = self._find(high + 1, start, start + high - low + 1)
            last = high
            yield start, end

    def _find(self, uid: int, low: int = 0, high: int | None = None) -> int:
        """The first place whose UID is ``uid`` or above; it is known to be from ``low`` to ``high``."""
        size = len(self._base)
        if high is None and not low and size:  # where no UID is missing before it, its place is known
            guess = uid - self._base[0]
            if 0 <= guess < size and self._base[guess] == uid:
                return guess
        high = self._places if high is None else min(high, self._places)
        if low >= size or (self._tail and high > size and uid > (self._base[-1] if size else 0)):
            return size + bisect_left(self._tail, uid, max(0, low - size), high - size)
        return bisect_left(self._base, uid, low, min(high, size))

    def _place(self, number: int) -> int:
        """The place of a number: the expunged places before it are found by bisection, as ``gone[k] - k`` never falls."""
        if not self._gone:
            return number - 1
        before = bisect_right(_Shifted(self._gone), number - 1)
        return number - 1 + before


class _Shifted(Sequence[int]):
    """``gone[k] - k``, for bisect."""

    __slots__ = ("_gone",)

    def __init__(self, gone: list[int]) -> None:
        self._gone = gone

    def __len__(self) -> int:
        return len(self._gone)

    def __getitem__(self, at: int) -> int:  # type: ignore[override]  # bisect takes no slices
        return self._gone[at] - at
