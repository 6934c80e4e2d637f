"""Several users of one connection, and users who give up: turns, cancelling, threads."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable

import pytest

import imapkit
from imapkit import AsyncClient, Body

from .twins import Play, Script, logged_in, server, url


def run(play: Play, use: Callable[[AsyncClient], Awaitable[None]]) -> None:
    """Use an asynchronous client of a server that plays."""

    async def whole(port: int) -> None:
        async with await imapkit.connect_async(url(port), allow_plaintext=True, timeout=5) as mail:
            await use(mail)

    with server(logged_in(play)) as port:
        asyncio.run(whole(port))


def test_a_cancelled_command_is_drained() -> None:
    release = threading.Event()

    def play(s: Script) -> None:
        tag = s.command("CREATE a")
        release.wait(5)
        s.send("* 3 EXISTS", f"{tag} OK")
        s.answer("NOOP")
        s.goodbye()

    async def use(mail: AsyncClient) -> None:
        task = asyncio.create_task(mail.create("a"))
        await asyncio.sleep(0.1)
        task.cancel()
        release.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        await mail.noop()

    run(play, use)


def test_a_cancelled_command_that_is_not_answered_closes() -> None:
    def play(s: Script) -> None:
        s.command("CREATE a")
        assert s.sock.recv(100) == b""

    async def use(mail: AsyncClient) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await mail.create("a")
        with pytest.raises(imapkit.ConnectionLost):
            await mail.noop()

    run(play, use)


def test_cancelled_inside_a_literal_closes() -> None:
    def play(s: Script) -> None:
        s.command("APPEND INBOX {")
        time.sleep(0.3)

    async def use(mail: AsyncClient) -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await mail.append("INBOX", b"x" * 50_000_000)
        assert mail.connection.closed

    run(play, use)


def test_cancelled_between_steps_says_which_are_done() -> None:
    def play(s: Script) -> None:
        s.select()
        s.answer("UID SEARCH", "* SEARCH 1")
        s.answer("UID COPY 1 Archive")
        tag = s.command("UID STORE")
        time.sleep(0.2)
        s.send(f"{tag} OK")
        s.goodbye()

    async def use(mail: AsyncClient) -> None:
        box = await mail.select()
        task = asyncio.create_task(box.uids(1).move("Archive"))
        await asyncio.sleep(0.15)
        task.cancel()
        with pytest.raises(imapkit.UnknownOutcome) as error:
            await task
        assert error.value.done == ("COPY",)

    run(play, use)


def test_a_cancelled_iteration_harms_nobody() -> None:
    def play(s: Script) -> None:
        s.select()
        tag = s.command("UID FETCH 1:2")
        s.send("* 1 FETCH (UID 1 BODY[] {3}\r\nabc)")
        time.sleep(0.3)
        s.send("* 2 FETCH (UID 2 BODY[] {3}\r\nabc)", f"{tag} OK done")
        s.answer("NOOP")
        s.goodbye()

    async def use(mail: AsyncClient) -> None:
        box = await mail.select()
        seen = []
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                async for message in box.uids("1:2").fetch(Body):
                    seen.extend([message.uid])
        assert seen == [1]
        await mail.noop()

    run(play, use)


def test_tasks_take_turns_in_order() -> None:
    names = [f"box{number}" for number in range(20)]

    def play(s: Script) -> None:
        for name in names:
            s.answer(f"CREATE {name}")
        s.goodbye()

    async def use(mail: AsyncClient) -> None:
        await asyncio.gather(*(mail.create(name) for name in names))

    run(play, use)


def test_a_queued_command_ends_idle() -> None:
    def play(s: Script) -> None:
        s.select()
        tag = s.command("IDLE")
        s.send("+")
        assert s.line() == b"DONE"
        s.send(f"{tag} OK")
        s.answer("NOOP", "* 4 EXISTS")
        s.goodbye()

    async def use(mail: AsyncClient) -> None:
        box = await mail.select()

        async def wait() -> object:
            async with box.idle(timeout=20) as events:
                return await anext(aiter(events))

        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0.1)
        started = time.monotonic()
        await mail.noop()
        assert time.monotonic() - started < 2
        assert await waiting == imapkit.Arrived(1, 4, 4)

    run(play, use)


def test_a_command_from_another_thread_ends_idle() -> None:
    def play(s: Script) -> None:
        s.select()
        tag = s.command("IDLE")
        s.send("+")
        assert s.line() == b"DONE"
        s.send(f"{tag} OK")
        s.answer("NOOP", "* 4 EXISTS")
        s.goodbye()

    with server(logged_in(play)) as port, imapkit.connect(url(port), allow_plaintext=True, timeout=5) as mail:
        box = mail.select()
        found: list[object] = []
        waiting = threading.Thread(target=lambda: found.append(next(iter(box.idle(timeout=20)))))
        waiting.start()
        time.sleep(0.2)
        mail.noop()
        waiting.join(5)
        assert found == [imapkit.Arrived(1, 4, 4)]


def test_threads_take_turns() -> None:
    def play(s: Script) -> None:
        for _ in range(40):
            tag, _, rest = s.line().partition(b" ")
            s.send(b"* STATUS " + rest.split()[1] + b" (MESSAGES " + rest.split()[1][3:] + b")", tag + b" OK")
        s.goodbye()

    wrong: list[object] = []
    with server(logged_in(play)) as port, imapkit.connect(url(port), allow_plaintext=True, timeout=5) as mail:

        def ask(first: int) -> None:
            for number in range(first, first + 10):
                found = mail.status(f"box{number}", "MESSAGES")
                if found.messages != number:
                    wrong.append(found)

        threads = [threading.Thread(target=ask, args=(start,)) for start in (100, 200, 300, 400)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
    assert not wrong


def test_leaving_in_the_middle_of_much_does_not_read_it_all() -> None:
    def play(s: Script) -> None:
        s.select()
        s.command("UID FETCH 1:3")
        s.raw(b"* 1 FETCH (UID 1 BODY[] {3}\r\nabc)\r\n* 2 FETCH (UID 2 BODY[] {900000000}\r\n")
        assert s.sock.recv(100) == b""

    with server(logged_in(play)) as port, imapkit.connect(url(port), allow_plaintext=True, timeout=5) as mail:
        for message in mail.select().uids("1:3").fetch(Body):
            assert message.uid == 1
            break
