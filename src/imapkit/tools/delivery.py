"""One message from a file into an account: LF to CRLF, large ones through a spool, durable when it returns."""

from __future__ import annotations

import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from ..errors import UsageError
from ..features.intake import index_literal
from ..message.line_ends import crlf_chunks
from ..ports.store import INBOX, Account, NewMessage
from ..wire.frame import Literal
from .accounts import need_user
from .data import open_data

_CHUNK = 256 * 1024
_IN_MEMORY = 1024 * 1024


async def deliver(data: Path, user: str, mailbox: str = INBOX, source: BinaryIO | None = None) -> None:
    """``source`` is standard input unless given. Raises UsageError, NoSuchUser, StoreError."""
    async with open_data(data) as opened:
        row = need_user(opened.directory, user)
        account = await opened.store.open_account(row.account)
        try:
            content = spool(account, source or sys.stdin.buffer)
            await deliver_literal(account, mailbox, content)
        finally:
            await account.release()


async def deliver_literal(account: Account, mailbox: str, content: Literal) -> None:
    """Add one message as new. Raises UsageError when it is empty or the mailbox is missing."""
    target = account.find(mailbox)
    if target is None or not content.size:
        content.close()
        what = "the message is empty" if target is not None else f"there is no mailbox {mailbox!r}"
        raise UsageError(what)
    index = await index_literal(content)
    message = NewMessage(content, index, frozenset(), datetime.now(UTC).astimezone())
    await account.append(target.id, [message])


def spool(account: Account, source: BinaryIO) -> Literal:
    """The octets of ``source`` with CRLF line ends, in the account's own spool: its size must be known first."""
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as first:
        for chunk in crlf_chunks(iter(lambda: source.read(_CHUNK), b"")):
            first.write(chunk)
        sink = account.open_spool(first.tell())
        first.seek(0)
        try:
            while chunk := first.read(_CHUNK):
                sink.write(chunk)
            return sink.finish()
        except BaseException:
            sink.abort()
            raise
