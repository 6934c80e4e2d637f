"""Where to listen, as the command line and the configuration write it: ``imap://127.0.0.1:1143``, ``imaps://[::]:993``, ``unix:/path``."""

from __future__ import annotations

from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from ..errors import UsageError
from ..record import value

DEFAULT_PORTS: Final = {"imap": 143, "imaps": 993}


@value
class Address:
    """``kind`` is ``imap``, ``imaps`` or ``unix``; port 0 takes a free one."""

    kind: str
    host: str = ""
    port: int = 0
    path: str = ""

    def __str__(self) -> str:
        if self.kind == "unix":
            return f"unix:{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.kind}://{host}:{self.port}"


def parse_address(text: str) -> Address:
    """Raises UsageError that says what is wrong."""
    kind, colon, rest = text.partition(":")
    kind = kind.lower()
    if kind == "unix" and colon:
        path = rest.removeprefix("//")
        if not path:
            raise UsageError(f"{text!r}: unix: needs the path of a socket")
        return Address("unix", path=str(Path(path).absolute()))
    if kind not in DEFAULT_PORTS or not rest.startswith("//"):
        raise UsageError(
            f"{text!r} is not an address: expected imap://HOST:PORT, imaps://HOST:PORT or unix:/PATH"
        )
    try:
        parts = urlsplit(text)
        port = parts.port if parts.port is not None else DEFAULT_PORTS[kind]
    except ValueError as error:
        raise UsageError(f"{text!r}: {str(error)[:1].lower()}{str(error)[1:]}") from error
    if not parts.hostname:
        raise UsageError(f"{text!r} names no host to listen on")
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        raise UsageError(f"{text!r}: nothing may follow the port")
    return Address(kind, parts.hostname, port)
