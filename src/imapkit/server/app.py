"""One running server: its listeners, its sessions, and how it stops (DESIGN section 3).

It knows stores and users by their ports only; who starts it (``tools``) chooses them. The rule this file must not break: stopping
loses no command that was answered OK, and leaves no task behind.
"""

from __future__ import annotations

import asyncio
import itertools
import socket
import ssl
from collections.abc import Iterable

from ..ports.directory import Directory, UserRow
from ..ports.store import MailStore
from . import log
from .address import Address
from .allocator import tls_begins
from .auth import Authenticator, Hasher
from .listener import Bound, Listener, bind, listen, need_certificate
from .options import Options
from .services import Services
from .session import Session
from .stream import Stream, TlsStream

_ROOM = 64 * 1024
_ON_THE_WAY = 5
"""Turns of the loop in which a connection that was just accepted becomes a session."""


class App:
    """``store`` and ``directory`` are the caller's to close, after ``stop``. ``tls`` None: no STARTTLS, no imaps.

    ``hash_threads``: how many passwords are checked at once; without it, one a core.
    """

    def __init__(
        self,
        store: MailStore,
        directory: Directory,
        options: Options,
        *,
        tls: ssl.SSLContext | None = None,
        hasher: Hasher | None = None,
        hash_threads: int | None = None,
    ) -> None:
        authenticator = Authenticator(directory, workers=hash_threads, hasher=hasher)
        self._services = Services(store, directory, authenticator, options, tls)
        self._listeners: list[Listener] = []
        self._sessions: dict[Session, asyncio.Task[None]] = {}
        self._shaking: set[asyncio.Task[None]] = set()
        """In the middle of a TLS handshake that begins a session."""
        self._numbers = itertools.count(1)
        self._stopping = False
        self._room = memoryview(bytearray(_ROOM))
        self._log = log.get("server")
        self._session_log = log.get("session")

    @property
    def addresses(self) -> list[Address]:
        """Where it listens, with real ports."""
        return [listener.address for listener in self._listeners]

    @property
    def sessions(self) -> int:
        return len(self._sessions)

    async def start(self, addresses: Iterable[Address]) -> None:
        """Listen on all, or on none: raises UsageError, OSError. Sessions may come before this returns."""
        loop = asyncio.get_running_loop()
        try:
            for address in addresses:
                need_certificate(address, self._services.tls)
                # Looking up a host's name may take its time.
                await self._listen(await loop.run_in_executor(None, bind, address), owner=True)
        except BaseException:
            await self.stop()
            raise

    async def start_on(self, bound: Iterable[Bound]) -> None:
        """Listen on sockets that others may share; they are closed at the end, and a unix socket's file stays."""
        try:
            for each in bound:
                await self._listen(each, owner=False)
        except BaseException:
            await self.stop()
            raise

    async def _listen(self, bound: Bound, *, owner: bool) -> None:
        listener = await listen(bound, self._make_stream, self._secure, self._services.tls, owner=owner)
        self._listeners.append(listener)

    def reload(self, options: Options) -> None:
        """New sessions get ``options``; those that run keep theirs."""
        self._services.options = options

    def use_tls(self, context: ssl.SSLContext) -> None:
        """Offer STARTTLS from now on."""
        self._services.tls = context

    async def serve_socket(self, connected: socket.socket, user: UserRow | None = None) -> None:
        """Run one session over a connected socket until it ends; ``user`` is who it belongs to (PREAUTH)."""
        limits = self._services.options.limits
        ready: asyncio.Future[Stream] = asyncio.get_running_loop().create_future()
        await asyncio.get_running_loop().create_connection(
            lambda: Stream(ready.set_result, pending=limits.pending_octets, output=limits.output_octets),
            sock=connected,
        )
        await self._start_session(await ready, "local", local=True, user=user)

    async def stop(self) -> None:
        """Accept no more, let commands that run end within ``drain_seconds``, say BYE to all."""
        self._stopping = True
        for listener in self._listeners:
            listener.close()
        for _ in range(_ON_THE_WAY):
            await asyncio.sleep(0)
        shaking = set(self._shaking)
        for task in shaking:
            task.cancel()
        if shaking:
            await asyncio.wait(shaking)
        for session in self._sessions:
            session.stop()
        tasks = set(self._sessions.values())
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=self._services.options.timeouts.drain_seconds)
            for task in late:
                task.cancel()
            if late:
                self._log.warning("sessions cut off", sessions=len(late))
                await asyncio.wait(late)
        self._services.authenticator.close()

    def _make_stream(self, address: Address) -> Stream:
        limits = self._services.options.limits

        def accept(stream: Stream) -> None:
            self._accept(stream, address)

        return Stream(accept, pending=limits.pending_octets, output=limits.output_octets)

    def _accept(self, stream: Stream, address: Address) -> None:
        peer = stream.info("peername")
        local = address.kind == "unix"
        where = str(peer[0]) if isinstance(peer, tuple) else "local"
        self._start_session(stream, where, local=local, user=None)

    def _start_session(
        self, stream: Stream, where: str, *, local: bool, user: UserRow | None
    ) -> asyncio.Task[None]:
        session = self._session(stream, where, local=local)
        task = asyncio.get_running_loop().create_task(self._run(session, where, user))
        self._sessions[session] = task
        task.add_done_callback(lambda _: self._sessions.pop(session))
        return task

    def _session(self, stream: Stream, where: str, *, local: bool) -> Session:
        entry = self._session_log.bind(session=next(self._numbers), address=where)
        return Session(stream, self._services, entry, address=where, local=local)

    def _secure(self, connected: socket.socket) -> None:
        """A connection that TLS is to begin. It counts from here on, whether its handshake ends or not."""
        try:
            where = str(connected.getpeername()[0])
        except OSError:
            connected.close()
            return
        if self._stopping or not self._services.take_session(where):
            connected.close()  # there is no way to say why
            return
        connected.setblocking(False)
        task = asyncio.get_running_loop().create_task(self._run_secure(connected, where))
        self._shaking.add(task)
        task.add_done_callback(self._shaking.discard)

    async def _run_secure(self, connected: socket.socket, where: str) -> None:
        task = asyncio.current_task()
        assert task is not None, "a session runs in a task"
        try:
            stream = await self._shake_hands(connected)
            if stream is None:
                return
            session = self._session(stream, where, local=False)
            self._sessions[session] = task
            self._shaking.discard(task)
            try:
                await session.run(None)
            finally:
                del self._sessions[session]
        finally:
            self._services.give_session(where)

    async def _shake_hands(self, connected: socket.socket) -> Stream | None:
        options = self._services.options
        loop = asyncio.get_running_loop()
        stream = TlsStream(
            lambda _: None,
            self._room,
            pending=options.limits.pending_octets,
            output=options.limits.output_octets,
        )
        tls_begins(loop)
        try:
            await loop.connect_accepted_socket(
                lambda: stream,
                connected,
                ssl=self._services.tls,
                ssl_handshake_timeout=options.timeouts.tls_handshake_seconds,
            )
        except OSError as error:
            self._log.debug("no TLS", reason=str(error))
            return None
        finally:
            if stream.info("ssl_object") is None:
                connected.close()
        return stream

    async def _run(self, session: Session, where: str, user: UserRow | None) -> None:
        if self._stopping or not self._services.take_session(where):
            session.refuse("too many sessions at the moment" if not self._stopping else "shutting down")
            await session.run(None)
            return
        try:
            await session.run(user)
        finally:
            self._services.give_session(where)
