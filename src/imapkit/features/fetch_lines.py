"""FETCH compiled: the columns that a list of items needs, and how lines are made of them (DESIGN section 2, "FETCH compiles").

A helper of FETCH; not a feature. Columns in, octets out, many messages at once: one bytes format, repeated, is filled by one operation.
The rule this file must not break: that gives the same octets as one piece after the other.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Final, cast

from ..ports.session import SessionContext
from ..ports.store import Account, AnyColumn, Column, HeaderFields, Mailbox
from ..protocol.flags import RECENT
from ..protocol.numset import STAR
from ..query.index import MessageSet
from .fetch_body import find_fields
from .fetch_items import FetchItem
from .fetch_pieces import Columns, Computed, Content, Direct, Flags, Piece, Ready, Sized, Values

_END: Final = b")\r\n"
_AT_ONCE: Final = 1 << 20
"""Octets that lines made at once may have of their items' names and flags."""
_CHOSEN: Final = 4
"""Lists of header fields that are read as columns; of more, each is made from the header when its turn comes."""
_LISTS, _FEW, _SHORT = 512, 32, 1024
"""How many lists of items are remembered; of how many items each, and with labels of how many octets. A client chooses them."""


class Compiled:
    """How a list of items is answered. The columns begin with UID, then FLAGS if they are needed."""

    __slots__ = ("body", "columns", "encoded", "form", "marks_seen", "pieces", "places", "ready")

    def __init__(self, pieces: Sequence[Piece]) -> None:
        if sum([isinstance(piece, Ready) for piece in pieces]) > _CHOSEN:
            pieces = [_made_later(piece) if isinstance(piece, Ready) else piece for piece in pieces]
        self.pieces = sorted(pieces, key=_rank)
        self.marks_seen = any(isinstance(piece, Content | Ready) and piece.marks_seen for piece in pieces)
        every: Iterable[AnyColumn] = chain((Column.UID,), *(piece.columns for piece in self.pieces))
        self.columns: tuple[AnyColumn, ...] = tuple(dict.fromkeys(every))
        place = {column: at for at, column in enumerate(self.columns)}.__getitem__
        self.places = [tuple(place(column) for column in piece.columns) for piece in self.pieces]
        """Where among the columns those of each piece are."""
        contents = [piece for piece in self.pieces if isinstance(piece, Content | Sized)]
        self.ready = not contents
        """All is made from columns alone."""
        self.encoded = [
            (piece, places)
            for piece, places in zip(self.pieces, self.places, strict=True)
            if isinstance(piece, Sized) or (isinstance(piece, Content) and piece.binary)
        ]
        """Those that may have to be refused, with the places of their columns."""
        last = self.pieces[-1]
        self.body = last if contents == [last] and isinstance(last, Content) and not last.binary else None
        """The last piece, where it is the only one that needs octets of the messages."""
        self.form = b"* %d FETCH (" + b" ".join(map(_form, self.pieces)) + (b"" if self.body else _END)
        """One line; what comes before the octets, if there is a body."""

    def most(self, flags: FlagTexts) -> int:
        """Of how many messages lines may be made at once: a client chooses the names of items and of keywords."""
        return max(1, _AT_ONCE // (len(self.form) + flags.longest()))

    def lines(self, account: Account, seqs: Sequence[int], columns: Columns, flags: FlagTexts) -> bytes:
        """A line for each message, where all is ready. The hot path of FETCH."""
        return self._filled(seqs, [*self._texts(account, columns, flags)])

    def starts(
        self,
        account: Account,
        seqs: Sequence[int],
        columns: Columns,
        flags: FlagTexts,
        literals: Sequence[bytes],
    ) -> list[bytes]:
        """The lines of ``body`` up to its octets; ``literals``: how each is announced."""
        texts = [*self._texts(account, columns, flags), literals]
        return [self.form % values for values in zip(seqs, *texts, strict=True)]

    def _filled(self, seqs: Sequence[int], texts: Sequence[Iterable[object]]) -> bytes:
        if len(seqs) == 1:
            return self.form % (seqs[0], *chain.from_iterable(texts))
        return (self.form * len(seqs)) % tuple(chain.from_iterable(zip(seqs, *texts, strict=True)))

    def _texts(self, account: Account, columns: Columns, flags: FlagTexts) -> Iterator[Iterable[object]]:
        """What fills the places of ``form``, but for the number and the body."""
        for piece, places in zip(self.pieces, self.places, strict=True):
            if isinstance(piece, Direct):
                yield columns[places[0]]
            elif isinstance(piece, Flags):
                yield flags.texts(columns[places[0]], columns[0])
            elif isinstance(piece, Ready):
                octets = cast("Sequence[bytes]", columns[places[0]])
                yield map(len, octets)
                yield octets
            elif isinstance(piece, Computed):
                values = zip(*[columns[place] for place in places], strict=True)
                yield [piece.render(account, value) for value in values]

    def values(self, row: Values) -> Iterator[tuple[Piece, Values]]:
        """Each piece with its columns of a row."""
        for piece, places in zip(self.pieces, self.places, strict=True):
            yield piece, tuple([row[place] for place in places])


def _made_later(piece: Ready) -> Content:
    assert isinstance(piece.column, HeaderFields)
    return Content(piece.label, (Column.HEADER,), partial(find_fields, piece.column.names), piece.marks_seen)


def _rank(piece: Piece) -> int:
    """UID first and FLAGS second, so that their columns are; the rest as asked."""
    if isinstance(piece, Flags):
        return 1
    return 0 if isinstance(piece, Direct) and piece.column is Column.UID else 2


def _form(piece: Piece) -> bytes:
    label = piece.label.replace(b"%", b"%%")
    if isinstance(piece, Direct):
        return label + piece.format
    return label + (b"{%d}\r\n%b" if isinstance(piece, Ready) else b"%b")


def compile_items(items: tuple[FetchItem, ...]) -> Compiled:
    """The compiled form of a list of items; each item counts once. Usual lists are remembered, long ones are not."""
    known = _known.get(items)
    if known is None:
        pieces = {piece.label: piece for piece in [item.piece() for item in items]}
        known = Compiled(list(pieces.values()))
        if len(items) <= _FEW and sum(map(len, pieces)) <= _SHORT:
            if len(_known) >= _LISTS:
                _known.clear()
            _known[items] = known
    return known


_known: dict[tuple[FetchItem, ...], Compiled] = {}


_SYSTEM_FLAGS: Final = 64
"""Octets of a list of all system flags, or a little more."""


class FlagTexts(dict[object, bytes]):
    """FLAGS lists by the store's key, each rendered once a command."""

    __slots__ = ("_mailbox", "_recent")

    def __init__(self, mailbox: Mailbox, recent: MessageSet | None) -> None:
        super().__init__()
        self._mailbox = mailbox
        self._recent = recent.ranges() if recent is not None else []

    def longest(self) -> int:
        """Octets that no list exceeds, but for characters that are not ASCII."""
        return _SYSTEM_FLAGS + sum([len(name) + 1 for name in self._mailbox.keywords()])

    def __missing__(self, key: object) -> bytes:
        text = flag_list(self._mailbox.flag_names(cast(int, key)))
        self[key] = text
        return text

    def of(self, key: object, uid: object) -> bytes:
        r"""The list of one message, with \Recent where it has it."""
        if not self._recent or not self._is_recent(cast(int, uid)):
            return self[key]
        known = (key, RECENT)
        text = self.get(known)
        if text is None:
            text = self[known] = flag_list((*self._mailbox.flag_names(cast(int, key)), RECENT))
        return text

    def texts(self, keys: Sequence[object], uids: Sequence[object]) -> Iterable[bytes]:
        """The lists of many messages, whose UIDs ascend."""
        recent = self._recent
        if not recent or cast(int, uids[-1]) < recent[0][0] or recent[-1][1] < cast(int, uids[0]):
            return map(self.__getitem__, keys)
        return map(self.of, keys, uids)

    def _is_recent(self, uid: int) -> bool:
        at = bisect_right(self._recent, (uid, STAR)) - 1
        return uid <= self._recent[at][1] if at >= 0 else False


def flag_list(names: Iterable[str]) -> bytes:
    """flag-list."""
    return b"(" + " ".join(names).encode("utf-8", "surrogateescape") + b")"


def flags_of(ctx: SessionContext) -> FlagTexts:
    r"""The FLAGS texts of the selected mailbox; \Recent is gone in IMAP4rev2."""
    view = ctx.view
    return FlagTexts(view.mailbox, None if ctx.modes.rev2 else view.recent())
