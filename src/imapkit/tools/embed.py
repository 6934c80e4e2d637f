"""A server inside another program: in an event loop, or in a thread of its own beside synchronous code such as tests.

    async with imapkit.Server.memory(users={"ann": "secret"}) as server:
        ... await imapkit.connect_async(server.url, ...)

    with imapkit.serve_in_thread(users={"ann": "secret"}) as server:
        imaplib.IMAP4(server.host, server.port).login("ann", "secret")

It listens on loopback alone, and takes passwords without TLS there.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType

from ..features.catalogue import registry
from ..ports.directory import Directory
from ..ports.store import MailStore
from ..server.address import Address
from ..server.app import App
from ..server.auth import Hasher, make_user
from ..server.options import Options
from ..stores.directory.memory import MemoryDirectory
from ..stores.memory import MemoryStore
from .accounts import add_user

HOST = "127.0.0.1"


def quick_hasher() -> Hasher:
    """argon2id with next to no work: for passwords that stand in the program text anyway."""
    import argon2

    return Hasher(argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


class Server:
    """A server over ``store`` and ``directory`` for the time of an ``async with`` block; it closes both at the end."""

    def __init__(
        self,
        store: MailStore,
        directory: Directory,
        *,
        users: Mapping[str, str] | None = None,
        options: Options | None = None,
        host: str = HOST,
        port: int = 0,
        hasher: Hasher | None = None,
    ) -> None:
        self.store = store
        self.directory = directory
        self._users = dict(users or {})
        self._options = options
        self._listen = Address("imap", host, port)
        self._hasher = hasher
        self._app: App | None = None

    @classmethod
    def memory(
        cls, users: Mapping[str, str], *, options: Options | None = None, host: str = HOST, port: int = 0
    ) -> Server:
        """A server whose mail is gone at the end. ``users``: names and passwords."""
        return cls(
            MemoryStore(),
            MemoryDirectory(),
            users=users,
            options=options,
            host=host,
            port=port,
            hasher=quick_hasher(),
        )

    @property
    def app(self) -> App:
        if self._app is None:
            raise RuntimeError("the server runs inside its `async with` block only")
        return self._app

    @property
    def host(self) -> str:
        return self.app.addresses[0].host

    @property
    def port(self) -> int:
        return self.app.addresses[0].port

    @property
    def url(self) -> str:
        return str(self.app.addresses[0])

    async def add_user(self, name: str, password: str) -> None:
        """A new user with the usual mailboxes. Raises UserExists."""
        await add_user(self.store, self.directory, make_user(name, password, hasher=self._hasher))

    async def __aenter__(self) -> Server:
        options = self._options or Options(registry=registry(), insecure_plaintext=True)
        for name, password in self._users.items():
            await self.add_user(name, password)
        self._app = App(self.store, self.directory, options, hasher=self._hasher)
        await self._app.start([self._listen])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.app.stop()
        await self.store.close()
        self.directory.close()


@contextmanager
def serve_in_thread(
    users: Mapping[str, str], *, options: Options | None = None, host: str = HOST, port: int = 0
) -> Iterator[Server]:
    """``Server.memory`` in a thread of its own, for synchronous code; stopped at the end of the block."""
    with in_thread(Server.memory(users, options=options, host=host, port=port)) as server:
        yield server


@contextmanager
def in_thread(server: Server) -> Iterator[Server]:
    """Run ``server``, which has not begun, in a thread of its own; stopped at the end of the block."""
    ready = threading.Event()
    failures: list[BaseException] = []
    loop = asyncio.new_event_loop()
    finish = asyncio.Event()

    async def run() -> None:
        async with server:
            ready.set()
            await finish.wait()

    def work() -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                runner.run(run())
        except BaseException as error:
            failures.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=work, name="imapkit-server", daemon=True)
    thread.start()
    ready.wait()
    try:
        if not failures:
            yield server
    finally:
        if thread.is_alive():
            loop.call_soon_threadsafe(finish.set)
        thread.join()
    if failures:
        raise failures[0]
