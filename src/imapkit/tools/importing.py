"""Messages from files into an account: in batches, each one commit, and every message once however often it is begun anew.

What is in a mailbox already is not added again: same octets, same INTERNALDATE, as often as the files hold it. So no journal is
needed, and a process that is killed anywhere leaves nothing to repair: the mailbox itself says how far it came.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol, cast

from ..errors import StoreError, StoreFull
from ..features.intake import index_literal
from ..ports.store import Account, Column, MailboxRow, NewMessage
from ..protocol.dates import parse_date_time
from ..protocol.mailbox import NameFault, check_name
from ..wire.frame import HeldLiteral, Literal
from .formats.base import BadFile, FileMessage, Reader, target

BATCH_MESSAGES: Final = 100
BATCH_OCTETS: Final = 8 * 1024 * 1024
_SPOOL_ABOVE: Final = 64 * 1024


class Watcher(Protocol):
    """Told of the work as it goes on."""

    def advance(self, octets: int) -> None: ...

    def bad(self, source: str, reason: str) -> None: ...


@dataclass(slots=True)
class Imported:
    """What was done."""

    added: int = 0
    present: int = 0
    """Were there already."""
    bad: int = 0


class _Present:
    """The messages a mailbox held at the start that no file was found for yet, by size and date."""

    def __init__(self) -> None:
        self._contents: dict[tuple[int, int], list[int]] = {}

    async def load(self, account: Account, name: str) -> None:
        mailbox = await account.open(name)
        try:
            columns = (Column.SIZE, Column.INTERNALDATE, Column.CONTENT)
            for chunk in mailbox.rows(mailbox.everything(), columns):
                for size, date, content in cast("list[tuple[int, bytes, int]]", chunk):
                    moment = parse_date_time(date)
                    if moment is not None:
                        self._contents.setdefault(_key(size, moment), []).append(content)
        finally:
            mailbox.release()

    def take(self, account: Account, message: FileMessage) -> bool:
        """True when the mailbox holds it; the next of its kind is then looked for anew."""
        contents = self._contents.get(_key(len(message.content), message.date), [])
        for place, content in enumerate(contents):
            if account.body(content).read() == message.content:
                del contents[place]
                return True
        return False


def _key(size: int, date: datetime) -> tuple[int, int]:
    return size, int(date.timestamp())


@dataclass(slots=True)
class _Open:
    """The mailbox that messages go to at the moment."""

    name: str
    row: MailboxRow
    present: _Present
    batch: list[FileMessage] = field(default_factory=list)
    octets: int = 0


class Import:
    """One run. ``mailbox``: where the messages at the top of the files go, and what folders go below."""

    def __init__(self, account: Account, watcher: Watcher, mailbox: str | None = None) -> None:
        self.done = Imported()
        self._account = account
        self._watcher = watcher
        self._mailbox = mailbox
        self._mailboxes: dict[str, _Open | None] = {}

    async def run(self, reader: Reader) -> Imported:
        """Everything the reader gives. Raises StoreError when the store cannot go on."""
        last: _Open | None = None
        for found in reader.messages():
            if isinstance(found, BadFile):
                self._bad(found.source, found.reason, found.octets)
                continue
            opened = await self._open(target(found.mailbox, self._mailbox), found)
            if opened is None:
                continue
            if last is not None and last is not opened:
                await self._commit(last)
            last = opened
            if opened.present.take(self._account, found):
                self.done.present += 1
                self._watcher.advance(found.octets)
                continue
            opened.batch.append(found)
            opened.octets += len(found.content)
            if len(opened.batch) >= BATCH_MESSAGES or opened.octets >= BATCH_OCTETS:
                await self._commit(opened)
        if last is not None:
            await self._commit(last)
        return self.done

    def _bad(self, source: str, reason: str, octets: int) -> None:
        self.done.bad += 1
        self._watcher.advance(octets)
        self._watcher.bad(source, reason)

    async def _open(self, name: str, found: FileMessage) -> _Open | None:
        """The mailbox, made when it is missing; None when it cannot be, which is said once."""
        if name not in self._mailboxes:
            checked = check_name(name)
            if isinstance(checked, NameFault):
                self._watcher.bad(found.source, f"no mailbox can be called {name!r}: {checked.text}")
                self._mailboxes[name] = None
            else:
                self._mailboxes[name] = await self._make(checked)
        opened = self._mailboxes[name]
        if opened is None:
            self.done.bad += 1
            self._watcher.advance(found.octets)
        return opened

    async def _make(self, name: str) -> _Open:
        row = self._account.find(name)
        present = _Present()
        if row is None:
            row = await self._account.create(name)
            await self._account.subscribe(name)
        else:
            await present.load(self._account, name)
        return _Open(name, row, present)

    async def _commit(self, opened: _Open) -> None:
        batch, opened.batch, opened.octets = opened.batch, [], 0
        if not batch:
            return
        try:
            await self._append(opened, batch)
        except StoreFull:
            raise
        except StoreError:
            for message in batch:
                await self._append_alone(opened, message)

    async def _append_alone(self, opened: _Open, message: FileMessage) -> None:
        """One that the store refuses must not keep the others out."""
        try:
            await self._append(opened, [message])
        except StoreFull:
            raise
        except StoreError as error:
            self._bad(message.source, str(error), message.octets)

    async def _append(self, opened: _Open, batch: list[FileMessage]) -> None:
        messages = [await self._new(message) for message in batch]
        await self._account.append(opened.row.id, messages)
        self.done.added += len(batch)
        self._watcher.advance(sum(message.octets for message in batch))

    async def _new(self, message: FileMessage) -> NewMessage:
        content = self._literal(message.content)
        return NewMessage(content, await index_literal(content), message.flags, message.date)

    def _literal(self, data: bytes) -> Literal:
        if len(data) <= _SPOOL_ABOVE:
            return HeldLiteral(data)
        sink = self._account.open_spool(len(data))
        sink.write(data)
        return sink.finish()
