"""FETCH responses put together to messages, while they come (RFC 9051 section 7.5.2). No I/O.

Rules: a message is given as soon as all that was asked for is there, and what came of it at the end in any case; what cannot be
read is given as a broken message, never passed over; news of messages nobody asked for are no answers.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from ..features.catalogue import full_registry
from ..features.fetch_data import FetchData
from ..features.fetch_datum import UidDatum
from ..features.fetch_items import FetchItem, UidItem
from ..features.fetch_quick import LazyFetchData, groups_of
from ..protocol.numset import STAR, NumSet, holds, join
from ..protocol.response import BrokenResponse, Response


class Gatherer:
    """One UID FETCH. Feed it the responses; it gives messages. The rest comes from ``finish``."""

    def __init__(self, uids: NumSet, items: Sequence[FetchItem]) -> None:
        answers = full_registry().answers
        known = [answers.get(type(item)) for item in items]
        self._needed = Counter(cls for cls in known if cls is not None)
        self._least = len(items) + (UidItem() not in items)
        self._exact = None not in known
        self._open = uids.saved or any(STAR in pair for pair in uids.ranges)
        self._ranges = join(uids.ranges) if not self._open else []
        self._groups = groups_of([*items, UidItem()] if UidItem() not in items else items)
        self._waiting: dict[int, FetchData] = {}
        self._given: set[int] = set()

    def take_all(self, responses: Iterable[Response]) -> Iterator[FetchData]:
        """The messages that are complete with these, one by one."""
        groups, given, waiting = self._groups, self._given, self._waiting
        low, high = 1, 0  # the range that the last message was in
        for response in responses:
            if (
                waiting
                or groups is None
                or type(response) is not LazyFetchData
                or None in response.told(*groups)
            ):
                data = self.take(response)
                if data is not None:
                    yield data
                continue
            uid = response.uid
            assert uid is not None, "the UID is among the groups"
            if uid in given:
                continue
            if not low <= uid <= high and not self._open:
                place = bisect_right(self._ranges, (uid, STAR)) - 1
                if place < 0 or uid > self._ranges[place][1]:
                    continue
                low, high = self._ranges[place]
            given.add(uid)
            yield response

    def take(self, response: Response) -> FetchData | None:
        """A message that is complete now."""
        if isinstance(response, BrokenResponse):
            return self._broken(response)
        if not isinstance(response, FetchData):
            return None
        data = response
        known = self._waiting.get(response.seq)
        if known is not None and (None in (known.uid, response.uid) or known.uid == response.uid):
            known.add(response.items)
            data = known
        if self._complete(data):
            self._waiting.pop(data.seq, None)
            return self._give(data) if self._asked(data) else None
        self._waiting[data.seq] = data
        return None

    def finish(self) -> Iterator[FetchData]:
        """Messages of which less came than was asked for."""
        for data in self._waiting.values():
            if self._asked(data):
                yield data
        self._waiting.clear()

    def _broken(self, response: BrokenResponse) -> FetchData | None:
        if response.name not in ("FETCH", ""):
            return None
        if not response.name and response.uid is None:
            return None  # a line that is no response at all: logged, but it belongs to no message
        uid = [UidDatum(response.uid)] if response.uid is not None else []
        return FetchData(response.number or 0, list(uid), response.error)

    def _complete(self, data: FetchData) -> bool:
        if data.uid is None:
            return False
        if not self._exact:
            return len(data.items) >= self._least
        have = Counter(map(type, data.items))
        return all(have[cls] >= count for cls, count in self._needed.items())

    def _asked(self, data: FetchData) -> bool:
        """False for news: of messages nobody asked for, or of those that were given already."""
        if data.uid is None or data.uid in self._given:
            return False
        return self._open or holds(self._ranges, data.uid)

    def _give(self, data: FetchData) -> FetchData:
        if data.uid is not None:
            self._given.add(data.uid)
        return data
