"""The client libraries, each in a process of its own against the same server: CPU time of the client alone."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.bed import FULL, Sizes
from bench.build import ROOT, compiled
from bench.client_jobs import MAILBOX, WHOLE
from bench.corpus import huge_mail
from bench.load import append_line
from bench.run import say
from bench.servers import Server

_WHOLE = 66_000_000
JOBS = {
    "records": "FETCH of UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE, all read",
    "lazy": "the same FETCH, only the UID looked at",
    "bodies": "FETCH of BODY[], realistic mail",
    "file": "one large message to a file (66 MB)",
}
QUICK_JOBS = ("records",)
"""What a quick run has time for."""
IMAPFLOW = Path(os.environ.get("IMAPFLOW", ROOT / "build" / "imapflow"))
"""The directory in whose node_modules imapflow is looked for."""


@dataclass(frozen=True, slots=True)
class Client:
    """How one client is run, and for which jobs."""

    name: str
    words: tuple[str, ...]
    jobs: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    missing: str = ""
    """Why it cannot be run here."""


@dataclass
class ClientLine:
    """What one client needed for one job."""

    job: str
    client: str
    cpu: list[float] = field(default_factory=list)
    """Seconds, one figure for each round."""
    messages: int = 0
    peak_kb: int = 0
    grown_kb: int = 0
    """By how much the job made the peak rise."""
    note: str = ""

    @property
    def micros(self) -> float | None:
        """CPU microseconds a message; None where it failed."""
        return statistics.median(self.cpu) / self.messages * 1e6 if self.cpu and not self.note else None


def clients() -> list[Client]:
    """All of them, those that cannot be run here with the reason."""
    build = compiled()
    python = (sys.executable, "-m", "bench.client_jobs")
    every = tuple(JOBS)
    node = shutil.which("node")
    flow = (node or "", str(Path(__file__).with_name("imapflow_job.cjs")), str(IMAPFLOW))
    lacks = (
        "" if node and (IMAPFLOW / "node_modules" / "imapflow").is_dir() else f"not found in {IMAPFLOW.name}"
    )
    return [
        Client("imapkit", (*python, "imapkit"), every, build.environment, "" if build.site else build.words),
        Client(
            "imapkit, plain Python", (*python, "imapkit"), every, {**build.environment, "IMAPKIT_PURE": "1"}
        ),
        Client("IMAPClient", (*python, "IMAPClient"), ("records", "bodies", "file")),
        Client("imapflow", flow, ("records", "bodies", "file"), missing=lacks),
        Client("imaplib, unparsed", (*python, "imaplib"), ("lazy", "bodies", "file")),
        Client("raw socket", (*python, "raw"), ("lazy",)),
    ]


def run_clients(server: Server, sizes: Sizes) -> list[ClientLine]:
    """All jobs by all clients, round by round."""
    known = clients()
    lines = []
    for job in JOBS if sizes.huge >= FULL.huge else QUICK_JOBS:
        last = {"bodies": sizes.real, "file": 0}.get(job, sizes.client)
        there = 1
        if job == "file":
            last = _put_whole(server, _WHOLE)
        else:
            there = _present(server, MAILBOX[job], last)
        of_job = [
            (client, ClientLine(job, client.name, messages=there, note=client.missing))
            for client in known
            if job in client.jobs
        ]
        for _ in range(sizes.rounds):
            for client, line in of_job:
                if not client.missing:
                    _one(server, client, line, last)
        for _, line in of_job:
            say(f"client {job:10} {line.client:22} {line.micros or 0:8.1f} µs a message {line.note}")
        lines += [line for _, line in of_job]
    return lines


def _put_whole(server: Server, octets: int) -> int:
    """Store one large message in a mailbox of its own; its UID."""
    with server.connect() as conn:
        conn.ok(f"CREATE {WHOLE}".encode())
        conn.ok(append_line(WHOLE, huge_mail(octets)))
    return 1


def _present(server: Server, mailbox: str, last: int) -> int:
    """How many messages have UIDs up to ``last``: rows before may have expunged some."""
    with server.connect() as conn:
        conn.ok(f"SELECT {mailbox}".encode())
        return conn.ok(b"UID FETCH 1:%d (UID)" % last).data.count(b" FETCH (")


def _one(server: Server, client: Client, line: ClientLine, last: int) -> None:
    host, port = server.address
    done = subprocess.run(
        [*client.words, line.job, host, str(port), str(last)],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **client.environment},
    )
    if done.returncode:
        line.note = (done.stderr.strip().splitlines() or ["no output"])[-1]
        return
    found = json.loads(done.stdout)
    if found["seen"] != line.messages:
        line.note = f"saw {found['seen']} messages of {line.messages}"
    line.cpu.append(found["cpu"])
    line.peak_kb = max(line.peak_kb, found["peak_kb"])
    line.grown_kb = max(line.grown_kb, found["peak_kb"] - found["before_kb"])
