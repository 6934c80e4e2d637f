"""A real session over an in-memory store, talked to by raw command lines: what handler tests use.

``async with Room.open(messages) as room: talk = await room.talk()``; each ``talk`` is a session of the same user, logged in already.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from imapkit.features.catalogue import full_registry
from imapkit.features.fetch_data import FetchData
from imapkit.message.index import index_message
from imapkit.ports.directory import NewUser, UserRow
from imapkit.ports.store import Account, MailStore, NewMessage
from imapkit.protocol.response import Response, literal_allowed, read_response
from imapkit.protocol.status import Kind, Status
from imapkit.server.app import App
from imapkit.server.options import Options
from imapkit.stores.directory.memory import MemoryDirectory
from imapkit.stores.memory.store import MemoryStore
from imapkit.wire.frame import Frame, Framer, HeldLiteral
from imapkit.wire.limits import CLIENT

T = TypeVar("T")

ARRIVED = datetime(2026, 11, 1, 10, 0, 0, tzinfo=UTC)


@dataclass
class Answer:
    """What a command got: the octets, the typed responses, and the completion."""

    raw: bytes
    data: list[Response]
    status: Status

    def of(self, cls: type[T]) -> list[T]:
        return [item for item in self.data if isinstance(item, cls)]

    @property
    def fetched(self) -> list[FetchData]:
        return self.of(FetchData)

    @property
    def ok(self) -> bool:
        return self.status.kind is Kind.OK

    @property
    def lines(self) -> list[bytes]:
        """The untagged lines, for answers without literals."""
        return self.raw.split(b"\r\n")[:-2]


class Talk:
    """One session, from its client's end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._framer = Framer(CLIENT, gate=False, literal_allowed=literal_allowed)
        self._tag = 0
        self.utf8 = False
        """Names in answers are UTF-8: set it where the session enabled that."""

    async def response(self) -> tuple[Response, bytes]:
        """The next response and its octets."""
        while (event := self._framer.next()) is None:
            data = await self._reader.read(65536)
            assert data, "the server ended the connection"
            self._framer.feed(data)
        assert isinstance(event, Frame)
        return read_response(event, full_registry().grammar, utf8=self.utf8), event.wire() + b"\r\n"

    async def __call__(self, command: str | bytes) -> Answer:
        """Send a command (without a tag) and gather all up to its completion."""
        self._tag += 1
        tag = f"T{self._tag}"
        line = command.encode() if isinstance(command, str) else command
        self._writer.write(tag.encode() + b" " + line + b"\r\n")
        await self._writer.drain()
        raw: list[bytes] = []
        data: list[Response] = []
        while True:
            response, octets = await self.response()
            raw.append(octets)
            if isinstance(response, Status) and response.tag is not None:
                assert response.tag == tag
                return Answer(b"".join(raw), data, response)
            data.append(response)

    async def send_only(self, command: str) -> None:
        """Send a command and read nothing of its answer."""
        await self.send_octets(b"T0 " + command.encode() + b"\r\n")

    async def send_octets(self, octets: bytes) -> None:
        """Send octets as they are."""
        self._writer.write(octets)
        await self._writer.drain()

    async def good(self, command: str | bytes) -> Answer:
        """As a call, and the completion must be OK."""
        answer = await self(command)
        assert answer.ok, answer.status
        return answer

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()


class Room:
    """A server with one user, whose INBOX has messages."""

    def __init__(self, app: App, account: Account, user: UserRow) -> None:
        self.app = app
        self.account = account
        self._user = user
        self._talks: list[Talk] = []
        self._serving: list[asyncio.Task[None]] = []

    @staticmethod
    @asynccontextmanager
    async def open(messages: Sequence[bytes] = (), store: MailStore | None = None) -> AsyncIterator[Room]:
        """Without a ``store``, one in memory."""
        store = store or MemoryStore()
        directory = MemoryDirectory()
        user = directory.add(NewUser("ann", "no password"))
        await store.create_account(user.account, [("INBOX", ()), ("Sent", ("\\Sent",))])
        account = await store.open_account(user.account)
        app = App(store, directory, Options(registry=full_registry()))
        room = Room(app, account, user)
        await room.append(messages)
        try:
            yield room
        finally:
            for talk in room._talks:
                await talk.close()
            await app.stop()
            await asyncio.gather(*room._serving)
            await account.release()
            await store.close()

    async def append(
        self, messages: Sequence[bytes], flags: Sequence[str] = (), mailbox: str = "INBOX"
    ) -> None:
        row = self.account.find(mailbox)
        assert row is not None
        for message in messages:
            new = NewMessage(HeldLiteral(message), index_message(message), frozenset(flags), ARRIVED)
            await self.account.append(row.id, [new])

    async def talk(self, select: str | None = "SELECT INBOX") -> Talk:
        """A new session, in INBOX unless ``select`` says otherwise."""
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            end.setblocking(False)
        serving = asyncio.get_running_loop().create_task(self.app.serve_socket(theirs, self._user))
        self._serving.append(serving)
        talk = Talk(*await asyncio.open_connection(sock=ours))
        self._talks.append(talk)
        greeting, _ = await talk.response()
        assert isinstance(greeting, Status) and greeting.kind is Kind.PREAUTH
        if select is not None:
            await talk.good(select)
        return talk
