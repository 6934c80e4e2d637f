"""What idle sessions cost: memory and descriptors, of one account and of many, plain and under TLS; and ten thousand of them at once."""

from __future__ import annotations

import resource
import ssl
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import cycle, islice

from bench.bed import Bed, Row, check
from bench.corpus import extra_mail
from bench.load import Connection, NotOffered, append_line
from bench.proc import more_inotify
from bench.rows_session import start_idle
from bench.servers import USER

_FIRST = 8
"""Sessions that load what all share: they are not counted."""
_WAVE, _NAP = 100, 1.6
_SPARE_INOTIFY = 48
_NOOPS = 300
_WATCHED = 3.0


@dataclass(frozen=True, slots=True)
class Idle:
    """What one more idle session costs."""

    kilobytes: float
    descriptors: float


def _restart(bed: Bed) -> None:
    """Anew: what sessions before left in a process would not be counted again."""
    bed.drop_connections()
    bed.server.stop()
    bed.server.pid = bed.server.start()


def _count(bed: Bed, instances: int) -> int:
    count = min(bed.sizes.idlers, bed.server.most_idle)
    return min(count, instances - _SPARE_INOTIFY) if bed.server.hibernates else count


def _cost(bed: Bed, names: Sequence[str], tls: ssl.SSLContext | None) -> Idle:
    _restart(bed)
    rest = bed.server.rests_after
    before, held = 0, 0
    with ExitStack() as stack:
        count = _count(bed, stack.enter_context(more_inotify()))
        for number, name in enumerate(islice(cycle(names), _FIRST + count)):
            if number == _FIRST:
                time.sleep(rest)
                before, held = bed.server.pss(), bed.server.descriptors()
            elif bed.server.hibernates and number % _WAVE == 0:
                time.sleep(_NAP)
            start_idle(stack.enter_context(bed.server.connect(name, tls)), "INBOX")
        time.sleep(rest)
        after, now_held = bed.server.pss(), bed.server.descriptors()
        bed.note = f"{count} sessions" if count < bed.sizes.idlers else ""
    return Idle((after - before) / count / 1024, (now_held - held) / count)


def _measured(bed: Bed, kind: str) -> Idle:
    """The measurement of that kind, made once."""
    found = bed.measured.get((kind, 0))
    if found is None:
        names, tls = [USER], None
        if kind == "many":
            names = bed.server.names
        if kind == "tls":
            certificate = bed.server.setup.certificate
            tls = certificate.client() if certificate else None
        if not names or (kind == "tls" and tls is None):
            raise NotOffered(kind)
        found = bed.measured[kind, 0] = _cost(bed, names, tls)
    assert isinstance(found, Idle)
    return found


def memory_one(bed: Bed, round_: int) -> float:
    """Kilobytes (PSS): sessions of one account."""
    return _measured(bed, "one").kilobytes


def memory_many(bed: Bed, round_: int) -> float:
    """Kilobytes (PSS): each session of another account."""
    return _measured(bed, "many").kilobytes


def memory_tls(bed: Bed, round_: int) -> float:
    """Kilobytes (PSS): sessions of one account, under TLS."""
    return _measured(bed, "tls").kilobytes


def descriptors_one(bed: Bed, round_: int) -> float:
    """How many more are open."""
    return _measured(bed, "one").descriptors


def descriptors_many(bed: Bed, round_: int) -> float:
    """How many more are open."""
    return _measured(bed, "many").descriptors


@dataclass(frozen=True, slots=True)
class Held:
    """A server with very many idle sessions."""

    rate: float
    kilobytes: float
    descriptors: float
    noop: float
    noop_late: float
    busy: float


@contextmanager
def _crowd(bed: Bed, names: Sequence[str], count: int) -> Iterator[list[Connection]]:
    with ExitStack() as stack:
        found = []
        for name in islice(cycle(names), count):
            conn = stack.enter_context(bed.server.connect(name))
            start_idle(conn, "INBOX")
            found.append(conn)
        yield found


def _noops(bed: Bed) -> list[float]:
    with bed.server.connect() as conn:
        conn.ok(b"SELECT INBOX")
        return sorted(conn.ok(b"NOOP").seconds * 1000 for _ in range(_NOOPS))


def _hear(bed: Bed, name: str, sessions: Sequence[Connection]) -> None:
    """One APPEND, and every idle session of that account says so."""
    with bed.server.connect(name) as conn:
        exists = int(conn.ok(b"STATUS INBOX (MESSAGES)").data.partition(b"MESSAGES ")[2].split(b")")[0]) + 1
        conn.ok(append_line("INBOX", extra_mail(exists, 1_000)))
    for session in sessions:
        session.wait_for(b"* %d EXISTS" % exists)


def _hold(bed: Bed) -> Held:
    names = bed.server.names or [USER]
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    count = min(bed.sizes.held, (allowed - 1_000) * 3 // 4)
    _restart(bed)
    with bed.server.connect() as conn:
        conn.ok(b"SELECT INBOX")
    before, held = bed.server.pss(), bed.server.descriptors()
    started = time.perf_counter()
    with _crowd(bed, names, count) as crowd:
        rate = count / (time.perf_counter() - started)
        time.sleep(bed.server.rests_after)
        used = bed.server.settled_cpu(bed.server.quiet)
        time.sleep(_WATCHED)
        busy = (bed.server.cpu() - used) / _WATCHED * 1000
        memory = (bed.server.pss() - before) / count / 1024
        descriptors = (bed.server.descriptors() - held) / count
        with bed.cpu():
            noops = _noops(bed)
        for at in {0, min(len(names), count) - 1}:
            _hear(bed, names[at], crowd[at :: len(names)])
        check("sessions held", len(crowd), count)
    bed.note = (
        f"{count:,} sessions of {min(len(names), count):,} accounts, {descriptors:.2g} descriptors each"
    )
    late = noops[len(noops) * 99 // 100]
    return Held(rate, memory, descriptors, statistics.median(noops), late, busy)


def _held(bed: Bed) -> Held:
    found = bed.measured.get(("held", 0))
    if found is None:
        found = bed.measured["held", 0] = _hold(bed)
    assert isinstance(found, Held)
    return found


def held_rate(bed: Bed, round_: int) -> float:
    """Sessions a second: connect, LOGIN, SELECT, IDLE, one after the other, until all are there."""
    return _held(bed).rate


def held_memory(bed: Bed, round_: int) -> float:
    """Kilobytes (PSS)."""
    return _held(bed).kilobytes


def held_noop(bed: Bed, round_: int) -> float:
    """Milliseconds, the median: NOOP of one more session."""
    return _held(bed).noop


def held_noop_late(bed: Bed, round_: int) -> float:
    """Milliseconds: one NOOP in a hundred takes longer."""
    return _held(bed).noop_late


def held_busy(bed: Bed, round_: int) -> float:
    """Milliseconds of CPU a second while all of them wait."""
    return _held(bed).busy


def _row(name: str, unit: str, run: object, **more: object) -> Row:
    return Row(name, unit, run, once=True, quick=False, **{"more_is_better": False, **more})  # type: ignore[arg-type]


ROWS = [
    _row("memory of an idle session (PSS), one account", "KB", memory_one, limit=12),
    _row("descriptors of an idle session, one account", "each", descriptors_one),
    _row("memory of an idle session (PSS), many accounts", "KB", memory_many, limit=12),
    _row("descriptors of an idle session, many accounts", "each", descriptors_many),
    _row("memory of an idle session (PSS), TLS", "KB", memory_tls, limit=45),
    _row(
        "10,000 idle sessions: until they are there",
        "sessions/s",
        held_rate,
        more_is_better=True,
        alone=True,
    ),
    _row(
        "10,000 idle sessions: memory of each (PSS)",
        "KB",
        held_memory,
        alone=True,
        limit=12,
    ),
    _row("10,000 idle sessions: NOOP beside them", "ms", held_noop, alone=True),
    _row("10,000 idle sessions: NOOP beside them, p99", "ms", held_noop_late, alone=True),
    _row("10,000 idle sessions: CPU while nothing happens", "ms/s", held_busy, alone=True),
]
