"""The table of a run, as Markdown: figures, CPU, the ratio to the best peer beside the ratio aimed at, and what failed."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from bench import growth_table
from bench.bed import FULL, Bed, Row, Sizes
from bench.client import JOBS, ClientLine
from bench.needed import NEEDED, RECORDS
from bench.run import Cell, Line

RESULTS = Path(__file__).with_name("RESULTS.md")
_HEAD = """\
# Measurements

Written by `python -m bench --write`; do not edit. `make bench` repeats the run, `make bench-quick` a small
one; `make bench-growth` measures the section about growth and puts it in.

"""
_METHOD = """
## How it is measured

- All servers run at once on this machine, idle while another is measured; each row goes through the servers in turn, round
  by round; a figure is the median of {rounds} rounds. In parentheses: CPU seconds of the server's whole process tree for one round.
- The load client uses raw sockets, reads up to 4 MB at once and looks only for the tagged line while the clock runs. Afterwards every
  answer is checked: counts and SEARCH results whole, contents by sample. A wrong answer is shown as (!) and has no figure.
- Between rounds another session appends a message and changes flags, needles and header-field lists differ, so that no cached
  answer wins. A FETCH, SORT or THREAD is "first" after a restart of the server with a cold page cache, Dovecot's field cache deleted.
- imapkit runs with its defaults and two workers, from the build that the line above the table names.
- Durability: every server syncs a message before it answers OK. Dovecot has mail_fsync=optimized, its default; the mailbox was
  filled without. Cyrus has its defaults. Flags of imapkit reach the disk within 0.2 s, Dovecot's are not synced at all. The CPU of the
  APPEND rows is counted until imapkit has nothing left to do: texts are made and the index is built half a second behind.
- Dovecot mdbox is tuned (processes reused, those without work ended after 3 s, idle sessions hibernate); Maildir runs as Debian starts
  it, Cyrus with its defaults, its mailboxes filled by files and `reconstruct`. None has a full-text index.
- Many accounts: {accounts:,} (500 where each session is a process), each of which logged in once before. Peers keep passwords as plain
  text; so that the rows are about accounts, imapkit's have the cheapest argon2id hash there is, and what a real one costs at the first
  LOGIN has a row of its own. The account with the mail has a real hash, remembered after the first LOGIN.
- TLS: one certificate for all (ECDSA P-256), TLS 1.3, verified by the client. "Resumed": each handshake offers the ticket of the one
  before.
- Needles of SEARCH are in one message of 2,000 (rare), in one of ten, in two of three (in most), in none, and two characters long inside
  a word in one of 500; BODY and TEXT never look for the same one in one round. "No index yet": imapkit's index is deleted and its builder
  kept from working. SORT, THREAD, QRESYNC and CHANGEDSINCE are compared whole with what the corpus knows.
- Mixed work: 50 sessions on ten mailboxes of 1,000 messages SELECT, FETCH flags, envelopes and single bodies, STORE, SEARCH UNSEEN, APPEND,
  EXPUNGE, STATUS and NOOP for {mixed:g} seconds; one measurement gives its three rows. "Of 2,000" mailboxes means {boxes:,} in this run.
- A figure that takes more than six seconds (searches in texts: two) is taken once. Memory and descriptors are of one more session in
  IDLE on INBOX after the first eight, in a server just started: {idlers:,} sessions of imapkit, 500 of the tuned Dovecot (Linux gives a
  user 128 inotify instances; as root the run allows more for that time), 200 where each is a process. imapkit's limits of sessions a
  user are raised.
- "ratio" is imapkit against the best peer in this run (above 1: imapkit is better); "aim" is what the project wants to reach.
"""

_PLAIN = "imaplib, unparsed"
_CLIENT_AIMS = (
    ("records", "IMAPClient", 5.0),
    ("records", "imapflow", 5.0),
    ("lazy", _PLAIN, 0.5),
    ("bodies", _PLAIN, 1.0),
    ("file", _PLAIN, 1.0),
)
"""(job, client, how many times as fast imapkit wants to be)."""


@dataclass
class Report:
    """Everything a run found."""

    sizes: Sizes
    beds: Sequence[Bed]
    lines: Sequence[Line]
    clients: Sequence[ClientLine]
    memory: Sequence[int]
    seconds: float

    def text(self) -> str:
        """The whole page."""
        parts = [_HEAD, self._machine(), self._table(), self._short(), self._wrong(), self._clients()]
        growth = growth_table.section() if self.sizes == FULL else ""
        return "".join(parts) + growth + self._method()

    def _method(self) -> str:
        sizes = self.sizes
        return _METHOD.format(
            rounds=sizes.rounds,
            mixed=sizes.mixed,
            boxes=sizes.boxes,
            accounts=sizes.accounts,
            idlers=sizes.idlers,
        )

    def _machine(self) -> str:
        servers = "; ".join(f"{bed.server.name} {bed.server.version}" for bed in self.beds)
        packages = ", ".join(f"{name} {metadata.version(name)}" for name in ("apsw", "numpy", "uvloop"))
        return (
            f"{machine()}; Linux {platform.release()}; Python {platform.python_version()}, {packages}.\n"
            f"Servers: {servers}. {self.sizes.small:,} small messages in one mailbox (median 2.4 KB), {self.sizes.real:,}"
            f" realistic ones (median 8 KB, mean about 40 KB), one of {self.sizes.huge / 1e6:.0f} MB."
            f" Run time {self.seconds / 60:.1f} minutes{'' if self.sizes == FULL else ', not the full sizes'}.\n\n"
        )

    def _table(self) -> str:
        names = [bed.server.name for bed in self.beds]
        rows = [
            "| work | unit | " + " | ".join(names) + " | ratio | aim |",
            "|---|---|" + "---:|" * (len(names) + 2),
        ]
        for line in self.lines:
            arrow = "↑" if line.row.more_is_better else "↓"
            ratio = line.ratio()
            cells = " | ".join(_cell(cell) for cell in line.cells)
            shown = f"{_figure(ratio)} x" if ratio else ""
            rows.append(
                f"| {line.row.name} | {line.row.unit} {arrow} | {cells} | {shown} | {_aim(line.row)} |"
            )
        cells = " | ".join(_figure(bed.fill_rate) if bed.fill_rate else "" for bed in self.beds)
        rows.append(
            f"| (fill: MULTIAPPEND or pipelined APPEND; Dovecot without fsync) | msgs/s ↑ | {cells} | | |"
        )
        cells = " | ".join(f"{octets / 1e6:.0f}" for octets in self.memory)
        rows.append(f"| (memory of all processes after the run, PSS) | MB ↓ | {cells} | | |")
        return "\n".join(rows) + "\n"

    def _short(self) -> str:
        """The rows that miss their aim, worst first."""
        aims = [(part, line) for line in self.lines if (part := line.reached()) is not None]
        missed = sorted(((part, line) for part, line in aims if part < 1), key=lambda found: found[0])
        reached = len(aims) - len(missed)
        if not missed:
            return f"\n{reached} rows reach their aim.\n" if reached else ""
        rows = "\n".join(
            f"- {line.row.name}: {_got(line)} of {_aim(line.row)}; {_needed(line.row, part)}"
            for part, line in missed
        )
        counts = f"{reached} rows reach their aim, {len(missed)} do not, the furthest first; what it would take is a judgement"
        return f"\n## Where it falls short\n\n{counts}:\n\n{rows}\n"

    def _wrong(self) -> str:
        found = [
            f"- {bed.server.name}: {line.row.name}: {cell.wrong}"
            for line in self.lines
            for bed, cell in zip(self.beds, line.cells, strict=True)
            if cell.wrong
        ]
        notes = [
            f"- {bed.server.name}: {line.row.name}: {cell.note}"
            for line in self.lines
            for bed, cell in zip(self.beds, line.cells, strict=True)
            if cell.note
        ]
        said = "\nTo single figures:\n\n" + "\n".join(notes) + "\n" if notes else ""
        wrong = "\n(!) Answers that were wrong, or none:\n\n" + "\n".join(found) + "\n" if found else ""
        return said + wrong

    def _clients(self) -> str:
        if not self.clients:
            return ""
        rows = [
            f"| {JOBS[line.job]} | {line.client} | {_micros(line)} | {line.peak_kb / 1024:.0f} | {line.grown_kb / 1024:.1f} | {line.note} |"
            for line in self.clients
        ]
        return (
            f"\n## Client libraries\n\nCPU time of the client's process over {self.sizes.client:,} small messages and"
            f" {self.sizes.real:,} realistic ones; server: {self.beds[0].server.name}.\n\n"
            "| job | client | µs a message | peak MB | MB more by the job | |\n|---|---|---:|---:|---:|---|\n"
            + "\n".join(rows)
            + "\n"
            + client_aims(self.clients)
        )


def client_aims(lines: Sequence[ClientLine]) -> str:
    """How imapkit stands beside the others, and how it should."""
    micros = {(line.job, line.client): line.micros for line in lines}
    grown = {line.client: line.grown_kb for line in lines if line.job == "file"}
    found = []
    for job, client, aim in _CLIENT_AIMS:
        ours, theirs = micros.get((job, "imapkit")), micros.get((job, client))
        if ours and theirs:
            way = f": {RECORDS}" if job == "records" and theirs / ours < aim else ""
            times = _figure(theirs / ours)
            found.append(f"- {JOBS[job]}: {times} x as fast as {client}, {aim:g} x is wanted{way}")
    if grown.get("imapkit") and grown.get(_PLAIN):
        part = grown["imapkit"] / grown[_PLAIN]
        found.append(f"- the same: {_figure(part)} of the memory of {_PLAIN}, 0.1 is wanted")
    return "\n" + "\n".join(found) + "\n" if found else ""


def _micros(line: ClientLine) -> str:
    return "(!)" if line.micros is None else f"{line.micros:.1f}"


def _cell(cell: Cell) -> str:
    if cell.value is None:
        return "" if cell.not_offered else "(!)"
    return f"{_figure(cell.value)} ({sorted(cell.cpu)[len(cell.cpu) // 2]:.2f}s)"


def _aim(row: Row) -> str:
    if row.limit is not None:
        return f"{row.limit:g} {row.unit}"
    return f"{row.target:g} x" if row.target else ""


def _got(line: Line) -> str:
    if line.row.limit is not None:
        return f"{_figure(line.cells[0].value or 0)} {line.row.unit}"
    return f"{_figure(line.ratio() or 0)} x"


def _needed(row: Row, part: float) -> str:
    better = "less" if row.limit is not None and not row.more_is_better else "faster"
    way = NEEDED.get(row.name)
    return f"{1 / part:.1f} times {better} is needed" + (f": {way}" if way else "")


def _figure(value: float) -> str:
    if value >= 10_000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 1000 else f"{value:,.0f}"


def machine() -> str:
    """What it was measured on."""
    return f"{_cpu()}; {_memory()}"


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return f"{len(_cpus())} cores, {line.partition(':')[2].strip()}"
    return f"{len(_cpus())} cores"


def _cpus() -> list[str]:
    return [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("processor")]


def _memory() -> str:
    total = int(Path("/proc/meminfo").read_text().split()[1])
    return f"{total / 1e6:.0f} GB of memory"
