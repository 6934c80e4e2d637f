"""Where to connect, from a URL: ``imaps://user@host:port``, ``imap://…``, ``unix:/path`` (RFC 5092 as far as it names a server)."""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote, urlsplit

from ..errors import UsageError
from ..protocol.given import text
from ..record import record
from .backends.base import Target

_PORTS: Final = {"imaps": 993, "imap": 143}


@record
class Address:
    """A server, and what else the URL said. ``tls``: from the first octet."""

    target: Target
    tls: bool
    user: str | None = None
    mailbox: str | None = None


def parse_url(url: str) -> Address:
    """Raises UsageError. A password in a URL is refused: it would end in histories and logs."""
    text(url, "a URL")
    if any(ord(ch) <= 0x20 or ord(ch) == 0x7F for ch in url):
        raise UsageError("a URL holds no spaces and no control characters")
    if url.startswith("unix:"):
        return Address(Target(unix=unquote(url.removeprefix("unix:").removeprefix("//"))), tls=False)
    if "://" not in url:
        raise UsageError(f"not a URL of an IMAP server: {url!r}; it looks like imaps://user@host")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"not a URL of an IMAP server: {error}") from None
    if parts.scheme not in _PORTS:
        raise UsageError(f"a URL begins with imaps:// or imap://, not {parts.scheme}://")
    if not parts.hostname:
        raise UsageError("the URL names no host")
    if ":" not in parts.hostname and not _is_host(parts.hostname):
        raise UsageError(f"not the name of a host: {parts.hostname!r}")
    if parts.password is not None:
        raise UsageError("the password does not belong in the URL")
    user = unquote(parts.username).partition(";")[0] if parts.username else None
    return Address(
        Target(parts.hostname, port or _PORTS[parts.scheme]),
        tls=parts.scheme == "imaps",
        user=user or None,
        mailbox=unquote(parts.path.removeprefix("/")) or None,
    )


def _is_host(name: str) -> bool:
    try:
        name.encode("idna")
    except UnicodeError:
        return False
    return True
