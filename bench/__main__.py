"""`python -m bench`: measure imapkit beside its peers on this machine, and print or write the table."""

from __future__ import annotations

import argparse
import resource
import signal
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from bench import build
from bench.bed import FULL, QUICK, Bed, Mailboxes, Sizes
from bench.client import ClientLine, run_clients
from bench.report import RESULTS, Report
from bench.rows_session import visit_all
from bench.run import ROWS, run_rows, say
from bench.server import ServerMissing, Setup
from bench.servers import KINDS
from bench.tls import Certificate


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small mailboxes, two rounds; under two minutes")
    parser.add_argument(
        "--write", action="store_true", help=f"write the table to {RESULTS.name} (default without --quick)"
    )
    parser.add_argument(
        "--servers", help="of " + ", ".join(KINDS) + "; all, or with --quick the first two without this"
    )
    parser.add_argument("--pure", action="store_true", help="the plain sources, not the compiled wheel")
    parser.add_argument("--only", default="", help="rows whose name contains this")
    parser.add_argument("--small", type=int, help="messages in the big mailbox")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--clients", action="store_true", help="the client libraries alone")
    parser.add_argument("--no-client", action="store_true", help="servers only")
    return parser.parse_args()


def _sizes(options: argparse.Namespace) -> Sizes:
    sizes = QUICK if options.quick else FULL
    if options.small:
        sizes = replace(sizes, small=options.small, copies=min(sizes.copies, options.small // 4))
        sizes = replace(sizes, client=min(sizes.client, options.small))
    return replace(sizes, rounds=options.rounds) if options.rounds else sizes


def _prepared(options: argparse.Namespace, sizes: Sizes) -> tuple[build.Build, Mailboxes]:
    """The wheel is built while the mail is made."""
    say(f"making the mail: {sizes.small} small and {sizes.real} realistic messages")
    if options.pure:
        return build.PLAIN, Mailboxes.of(sizes)
    say("building the compiled wheel, unless it is there")
    with ThreadPoolExecutor(1) as pool:
        built = pool.submit(build.compiled)
        mail = Mailboxes.of(sizes)
        return built.result(), mail


def _filled(bed: Bed, started: float) -> str:
    rate = f"filled at {bed.fill_rate:.0f} messages a second" if bed.fill_rate else "filled by files"
    return f"{rate} [{time.perf_counter() - started:.0f} s since the start]"


def _raise_descriptors() -> None:
    """One idle session is a descriptor here and one or two in the server, which inherits the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    want = 40_000 if hard == resource.RLIM_INFINITY else min(hard, 40_000)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, want), hard))


def main() -> int:
    """Measure; exit 1 when an answer of imapkit was wrong."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers end with it
    sizes = _sizes(options)
    _raise_descriptors()
    started = time.perf_counter()
    built, mail = _prepared(options, sizes)
    clients: list[ClientLine] = []
    with ExitStack() as stack:
        beds: list[Bed] = []
        directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-tls-"))
        setup = Setup(sizes.accounts, Certificate.make(Path(directory)), built)
        names = options.servers.split(",") if options.servers else list(KINDS)[: 2 if options.quick else None]
        for name in names:
            try:
                bed = Bed(stack.enter_context(KINDS[name](setup)), mail, sizes)
            except ServerMissing as missing:
                say(f"{missing}: measured without it")
                continue
            bed.fill()
            say(f"{bed.server.name} {bed.server.version}: {_filled(bed, started)}")
            visit_all(bed)
            beds.append(bed)
        rows = [row for row in ROWS if not options.clients and options.only.lower() in row.name.lower()]
        if options.quick and not options.only:
            rows = [row for row in rows if row.quick]
        lines = run_rows(beds, rows, sizes.rounds)
        memory = [bed.server.pss() for bed in beds]
        for bed in beds:
            bed.drop_connections()
        if not options.no_client and not options.only:
            clients = run_clients(beds[0].server, sizes)
    report = Report(sizes, beds, lines, clients, memory, time.perf_counter() - started)
    print(report.text())
    if options.write or not (options.quick or options.only or options.small or options.clients):
        RESULTS.write_text(report.text(), encoding="utf-8")
    return 1 if any(line.cells[0].wrong for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main())
