"""The servers under test, each private, on loopback, with mail of its own and durable writes.

imapkit runs with its defaults. Dovecot runs twice: mdbox with the settings its manual gives for speed (login and imap
processes are reused, idle sessions hibernate), and Maildir as Debian starts it. Both keep mail_fsync=optimized, the
default: a saved message is on disk before OK. Only limits are raised. No full-text index is configured in Dovecot.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.support.dovecot import dovecot, find_dovecot
from tests.support.imapkit_server import imapkit_server

from bench.corpus import Mail
from bench.load import Connection
from bench.proc import cpu_seconds, pss_bytes

USER, PASSWORD = "ann", "secret"
_LIMITS = """
mail_max_userip_connections = 20000
default_vsz_limit = 2 G
default_client_limit = 20000
default_process_limit = 20000
"""
_TUNED = """
imap_hibernate_timeout = 1s
service imap-login {
  service_count = 0
  process_min_avail = 2
}
service imap {
  service_count = 1000
  idle_kill = 3s
  process_min_avail = 2
  unix_listener imap-master {
    mode = 0666
  }
}
service imap-hibernate {
  unix_listener imap-hibernate {
    mode = 0666
  }
}
"""
_SETTINGS = {
    "IMAPKIT_WORKERS": "2",
    "IMAPKIT_LIMITS__SESSIONS_PER_USER": "20000",
    "IMAPKIT_LIMITS__SESSIONS_PER_ADDRESS": "20000",
}
_FAST_FILL = "mail_fsync = never\n"


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
    put: Callable[[str, Sequence[Mail]], None] | None = None
    """A faster way than APPEND to put mail into a mailbox that exists, where there is one."""

    def connect(self) -> Connection:
        """A new connection, logged in; the caller closes it."""
        return Connection(self.address).login(USER, PASSWORD)

    def cpu(self) -> float:
        """CPU seconds of all its processes so far."""
        return cpu_seconds(self.pid)

    def settled_cpu(self) -> float:
        """``cpu`` once it stopped growing: what a server does after its answer counts as well."""
        before = self.cpu()
        for _ in range(50):
            time.sleep(0.06)
            now = self.cpu()
            if now - before < 0.011:
                return now
            before = now
        return before

    def pss(self) -> int:
        """Memory of all its processes."""
        return pss_bytes(self.pid)


def _reload(home: Path, pid: int, config: str) -> None:
    (home / "dovecot.conf").write_text(config)
    os.kill(pid, signal.SIGHUP)
    time.sleep(0.5)


def _write_maildir(home: Path, mailbox: str, mails: Sequence[Mail]) -> None:
    """Files straight into the Maildir (APPEND takes minutes there): UIDs follow the time in the name, dates the file's."""
    folder = home / "mail" / USER / f".{mailbox}" / "cur"
    owner = folder.stat()
    for number, mail in enumerate(mails):
        path = folder / f"{1_600_000_000 + number}.M1P1.bench,S={mail.size}:2,{'S' if mail.seen else ''}"
        path.write_bytes(mail.data)
        os.chown(path, owner.st_uid, owner.st_gid)
        os.utime(path, (mail.arrived.timestamp(),) * 2)


@contextmanager
def dovecot_server(name: str, mail_format: str, *, tuned: bool) -> Iterator[Server]:
    """Dovecot; it starts without fsync for the fill, and `settle` makes it durable."""
    version = subprocess.run([find_dovecot(), "--version"], capture_output=True, text=True, check=True).stdout
    extra = _LIMITS + (_TUNED if tuned else "") + _FAST_FILL
    with dovecot({USER: PASSWORD}, mail_format=mail_format, extra=extra) as running:
        pid = int((running.home / "run" / "master.pid").read_text())

        def settle() -> None:
            config = (running.home / "dovecot.conf").read_text()
            _reload(running.home, pid, config.replace(_FAST_FILL, ""))

        put = partial(_write_maildir, running.home) if mail_format == "maildir" else None
        yield Server(name, version.split()[0], (running.host, running.port), pid, settle, tuned, put)


@contextmanager
def imapkit() -> Iterator[Server]:
    """Our own server, as `imapkit serve` starts it."""
    shown = subprocess.run(
        [sys.executable, "-m", "imapkit", "--version"], capture_output=True, text=True, check=True
    )
    with (
        tempfile.TemporaryDirectory(prefix="bench-imapkit-") as directory,
        imapkit_server(Path(directory) / "data", {USER: PASSWORD}, environment=_SETTINGS) as running,
    ):
        address = (running.host, running.port)
        yield Server("imapkit", shown.stdout.split()[-1], address, running.process.pid)


KINDS: dict[str, Callable[[], AbstractContextManager[Server]]] = {
    "imapkit": imapkit,
    "dovecot-mdbox": lambda: dovecot_server("Dovecot mdbox, tuned", "mdbox", tuned=True),
    "dovecot-maildir": lambda: dovecot_server("Dovecot Maildir", "maildir", tuned=False),
}
