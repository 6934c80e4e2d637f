"""A running server as the rows see it: where it listens, what it costs, and how it is stopped and started again."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bench.build import PLAIN, Build
from bench.corpus import Mail
from bench.load import Connection
from bench.proc import cpu_seconds, open_files, pss_bytes
from bench.tls import Certificate

_FEWER = 500
USER, PASSWORD = "ann", "secret"


class ServerMissing(Exception):
    """A peer that is not installed, or cannot be run by this user: measured without it."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What all servers of a run have alike."""

    accounts: int = 0
    """How many accounts there are beside the one that has the mail; all have the same password."""
    certificate: Certificate | None = None
    """With one they listen for TLS as well."""
    build: Build = PLAIN
    """Which imapkit is run."""

    @property
    def names(self) -> list[str]:
        """The names of those accounts."""
        return [f"user{number:04d}" for number in range(self.accounts)]


@dataclass
class Server:
    """A running server: where it listens and whose process tree it is."""

    name: str
    version: str
    address: tuple[str, int]
    pid: int
    settle: Callable[[], None] = lambda: None
    """Called once after the fill: from then on every write is durable and figures count."""
    hibernates: bool = False
    """Idle sessions go to sleep, each holding one of the 128 inotify instances that Linux gives a user: the memory row
    opens no more than fit, and in waves."""
    rests_after: float = 1.5
    """Seconds until a session that waits costs what it costs for the rest of its wait."""
    put: Callable[[str, Sequence[Mail]], None] | None = None
    """A faster way than APPEND to put mail into a mailbox that exists, where there is one."""
    tls_address: tuple[str, int] | None = None
    setup: Setup = field(default_factory=Setup)
    stop: Callable[[], None] = lambda: None
    start: Callable[[], int] = lambda: 0
    """Run it again on its files and addresses after ``stop``; gives the process's id."""
    forget: Callable[[], None] = lambda: None
    """Take away, while it is stopped, what it keeps of answers given before, so that a first time is one."""
    most_idle: int = 100_000
    """More idle sessions are not opened: one costs what the other does."""
    forks: bool = False
    """Each session is a process: fewer sessions and accounts are enough to see what one costs, and all would take minutes."""
    quiet: float = 0.06
    """Seconds without work after which nothing of the last command is left to do."""
    home: Path | None = None
    """The directory of all its files."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """What runs the same code as the server (for client programs)."""

    @property
    def names(self) -> list[str]:
        """The accounts that the rows about many of them use."""
        return self.setup.names[: _FEWER if self.forks else None]

    def connect(self, name: str = USER, tls: ssl.SSLContext | None = None) -> Connection:
        """A new connection, logged in; the caller closes it."""
        return self.greeted(tls).login(name, PASSWORD)

    def greeted(self, tls: ssl.SSLContext | None = None, session: ssl.SSLSession | None = None) -> Connection:
        """A new connection that nobody logged in on."""
        if tls is None:
            return Connection(self.address)
        assert self.tls_address is not None
        return Connection(self.tls_address, tls, session)

    def cpu(self) -> float:
        """CPU seconds of all its processes so far."""
        return cpu_seconds(self.pid)

    def settled_cpu(self, quiet: float = 0.06) -> float:
        """``cpu`` once it did not grow for ``quiet`` seconds: what a server does after its answer counts as well."""
        return self.settled(quiet)[0]

    def settled(self, quiet: float) -> tuple[float, float]:
        """``settled_cpu``, and when (``time.perf_counter``) the server was last seen at work."""
        before, last = self.cpu(), time.perf_counter()
        ends = last + 60
        while (now := time.perf_counter()) < min(last + quiet, ends):
            time.sleep(0.06)
            used = self.cpu()
            if used - before >= 0.011:
                last = now
            before = used
        return before, last

    def pss(self) -> int:
        """Memory of all its processes."""
        return pss_bytes(self.pid)

    def descriptors(self) -> int:
        """What all its processes hold open."""
        return open_files(self.pid)
