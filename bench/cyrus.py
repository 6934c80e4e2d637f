"""A private Cyrus IMAP server: own configuration, own spool, loopback only, gone when the block ends.

Debian's `cyrus-imapd`, with its defaults for durability, started by hand beside whatever the machine runs. It must be started by root and
works as the user `cyrus`; where that cannot be, CyrusMissing says why. Users are in a sasldb of its own, made by db5.3_load (`db5.3-util`).
Debian does not let `cyrus-imapd` and `dovecot-imapd` be installed together; of the second, its files in /usr/lib/dovecot are enough.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.support.process import free_port, stop, wait_for_greeting

from bench.server import ServerMissing
from bench.tls import Certificate

PROGRAMS = Path("/usr/lib/cyrus/bin")
OWNER = "cyrus"
_DIRECTORIES = ("conf", "conf/db", "conf/socket", "conf/log", "conf/msg", "spool", "proc", "lock")
_SETTINGS = """\
configdirectory: {home}/conf
partition-default: {home}/spool
defaultpartition: default
proc_path: {home}/proc
mboxname_lockpath: {home}/lock
servername: localhost
altnamespace: yes
unixhierarchysep: yes
virtdomains: off
allowplaintext: yes
autocreate_quota: 0
autocreate_inbox_folders: Drafts|Sent|Trash|Junk|Archive
idlesocket: {home}/conf/socket/idle
sasl_mech_list: PLAIN LOGIN
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: {home}/sasldb2
"""
_TLS = """\
tls_server_cert: {home}/cert.pem
tls_server_key: {home}/key.pem
"""
_SERVICES = """\
START {{
  recover cmd="{programs}/ctl_cyrusdb -C {home}/imapd.conf -r"
}}
SERVICES {{
{listeners}}}
DAEMON {{
  idled cmd="{programs}/idled -C {home}/imapd.conf"
}}
EVENTS {{
}}
"""
_LISTENER = '  {name} cmd="{programs}/imapd -C {home}/imapd.conf{options}" listen="{host}:{port}" prefork=0 maxchild=20000\n'


class CyrusMissing(ServerMissing):
    """There is no Cyrus on this machine, or this user may not start it."""


@dataclass
class Cyrus:
    """Where it listens, and where it keeps its files."""

    host: str
    port: int
    tls_port: int
    home: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Run it on the files in its directory, until it greets."""
        words = ["-C", "imapd.conf", "-M", "cyrus.conf", "-p", "master.pid"]
        words = [word if word.startswith("-") else str(self.home / word) for word in words]
        process = subprocess.Popen([str(PROGRAMS / "master"), *words])
        self.process = process
        wait_for_greeting(self.host, self.port, lambda: process.poll() is None)

    def stop(self) -> None:
        """End it; its files stay, and it may be started again."""
        process, self.process = self.process, None
        if process is not None and process.poll() is None:
            stop(process)

    def command(self, name: str, *arguments: str) -> str:
        """Run one of its programs on its files, as its user; what it prints."""
        words = [str(PROGRAMS / name), "-C", str(self.home / "imapd.conf"), *arguments]
        user = _owner()
        done = subprocess.run(
            words,
            capture_output=True,
            text=True,
            check=True,
            user=user.pw_uid,
            group=user.pw_gid,
            extra_groups=[],
        )
        return done.stdout

    def put(self, name: str, files: Iterable[tuple[bytes, float]]) -> None:
        """Write messages (octets and time of arrival) straight into the empty mailbox ``name`` and make its index anew."""
        folder = Path(self.command("mbpath", name).strip())
        for uid, (octets, arrived) in enumerate(files, 1):
            path = folder / f"{uid}."
            path.write_bytes(octets)
            os.utime(path, (arrived, arrived))
            _own([path])
        self.command("reconstruct", name)


def settings(home: Path, certificate: bool) -> str:
    """imapd.conf."""
    return (_SETTINGS + (_TLS if certificate else "")).format(home=home)


def services(home: Path, host: str, port: int, tls_port: int = 0) -> str:
    """cyrus.conf: one listener, and one for TLS where it has a port."""
    listeners = _LISTENER.format(name="imap", options="", programs=PROGRAMS, home=home, host=host, port=port)
    if tls_port:
        listeners += _LISTENER.format(
            name="imaps", options=" -s", programs=PROGRAMS, home=home, host=host, port=tls_port
        )
    return _SERVICES.format(programs=PROGRAMS, home=home, listeners=listeners)


def password_lines(users: Mapping[str, str]) -> str:
    """A sasldb as db5.3_load reads it: NUL between name, realm and property."""
    rows = "".join(f" {name}\\00localhost\\00userPassword\n {password}\n" for name, password in users.items())
    return f"VERSION=3\nformat=print\ntype=hash\nHEADER=END\n{rows}DATA=END\n"


def find_loader() -> str:
    """The program that writes the sasldb. Raises CyrusMissing where anything that Cyrus needs is not there."""
    if not (PROGRAMS / "master").exists():
        raise CyrusMissing("cyrus is not installed (Debian: apt-get install cyrus-imapd)")
    if os.geteuid() != 0:
        raise CyrusMissing("cyrus is installed, but only root can start it")
    loader = shutil.which("db5.3_load")
    if loader is None:
        raise CyrusMissing("cyrus is installed, but db5.3_load is not (Debian: apt-get install db5.3-util)")
    return loader


def version() -> str:
    """What it calls itself."""
    shown = subprocess.run(
        [str(PROGRAMS / "master"), "-V"], capture_output=True, text=True, check=False
    ).stdout
    return shown.split()[-1] if shown else "unknown"


@cache
def _owner() -> pwd.struct_passwd:
    return pwd.getpwnam(OWNER)


def _own(paths: Iterable[Path]) -> None:
    owner = _owner()
    for path in paths:
        os.chown(path, owner.pw_uid, owner.pw_gid)


def _prepare(home: Path, users: Mapping[str, str], certificate: Certificate | None) -> None:
    loader = find_loader()
    home.chmod(0o755)
    for name in _DIRECTORIES:
        (home / name).mkdir()
    subprocess.run([loader, str(home / "sasldb2")], input=password_lines(users), text=True, check=True)
    if certificate is not None:
        shutil.copyfile(certificate.certificate, home / "cert.pem")
        shutil.copyfile(certificate.key, home / "key.pem")
        (home / "key.pem").chmod(0o600)
    _own([home, *home.rglob("*")])


@contextmanager
def cyrus(users: Mapping[str, str], certificate: Certificate | None = None) -> Iterator[Cyrus]:
    """Run Cyrus with ``users`` (name to password) until the block ends; its files go with it."""
    find_loader()
    with tempfile.TemporaryDirectory(prefix="cyrus-", ignore_cleanup_errors=True) as directory:
        home = Path(directory)
        _prepare(home, users, certificate)
        server = Cyrus("127.0.0.1", free_port(), free_port() if certificate else 0, home)
        (home / "imapd.conf").write_text(settings(home, certificate is not None))
        (home / "cyrus.conf").write_text(services(home, server.host, server.port, server.tls_port))
        try:
            server.start()
            yield server
        finally:
            server.stop()
