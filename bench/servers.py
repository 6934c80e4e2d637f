"""The servers under test, each private, on loopback, with mail of its own and durable writes.

imapkit runs with its defaults and two workers, the compiled wheel unless the run says otherwise. Dovecot runs twice: mdbox with
the settings its manual gives for speed (login and imap processes are reused, idle sessions hibernate), and Maildir as Debian starts it.
Both keep mail_fsync=optimized, the default: a saved message is on disk before OK. Cyrus has its defaults. Only limits are raised. No
full-text index is configured in Dovecot and Cyrus.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path

from tests.support.dovecot import Dovecot, DovecotMissing, dovecot, find_dovecot
from tests.support.imapkit_server import ImapkitServer, add_user, imapkit_server
from tests.support.process import free_port

from bench import accounts
from bench.corpus import Mail
from bench.cyrus import Cyrus, cyrus, find_loader, version
from bench.load import Connection
from bench.server import PASSWORD, USER, Server, ServerMissing, Setup

__all__ = ["KINDS", "PASSWORD", "STRANGERS", "USER", "Server", "ServerMissing", "Setup", "imapkit"]

STRANGERS = [f"stranger{number}" for number in range(12)]
"""Accounts of imapkit whose hash is a real one, and who did not log in yet."""
_LIMITS = """
mail_max_userip_connections = 20000
default_vsz_limit = 2 G
default_client_limit = 10000
default_process_limit = 4000
protocol imap {
  mail_plugins = imap_zlib
}
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
_TLS = """
ssl = yes
ssl_cert = <{certificate.certificate}
ssl_key = <{certificate.key}
service imap-login {{
  inet_listener imaps {{
    address = 127.0.0.1
    port = {port}
    ssl = yes
  }}
}}
"""
_SETTINGS = {
    "IMAPKIT_WORKERS": "2",
    "IMAPKIT_LIMITS__SESSIONS_PER_USER": "20000",
    "IMAPKIT_LIMITS__SESSIONS_PER_ADDRESS": "20000",
}
_FAST_FILL = "mail_fsync = never\n"
_BEHIND = 0.9
"""Seconds after which imapkit, when it did nothing in them, has nothing left to do: what is made behind an answer waits half a second."""
_PROCESS_EACH, _HIBERNATED = 200, 500
_FLAGGED = 2_000


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


def _write_cyrus(running: Cyrus, mailbox: str, mails: Sequence[Mail]) -> None:
    """Files straight into the spool, then the flags."""
    running.put(f"user/{USER}/{mailbox}", ((mail.data, mail.arrived.timestamp()) for mail in mails))
    seen = [number for number, mail in enumerate(mails, 1) if mail.seen]
    with Connection((running.host, running.port)).login(USER, PASSWORD) as conn:
        conn.ok(f"SELECT {mailbox}".encode())
        for at in range(0, len(seen), _FLAGGED):
            numbers = ",".join(map(str, seen[at : at + _FLAGGED]))
            conn.ok(f"STORE {numbers} +FLAGS.SILENT (\\Seen)".encode())


def _started(running: Dovecot) -> int:
    running.start()
    assert running.process is not None
    return running.process.pid


@contextmanager
def dovecot_server(name: str, mail_format: str, setup: Setup, *, tuned: bool) -> Iterator[Server]:
    """Dovecot; it starts without fsync for the fill, and `settle` makes it durable."""
    try:
        version_ = subprocess.run([find_dovecot(), "--version"], capture_output=True, text=True, check=True)
    except DovecotMissing as missing:
        raise ServerMissing(str(missing)) from missing
    extra, tls_port = _LIMITS + (_TUNED if tuned else "") + _FAST_FILL, 0
    if setup.certificate is not None:
        tls_port = free_port()
        extra += _TLS.format(certificate=setup.certificate, port=tls_port)
    users = dict.fromkeys([USER, *setup.names], PASSWORD)
    with dovecot(users, mail_format=mail_format, extra=extra) as running:
        assert running.process is not None

        def settle() -> None:
            config = (running.home / "dovecot.conf").read_text()
            _reload(running.home, server.pid, config.replace(_FAST_FILL, ""))

        def forget() -> None:
            for path in (running.home / "mail" / USER).rglob("dovecot.index.cache"):
                path.unlink()

        server = Server(
            name,
            version_.stdout.split()[0],
            (running.host, running.port),
            running.process.pid,
            settle,
            hibernates=tuned,
            rests_after=5.5 if tuned else 1.5,
            put=partial(_write_maildir, running.home) if mail_format == "maildir" else None,
            tls_address=(running.host, tls_port) if tls_port else None,
            setup=setup,
            stop=running.stop,
            start=partial(_started, running),
            forget=forget,
            most_idle=_HIBERNATED if tuned else _PROCESS_EACH,
            forks=not tuned,
            home=running.home,
        )
        yield server


@contextmanager
def cyrus_server(setup: Setup) -> Iterator[Server]:
    """Cyrus as it comes, with idled, so that idle sessions hear of mail at once."""
    find_loader()
    users = dict.fromkeys([USER, *setup.names], PASSWORD)
    with cyrus(users, setup.certificate) as running:
        assert running.process is not None

        def start() -> int:
            running.start()
            assert running.process is not None
            return running.process.pid

        yield Server(
            "Cyrus",
            version().partition("-")[0],
            (running.host, running.port),
            running.process.pid,
            put=partial(_write_cyrus, running),
            tls_address=(running.host, running.tls_port) if running.tls_port else None,
            setup=setup,
            stop=running.stop,
            start=start,
            most_idle=_PROCESS_EACH,
            forks=True,
            home=running.home,
        )


def _listening(data: Path, port: int, tls_port: int, setup: Setup) -> AbstractContextManager[ImapkitServer]:
    listen = ["--listen", f"imap://127.0.0.1:{port}", "--insecure-plaintext"]
    environment = {**_SETTINGS, **setup.build.environment}
    if setup.certificate is not None:
        listen += ["--listen", f"imaps://127.0.0.1:{tls_port}"]
        environment["IMAPKIT_TLS__CERTIFICATE"] = str(setup.certificate.certificate)
        environment["IMAPKIT_TLS__KEY"] = str(setup.certificate.key)
    return imapkit_server(data, {}, arguments=listen, environment=environment, deadline=60)


def _version(setup: Setup) -> str:
    command = [sys.executable, "-m", "imapkit", "--version"]
    environment = {**os.environ, **setup.build.environment}
    shown = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return f"{shown.stdout.split()[-1]} ({setup.build.words})"


@contextmanager
def imapkit(setup: Setup | None = None) -> Iterator[Server]:
    """Our own server, as `imapkit serve` starts it."""
    setup = setup or Setup()
    port, tls_port = free_port(), free_port()
    with (
        tempfile.TemporaryDirectory(prefix="bench-imapkit-", ignore_cleanup_errors=True) as directory,
        ExitStack() as running,
    ):
        data = Path(directory) / "data"
        data.mkdir()
        add_user(data, USER, PASSWORD)
        accounts.add(data, setup.names, PASSWORD)
        accounts.add(data, STRANGERS if setup.accounts else [], PASSWORD, real=True)

        def start() -> int:
            return running.enter_context(_listening(data, port, tls_port, setup)).process.pid

        server = Server(
            "imapkit",
            _version(setup),
            ("127.0.0.1", port),
            start(),
            tls_address=("127.0.0.1", tls_port) if setup.certificate else None,
            setup=setup,
            stop=running.close,
            start=start,
            quiet=_BEHIND,
            rests_after=10.0,
            home=Path(directory),
            environment=setup.build.environment,
        )
        server.settle = lambda: None if server.settled_cpu(_BEHIND) else None
        yield server


Kind = Callable[[Setup], AbstractContextManager[Server]]
KINDS: dict[str, Kind] = {
    "imapkit": imapkit,
    "dovecot-mdbox": lambda setup: dovecot_server("Dovecot mdbox, tuned", "mdbox", setup, tuned=True),
    "dovecot-maildir": lambda setup: dovecot_server("Dovecot Maildir", "maildir", setup, tuned=False),
    "cyrus": cyrus_server,
}
