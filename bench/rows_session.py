"""Sessions: SELECT, logins plain and under TLS, by one account and by many, and how soon an idle session hears of new mail."""

from __future__ import annotations

import ssl
import statistics
import threading
import time
from collections.abc import Sequence
from random import Random

from bench.bed import BIG, Bed, Row, check
from bench.corpus import extra_mail
from bench.load import Connection, NotOffered, WrongAnswer, append_line
from bench.servers import PASSWORD, STRANGERS, USER

_THREADS, _WARM, _LESS = 4, 16, 4
_RESUMED = 0.95
"""Fewer resumed handshakes than this part are told beside the figure."""


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


class Visitors:
    """Four threads that connect, LOGIN, SELECT and LOGOUT, each with its share of ``names`` one after the other."""

    def __init__(self, bed: Bed, names: Sequence[str], tls: ssl.SSLContext | None, resume: bool) -> None:
        self._bed, self._tls, self._resume = bed, tls, resume
        self._shares = [names[start::_THREADS] for start in range(_THREADS)]
        self._failures: list[Exception] = []
        self.resumed = 0

    def run(self) -> float:
        """The seconds it took."""
        threads = [threading.Thread(target=self._work, args=(share,)) for share in self._shares]
        started = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds = time.perf_counter() - started
        if self._failures:
            raise self._failures[0]
        return seconds

    def _work(self, names: Sequence[str]) -> None:
        ticket: ssl.SSLSession | None = None
        resumed = 0
        try:
            for name in names:
                with self._bed.server.greeted(self._tls, ticket).login(name, PASSWORD) as conn:
                    conn.ok(b"SELECT INBOX")
                    conn.ok(b"LOGOUT")
                    if self._resume:
                        resumed += bool(conn.tls.session_reused)
                        ticket = conn.tls.session
        except (OSError, WrongAnswer) as error:
            self._failures.append(error)
        self.resumed += resumed


def visit_all(bed: Bed) -> None:
    """Everybody logs in once: afterwards each account has what a server makes for it at the first visit."""
    if bed.server.names:
        Visitors(bed, bed.server.names, None, False).run()
        bed.server.settle()


def _rate(bed: Bed, names: Sequence[str], tls: ssl.SSLContext | None = None, resume: bool = False) -> float:
    Visitors(bed, names[:_WARM], tls, resume).run()
    visitors = Visitors(bed, names, tls, resume)
    with bed.cpu():
        seconds = visitors.run()
    if resume and visitors.resumed < (len(names) - _THREADS) * _RESUMED:
        bed.note = f"{visitors.resumed} of {len(names)} handshakes were resumed, each offered the ticket of the one before"
    return len(names) / seconds


def _some(bed: Bed, round_: int) -> list[str]:
    if not bed.server.names:
        raise NotOffered("many accounts")
    return Random(f"accounts {round_}").sample(bed.server.names, min(len(_one(bed)), len(bed.server.names)))


def _one(bed: Bed) -> list[str]:
    return [USER] * (bed.sizes.logins // _LESS if bed.server.forks else bed.sizes.logins)


def _context(bed: Bed) -> ssl.SSLContext:
    if bed.server.setup.certificate is None:
        raise NotOffered("TLS")
    return bed.server.setup.certificate.client()


def logins(bed: Bed, round_: int) -> float:
    """Sessions a second, one account, no TLS."""
    return _rate(bed, _one(bed))


def logins_many(bed: Bed, round_: int) -> float:
    """Sessions a second, each of another account."""
    return _rate(bed, _some(bed, round_))


def logins_tls(bed: Bed, round_: int) -> float:
    """Sessions a second, one account, a full handshake each."""
    return _rate(bed, _one(bed), _context(bed))


def logins_resumed(bed: Bed, round_: int) -> float:
    """Sessions a second, one account; each handshake offers the ticket of the one before."""
    return _rate(bed, _one(bed), _context(bed), resume=True)


def logins_tls_many(bed: Bed, round_: int) -> float:
    """Sessions a second, each of another account, a full handshake each."""
    return _rate(bed, _some(bed, round_), _context(bed))


def login_stranger(bed: Bed, round_: int) -> float:
    """Milliseconds, the median: LOGIN of accounts that the server did not see since it started."""
    each = len(STRANGERS) // 3
    if not bed.server.setup.names or round_ > 2:
        raise NotOffered("strangers")
    taken = []
    with bed.cpu():
        for name in STRANGERS[round_ * each : (round_ + 1) * each]:
            with bed.server.greeted() as conn:
                taken.append(conn.ok(f"LOGIN {name} {PASSWORD}".encode()).seconds)
    return statistics.median(taken) * 1000


def start_idle(conn: Connection, mailbox: str) -> None:
    """SELECT and IDLE, until the server waits."""
    conn.ok(f"SELECT {mailbox}".encode())
    conn.sock.sendall(b"idle1 IDLE\r\n")
    conn.wait_for(b"+ ")


def idle_hears(bed: Bed, round_: int) -> float:
    """Milliseconds, the median: from sending APPEND on one connection to EXISTS on an idle one."""
    box = f"Idle{round_}"
    bed.side().ok(f"CREATE {box}".encode())
    taken = []
    with bed.server.connect() as idle, bed.cpu():
        start_idle(idle, box)
        for number in range(bed.sizes.heard):
            line = append_line(box, extra_mail(number, 2_000))
            started = time.perf_counter()
            bed.side().sock.sendall(b"zQ9%04d %s\r\n" % (number, line))
            idle.wait_for(b"* %d EXISTS" % (number + 1))
            taken.append(time.perf_counter() - started)
            bed.side().wait_for(b"zQ9%04d OK" % number)
    return statistics.median(taken) * 1000


ROWS = [
    Row("SELECT, warm", "ms", select_warm, 0.5, more_is_better=False),
    Row("SELECT, new connection", "ms", select_new, 0.5, more_is_better=False),
    Row("connect, LOGIN, SELECT, LOGOUT", "sessions/s", logins, 1.0),
    Row("the same, each another of many accounts", "sessions/s", logins_many, 1.0),
    Row("connect … LOGOUT under TLS, full handshake", "sessions/s", logins_tls, 1.0),
    Row("connect … LOGOUT under TLS, resumed", "sessions/s", logins_resumed, 1.0, quick=False),
    Row("connect … LOGOUT under TLS, many accounts", "sessions/s", logins_tls_many, 1.0, quick=False),
    Row(
        "LOGIN of an account not seen before (argon2id)",
        "ms",
        login_stranger,
        more_is_better=False,
        alone=True,
    ),
    Row("APPEND to EXISTS on an idle session", "ms", idle_hears, 2.0, more_is_better=False),
]
