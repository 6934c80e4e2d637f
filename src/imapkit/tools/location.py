"""A URL on the command line to a session that is logged in: passwords, certificates, and what mends each failure.

    imaps://ann@mail.example.org/Lists/astronomy      (RFC 5092, as far as it names a mailbox or a message)

The rules this file must not break: a password comes from standard input, the environment, a keyring or a terminal, never from the
arguments; it travels without TLS on the loopback interface only, unless ``--insecure-plaintext`` says otherwise.
"""

from __future__ import annotations

import getpass
import ipaddress
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from ..errors import AuthenticationFailed, ImapError, NotSupported, TlsFailed, Unavailable, UsageError
from ..record import record
from . import pinned

if TYPE_CHECKING:
    from ..client._sync.client import Client
    from ..client._sync.mailbox import Mailbox
    from ..client.url import Address

PASSWORD: Final = "IMAP_PASSWORD"
_PARAMETER: Final = re.compile(r"/?;(UIDVALIDITY|UID|SECTION)=([^;/]*)", re.IGNORECASE)


@record
class Access:
    """What the user gave to reach a mailbox."""

    url: str
    user: str | None = None
    password_stdin: bool = False
    cafile: Path | None = None
    fingerprint: str | None = None
    insecure_plaintext: bool = False
    timeout: float = 60.0

    @property
    def mailbox(self) -> str | None:
        """The mailbox that the URL names."""
        return unquote(_PARAMETER.sub("", self._path())).rstrip("/") or None

    @property
    def uid(self) -> str | None:
        """The message that the URL names."""
        found = {name.upper(): value for name, value in _PARAMETER.findall(self._path())}
        return found.get("UID")

    def named(self) -> str:
        """The mailbox that the URL names. Raises UsageError where it names none."""
        if self.mailbox is None:
            raise UsageError(f"which mailbox? name it in the URL: {self.url.rstrip('/')}/NAME")
        return self.mailbox

    def _path(self) -> str:
        return self.url.partition("://")[2].partition("/")[2]

    @contextmanager
    def session(self) -> Iterator[Client]:
        """A session, logged in. Raises ImapError with the mend in its text."""
        from .. import connect

        address = self._address()
        user = self.user if self.user is not None else address.user
        if user is None and address.target.unix is None:
            raise UsageError(f"whose mail? name the user in the URL: {self._example()}")
        password = self._password(user, address) if user is not None else None
        local = is_local(address.target.host)
        try:
            client = connect(
                self.url,
                user=user,
                password=password,
                ssl_context=pinned.context(self.fingerprint) if self.fingerprint else None,
                cafile=self.cafile,
                tls=True if self.cafile or self.fingerprint else None,
                allow_plaintext=self.insecure_plaintext or local,
                timeout=self.timeout,
                connect_timeout=min(self.timeout, 30.0),
            )
        except ImapError as error:
            raise self._mended(error, address, user) from error
        with client:
            yield client

    @contextmanager
    def open(self, *, read_only: bool = True) -> Iterator[Mailbox]:
        """The mailbox of the URL (INBOX when it names none), open."""
        with self.session() as client:
            yield self.select(client, read_only=read_only)

    def select(self, client: Client, *, read_only: bool = True) -> Mailbox:
        """The same mailbox, for those who need the client too."""
        return client.select(self.mailbox or "INBOX", read_only=read_only)

    def _address(self) -> Address:
        from ..client.url import parse_url

        return parse_url(self.url)

    def _example(self) -> str:
        scheme, _, rest = self.url.partition("://")
        return f"{scheme}://NAME@{rest}"

    def _password(self, user: str, address: Address) -> str:
        if self.password_stdin:
            return _first_line()
        given = os.environ.get(PASSWORD)
        if given is not None:
            return given
        known = _from_keyring(f"{user}@{address.target.host}")
        if known is not None:
            return known
        if sys.stdin.isatty() and sys.stderr.isatty():
            return getpass.getpass(f"Password of {user} at {address.target}: ")
        raise UsageError(f"no password for {user}: put it into {PASSWORD}, or give --password-stdin")

    def _mended(self, error: ImapError, address: Address, user: str | None) -> ImapError:
        """The same kind of error, with what can be done about it."""
        if isinstance(error, AuthenticationFailed):
            words = f"{error.text} ({error.detail})" if error.detail else error.text
            told = f"{address.target} refuses the login of {user}: {words}"
            doubt = PASSWORD in os.environ and not isinstance(error, Unavailable)
            return AuthenticationFailed(f"{told} (is the password in {PASSWORD} right?)" if doubt else told)
        if isinstance(error, TlsFailed):
            if self.fingerprint:
                return TlsFailed(f"{error}: it is not the certificate of --fingerprint")
            if "CERTIFICATE_VERIFY_FAILED" not in str(error):
                return error
            mend = f"--cafile FILE or --fingerprint {pinned.seen(self.url) or 'SHA256'}"
            return TlsFailed(f"{error}; if you trust this server, {mend}")
        if isinstance(error, NotSupported) and error.capability in ("STARTTLS", "LOGIN"):
            return TlsFailed(
                f"{address.target} offers no TLS, and the password is not sent without; use imaps://, or "
                "--insecure-plaintext if nobody can listen"
            )
        return error


def is_local(host: str) -> bool:
    """Whether nobody can listen on the way."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _first_line() -> str:
    line = sys.stdin.buffer.readline().rstrip(b"\r\n")
    if not line:
        raise UsageError("standard input holds no password")
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError("the password on standard input is not UTF-8") from None


def _from_keyring(name: str) -> str | None:
    """The password that the keyring package knows, where it is installed."""
    try:
        keyring = import_module("keyring")
        errors = import_module("keyring.errors")
    except ModuleNotFoundError:
        return None
    try:
        found = keyring.get_password("imapkit", name)
    except errors.KeyringError:
        return None
    return found if isinstance(found, str) else None
