"""Literals on their way to a store that cannot take them: the command is refused, and the session goes on."""

from __future__ import annotations

import pytest

from imapkit.errors import StoreBroken, StoreFull
from imapkit.stores.memory.account import MemoryAccount
from imapkit.wire.frame import LiteralSink, MemorySink

from .wire import connect, serving

MESSAGE = b"Subject: x\r\n\r\n" + b"x" * 100_000 + b"\r\n"


class FailingSink(MemorySink):
    def __init__(self, fail_at: str) -> None:
        super().__init__()
        self.fail_at = fail_at

    def write(self, data: bytes) -> None:
        if self.fail_at == "write":
            raise StoreFull("no space left")
        super().write(data)

    def finish(self):  # type: ignore[no-untyped-def]
        raise StoreBroken("the disk is gone")


@pytest.mark.parametrize(
    ("fail_at", "answer"),
    [("open", b"NO [OVERQUOTA]"), ("write", b"NO [OVERQUOTA]"), ("finish", b"NO [UNAVAILABLE]")],
)
@pytest.mark.parametrize("plus", [b"", b"+"])
async def test_a_full_disk_refuses_the_command_alone(
    fail_at: str, answer: bytes, plus: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def open_spool(self: MemoryAccount, size: int) -> LiteralSink:
        if fail_at == "open":
            raise StoreFull("no space left")
        return FailingSink(fail_at)

    async with serving() as server, connect(server.host, server.port) as wire:
        await wire.login()
        with monkeypatch.context() as patch:
            patch.setattr(MemoryAccount, "open_spool", open_spool)
            await wire.send(b"a1 APPEND INBOX {%d%s}\r\n" % (len(MESSAGE), plus))
            if not plus:
                assert (await wire.line()).startswith(b"+ ")
            await wire.send(MESSAGE + b"\r\n")
            assert (await wire.line()).startswith(b"a1 " + answer)
        await wire.send(b"a2 APPEND INBOX {%d+}\r\n" % len(MESSAGE) + MESSAGE + b"\r\n")
        assert (await wire.line()).startswith(b"a2 OK [APPENDUID")
        assert b"* 1 EXISTS\r\n" in await wire.command(b"a3 SELECT INBOX")
