"""A user who is deleted or disabled: the open sessions end, and nothing more is answered OK to them that changes anything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from imapkit.stores.directory.memory import MemoryDirectory
from imapkit.stores.memory import MemoryStore
from imapkit.stores.sqlite import SqliteStore
from imapkit.tools.accounts import delete_user, disable_user
from imapkit.tools.embed import Server, quick_hasher

from .wire import PASSWORD, Wire, connect, options

UNWELCOME = b"* BYE [CONTACTADMIN] this user may not be here any more\r\n"
Leave = Callable[[Server], Awaitable[None]]
LEAVINGS: dict[str, Leave] = {
    "deleted": lambda server: delete_user(server.store, server.directory, "ann"),
    "disabled": lambda server: disable_user(server.store, server.directory, "ann"),
}
MAIL = b"Subject: x\r\n\r\nx\r\n"


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> MemoryStore | SqliteStore:
    return MemoryStore() if request.param == "memory" else SqliteStore(tmp_path)


@asynccontextmanager
async def serving(store: MemoryStore | SqliteStore) -> AsyncIterator[Server]:
    users = {"ann": PASSWORD, "bob": PASSWORD}
    server = Server(store, MemoryDirectory(), users=users, options=options(), hasher=quick_hasher())
    async with server:
        yield server


async def begin(server: Server, stack: AsyncExitStack, name: str = "ann") -> Wire:
    wire = await stack.enter_async_context(connect(server.host, server.port))
    await wire.login(name)
    return wire


@pytest.mark.parametrize("how", LEAVINGS)
async def test_all_sessions_of_the_user_end_and_no_other(store: MemoryStore | SqliteStore, how: str) -> None:
    async with serving(store) as server, AsyncExitStack() as stack:
        quiet, selected, idle, half = [await begin(server, stack) for _ in range(4)]
        bob = await begin(server, stack, "bob")
        await selected.command(b"a1 SELECT INBOX")
        await idle.command(b"a1 SELECT INBOX")
        await idle.send(b"a2 IDLE\r\n")
        await idle.until(b"+ ")
        await half.send(b"a1 APPEND INBOX {1000}\r\n")
        await half.until(b"+ ")
        await LEAVINGS[how](server)
        for wire in (quiet, selected, idle, half):
            rest = await wire.rest()
            assert rest.endswith(UNWELCOME) and b" OK" not in rest.replace(b"a2 OK IDLE", b""), rest
        assert (await bob.command(b"b1 CREATE new"))[-1].startswith(b"b1 OK")
        again = await stack.enter_async_context(connect(server.host, server.port))
        assert b" NO [AUTHENTICATIONFAILED]" in (await again.command(b"a1 LOGIN ann secret"))[-1]


async def test_one_who_is_enabled_again_finds_the_mail(store: MemoryStore | SqliteStore) -> None:
    async with serving(store) as server, AsyncExitStack() as stack:
        wire = await begin(server, stack)
        await wire.command(b"a1 APPEND INBOX {%d+}\r\n%b" % (len(MAIL), MAIL))
        await disable_user(server.store, server.directory, "ann")
        assert await wire.rest() == UNWELCOME
        server.directory.disable("ann", False)
        wire = await begin(server, stack)
        assert b"* 1 EXISTS\r\n" in await wire.command(b"a1 SELECT INBOX")


COMMANDS = [
    b"APPEND INBOX {%d+}\r\n%b" % (len(MAIL), MAIL),
    b"COPY 1 Sent", b"MOVE 1 Sent", b"STORE 1 +FLAGS (\\Seen)", b"STORE 1 +FLAGS.SILENT (new)", b"EXPUNGE",
    b"UID EXPUNGE 1", b"CREATE new", b"DELETE Junk", b"RENAME Junk new", b"RENAME INBOX new", b"SUBSCRIBE new",
    b"UNSUBSCRIBE INBOX", b"CLOSE",
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.split(b"{")[0].decode())
async def test_a_session_that_was_not_told_is_answered_no(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: bytes
) -> None:
    """Another process has deleted the user, and its hint was lost."""
    monkeypatch.setattr(SqliteStore, "_heard", lambda *_: None)
    async with serving(SqliteStore(tmp_path)) as server, AsyncExitStack() as stack:
        wire = await begin(server, stack)
        await wire.command(b"a1 APPEND INBOX (\\Deleted) {%d+}\r\n%b" % (len(MAIL), MAIL))
        await wire.command(b"a2 SELECT INBOX")
        other = SqliteStore(tmp_path)
        await delete_user(other, server.directory, "ann")
        await other.close()
        await wire.send(b"a3 " + command + b"\r\n")
        answer = await wire.rest()
        assert b"a3 NO [UNAVAILABLE] the account was taken away meanwhile\r\n" in answer, answer
        assert answer.endswith(UNWELCOME)


@pytest.mark.parametrize("how", LEAVINGS)
async def test_one_who_goes_in_the_middle_of_a_login(
    store: MemoryStore | SqliteStore, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Behind the look at the password, before anybody could be told."""
    async with serving(store) as server, AsyncExitStack() as stack:
        open_account = store.open_account

        async def late(account_id: str) -> object:
            account = await open_account(account_id)
            monkeypatch.undo()
            await LEAVINGS[how](server)
            return account

        monkeypatch.setattr(store, "open_account", late)
        wire = await stack.enter_async_context(connect(server.host, server.port))
        await wire.send(b"a1 LOGIN ann secret\r\na2 CREATE new\r\n")
        answer = await asyncio.wait_for(wire.rest(), 10)
        assert answer.startswith(b"a1 NO [CONTACTADMIN]") and answer.endswith(UNWELCOME), answer
        assert b" OK" not in answer
