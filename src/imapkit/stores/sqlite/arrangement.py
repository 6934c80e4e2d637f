"""SORT and THREAD from what is kept of an open mailbox (RFC 5256): no text is read but that of mail that came since the last time.

The rule this file must not break: the same answers as ``query.sort`` and ``query.thread`` give from the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from imapkit.ports.store import Arranged, Column, MessageSet
from imapkit.query.sort import Work
from imapkit.query.thread import Algorithm, Threads
from imapkit.stores.log.mailbox import OpenMailbox

from . import arrange_threads
from .arrange_threads import Mail, TooDeep
from .kept_ids import Ids
from .kept_keys import RANKED, KeptKeys, Key, Numbers, Places, Rows, columns_of
from .uidset import NumpySet

_PLAIN: Final = {Column.ARRIVED: "date", Column.SIZE: "size"}
"""Columns that a mailbox has anyway."""
_THREADED: Final = {
    Algorithm.ORDEREDSUBJECT: [Key.SENT, Key.SUBJECT_ID],
    Algorithm.REFERENCES: [Key.SENT, Key.SUBJECT_ID, Key.REPLY, Key.OWN_ID, Key.ANCESTORS],
    Algorithm.REFS: [Key.SENT, Key.OWN_ID, Key.ANCESTORS],
}
_SMALL: Final = 8
"""A set of fewer than one in so many of the messages is sorted by itself."""


def _key_of(column: Column) -> Key | None:
    return Key.SENT if column is Column.SENT else RANKED.get(column)


class Arrangement:
    """The order of one mailbox's messages, by whatever SORT and THREAD ask for."""

    def __init__(self, mailbox: OpenMailbox, rows: Rows) -> None:
        self._mailbox = mailbox
        self._keys = KeptKeys(mailbox, rows)

    @property
    def octets(self) -> int:
        """Memory held."""
        return self._keys.octets

    def sorted(self, messages: MessageSet, by: Sequence[tuple[Column, bool]]) -> Work[Arranged]:
        yield from self._keys.bring([key for column, _ in by if (key := _key_of(column)) is not None])
        found = messages & columns_of(self._mailbox).everything()
        places = self._keys.places(found)
        (column, reverse), *others = by
        key = _key_of(column)
        if key is not None and not others and self._is_large(places):
            order = self._order(key, places)
            if reverse:
                values = self._keys.numbers(key)
                order = _reversed(order, values if places is None else values[places])
        else:
            order = self._sorted_by(found, places, by)
        return Arranged(self._uids(found), order.tolist())

    def _uids(self, found: MessageSet) -> Sequence[int]:
        """UIDs, ascending: what the mailbox has of them anyway, if these are all."""
        mailbox = self._mailbox
        assert isinstance(found, NumpySet)
        uids: list[int] | None = (
            found.uids.tolist() if len(found) < len(mailbox.columns.everything()) else None
        )
        return mailbox.uids() if uids is None else uids

    def _is_large(self, places: Places | None) -> bool:
        return places is None or len(places) * _SMALL > len(self._keys.uid)

    def _order(self, key: Key, places: Places | None) -> Places:
        """The places within ``places`` by ascending value."""
        order = self._keys.order(key)
        if places is None:
            return order
        if not self._is_large(places):
            return np.argsort(self._keys.numbers(key)[places], kind="stable")
        within = np.full(len(self._keys.uid), -1, np.intp)
        within[places] = np.arange(len(places))
        found = within[order]
        return found[found >= 0]

    def _sorted_by(
        self, found: MessageSet, places: Places | None, by: Sequence[tuple[Column, bool]]
    ) -> Places:
        columns: list[Numbers] = []
        for column, reverse in by:
            key = _key_of(column)
            if key is None:
                (values,) = columns_of(self._mailbox).arrays(found, _PLAIN[column])
            else:
                values = self._keys.numbers(key)
                values = values if places is None else values[places]
            columns.append(-values if reverse else values)
        if len(columns) == 1:
            return np.argsort(columns[0], kind="stable")
        return np.lexsort(columns[::-1])

    def threads(
        self, messages: MessageSet, algorithm: Algorithm
    ) -> Work[tuple[Sequence[int], Threads] | None]:
        """The UIDs of ``messages`` that are still there, and their threads; None when they are too deep for this way."""
        keys = self._keys
        yield from keys.bring(_THREADED[algorithm])
        found = messages & columns_of(self._mailbox).everything()
        places = keys.places(found)
        uids = self._uids(found)
        order = self._order(Key.SENT, places)
        if algorithm is Algorithm.ORDEREDSUBJECT:
            return uids, arrange_threads.ordered_subject(order, self._of(Key.SUBJECT_ID, places))
        mail = self._mail(order, places)
        try:
            if algorithm is Algorithm.REFS:
                (arrived,) = columns_of(self._mailbox).arrays(found, "date")
                return uids, (yield from arrange_threads.refs(mail, arrived))
            subject, reply = self._of(Key.SUBJECT_ID, places), self._of(Key.REPLY, places)
            return uids, (yield from arrange_threads.references(mail, subject, reply))
        except TooDeep:
            return None

    def _of(self, key: Key, places: Places | None) -> Numbers:
        values = self._keys.numbers(key)
        return values if places is None else values[places]

    def _mail(self, order: Places, places: Places | None) -> Mail:
        own, kept = self._keys.own_ids(), self._keys.ancestors()
        counts, values, ids = kept.counts, kept.values, self._keys.ids
        if places is not None:
            starts = np.cumsum(counts) - counts
            starts, counts, own = starts[places], counts[places], own[places]
            values = values[
                np.repeat(starts - (np.cumsum(counts) - counts), counts) + np.arange(counts.sum())
            ]
            if not self._is_large(places):
                distinct, small = np.unique(np.concatenate((own, values)), return_inverse=True)
                small -= int(len(distinct) > 0 and distinct[0] < 0)  # -1 stays -1
                own, values, ids = _ids(small[: len(own)]), _ids(small[len(own) :]), len(distinct)
        return Mail(order, own.astype(np.intp), counts.astype(np.intp), values.astype(np.intp), ids)


def octets_of(mailbox: OpenMailbox) -> int:
    """Memory held by the columns of an open mailbox and by its order."""
    arranged = mailbox.arranged
    return columns_of(mailbox).octets + (arranged.octets if isinstance(arranged, Arrangement) else 0)


def _ids(numbers: Places) -> Ids:
    return numbers.astype(np.int32)


def _reversed(order: Places, values: Numbers) -> Places:
    """The other way round, but equals stay as they are."""
    if not len(order):
        return order
    sorted_ = values[order]
    starts = np.flatnonzero(np.diff(sorted_, prepend=sorted_[:1] - 1))
    size = np.diff(starts, append=len(order))
    group = np.repeat(np.arange(len(starts)), size)
    ends = (starts + size)[group]
    found = np.empty_like(order)
    found[len(order) - ends + np.arange(len(order)) - starts[group]] = order
    return found
