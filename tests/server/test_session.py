"""A session over a real socket: order, limits, timeouts, faults, and how it ends."""

from __future__ import annotations

import asyncio
import re
import socket
from typing import Self

import pytest

from imapkit.errors import StoreFull
from imapkit.ports.session import SessionContext
from imapkit.protocol import states
from imapkit.protocol.registry import Feature, Grammar
from imapkit.record import record
from imapkit.server.options import SessionLimits, Timeouts
from imapkit.wire.cursor import Cursor
from imapkit.wire.writer import Writer

from .wire import connect, options, serving

extra = Feature("XTEST", spec=("none",), summary="Commands that misbehave")


@extra.command("XTEST", states=states.ANY)
@record
class Misbehave:
    """xtest = "XTEST" SP atom."""

    how: bytes

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        return cls(c.atom())

    def write(self, w: Writer) -> None:
        w.raw(b"XTEST ").atom(self.how)


@extra.handler(Misbehave)
async def handle_misbehave(ctx: SessionContext, command: Misbehave) -> None:
    match command.how:
        case b"bug":
            raise ZeroDivisionError("a secret detail")
        case b"full":
            raise StoreFull("no space left")
        case b"slow":
            await asyncio.sleep(0.5)
        case b"flood":
            for _ in range(400):
                ctx.send_bytes(b"* XTEST " + b"x" * 65536 + b"\r\n")
                flooded.append(1)
                await ctx.flush()


flooded: list[int] = []


async def test_commands_are_answered_in_order_however_they_are_pipelined() -> None:
    async with serving() as server, connect(server.host, server.port) as wire:
        count = 2000
        await wire.send(b"in LOGIN ann secret\r\n" + b"".join(b"t%d NOOP\r\n" % n for n in range(count)))
        lines = await wire.until(b"t%d " % (count - 1))
        assert [line.split(b" ")[0] for line in lines] == [b"in", *(b"t%d" % n for n in range(count))]
        assert all(line.split(b" ")[1] == b"OK" for line in lines)


async def test_octet_by_octet() -> None:
    async with serving() as server, connect(server.host, server.port) as wire:
        for octet in b"a1 LOGIN {3+}\r\nann secret\na2 SELECT INBOX\r\na3 NOOP\n":
            await wire.send(bytes([octet]))
            await asyncio.sleep(0)
        lines = await wire.until(b"a3 ")
        assert [line for line in lines if line.startswith(b"a")] == [
            lines[0],
            b"a2 OK [READ-WRITE] SELECT completed\r\n",
            b"a3 OK NOOP completed\r\n",
        ]


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b"a1 SELECT INBOX", rb"a1 BAD SELECT cannot come now: log in first"),
        (b"a1 FETCH 1 FLAGS", rb"a1 BAD FETCH cannot come now: log in first"),
        (b"a1 HELO", rb"a1 BAD HELO belongs to SMTP.*\(expected a known command at offset 3\)"),
        (b"a1 XYZZY", rb"a1 BAD expected a known command at offset 3"),
        (b"a1 LOGIN ann", rb"a1 BAD expected a space at offset 12.*"),
        (b"a1 LOGIN ann wrong", rb"a1 NO \[AUTHENTICATIONFAILED\] authentication failed"),
        (b"a1 LOGIN nobody wrong", rb"a1 NO \[AUTHENTICATIONFAILED\] authentication failed"),
        (b"a1 XTEST full", rb"a1 NO \[OVERQUOTA\] no space left"),
        (b"a1 LOGIN {5000}", rb"a1 NO \[TOOBIG\] literal of 5000 is over the limit of 4096"),
        (b"a1 LOGIN " + b"x" * 40000, rb"a1 BAD line of \d+ is over the limit of 36864"),
    ],
)
async def test_what_is_refused_and_the_session_goes_on(line: bytes, answer: bytes) -> None:
    async with serving(options(extra=(extra,))) as server, connect(server.host, server.port) as wire:
        lines = await wire.command(line)
        assert re.fullmatch(answer, lines[-1].rstrip()), lines
        await wire.login()
        assert (await wire.command(b"a2 FETCH 1 FLAGS"))[-1].startswith(
            b"a2 BAD FETCH cannot come now: select a mailbox first"
        )
        assert b"logged in already" in (await wire.command(b"a3 LOGIN ann secret"))[-1]


async def test_a_fault_is_answered_with_an_id_and_told_no_more(caplog: pytest.LogCaptureFixture) -> None:
    async with serving(options(extra=(extra,))) as server, connect(server.host, server.port) as wire:
        [line] = await wire.command(b"a1 XTEST bug")
        found = re.match(rb"a1 NO \[SERVERBUG\] internal error ([0-9a-f]{8}):", line)
        assert found and b"secret" not in line
        assert (await wire.command(b"a2 NOOP"))[-1] == b"a2 OK NOOP completed\r\n"
    assert found[1].decode() in caplog.text and "a secret detail" in caplog.text


async def test_an_oversized_literal_that_does_not_wait_ends_the_session() -> None:
    async with serving() as server, connect(server.host, server.port) as wire:
        await wire.send(b"a1 LOGIN {5000+}\r\n")
        assert re.fullmatch(rb"\* BYE \[TOOBIG\] .*\r\n", await wire.rest())


async def test_too_many_mistakes_before_login_end_the_session() -> None:
    async with serving() as server, connect(server.host, server.port) as wire:
        await wire.send(b"GET / HTTP/1.1\r\n" * 40)
        lines = (await wire.rest()).splitlines()
        assert len(lines) == 21 and lines[-1] == b"* BYE too many malformed commands"


async def test_mistakes_after_login_do_not_end_the_session() -> None:
    async with serving() as server, connect(server.host, server.port) as wire:
        await wire.login()
        await wire.send(b"x HELO\r\n" * 40)
        assert (await wire.command(b"a1 NOOP"))[-1].startswith(b"a1 OK")


@pytest.mark.parametrize("typed", [b"", b"a1 LOGIN ann", b"a1 LOGIN {3}\r\n", b"a1 NOOP\r\n"])
async def test_silence_before_login_ends_the_session(typed: bytes) -> None:
    given = options(timeouts=Timeouts(login_seconds=0.3))
    async with serving(given) as server, connect(server.host, server.port) as wire:
        await wire.send(typed)
        assert (await wire.rest()).endswith(b"* BYE autologout: nothing came for too long\r\n")


async def test_dripping_octets_before_login_do_not_keep_the_session() -> None:
    given = options(timeouts=Timeouts(login_seconds=0.4))
    async with serving(given) as server, connect(server.host, server.port) as wire:

        async def drip() -> None:
            while True:
                wire.writer.write(b"x")
                await asyncio.sleep(0.05)

        dripping = asyncio.ensure_future(drip())
        try:
            assert b"* BYE autologout" in await wire.line()
        finally:
            dripping.cancel()


async def test_silence_after_login_ends_the_session_but_not_idle() -> None:
    given = options(timeouts=Timeouts(idle_seconds=0.3))
    async with serving(given) as server, connect(server.host, server.port) as wire:
        await wire.login()
        await wire.command(b"a1 SELECT INBOX")
        await wire.send(b"a2 IDLE\r\n")
        await wire.until(b"+ ")
        await asyncio.sleep(0.6)
        await wire.send(b"DONE\r\n")
        assert (await wire.line()).startswith(b"a2 OK")
        assert (await wire.rest()) == b"* BYE autologout: nothing came for too long\r\n"


async def test_a_slow_reader_does_not_fill_the_server() -> None:
    flooded.clear()
    given = options(extra=(extra,), limits=SessionLimits(output_octets=64 * 1024))
    async with serving(given) as server:
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            slow.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(slow, (server.host, server.port))
            await loop.sock_sendall(slow, b"a1 XTEST flood\r\n")
            await asyncio.sleep(0.3)
            stalled = len(flooded)
            assert 0 < stalled < 200, "26 MB were not queued for somebody who reads nothing"
            got = 0
            while got < 400 * 65536:
                got += len(await loop.sock_recv(slow, 1 << 20))
        assert len(flooded) == 400


async def test_a_reader_that_stops_is_cut_off() -> None:
    flooded.clear()
    given = options(extra=(extra,), timeouts=Timeouts(write_seconds=0.3))
    async with serving(given) as server:
        with socket.socket() as slow:
            slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            slow.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(slow, (server.host, server.port))
            await loop.sock_sendall(slow, b"a1 XTEST flood\r\n")
            for _ in range(100):
                await asyncio.sleep(0.05)
                if flooded and not server.app.sessions:
                    break
            assert flooded and not server.app.sessions


async def test_pipelined_input_is_not_read_ahead_without_limit() -> None:
    """While a command runs, the server reads little more than its limit, and the sender has to wait."""
    given = options(extra=(extra,), limits=SessionLimits(pending_octets=16 * 1024))
    async with serving(given) as server, connect(server.host, server.port) as wire:
        wire.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
        await wire.login()
        await wire.send(b"a1 XTEST slow\r\n")
        await asyncio.sleep(0.1)
        wire.writer.write(b"x NOOP\r\n" * 2_000_000)
        await asyncio.sleep(0.2)
        transport = wire.writer.transport
        assert transport.get_write_buffer_size() > 4_000_000
        transport.abort()


async def test_the_end_of_input_lets_answers_out() -> None:
    """As `printf … | nc` does it."""
    async with serving() as server, connect(server.host, server.port) as wire:
        await wire.send(b"a1 LOGIN ann secret\r\na2 NOOP\r\n")
        wire.writer.write_eof()
        assert (await wire.rest()).endswith(b"a2 OK NOOP completed\r\n")


async def test_logout_says_bye_first_and_reads_nothing_more() -> None:
    async with serving() as server, connect(server.host, server.port) as wire:
        await wire.send(b"a1 LOGOUT\r\na2 NOOP\r\n")
        lines = (await wire.rest()).splitlines()
        assert lines[0].startswith(b"* BYE ") and lines[1:] == [b"a1 OK LOGOUT completed"]


async def test_sessions_of_one_address_and_of_one_user_are_counted() -> None:
    given = options(limits=SessionLimits(sessions_per_address=2, sessions_per_user=1))
    async with (
        serving(given) as server,
        connect(server.host, server.port) as one,
        connect(server.host, server.port) as two,
    ):
        await one.login()
        assert b"two NO [LIMIT]" in (await two.command(b"two LOGIN ann secret"))[-1]
        async with connect(server.host, server.port, greet=False) as three:
            assert (await three.rest()).startswith(b"* BYE [UNAVAILABLE] ")
        await one.command(b"a1 LOGOUT")
        await one.rest()
        await asyncio.sleep(0.05)
        await two.login()


async def test_stopping_says_bye_to_the_idle_and_lets_commands_end() -> None:
    async with serving(options(extra=(extra,))) as server:
        async with (
            connect(server.host, server.port) as quiet,
            connect(server.host, server.port) as idle,
            connect(server.host, server.port) as busy,
        ):
            await idle.login()
            await idle.send(b"a1 IDLE\r\n")
            await idle.until(b"+ ")
            await busy.send(b"a1 XTEST slow\r\n")
            await asyncio.sleep(0.1)
            await server.app.stop()
            assert await quiet.rest() == b"* BYE the server is shutting down\r\n"
            assert (await idle.rest()).endswith(b"* BYE the server is shutting down\r\n")
            assert await busy.rest() == b"a1 OK XTEST completed\r\n* BYE the server is shutting down\r\n"
            with pytest.raises(OSError):
                await asyncio.open_connection(server.host, server.port)
        assert server.app.sessions == 0


async def test_a_command_that_does_not_end_is_cut_off_when_stopping() -> None:
    given = options(extra=(extra,), timeouts=Timeouts(drain_seconds=0.1))
    async with serving(given) as server, connect(server.host, server.port) as busy:
        await busy.send(b"a1 XTEST slow\r\n")
        await asyncio.sleep(0.1)
        await server.app.stop()
        assert b"a1 OK" not in await busy.rest()


async def test_a_deleted_mailbox_ends_the_sessions_that_have_it_selected() -> None:
    async with (
        serving() as server,
        connect(server.host, server.port) as one,
        connect(server.host, server.port) as two,
    ):
        await one.login()
        await two.login()
        await one.command(b"a1 SELECT Junk")
        await two.command(b"b1 DELETE Junk")
        await one.send(b"a2 NOOP\r\n")
        assert b"* BYE the mailbox Junk was deleted\r\n" in await one.rest()


async def test_a_renamed_mailbox_stays_selected() -> None:
    async with (
        serving() as server,
        connect(server.host, server.port) as one,
        connect(server.host, server.port) as two,
    ):
        await one.login()
        await two.login()
        await one.command(b"a1 SELECT Junk")
        await two.command(b"b1 RENAME Junk Rubbish")
        await two.command(b"b2 APPEND Rubbish {16+}\r\nSubject: x\r\n\r\nx\r")
        assert b"* 1 EXISTS\r\n" in await one.command(b"a2 NOOP")


async def test_the_longest_id_passes_before_login() -> None:
    """30 pairs of 30 and 1,024 octets: what RFC 2971 section 3.3 allows."""
    pairs = b" ".join(b'"%030d" "%s"' % (number, b"v" * 1024) for number in range(30))
    literals = b" ".join(b'"%030d" {2+}\r\nok' % number for number in range(30))
    async with serving(options()) as server, connect(server.host, server.port) as wire:
        for fields in (pairs, pairs + b" and more", literals):
            assert (await wire.command(b"a1 ID (" + fields + b")"))[-1].startswith(b"a1 OK")
        assert (await wire.command(b"a1 NOOP "))[-1].startswith(b"a1 OK")
