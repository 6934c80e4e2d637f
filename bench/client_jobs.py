"""One job by one client library, in a process of its own: `python -m bench.client_jobs CLIENT JOB HOST PORT COUNT`.

Prints one JSON object: CPU seconds of this process for the job alone (login and SELECT not counted), messages seen, its peak
memory and what that was before the job. The jobs are in ``bench.client``.
"""

from __future__ import annotations

import imaplib
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.bed import BIG, REAL
from bench.load import Connection
from bench.servers import PASSWORD, USER

WHOLE = "Whole"
"""The mailbox that holds the one large message."""
MAILBOX = {"records": BIG, "lazy": BIG, "bodies": REAL, "file": WHOLE}
RECORDS = "(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)"
_SLICE = 5_000


class Clock:
    """CPU time and memory from where the job begins."""

    def __init__(self) -> None:
        self.before_kb = peak_kilobytes()
        self._started = time.process_time()

    def done(self, seen: int) -> dict[str, float]:
        """What the job took."""
        used = time.process_time() - self._started
        return {"cpu": used, "seen": seen, "peak_kb": peak_kilobytes(), "before_kb": self.before_kb}


def raw(job: str, host: str, port: int, count: int) -> dict[str, float]:
    """No library: what receiving alone costs. The answer is copied once, so bodies are not measured this way."""
    with Connection((host, port)).login(USER, PASSWORD) as conn:
        conn.ok(f"SELECT {MAILBOX[job]}".encode())
        clock = Clock()
        answer = conn.ok(f"UID FETCH 1:{count} {RECORDS}".encode())
        found = clock.done(0)
        return {**found, "seen": answer.data.count(b" FETCH (UID")}


def of_imaplib(job: str, host: str, port: int, count: int) -> dict[str, float]:
    """The standard library: lines and literals, nothing parsed."""
    with imaplib.IMAP4(host, port) as conn, tempfile.TemporaryFile() as file:
        conn.login(USER, PASSWORD)
        conn.select(MAILBOX[job])
        clock = Clock()
        items = RECORDS if job in ("records", "lazy") else "(UID BODY.PEEK[])"
        _, data = conn.uid("FETCH", f"1:{count}" if job != "file" else str(count), items)
        if job == "file":
            file.write(data[0][1])
        found = clock.done(0)
        return {**found, "seen": sum(1 for line in data if isinstance(line, tuple) or b"(UID " in line)}


def of_imapclient(job: str, host: str, port: int, count: int) -> dict[str, float]:
    """IMAPClient: parsed into tuples, envelopes and dates."""
    import imapclient  # type: ignore[import-untyped]

    with imapclient.IMAPClient(host, port, ssl=False) as conn, tempfile.TemporaryFile() as file:
        conn.login(USER, PASSWORD)
        conn.select_folder(MAILBOX[job])
        clock = Clock()
        if job == "file":
            file.write(conn.fetch([count], ["BODY.PEEK[]"])[count][b"BODY[]"])
            return clock.done(1)
        words = ["FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODYSTRUCTURE"]
        asked = words if job == "records" else ["BODY.PEEK[]"]
        seen = 0
        for start in range(1, count + 1, _SLICE):  # it writes every number out, and command lines have limits
            seen += len(conn.fetch(list(range(start, min(start + _SLICE, count + 1))), asked))
        return clock.done(seen)


def of_imapkit(job: str, host: str, port: int, count: int) -> dict[str, float]:
    """imapkit: every field of the records touched (the Date field parsed too, as the others do), or the UID alone."""
    import imapkit
    from imapkit.client.items import Body, Envelope, Flags, InternalDate, Size, Structure

    with (
        tempfile.TemporaryDirectory() as directory,
        imapkit.connect(
            f"imap://{host}:{port}", user=USER, password=PASSWORD, tls=False, allow_plaintext=True
        ) as mail,
    ):
        mailbox = mail.select(MAILBOX[job])
        one = mailbox.message(count, Size) if job == "file" else None
        items = (Flags, InternalDate, Size, Envelope, Structure)
        seen = 0
        clock = Clock()
        if job == "records":
            for message in mailbox.fetch(f"1:{count}", *items):
                envelope = message.data.envelope
                assert envelope is not None and message.data.flags is not None
                seen += bool(envelope.message_id and message.internaldate and message.size)
                seen -= not message.structure.maintype or message.envelope.date is None
        elif job == "lazy":
            for message in mailbox.fetch(f"1:{count}", *items):
                seen += message.uid > 0
        elif one is not None:
            seen = one.save(Path(directory) / "message").stat().st_size > 1_000_000
        else:
            for message in mailbox.fetch(f"1:{count}", Body):
                seen += sum(map(len, message.stream())) > 500
        return clock.done(seen)


RUN: dict[str, Callable[[str, str, int, int], dict[str, float]]] = {
    "imapkit": of_imapkit,
    "IMAPClient": of_imapclient,
    "imaplib": of_imaplib,
    "raw": raw,
}


def peak_kilobytes() -> int:
    """VmHWM: the peak of this program alone (getrusage gives that of the process it was forked from, if larger)."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))


if __name__ == "__main__":
    _client, _job, _host, _port, _count = sys.argv[1:]
    print(json.dumps(RUN[_client](_job, _host, int(_port), int(_count))))
