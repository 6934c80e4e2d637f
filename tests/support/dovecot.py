"""A private Dovecot for tests: own configuration, own mail, loopback only, gone when the block ends.

    with dovecot({"ann": "secret"}) as server:
        imaplib.IMAP4(server.host, server.port)

It is the peer that client code and example scripts are checked against. Works as root and as an ordinary
user. Dovecot refuses mail that belongs to root, so as root the mail belongs to `nobody`; and because pytest's
tmp_path is closed to other users, the files live in a temporary directory of their own.
A missing binary raises DovecotMissing. Accounts get the special-use mailboxes our own server gives, delimiter `/`.
"""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .process import free_port, stop, wait_for_greeting

_CONFIG = """\
base_dir = {home}/run
state_dir = {home}/state
log_path = {home}/log
protocols = imap
listen = {host}
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
first_valid_uid = 0
first_valid_gid = 0
mail_location = {mail_format}:{home}/mail/%u
mail_max_userip_connections = 100
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {home}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={home}/mail/%u
}}
namespace inbox {{
  inbox = yes
  separator = /
{mailboxes}}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = {host}
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
  # Without this socket there is no waiting after a wrong password, which tests give on purpose.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
{extra}
"""

_SPECIAL = ("Drafts", "Sent", "Trash", "Junk", "Archive")


class DovecotMissing(RuntimeError):
    """There is no dovecot program on this machine."""


@dataclass
class Dovecot:
    """Where a running server listens, and where it keeps its files."""

    host: str
    port: int
    home: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Run it on the configuration in its directory, until it greets."""
        process = subprocess.Popen([find_dovecot(), "-F", "-c", str(self.home / "dovecot.conf")])
        self.process = process
        wait_for_greeting(self.host, self.port, lambda: process.poll() is None)

    def stop(self) -> None:
        """End it; its files stay, and it may be started again."""
        process, self.process = self.process, None
        if process is not None and process.poll() is None:
            stop(process)

    @property
    def log(self) -> str:
        """What the server wrote to its log so far (for failure messages)."""
        path = self.home / "log"
        return path.read_text(errors="replace") if path.exists() else ""


def find_dovecot() -> str:
    """The path of the dovecot program."""
    found = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if found is None:
        raise DovecotMissing("dovecot is not installed (Debian: apt-get install dovecot-imapd)")
    return found


def _owner() -> pwd.struct_passwd:
    """Whom the mail and the server's own processes belong to."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())


def _configuration(home: Path, host: str, port: int, mail_format: str, extra: str) -> str:
    owner = _owner()
    mailboxes = "".join(
        f"  mailbox {name} {{\n    auto = create\n    special_use = \\{name}\n  }}\n" for name in _SPECIAL
    )
    return _CONFIG.format(
        home=home,
        host=host,
        port=port,
        user=owner.pw_name,
        group=grp.getgrgid(owner.pw_gid).gr_name,
        mail_format=mail_format,
        mailboxes=mailboxes,
        extra=extra,
    )


def _prepare(home: Path, users: Mapping[str, str]) -> None:
    home.chmod(0o755)
    for part in (home / "mail", home / "state"):
        part.mkdir()
    if os.geteuid() == 0:
        os.chown(home / "mail", _owner().pw_uid, _owner().pw_gid)
    (home / "users").write_text("".join(f"{name}:{password}\n" for name, password in users.items()))


@contextmanager
def dovecot(
    users: Mapping[str, str],
    *,
    host: str = "127.0.0.1",
    mail_format: str = "sdbox",
    extra: str = "",
) -> Iterator[Dovecot]:
    """Run Dovecot with *users* (name to password) until the block ends; its files go with it.

    *mail_format* is Dovecot's storage format (sdbox, maildir, mdbox); *extra* is appended to the configuration.
    """
    find_dovecot()
    with tempfile.TemporaryDirectory(prefix="dovecot-", ignore_cleanup_errors=True) as directory:
        home = Path(directory)
        _prepare(home, users)
        port = free_port()
        config = home / "dovecot.conf"
        config.write_text(_configuration(home, host, port, mail_format, extra))
        server = Dovecot(host, port, home)
        try:
            server.start()
            yield server
        except BaseException as error:
            error.add_note(f"dovecot log:\n{server.log}")
            raise
        finally:
            server.stop()
