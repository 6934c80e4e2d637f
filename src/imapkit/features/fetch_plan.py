"""The loop that sends FETCH responses: columns in, lines out, in chunks.

A helper of FETCH and STORE; not a feature. What is held is one chunk of columns and about ``HELD`` octets of content, however slow the
reader and however large the messages. Most lists of items are answered many messages at once (``fetch_lines``); the plain path, one
piece after the other, is for the rest. The rule this file must not break: both give the same octets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from time import monotonic
from typing import Final

from ..errors import ConnectionLost, No, StoreError
from ..ports.blob import LARGE, Part
from ..ports.session import SessionContext
from ..protocol.numset import compress
from ..query.index import MessageSet
from .fetch_decoded import Decoded, Spooled, has_nul
from .fetch_items import FetchItem
from .fetch_lines import compile_items, flags_of
from .fetch_pieces import (
    Columns,
    Computed,
    Content,
    Direct,
    Encoded,
    Flags,
    Found,
    Piece,
    Ready,
    Sized,
    Slice,
    Values,
)

HELD: Final = 256 * 1024
"""Octets of content that are gathered before they are sent."""
TURN: Final = 0.01
"""Seconds after which others have their turn, however little there is to send yet."""
TOGETHER: Final = 128
"""Messages of which octets are looked up at once: the store may read more of each than is sent."""
_END: Final = b")\r\n"
Plain = bytes | Slice | None
"""What is found of content that is sent as it is stored."""


async def send_messages(
    ctx: SessionContext,
    messages: MessageSet,
    items: Sequence[FetchItem],
    extra: Sequence[FetchItem] = (),
    extra_for: MessageSet | None = None,
) -> int:
    """Send FETCH responses for ``messages``; those in ``extra_for`` have the ``extra`` items too. Gives the number of responses.

    Messages that were expunged meanwhile are passed over. Raises No where an item of a message cannot be given (BINARY of an encoding
    that nobody knows), behind the responses of all others.
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
        self._flags = flags_of(ctx)
        self._decoded = Decoded(ctx.account)
        self._held: list[bytes | Part] = []
        self._held_octets = 0
        self._begun = False
        """Of the present response something was sent."""
        self._refused: No | StoreError | None = None
        """Why a message has no response: one that cannot be answered, or is damaged, keeps no other from being."""
        self._turn = monotonic()

    async def send(self, messages: MessageSet) -> int:
        left = len(messages)
        sent = 0
        most = self._all.most(self._flags) if left > 1 else 1
        for columns in self._view.mailbox.chunks(messages, self._all.columns, most):
            left -= len(columns[0])
            seqs, known = self._numbered(columns)
            sent += len(seqs)
            if not seqs:
                continue
            for line in self._view.new_keywords():
                self._ctx.send_bytes(line)
            if self._extra_for is not None:
                await self._send_rows(seqs, known)
            elif self._asked.ready:
                self._ctx.send_bytes(self._asked.lines(self._account, seqs, known, self._flags))
            elif self._asked.body is None:
                await self._send_rows(seqs, known)
            elif len(seqs) == 1:
                self._send_body(self._asked.body, seqs, known)
            else:
                await self._send_bodies(self._asked.body, seqs, known)
            if left > 0:  # the last chunk goes out together with the completion
                await self._flush()
        if self._refused is not None:
            raise self._refused
        return sent

    def _numbered(self, columns: Columns) -> tuple[list[int], Columns]:
        """The message numbers, and the columns without messages that the client was not told of."""
        uids: list[int] = columns[0]  # type: ignore[assignment]  # the first is UID
        seqs = self._view.numbers_of(uids)
        if len(seqs) == len(uids):
            return seqs, columns
        mailbox = self._view.mailbox
        numbers = {uid: seq for seq, uid in self._view.numbered(mailbox.by_uid(list(compress(uids))))}
        kept = [at for at, uid in enumerate(uids) if uid in numbers]
        return [numbers[uids[at]] for at in kept], [[column[at] for at in kept] for column in columns]

    async def _flush(self) -> None:
        """Wait for a slow reader; and let other sessions run where the reader is fast."""
        await self._ctx.flush()
        await asyncio.sleep(0)
        self._turn = monotonic()

    # Lines that end in octets of the messages, many at once

    def _send_body(self, piece: Content, seqs: Sequence[int], columns: Columns) -> None:
        """A single message: what mail programs ask all day."""
        (found,) = map(
            _plain, piece.find(self._account, [columns[place] for place in self._asked.places[-1]])
        )
        body = self._account.read_ranges((found,))[0] if isinstance(found, Slice) else found
        announced = b"NIL" if body is None else b"{%d}\r\n" % len(body)
        starts = self._asked.starts(self._account, seqs, columns, self._flags, (announced,))
        self._ctx.send_bytes(*starts, body or b"", _END)

    async def _send_bodies(self, piece: Content, seqs: Sequence[int], columns: Columns) -> None:
        group: list[Plain] = []
        octets = begin = 0
        try:
            every = map(
                _plain, piece.find(self._account, [columns[place] for place in self._asked.places[-1]])
            )
            for at, found in enumerate(every):
                size = _held(found)
                if group and (
                    octets + size > HELD or len(group) == TOGETHER or monotonic() - self._turn > TURN
                ):
                    self._send_group(group, seqs[begin:at], [column[begin:at] for column in columns])
                    await self._flush()
                    group, octets, begin = [], 0, at
                group.append(found)
                octets += size
            self._send_group(
                group, seqs[begin:], [column[begin:] for column in columns] if begin else columns
            )
        except StoreError:  # one of those that were not sent is damaged: which one is found out one by one
            await self._send_rows(seqs[begin:], [column[begin:] for column in columns])

    def _send_group(self, group: Sequence[Plain], seqs: Sequence[int], columns: Columns) -> None:
        slices = [found for found in group if isinstance(found, Slice)]
        read = iter(self._account.read_ranges(slices))
        bodies = [next(read) if isinstance(found, Slice) else found for found in group]
        literals = [b"NIL" if body is None else b"{%d}\r\n" % len(body) for body in bodies]
        starts = self._asked.starts(self._account, seqs, columns, self._flags, literals)
        out: list[bytes | Part] = []
        for start, body in zip(starts, bodies, strict=True):
            out += (start, body or b"", _END)
        self._ctx.send_bytes(*out)

    # The plain path: a message at a time, a piece at a time

    async def _send_rows(self, seqs: Sequence[int], columns: Columns) -> None:
        for seq, row in zip(seqs, zip(*columns, strict=True), strict=True):
            try:
                await self._send_message(seq, row)
            except (No, StoreError) as error:
                self._refused = self._refused or error
                if monotonic() - self._turn > TURN:
                    await self._flush()
        self._ctx.send_bytes(*self._held)
        self._held, self._held_octets = [], 0

    async def _send_message(self, seq: int, row: Values) -> None:
        """One response. What is refused is refused before its first octet goes out, as long as it is not larger than is held."""
        mark, self._begun = len(self._held), False
        try:
            await self._hold_message(seq, row)
        except (StoreError, No) as error:
            if self._begun:
                raise ConnectionLost(f"a response could not be completed: {error}") from error
            del self._held[mark:]
            self._ctx.send_bytes(*self._held)
            self._held, self._held_octets = [], 0
            raise
        finally:
            self._decoded.close()

    async def _hold_message(self, seq: int, row: Values) -> None:
        uid = row[0]
        more = self._extra_for is not None and uid in self._extra_for
        compiled = self._all if more else self._asked
        if compiled is not self._all:
            row = tuple([row[self._all.columns.index(column)] for column in compiled.columns])
        for encoded, places in compiled.encoded:
            for _ in encoded.find(self._account, [(row[place],) for place in places]):
                pass  # raises No where it has to
        separator = b"* %d FETCH (" % seq
        for piece, values in compiled.values(row):
            text = await self._render(piece, values, uid)
            if isinstance(text, bytes):
                await self._hold(separator + piece.label + text)
            else:
                binary = b"~" if isinstance(piece, Content) and piece.binary and has_nul(text) else b""
                await self._hold(separator + piece.label + b"%b{%d}\r\n" % (binary, len(text)))
                for each in text.pieces() if isinstance(text, Spooled) else (text,):
                    await self._hold(each)
            separator = b" "
        await self._hold(_END)

    async def _hold(self, chunk: bytes | Part) -> None:
        self._held.append(chunk)
        self._held_octets += len(chunk)
        if self._held_octets >= HELD or monotonic() - self._turn > TURN:
            held, self._held, self._held_octets, self._begun = self._held, [], 0, True
            self._ctx.send_bytes(*held)
            await self._flush()

    async def _render(self, piece: Piece, values: Values, uid: object) -> bytes | Part | Spooled:
        if isinstance(piece, Direct):
            return piece.format % values
        if isinstance(piece, Flags):
            return self._flags.of(values[0], uid)
        if isinstance(piece, Ready):
            return literal(values[0])
        if isinstance(piece, Computed):
            return piece.render(self._account, values)
        (found,) = piece.find(self._account, [(value,) for value in values])
        octets = await self._decoded.octets(found) if isinstance(found, Encoded) else found
        if isinstance(piece, Sized):
            return b"%d" % _size(octets)
        return self._content(piece, octets)

    def _content(self, piece: Content, found: Plain | Spooled) -> bytes | Part | Spooled:
        """A literal or NIL; what stays where it is until it is sent, without its announcement."""
        data = self._account.read_ranges((found,))[0] if isinstance(found, Slice) else found
        if data is None:
            return b"NIL"
        if not isinstance(data, bytes):
            return data
        return literal(data, b"~" if piece.binary and b"\0" in data else b"")


def _size(found: Plain | Spooled) -> int:
    if isinstance(found, Slice):
        return found.end - found.start
    return 0 if found is None else len(found)


def _plain(found: Found) -> Plain:
    assert not isinstance(found, Encoded), "only BINARY gives that"
    return found


def _held(found: Plain) -> int:
    """How many octets of it may be held: what is larger comes as a part."""
    if isinstance(found, Slice):
        return min(found.end - found.start, LARGE)
    return 0 if found is None else len(found)


def literal(octets: object, mark: bytes = b"") -> bytes:
    """With its announcement."""
    assert isinstance(octets, bytes)
    return b"%b{%d}\r\n%b" % (mark, len(octets), octets)
