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
from ..ports.store import INBOX, Account, MailboxRow, NewMessage
from ..wire.frame import Literal
from .accounts import need_user
from .data import open_data

_CHUNK = 256 * 1024
_IN_MEMORY = 1024 * 1024


async def deliver(
    data: Path, user: str, mailbox: str = INBOX, source: BinaryIO | None = None, *, most: int
) -> None:
    """``source`` is standard input unless given; it is read no further than ``most`` octets. Raises UsageError, NoSuchUser, StoreError."""
    async with open_data(data) as opened:
        row = need_user(opened.directory, user)
        account = await opened.store.open_account(row.account)
        try:
            target = account.find(mailbox)
            if target is None:
                raise UsageError(f"there is no mailbox {mailbox!r}")
            content = spool(account, source or sys.stdin.buffer, most)
            await deliver_literal(account, target, content)
        finally:
            await account.release()


async def deliver_literal(account: Account, target: MailboxRow, content: Literal) -> None:
    """Add one message as new. Raises UsageError when it is empty."""
    if not content.size:
        content.close()
        raise UsageError("the message is empty")
    index = await index_literal(content)
    message = NewMessage(content, index, frozenset(), datetime.now(UTC).astimezone())
    await account.append(target.id, [message])


def spool(account: Account, source: BinaryIO, most: int) -> Literal:
    """The octets of ``source`` with CRLF line ends, in the account's own spool: its size must be known first.

    Raises UsageError for more than ``most`` octets, without reading the rest.
    """
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as first:
        for chunk in crlf_chunks(iter(lambda: source.read(_CHUNK), b"")):
            first.write(chunk)
            if first.tell() > most:
                raise UsageError(
                    f"the message is larger than {most} octets (the setting limits.message_octets)"
                )
        sink = account.open_spool(first.tell())
        first.seek(0)
        try:
            while chunk := first.read(_CHUNK):
                sink.write(chunk)
            return sink.finish()
        except BaseException:
            sink.abort()
            raise
