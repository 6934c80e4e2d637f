"""The sort keys of one account, from packed pieces and from rows: what ``kept_keys`` reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from imapkit.ports.store import Column
from imapkit.query.index import MessageSet
from imapkit.stores.log.mailbox import OpenMailbox, ReadAhead

from .contents import Contents
from .errors import store_errors
from .handle import HasConnection
from .sort_packs import NUMBERS, packed_spans, read_pack

Numbers = npt.NDArray[np.int64]


class Sorted(HasConnection, Protocol):
    """What is asked of an account."""

    path: Path
    contents: Contents

    def ahead(
        self, mailbox: OpenMailbox, messages: MessageSet, columns: Sequence[Column]
    ) -> ReadAhead | None: ...


class SortRows:
    """Reads them for a mailbox of ``account``."""

    def __init__(self, account: Sorted) -> None:
        self._account = account

    def ahead(
        self, mailbox: OpenMailbox, messages: MessageSet, columns: Sequence[Column]
    ) -> ReadAhead | None:
        """What makes a long read of rows quicker."""
        return self._account.ahead(mailbox, messages, columns)

    def read(self, contents: list[int], columns: Sequence[Column]) -> Sequence[object]:
        """The values of each column, from the rows; of numbers alone an array."""
        account = self._account
        with store_errors(account.path):
            if len(columns) == 1 and columns[0] in NUMBERS:
                return [np.fromstring(account.contents.joined(contents, columns[0]), np.int64, sep=",")]
            return account.contents.read(contents, columns)

    def spans(self, numbers: Numbers, columns: Sequence[Column]) -> Numbers:
        """Those of which ``packed`` has all columns, unless they are damaged."""
        with store_errors(self._account.path):
            return packed_spans(self._account.db, numbers, columns)

    def packed(self, number: int, contents: Numbers, columns: Sequence[Column]) -> list[object] | None:
        """The same of contents of one span, from its pieces. None: they must be read from the rows."""
        found: list[object] = []
        for column in columns:
            with store_errors(self._account.path):
                pack = read_pack(self._account.db, number, column)
            if pack is None:
                return None
            values = pack.values
            if not np.array_equal(pack.ids, contents):
                at = np.minimum(np.searchsorted(pack.ids, contents), len(pack.ids) - 1)
                if not len(pack.ids) or not np.array_equal(pack.ids[at], contents):
                    return None  # a number that has no row: the rows tell
                values = (
                    values[at] if isinstance(values, np.ndarray) else [values[each] for each in at.tolist()]
                )
            found.append(values)
        return found
