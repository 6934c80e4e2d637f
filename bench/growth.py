"""`python -m bench.growth`: imapkit's figures at 10,000, 100,000 and 1,000,000 messages, each checked as in the other runs.

It needs about 8 GB of memory, 20 GB of disk, and half an hour for the million. `--write` keeps what was found, and puts it into RESULTS.md
in the place of what stood there.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bench import build, rows_idle
from bench.bed import FULL, Bed, Mailboxes, Row, Sizes
from bench.growth_table import Figures, Growth, renew
from bench.report import RESULTS, machine
from bench.run import ROWS, Line, run_rows, say
from bench.server import Server, Setup
from bench.servers import imapkit
from bench.tls import Certificate

SIZES = (10_000, 100_000, 1_000_000)
_STILL = 3.0
"""Seconds without work after which the search index is taken to be built."""
_PATIENCE = 3
"""A row of a million messages may take so many times as long before it is measured once only: else it is a first time."""
_APART = ("sdbox", "TLS", "account", "COMPRESS", "the same")
"""In the names of rows that are about a peer, or about sessions rather than messages."""
_CONSTANT = (
    "latency",
    "SELECT",
    "idle",
    "CHANGEDSINCE",
    "LIST",
    "CREATE",
    "one large",
    "mixed",
    "LOGIN",
    "CPU",
)


def sizes_of(messages: int) -> Sizes:
    """What a run with so many messages does."""
    return replace(
        FULL,
        small=messages,
        real=min(max(100, messages * 3 // 100), 10_000),
        copies=messages // 10,
        accounts=0,
        rounds=3,
    )


def await_quiet(server: Server, most: float = 3600.0) -> None:
    """Until the server's processes do nothing any more."""
    ends = time.monotonic() + most
    before = server.cpu()
    while time.monotonic() < ends:
        time.sleep(_STILL)
        now = server.cpu()
        if now - before < 0.05:
            return
        before = now


def disk_octets(home: Path) -> int:
    """What all files below take on the disk."""
    return sum(path.lstat().st_blocks * 512 for path in home.rglob("*") if path.is_file())


def measure(messages: int, only: str) -> list[Figures]:
    """All figures at one size."""
    sizes = sizes_of(messages)
    say(f"{messages:,} messages: making the mail")
    mail = Mailboxes.of(sizes)
    octets = sum(each.size for each in (*mail.small, *mail.real)) + len(mail.huge)
    with (
        tempfile.TemporaryDirectory(prefix="bench-tls-") as directory,
        imapkit(_setup(sizes, directory)) as server,
    ):
        bed = Bed(server, mail, sizes)
        started, used = time.perf_counter(), server.cpu()
        bed.fill()
        filled = time.perf_counter() - started
        await_quiet(server)
        found = [
            Figures("fill of both mailboxes", "messages/s", True, [(messages + sizes.real) / filled]),
            Figures(
                "CPU of the fill, indexes built, a message",
                "ms",
                False,
                [(server.cpu() - used) / (messages + sizes.real) * 1000],
                with_size=False,
            ),
            Figures("memory after the fill (PSS)", "MB", False, [server.pss() / 1e6]),
        ]
        say("; ".join(f"{each.name}: {each.values[0]:.4g}" for each in found))
        if server.home is not None:
            taken = disk_octets(server.home)
            found.append(Figures("size on disk", "MB", False, [taken / 1e6]))
            found.append(Figures("size on disk, of the mail's", "%", False, [taken / octets * 100], False))
        lines = run_rows([bed], _rows(only), sizes.rounds)
        found.append(Figures("memory after all rows (PSS)", "MB", False, [server.pss() / 1e6]))
        bed.drop_connections()
    return [*(_of(line) for line in lines), *found]


def _setup(sizes: Sizes, directory: str) -> Setup:
    return Setup(sizes.accounts, Certificate.make(Path(directory)), build.compiled())


def _rows(only: str) -> list[Row]:
    apart = {row.name for row in rows_idle.ROWS}
    rows = [row for row in ROWS if row.name not in apart and not any(word in row.name for word in _APART)]
    return [
        replace(row, patience=row.patience * _PATIENCE) for row in rows if only.lower() in row.name.lower()
    ]


def _of(line: Line) -> Figures:
    with_size = "first" in line.row.name or not any(word in line.row.name for word in _CONSTANT)
    return Figures(
        line.row.name, line.row.unit, line.row.more_is_better, [line.cells[0].value], with_size=with_size
    )


def joined(found: Sequence[Sequence[Figures]]) -> list[Figures]:
    """The same rows of several sizes, side by side."""
    return [
        replace(each[0], values=[value for figures in each for value in figures.values])
        for each in zip(*found, strict=True)
    ]


def main() -> int:
    """Measure; exit 1 when a row has no figure, since its answer was wrong."""
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="messages, with commas between")
    parser.add_argument("--only", default="", help="rows whose name contains this")
    parser.add_argument("--write", action="store_true", help="keep the figures for RESULTS.md")
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",")]
    growth = Growth(machine(), sizes, joined([measure(size, options.only) for size in sizes]))
    print(growth.text())
    if options.write:
        growth.save()
        renew(RESULTS, growth)
    return 1 if any(None in each.values for each in growth.figures) else 0


if __name__ == "__main__":
    sys.exit(main())
