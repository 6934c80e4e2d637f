"""One job by one client library, in a process of its own: `python -m bench.client_jobs CLIENT JOB HOST PORT COUNT`.

Prints one JSON object: CPU seconds of this process for the job alone (login and SELECT not counted), octets or messages seen.
"""

from __future__ import annotations

import imaplib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench.bed import BIG, REAL
from bench.load import Connection
from bench.servers import PASSWORD, USER

_SLICE = 5_000
RECORDS = "(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE)"


def raw(job: str, host: str, port: int, count: int) -> tuple[float, int]:
    """No library: what receiving alone costs. The answer is copied once, so bodies are not measured this way."""
    with Connection((host, port)).login(USER, PASSWORD) as conn:
        conn.ok(f"SELECT {BIG if job == 'records' else REAL}".encode())
        started = time.process_time()
        items = RECORDS if job == "records" else "(UID BODY.PEEK[])"
        answer = conn.ok(f"UID FETCH 1:{count} {items}".encode())
        return time.process_time() - started, answer.data.count(b" FETCH (UID")


def of_imaplib(job: str, host: str, port: int, count: int) -> tuple[float, int]:
    """The standard library: lines and literals, nothing parsed."""
    with imaplib.IMAP4(host, port) as conn:
        conn.login(USER, PASSWORD)
        conn.select(BIG if job == "records" else REAL)
        started = time.process_time()
        items = RECORDS if job == "records" else "(UID BODY.PEEK[])"
        _, data = conn.uid("FETCH", f"1:{count}", items)
        used = time.process_time() - started
        return used, sum(1 for line in data if isinstance(line, tuple) or b"(UID " in line)


def of_imapclient(job: str, host: str, port: int, count: int) -> tuple[float, int]:
    """IMAPClient: parsed into tuples, envelopes and dates."""
    import imapclient  # type: ignore[import-untyped]

    with imapclient.IMAPClient(host, port, ssl=False) as conn:
        conn.login(USER, PASSWORD)
        conn.select_folder(BIG if job == "records" else REAL)
        started = time.process_time()
        words = ["FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODYSTRUCTURE"]
        asked = words if job == "records" else ["BODY.PEEK[]"]
        seen = 0
        for start in range(1, count + 1, _SLICE):  # it writes every number out, and command lines have limits
            seen += len(conn.fetch(list(range(start, min(start + _SLICE, count + 1))), asked))
        return time.process_time() - started, seen


def of_imapkit(job: str, host: str, port: int, count: int) -> tuple[float, int]:
    """imapkit: typed records, or bodies as bytes."""
    import imapkit
    from imapkit.client.items import Body, Envelope, Flags, InternalDate, Size, Structure

    seen = 0
    with imapkit.connect(
        f"imap://{host}:{port}", user=USER, password=PASSWORD, tls=False, allow_plaintext=True
    ) as mail:
        mailbox = mail.select(BIG if job == "records" else REAL)
        started = time.process_time()
        if job == "records":
            for message in mailbox.fetch(f"1:{count}", Flags, InternalDate, Size, Envelope, Structure):
                envelope = message.envelope
                seen += bool(envelope.message_id and message.internaldate and message.size)
                seen -= not message.structure.maintype
        else:
            for message in mailbox.fetch(f"1:{count}", Body):
                seen += sum(map(len, message.stream())) > 500
        return time.process_time() - started, seen


CLIENTS: dict[str, Callable[[str, str, int, int], tuple[float, int]]] = {
    "imapkit": of_imapkit,
    "IMAPClient": of_imapclient,
    "imaplib, unparsed": of_imaplib,
    "raw socket": raw,
}


def main() -> None:
    """Do the job and print what it took."""
    client, job, host, port, count = sys.argv[1:]
    used, seen = CLIENTS[client](job, host, int(port), int(count))
    print(
        json.dumps(
            {"cpu": used, "seen": seen, "peak_kb": peak_kilobytes(Path("/proc/self/status").read_text())}
        )
    )


def peak_kilobytes(status: str) -> int:
    """VmHWM: the peak of this program alone (getrusage gives that of the process it was forked from, if larger)."""
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))


if __name__ == "__main__":
    main()
