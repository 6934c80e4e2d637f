"""The first time after a restart with a cold page cache: SELECT, and what the other files measure warm."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bench import rows_fetch
from bench.bed import BIG, Bed, Row, Run, check
from bench.cold import restart_cold


def cold(run: Run) -> Run:
    """``run``, on a server that was just started and whose files are on the disk alone; the big mailbox is as it was then."""

    def first(bed: Bed, round_: int) -> float:
        bed.mutate()
        bed.drop_connections()
        restart_cold(bed.server)
        bed.still = True
        try:
            return run(bed, round_)
        finally:
            bed.still = False

    return first


def first_times(rows: Iterable[Row], *, quick: bool = True) -> list[Row]:
    """The rows, each after a restart with a cold page cache; not ``quick``: none of them in a quick run."""
    return [replace(row, run=cold(row.run), once=True, quick=quick and row.quick) for row in rows]


def select(bed: Bed, round_: int) -> float:
    """Milliseconds: the big mailbox, by the first session that opens it."""
    with bed.server.connect() as conn, bed.cpu():
        answer = conn.ok(f"SELECT {BIG}".encode())
        check("EXISTS", b"* %d EXISTS" % bed.total in answer.data, True)
    return answer.seconds * 1000


ROWS = first_times(
    [
        Row("SELECT, first", "ms", select, more_is_better=False, quick=False),
        Row("FETCH ENVELOPE and columns, first", "msgs/s", rows_fetch.envelope, 3.0),
        Row("FETCH BODYSTRUCTURE, first", "msgs/s", rows_fetch.bodystructure, quick=False),
        Row("FETCH HEADER.FIELDS, first", "msgs/s", rows_fetch.header_fields, 3.0, quick=False),
    ]
)
