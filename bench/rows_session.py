"""Sessions: SELECT, logins, how soon an idle session hears of new mail, and what an idle session costs."""

from __future__ import annotations

import statistics
import threading
import time
from contextlib import ExitStack

from bench.bed import BIG, Bed, Row, check
from bench.corpus import extra_mail
from bench.load import Connection, WrongAnswer, append_line
from bench.servers import PASSWORD, USER

_LOGIN_THREADS = 4
_FIRST = 8
_SLEEPERS, _WAVE, _NAP = 80, 20, 1.6
_HIBERNATE = 8.0
"""Seconds between the last IDLE and the look at memory: the tuned Dovecot puts sessions to sleep after one."""


def select_warm(bed: Bed, round_: int) -> float:
    """Milliseconds, the median: the big mailbox, on a connection that had it selected before."""
    bed.mutate()
    conn = bed.conn(BIG)
    taken = []
    with bed.cpu():
        for _ in range(20):
            conn.ok(b"SELECT INBOX")
            answer = conn.ok(f"SELECT {BIG}".encode())
            taken.append(answer.seconds)
            check("EXISTS", b"* %d EXISTS" % bed.total in answer.data, True)
    return statistics.median(taken) * 1000


def select_new(bed: Bed, round_: int) -> float:
    """Milliseconds, the median: the big mailbox, on a connection just made (the login is not counted)."""
    taken = []
    with bed.cpu():
        for _ in range(15):
            with bed.server.connect() as conn:
                answer = conn.ok(f"SELECT {BIG}".encode())
                taken.append(answer.seconds)
                check("EXISTS", b"* %d EXISTS" % bed.total in answer.data, True)
    return statistics.median(taken) * 1000


def logins(bed: Bed, round_: int) -> float:
    """Sessions a second: connect, LOGIN, SELECT, LOGOUT on four connections at once, without TLS."""
    each = bed.sizes.logins // _LOGIN_THREADS
    failures: list[Exception] = []

    def work() -> None:
        try:
            for _ in range(each):
                with bed.server.connect() as conn:
                    conn.ok(b"SELECT INBOX")
                    conn.ok(b"LOGOUT")
        except (OSError, WrongAnswer) as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(_LOGIN_THREADS)]
    started = time.perf_counter()
    with bed.cpu():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - started
    if failures:
        raise failures[0]
    return each * _LOGIN_THREADS / seconds


def _start_idle(conn: Connection, mailbox: str) -> None:
    conn.ok(f"SELECT {mailbox}".encode())
    conn.sock.sendall(b"idle1 IDLE\r\n")
    conn.wait_for(b"+ ")


def idle_hears(bed: Bed, round_: int) -> float:
    """Milliseconds, the median: from sending APPEND on one connection to EXISTS on an idle one."""
    box = f"Idle{round_}"
    bed.side().ok(f"CREATE {box}".encode())
    taken = []
    with bed.server.connect() as idle, bed.cpu():
        _start_idle(idle, box)
        for number in range(8):
            line = append_line(box, extra_mail(number, 2_000))
            started = time.perf_counter()
            bed.side().sock.sendall(b"zQ9%04d %s\r\n" % (number, line))
            idle.wait_for(b"* %d EXISTS" % (number + 1))
            taken.append(time.perf_counter() - started)
            bed.side().wait_for(b"zQ9%04d OK" % number)
    return statistics.median(taken) * 1000


def idle_memory(bed: Bed, round_: int) -> float:
    """Kilobytes (PSS) that one more idle session costs, after the first few (which load what all share)."""
    count = min(bed.sizes.idlers, _SLEEPERS) if bed.server.hibernates else bed.sizes.idlers
    bed.drop_connections()
    with ExitStack() as stack:
        for number in range(_FIRST + count):
            if number == _FIRST:
                time.sleep(_HIBERNATE)
                before = bed.server.pss()
            elif bed.server.hibernates and number % _WAVE == 0:
                time.sleep(_NAP)
            conn = stack.enter_context(Connection(bed.server.address).login(USER, PASSWORD))
            _start_idle(conn, "INBOX")
        time.sleep(_HIBERNATE)
        after = bed.server.pss()
    return (after - before) / count / 1024


ROWS = [
    Row("SELECT, warm", "ms", select_warm, 0.5, more_is_better=False),
    Row("SELECT, new connection", "ms", select_new, 0.5, more_is_better=False),
    Row("connect, LOGIN, SELECT, LOGOUT", "sessions/s", logins, 1.0),
    Row("APPEND to EXISTS on an idle session", "ms", idle_hears, 2.0, more_is_better=False),
    Row("memory of an idle session (PSS)", "KB", idle_memory, more_is_better=False, once=True),
]
