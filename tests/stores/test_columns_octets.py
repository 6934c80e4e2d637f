"""What columns say that they hold is what their arrays hold, as they grow, take more flags and are folded."""

from __future__ import annotations

from imapkit.stores.log.entry import Added, Entry, Expunged, FlagsChanged, batch_of
from imapkit.stores.sqlite.columns import NumpyColumns


def held(columns: NumpyColumns) -> int:
    arrays = (*columns._columns.values(), *columns._planes, columns._alive)
    return sum(array.nbytes for array in arrays)


def test_octets() -> None:
    columns = NumpyColumns()
    assert columns.octets == held(columns) == 0  # empty ones share their arrays
    columns.apply(Entry(1, 1, 0, Added(1, batch_of([(at, 5, 0, 0, 0, 0) for at in range(1, 3001)]))))
    small = columns.octets
    assert small == held(columns) > 3000
    columns.apply(Entry(2, 1, 0, FlagsChanged([(1, 9)], 1 << 70, 0)))
    assert columns.octets == held(columns) > small
    columns.apply(Entry(3, 1, 0, Expunged([(1, 2000)])))
    assert len(columns) == 1000 and columns.octets == held(columns) < small
