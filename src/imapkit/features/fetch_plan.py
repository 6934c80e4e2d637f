"""FETCH compiled: (columns to read, how to make lines of the rows), and the loop that sends them (DESIGN section 2, "FETCH compiles").

A helper of FETCH and STORE; not a feature. Rows in, lines out, in chunks: what is held is one chunk of rows and at most ``HELD`` octets
of content, however slow the reader and however large the messages. The rule this file must not break: the fast path, a bytes format filled
from a row, gives the same octets as the plain one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Final, cast

from ..errors import ConnectionLost, StoreError
from ..ports.session import SessionContext, View
from ..ports.store import Account, Column, Mailbox
from ..protocol.flags import RECENT
from ..query.index import MessageSet
from .fetch_items import FetchItem
from .fetch_pieces import Content, Direct, Flags, Piece, Slice, Values

HELD: Final = 256 * 1024
"""Octets of content that are gathered before they are sent."""
READ: Final = 128 * 1024
"""Octets of a large body that are read at once."""

Row = tuple[object, ...]
Numbers = Iterator[tuple[int, int]]


class Compiled:
    """How a list of items is answered. The row of a message begins with its UID, then FLAGS if they are needed."""

    __slots__ = ("columns", "direct", "find_all", "flags", "format", "marks_seen", "pieces", "places", "uid")

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.pieces = sorted(pieces, key=_rank)
        self.uid = any(isinstance(piece, Direct) and piece.column is Column.UID for piece in pieces)
        self.flags = any(isinstance(piece, Flags) for piece in pieces)
        self.marks_seen = any(isinstance(piece, Content) and piece.marks_seen for piece in pieces)
        every = chain((Column.UID,), *(piece.columns for piece in self.pieces))
        self.columns: tuple[Column, ...] = tuple(dict.fromkeys(every))
        place = self.columns.index
        self.places = [tuple(place(column) for column in piece.columns) for piece in self.pieces]
        """Where in the row the columns of each piece are."""
        last = self.pieces[-1]
        self.find_all = last.find_all if isinstance(last, Content) and self._is_last_alone() else None
        """How the last piece is made from its column, for many rows at once."""
        ready = self.pieces[:-1] if self.find_all is not None else self.pieces
        self.direct = all(isinstance(piece, Direct | Flags) for piece in ready)
        self.format = b"* %d FETCH (" + b" ".join(map(_format, self.pieces)) + b")\r\n"

    def _is_last_alone(self) -> bool:
        """The last piece has one column, which is the last of the row."""
        return self.places[-1] == (len(self.columns) - 1,)

    def lines(self, rows: Sequence[Row], numbers: Numbers, flags: FlagTexts) -> list[bytes]:
        """One line a row, where all pieces are direct (or the last made for all) and no message is recent. The hot loop of FETCH."""
        if self.find_all is not None:
            texts = self.find_all([row[-1] for row in rows])
            rows = [
                (*row[:-1], b"{%d}\r\n%b" % (len(text), text)) for row, text in zip(rows, texts, strict=True)
            ]
        form, uid_too, flags_too = self.format, self.uid, self.flags
        out: list[bytes] = []
        try:
            for row in rows:
                uid = row[0]
                seq, known = next(numbers)
                while known != uid:
                    seq, known = next(numbers)
                if flags_too and uid_too:
                    out.append(form % (seq, uid, flags[row[1]], *row[2:]))
                elif flags_too:
                    out.append(form % (seq, flags[row[1]], *row[2:]))
                elif uid_too:
                    out.append(form % (seq, *row))
                else:
                    out.append(form % (seq, *row[1:]))
        except StopIteration:
            pass  # the rest of the rows are messages that the client was not told of
        return out

    def values(self, row: Row) -> Iterator[tuple[Piece, Values]]:
        """Each piece with its columns of a row."""
        for piece, places in zip(self.pieces, self.places, strict=True):
            yield piece, tuple([row[place] for place in places])


def _rank(piece: Piece) -> int:
    """UID first and FLAGS second, so that their columns are; the rest as asked."""
    if isinstance(piece, Flags):
        return 1
    return 0 if isinstance(piece, Direct) and piece.column is Column.UID else 2


def _format(piece: Piece) -> bytes:
    return piece.label.replace(b"%", b"%%") + (piece.format if isinstance(piece, Direct) else b"%b")


@lru_cache(maxsize=512)
def compile_items(items: tuple[FetchItem, ...]) -> Compiled:
    """The compiled form of a list of items; each item counts once."""
    pieces = {piece.label: piece for piece in [item.piece() for item in items]}
    return Compiled(list(pieces.values()))


class FlagTexts(dict[object, bytes]):
    """FLAGS lists by the store's key, each rendered once a command."""

    __slots__ = ("_mailbox", "recent")

    def __init__(self, mailbox: Mailbox, recent: MessageSet | None) -> None:
        super().__init__()
        self._mailbox = mailbox
        self.recent = recent

    def __missing__(self, key: object) -> bytes:
        text = flag_list(self._mailbox.flag_names(cast(int, key)))
        self[key] = text
        return text

    def of(self, key: object, uid: object) -> bytes:
        r"""The list of one message, with \Recent where it has it."""
        if self.recent is None or uid not in self.recent:
            return self[key]
        return flag_list((*self._mailbox.flag_names(cast(int, key)), RECENT))


def flag_list(names: Iterable[str]) -> bytes:
    """flag-list."""
    return b"(" + " ".join(names).encode("utf-8", "surrogateescape") + b")"


def flags_of(ctx: SessionContext, view: View) -> FlagTexts:
    r"""The FLAGS texts of a view; \Recent is gone in IMAP4rev2."""
    recent = None if ctx.modes.rev2 else view.recent()
    return FlagTexts(view.mailbox, recent if recent is not None and len(recent) else None)


async def send_messages(
    ctx: SessionContext,
    messages: MessageSet,
    items: Sequence[FetchItem],
    extra: Sequence[FetchItem] = (),
    extra_for: MessageSet | None = None,
) -> int:
    """Send FETCH responses for ``messages``; those in ``extra_for`` have the ``extra`` items too. Gives the number of responses.

    Messages that were expunged meanwhile are passed over.
    """
    if not items:
        return 0
    sender = _Sender(ctx, items, extra, extra_for)
    return await sender.send(messages)


class _Sender:
    """One FETCH on its way out."""

    def __init__(
        self,
        ctx: SessionContext,
        items: Sequence[FetchItem],
        extra: Sequence[FetchItem],
        extra_for: MessageSet | None,
    ) -> None:
        self._ctx = ctx
        self._view = ctx.view
        self._account = ctx.account
        self._asked = compile_items(tuple(items))
        self._all = compile_items((*items, *extra)) if extra_for is not None else self._asked
        self._extra_for = extra_for
        self._flags = flags_of(ctx, self._view)
        self._fast = self._asked.direct and self._extra_for is None and self._flags.recent is None
        self._sent = 0

    async def send(self, messages: MessageSet) -> int:
        numbers = self._view.numbered(messages)
        left = len(messages)
        for rows in self._view.mailbox.rows(messages, self._all.columns):
            if self._fast:
                lines = self._asked.lines(rows, numbers, self._flags)
                self._sent += len(lines)
                self._ctx.send_bytes(b"".join(lines))
            else:
                await self._send_rows(rows, numbers)
            left -= len(rows)
            if left > 0:  # the last chunk goes out together with the completion
                await self._flush()
        return self._sent

    async def _send_rows(self, rows: Iterable[Row], numbers: Numbers) -> None:
        """The plain path: a message at a time, its content in slices."""
        held: list[bytes] = []
        octets = 0
        for row in rows:
            seq = _number_of(row[0], numbers)
            if seq is None:
                continue
            for chunk in self._message(seq, row):
                held.append(chunk)
                octets += len(chunk)
                if octets >= HELD:
                    self._ctx.send_bytes(*held)
                    await self._flush()
                    held, octets = [], 0
            self._sent += 1
        self._ctx.send_bytes(*held)

    async def _flush(self) -> None:
        """Wait for a slow reader; and let other sessions run where the reader is fast."""
        await self._ctx.flush()
        await asyncio.sleep(0)

    def _message(self, seq: int, row: Row) -> Iterator[bytes]:
        """The octets of one response. All that can be refused is refused before the first of them."""
        uid = row[0]
        more = self._extra_for is not None and uid in self._extra_for
        compiled = self._all if more else self._asked
        if compiled is not self._all:
            row = tuple([row[self._all.columns.index(column)] for column in compiled.columns])
        found = [(piece, self._render(piece, values, uid)) for piece, values in compiled.values(row)]
        separator = b"* %d FETCH (" % seq
        for piece, text in found:
            if not isinstance(text, Slice):
                yield separator + piece.label + text
            else:
                mark = b"~" if isinstance(piece, Content) and piece.binary else b""
                yield separator + piece.label + b"%b{%d}\r\n" % (mark, text.end - text.start)
                yield from read_pieces(self._account, text)
            separator = b" "
        yield b")\r\n"

    def _render(self, piece: Piece, values: Values, uid: object) -> bytes | Slice:
        if isinstance(piece, Direct):
            return piece.format % values
        if isinstance(piece, Flags):
            return self._flags.of(values[0], uid)
        if isinstance(piece, Content):
            return render_content(self._account, piece, values)
        return piece.render(self._account, values)


def _number_of(uid: object, numbers: Numbers) -> int | None:
    for seq, known in numbers:
        if known == uid:
            return seq
    return None


def render_content(account: Account, piece: Content, values: Values) -> bytes | Slice:
    """A literal or NIL; a slice if it is large, so that it is never held."""
    found = piece.find(account, values)
    if found is None:
        return b"NIL"
    if isinstance(found, Slice):
        if found.end - found.start > READ:
            return found
        data = account.body(found.content).read(found.start, found.end - found.start)
    else:
        data = found
    mark = b"~" if piece.binary and b"\0" in data else b""
    return b"%b{%d}\r\n%b" % (mark, len(data), data)


def read_pieces(account: Account, part: Slice) -> Iterator[bytes]:
    """The octets of a slice that was announced as a literal: if they cannot be read now, only the end of the connection helps."""
    try:
        body = account.body(part.content)
        for start in range(part.start, part.end, READ):
            wanted = min(READ, part.end - start)
            data = body.read(start, wanted)
            if len(data) != wanted:
                raise ConnectionLost("a stored message is shorter than it was")
            yield data
    except (StoreError, OSError) as error:
        raise ConnectionLost(f"a stored message could not be read: {error}") from error
