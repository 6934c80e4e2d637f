"""Sets of messages of the memory store: an ascending tuple of UIDs."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from imapkit.protocol.numset import Range, compress
from imapkit.query.index import MessageSet


class UidSet:
    """An immutable set of messages, by UID."""

    __slots__ = ("_uids",)

    def __init__(self, uids: tuple[int, ...] = ()) -> None:
        self._uids = uids

    def __len__(self) -> int:
        return len(self._uids)

    def __iter__(self) -> Iterator[int]:
        return iter(self._uids)

    def __contains__(self, uid: object) -> bool:
        if not isinstance(uid, int):
            return False
        at = bisect_left(self._uids, uid)
        return at < len(self._uids) and self._uids[at] == uid

    def __or__(self, other: MessageSet) -> MessageSet:
        return UidSet(tuple(sorted({*self, *other})))

    def __and__(self, other: MessageSet) -> MessageSet:
        others = set(other)
        return UidSet(tuple([uid for uid in self._uids if uid in others]))

    def __sub__(self, other: MessageSet) -> MessageSet:
        others = set(other)
        return UidSet(tuple([uid for uid in self._uids if uid not in others]))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, UidSet) and other._uids == self._uids

    __hash__ = None  # type: ignore[assignment]

    def ranges(self) -> list[Range]:
        return list(compress(self._uids))

    def __repr__(self) -> str:
        return f"UidSet({self.ranges()})"
