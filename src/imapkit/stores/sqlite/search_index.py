"""The search index of an account: looked up on the loop, built behind arrivals (STORE rule 21).

The rules it must not break: whatever goes wrong with the index, a search reads the texts instead, and mail is never in its way; one
process builds at a time; the loop makes the texts in short pieces, and a thread runs SQLite's calls only.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import Final, Protocol, TypeVar, cast

import apsw

from imapkit.errors import StoreError
from imapkit.query.index import TextColumn
from imapkit.record import record
from imapkit.stores.log.search import NOTHING_KNOWN, Narrowed

from . import search_file
from .contents import Contents
from .disk import Disk
from .errors import store_errors
from .handle import HasConnection
from .large_texts import make_large
from .locks import alone, when_alone
from .search_file import SearchFile, State, Table
from .search_words import Batch, Sorter, words_of

LOCK: Final = "search.lock"
LAG: Final = 1000
"""So many contents, or …"""
LAG_OCTETS: Final = 1 << 20
"""… so much stored text (about 3 MB unpacked) are read rather than indexed: a small account never has an index."""
BATCH: Final = 1024
"""Contents of one transaction of the index …"""
BATCH_CHARS: Final = 4 << 20
"""… or so much text: each transaction is a segment that FTS5 merges with others, so few and large ones take a fifth less time."""
TEXTS_AT_ONCE: Final = 64
STEP: Final = 8
"""Texts read without a pause."""
MOST_CHARS: Final = 2 << 20
"""A longer text is not indexed: one insertion of it would take seconds."""
REST: Final = 0.002

T = TypeVar("T")
_FIELDS: Final = (TextColumn.FROM, TextColumn.TO, TextColumn.CC, TextColumn.BCC, TextColumn.SUBJECT)
_log = logging.getLogger(__name__)


@record
class Text:
    """What is indexed of one content."""

    content: int
    body: str
    headers: str
    fields: str
    """What is in the texts of fields and in the headers of parts, and not in ``headers``."""


class Indexed(HasConnection, Protocol):
    """What is asked of an account."""

    id: str
    token: str
    path: Path
    disk: Disk
    threads: Executor
    contents: Contents

    async def store_texts(self) -> None: ...


class TextIndex:
    """The index of one account in this process."""

    def __init__(self, account: Indexed, begin: Callable[[], None], is_stopping: Callable[[], bool]) -> None:
        """``begin``: see that ``build`` runs soon."""
        self._account = account
        self._begin = begin
        self._is_stopping = is_stopping
        self._path = account.path.parent / search_file.FILE
        self._reader: SearchFile | None = None
        self._inode = 0
        self._checked = 0
        """The file that this process found sound, by its inode."""

    # Looking up

    def narrowed(self, column: TextColumn, needle: str, above: int) -> Narrowed:
        """What is known of contents above this one."""
        try:
            reader = self._open_reader()
            found = NOTHING_KNOWN if reader is None else reader.find(column, needle, above)
        except (apsw.Error, OSError) as error:
            _log.warning("account %s: the search index cannot be read: %s", self._account.id, error)
            self.forget()
            self._checked = 0
            self._begin()
            return NOTHING_KNOWN
        if found.upto is None and self.is_behind(above):
            self._begin()
        return found

    def _open_reader(self) -> SearchFile | None:
        now = search_file.inode(self._path)
        if now != self._inode or now == 0:
            self.forget()
            if now:
                reader = SearchFile.read(self._path, self._account.disk, self._account.token)
                # Another process may have put a new file in its place, whose log was opened with the old one then.
                moved = search_file.inode(self._path) != now
                if reader is not None and (moved or not self._fits(reader.state())):
                    reader.close()
                    reader = None
                self._reader, self._inode = reader, now if reader is not None else 0
        return self._reader

    def forget(self) -> None:
        """Close the reader's connection."""
        reader, self._reader, self._inode = self._reader, None, 0
        if reader is not None:
            reader.close()

    def _fits(self, state: State) -> bool:
        """False when the account's file is an older one, put back, whose numbers were given anew since."""
        if state.done >= self._next_content():
            return False
        return state.done == 0 or self._digest(state.done) in (state.digest, b"")

    def _next_content(self) -> int:
        """As others left it: another process may have written and indexed meanwhile."""
        with store_errors(self._account.path):
            return cast(int, self._account.db.execute("SELECT next_content FROM account").fetchall()[0][0])

    def _digest(self, content: int) -> bytes:
        """Tells one content from another with its number; empty when it is gone."""
        query = "SELECT size, internaldate, envelope FROM content WHERE id = ?"
        with store_errors(self._account.path):
            rows = self._account.db.execute(query, (content,)).fetchall()
        return hashlib.blake2b(repr(rows[0]).encode(), digest_size=16).digest() if rows else b""

    def is_behind(self, done: int) -> bool:
        """True when enough is not indexed to be worth it."""
        account = self._account
        texts = "SELECT total(octets) FROM (SELECT length(data) AS octets FROM text WHERE id > ? LIMIT ?)"
        count = "SELECT count(*) FROM (SELECT 1 FROM sort_key WHERE id > ? LIMIT ?)"  # the narrowest rows
        with store_errors(account.path):
            if cast(int, account.db.execute(count, (done, LAG)).fetchall()[0][0]) >= LAG:
                return True
            return cast(float, account.db.execute(texts, (done, LAG)).fetchall()[0][0]) >= LAG_OCTETS

    # Building

    def done(self) -> int:
        """The last content that is indexed."""
        try:
            reader = self._open_reader()
            return 0 if reader is None else reader.state().done
        except (apsw.Error, OSError):
            self.forget()
            self._checked = 0
            return 0

    async def build(self, all_of_it: bool = False) -> int:
        """Index what is not; gives the number of contents. Does nothing while another process is at it."""
        if not all_of_it and not self.is_behind(self.done()):
            return 0
        with alone(self._account.path.parent / LOCK) as is_ours:
            return await self._build() if is_ours else 0

    async def rebuild(self) -> int:
        """Delete the index and make it anew; gives the number of contents. It waits while another process builds."""
        async with when_alone(self._account.path.parent / LOCK):
            self.forget()
            search_file.delete(self._path)
            return await self._build()

    async def _build(self) -> int:
        writer = await self._in_thread(self._open_writer)
        count = 0
        try:
            if not self._fits(await self._in_thread(writer.state)):
                await self._in_thread(writer.close)
                search_file.delete(self._path)
                writer = await self._in_thread(self._open_writer)
            last = (await self._in_thread(writer.state)).done
            vocabularies = await self._in_thread(writer.vocabularies)
            while not self._is_stopping():
                numbers = self._next(last)
                if not numbers:
                    break
                sorters = {table: Sorter(vocabularies[table]) for table in Table}
                skipped, numbers = await self._sort(numbers, sorters)
                if not numbers:
                    break
                last = numbers[-1]
                batches = {table: await _settled(sorter) for table, sorter in sorters.items()}
                state = State(last, self._digest(last))
                await self._in_thread(partial(writer.add, batches, skipped, state))
                self._account.disk.reached("upkeep")
                count += len(numbers)
                await asyncio.sleep(REST)
        except search_file.DAMAGE as error:
            _log.warning(
                "account %s: the search index is damaged and begun anew: %s", self._account.id, error
            )
            self._checked = 0
            search_file.delete(self._path)
        finally:
            await self._in_thread(writer.close)
        return count

    def _open_writer(self) -> SearchFile:
        check = search_file.inode(self._path) != self._checked
        writer = SearchFile.write(self._path, self._account.disk, self._account.token, check=check)
        self._checked = search_file.inode(self._path)
        return writer

    async def _in_thread(self, call: Callable[[], T]) -> T:
        def work() -> T:
            try:
                return call()
            except search_file.DAMAGE:
                raise
            except BaseException:
                with store_errors(self._path):
                    raise

        return await asyncio.get_running_loop().run_in_executor(self._account.threads, work)

    def _next(self, last: int) -> list[int]:
        account = self._account
        query = "SELECT id FROM content WHERE id > ? ORDER BY id LIMIT ?"
        with store_errors(account.path):
            return [cast(int, row[0]) for row in account.db.execute(query, (last, BATCH)).fetchall()]

    async def _sort(self, numbers: list[int], sorters: dict[Table, Sorter]) -> tuple[list[int], list[int]]:
        """(contents that are left to reading, contents that were looked at): the first of ``numbers``."""
        skipped: list[int] = []
        chars = at = 0
        while at < len(numbers) and chars < BATCH_CHARS and not self._is_stopping():
            part = numbers[at : at + STEP]
            for text in await self._read(part, skipped):
                if max(len(text.body), len(text.headers), len(text.fields)) > MOST_CHARS:
                    skipped.append(text.content)
                else:
                    sorters[Table.BODY].add(text.content, await _words(text.body))
                    sorters[Table.HEAD].add(text.content, await _words(text.headers), text.fields)
                    chars += len(text.body) + len(text.headers)
            at += len(part)
            await asyncio.sleep(0)
            # Few at a time: it is one transaction of the mail file, on the loop.
            made = len(self._account.contents.new_texts)
            if made >= TEXTS_AT_ONCE or (made and at >= len(numbers)):
                await self._account.store_texts()
        return skipped, numbers[:at]

    async def _read(self, numbers: list[int], skipped: list[int]) -> list[Text]:
        """What cannot be read is skipped: a search will say so."""
        try:
            await make_large(self._account, numbers)
            return self._read_now(numbers)
        except StoreError:
            found: list[Text] = []
            for number in numbers:
                try:
                    found += self._read_now([number])
                except StoreError:
                    skipped.append(number)
            return found

    def _read_now(self, numbers: list[int]) -> list[Text]:
        contents = self._account.contents
        with store_errors(self._account.path):
            bodies = contents.texts(TextColumn.BODY, numbers)
            headers = contents.texts(TextColumn.HEADERS, numbers)
            parts = contents.texts(TextColumn.PARTS, numbers)
            fields = zip(*(contents.texts(column, numbers) for column in _FIELDS), strict=True)
        return [
            Text(
                number,
                search_file.plain(body),
                search_file.plain(header),
                # Most fields are in the header's text, word for word, and are indexed with that.
                search_file.plain("\n".join([value for value in (*values, part) if value not in header])),
            )
            for number, body, header, part, values in zip(
                numbers, bodies, headers, parts, fields, strict=True
            )
        ]


async def _words(text: str) -> set[str]:
    """The words of a text; others run between the pieces of a long one."""
    words: set[str] = set()
    for found in words_of(text):
        if words:
            await asyncio.sleep(0)
        words |= found
    return words


async def _settled(sorter: Sorter) -> Batch:
    """What a sorter found, while others run in between."""
    for settled, _ in enumerate(sorter.settle()):
        if settled % STEP == 0:
            await asyncio.sleep(0)
    await asyncio.sleep(0)
    return sorter.batch()
