"""The client libraries, each in a process of its own against the same server: CPU time of the client alone."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass, field

from bench.bed import BIG, REAL, Sizes
from bench.client_jobs import CLIENTS
from bench.run import say
from bench.servers import Server

JOBS = {
    "records": "FETCH of UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE",
    "bodies": "FETCH of BODY[], realistic mail",
}


@dataclass
class ClientLine:
    """What one client needed for one job."""

    job: str
    client: str
    cpu: list[float] = field(default_factory=list)
    """Seconds, one figure for each round."""
    messages: int = 0
    peak_kb: int = 0
    note: str = ""

    @property
    def micros(self) -> float | None:
        """CPU microseconds a message; None where it failed."""
        return statistics.median(self.cpu) / self.messages * 1e6 if self.cpu and not self.note else None


def run_clients(server: Server, sizes: Sizes) -> list[ClientLine]:
    """All jobs by all clients, round by round."""
    lines = []
    for job in JOBS:
        count = sizes.client if job == "records" else sizes.real
        there = _present(server, BIG if job == "records" else REAL, count)
        of_job = [
            ClientLine(job, client, messages=there)
            for client in CLIENTS
            if (client, job) != ("raw socket", "bodies")
        ]
        for _ in range(sizes.rounds):
            for line in of_job:
                _one(server, line, count)
        for line in of_job:
            say(f"client {job:10} {line.client:20} {line.micros or 0:8.1f} µs a message {line.note}")
        lines += of_job
    return lines


def _present(server: Server, mailbox: str, last: int) -> int:
    """How many messages have UIDs up to ``last``: rows before may have expunged some."""
    with server.connect() as conn:
        conn.ok(f"SELECT {mailbox}".encode())
        return conn.ok(b"UID FETCH 1:%d (UID)" % last).data.count(b" FETCH (")


def _one(server: Server, line: ClientLine, last: int) -> None:
    host, port = server.address
    words = [line.client, line.job, host, str(port), str(last)]
    done = subprocess.run(
        [sys.executable, "-m", "bench.client_jobs", *words],
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, **server.environment},
    )
    if done.returncode:
        line.note = (done.stderr.strip().splitlines() or ["no output"])[-1]
        return
    found = json.loads(done.stdout)
    if found["seen"] != line.messages:
        line.note = f"saw {found['seen']} messages of {line.messages}"
    line.cpu.append(found["cpu"])
    line.peak_kb = max(line.peak_kb, found["peak_kb"])
