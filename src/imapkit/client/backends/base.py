"""What both transports share: where to connect, and system errors as the library's own.

Rule: no system exception leaves a transport; every one has a class of ``imapkit.errors``.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from ...errors import ConnectFailed, ConnectionLost, ConnectionTimeout, TlsFailed
from ...record import record

if TYPE_CHECKING:
    import socket
    import ssl

CHUNK: Final = 256 * 1024
"""Octets read or written at once, at most."""
_LEAVE: Final = 2.0
"""Seconds a program that served as the transport has to end by itself."""


@record
class Target:
    """One of: host and port, a unix socket, a command that speaks IMAP on its standard input and output."""

    host: str = ""
    port: int = 0
    unix: str | None = None
    command: tuple[str, ...] | None = None

    def __str__(self) -> str:
        if self.command is not None:
            return self.command[0]
        return self.unix if self.unix is not None else f"{self.host}:{self.port}"


def connect_failed(target: Target, error: OSError) -> ConnectFailed | ConnectionTimeout:
    if isinstance(error, TimeoutError):
        return ConnectionTimeout(f"no connection to {target} in time")
    return ConnectFailed(f"cannot connect to {target}: {error.strerror or error}")


_NO_TLS: Final = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE")
"""What OpenSSL calls an answer that is no TLS."""


def tls_failed(host: str, error: Exception) -> TlsFailed:
    if any(word in str(error).upper() for word in _NO_TLS):
        return TlsFailed(f"{host} does not begin with TLS on this port: imap:// begins it by STARTTLS")
    return TlsFailed(f"no TLS with {host}: {error}")


def begins_with_tls(host: str) -> TlsFailed:
    return TlsFailed(f"{host} begins with TLS on this port: the URL for it begins with imaps://")


def lost(error: OSError | None = None) -> ConnectionLost:
    """The connection broke in the middle."""
    return ConnectionLost(
        f"the connection broke: {error.strerror or error}" if error else "the connection broke"
    )


def timed_out(seconds: float, missing: str = "") -> ConnectionTimeout:
    return ConnectionTimeout(f"nothing came from the server for {seconds:g} s{missing}")


def spawn(command: Sequence[str], end: socket.socket) -> subprocess.Popen[bytes]:
    """Start a program whose standard input and output are ``end``."""
    try:
        return subprocess.Popen(list(command), stdin=end.fileno(), stdout=end.fileno())
    except OSError as error:
        raise ConnectFailed(f"cannot start {command[0]}: {error.strerror or error}") from error


def reap(process: subprocess.Popen[bytes]) -> None:
    """Wait for the program to end, and make it end."""
    try:
        process.wait(_LEAVE)
    except subprocess.TimeoutExpired:
        process.terminate()
        try:
            process.wait(_LEAVE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def certificate(tls: ssl.SSLObject | ssl.SSLSocket | None) -> bytes | None:
    """The peer's certificate (DER)."""
    return tls.getpeercert(binary_form=True) if tls is not None else None
