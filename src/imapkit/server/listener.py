"""Sockets that accept sessions: imap (plain, STARTTLS), imaps (TLS from the first octet) and unix sockets (DESIGN section 3).

A listener is bound before it is announced, and a unix socket that a dead server left behind is replaced, a living one never.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import ssl
import stat
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from ..errors import UsageError
from ..record import record
from . import log
from .address import Address
from .stream import Stream

BACKLOG = 1024
_NO_ROOM: Final = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_ROOM_SECONDS: Final = 1.0
"""After which one looks whether there is room for a connection again."""


@record
class Bound:
    """A socket that is bound and does not listen yet. ``address`` has the real port."""

    address: Address
    socket: socket.socket


class Listener:
    """One bound address. ``address`` has the real port; ``owner``: a unix socket's file goes with the listener."""

    def __init__(self, address: Address, end: Callable[[], object], *, owner: bool) -> None:
        self.address = address
        self._end = end
        self._owner = owner

    def close(self) -> None:
        """Accept no more; sessions go on."""
        self._end()
        if self._owner:
            remove(self.address)


async def listen(
    bound: Bound,
    make_stream: Callable[[Address], Stream],
    secure: Callable[[socket.socket], None],
    tls: ssl.SSLContext | None,
    *,
    owner: bool,
) -> Listener:
    """Accept on a bound socket, which is the listener's from now on. Raises UsageError.

    ``secure`` gets each connection of an imaps listener as it is: one counts from then on, and its handshake may never end.
    """
    address = bound.address
    need_certificate(address, tls)
    loop = asyncio.get_running_loop()
    if address.kind == "imaps":
        bound.socket.listen(BACKLOG)
        accepting = loop.create_task(_accept(bound.socket, secure))
        return Listener(address, accepting.cancel, owner=owner)
    server = await loop.create_server(lambda: make_stream(address), sock=bound.socket, backlog=BACKLOG)
    return Listener(address, server.close, owner=owner)


async def _accept(listening: socket.socket, take: Callable[[socket.socket], None]) -> None:
    loop = asyncio.get_running_loop()
    with listening:
        while True:
            try:
                connected, _ = await loop.sock_accept(listening)
            except OSError as error:
                if error.errno in _NO_ROOM:
                    log.get("server").error("no connection can be accepted", reason=error.strerror)
                    await asyncio.sleep(_ROOM_SECONDS)
                continue  # else it was gone before it was accepted
            take(connected)


def need_certificate(address: Address, tls: ssl.SSLContext | None) -> None:
    """Raises UsageError."""
    if address.kind == "imaps" and tls is None:
        raise UsageError(f"cannot listen on {address}: there is no TLS certificate")


def bind(address: Address, *, shared: bool = False) -> Bound:
    """``shared``: other sockets that are bound like this may have the same port. Raises OSError that names the address."""
    try:
        bound = _unix_socket(address) if address.kind == "unix" else _tcp_socket(address, shared)
    except OSError as error:
        raise OSError(error.errno, f"cannot listen there: {error.strerror or error}", str(address)) from error
    if address.kind != "unix":
        address = replace(address, port=bound.getsockname()[1])
    return Bound(address, bound)


def remove(address: Address) -> None:
    """The file of a unix socket."""
    if address.kind == "unix":
        with contextlib.suppress(FileNotFoundError):
            os.unlink(address.path)


def _tcp_socket(address: Address, shared: bool) -> socket.socket:
    found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, where = found[0]
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(address.host != "::"))
        bound.setblocking(False)
        bound.bind(where)
    except BaseException:
        bound.close()
        raise
    return bound


def _unix_socket(address: Address) -> socket.socket:
    _remove_dead_socket(address.path)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        bound.setblocking(False)
        mask = os.umask(0o177)
        try:
            bound.bind(address.path)
        finally:
            os.umask(mask)
    except BaseException:
        bound.close()
        raise
    return bound


def _remove_dead_socket(path: str) -> None:
    try:
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            return
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
