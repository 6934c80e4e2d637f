"""The selected mailbox as one session was told of it (RFC 9051 sections 2.3.1.2, 7.4 and 7.5.1; STORE.md rules 4, 8 and 18).

A view is a position in the mailbox's log plus what the client knows. ``sync`` reads the log from there and tells the rest. The rules
this file must not break: a message number means the same message until the client was told otherwise; an expunge that must be
withheld is told later, never lost; and no HIGHESTMODSEQ goes out that covers a withheld expunge.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from ..errors import Bad
from ..ports.session import Modes
from ..ports.store import Column, Mailbox
from ..protocol import flags
from ..protocol.numset import STAR, NumSet, Range, join
from ..query.index import MessageSet
from ..wire.writer import Writer
from .numbers import Numbers

# An empty frozen set is not the same object as another, and each takes 216 octets.
_NONE: Final[frozenset[int]] = frozenset()
_NO_KEYWORDS: Final[frozenset[str]] = frozenset()


class SelectedView:
    """Implements ``ports.session.View``. ``recent``: the messages that are \\Recent for this session."""

    __slots__ = (
        "_keywords", "_modes", "_noted", "_numbers", "_own", "_position", "_present_recent", "_recent", "_withheld", "_withheld_since",
        "mailbox", "name", "read_only", "saved",
    )  # fmt: skip

    def __init__(
        self, mailbox: Mailbox, name: str, *, read_only: bool, modes: Modes, recent: MessageSet
    ) -> None:
        self.mailbox = mailbox
        self.name = name
        self.read_only = read_only
        self.saved: MessageSet | None = None
        self._modes = modes
        self._position = mailbox.row.modseq
        self._numbers = Numbers(mailbox.uids())
        self._recent = recent
        self._noted: list[Range] = []
        """\\Recent messages that the client was not told of yet."""
        self._present_recent: tuple[MessageSet, MessageSet] | None = None
        self._own: frozenset[int] = _NONE
        self._withheld: list[Range] = []
        self._withheld_since: int | None = None
        self._keywords: frozenset[str] = frozenset(mailbox.keywords()) or _NO_KEYWORDS

    def __len__(self) -> int:
        return len(self._numbers)

    def uid_of(self, seq: int) -> int:
        return self._numbers.uid_of(seq)

    def seq_of(self, uid: int) -> int | None:
        return self._numbers.number_of(uid)

    def everything(self) -> MessageSet:
        return self._present([(1, self._numbers.last_uid)])

    def resolve(self, numset: NumSet, *, uid: bool, criterion: bool = False) -> MessageSet:
        if numset.saved:
            return self._present([]) if self.saved is None else self.saved & self.everything()
        if uid:
            return self._present(self._uid_ranges(numset))
        return self._present(self._numbered_ranges(numset, criterion=criterion))

    def numbered(self, messages: MessageSet) -> Iterator[tuple[int, int]]:
        return self._numbers.in_ranges(messages.ranges())

    def numbers_of(self, messages: Iterable[int]) -> list[int]:
        return self._numbers.of(messages if isinstance(messages, list) else list(messages))

    def recent(self) -> MessageSet:
        """What is recent is known to the client; it may be gone from the store. Every FETCH of flags asks."""
        if not len(self._recent):
            return self._recent
        present = self.mailbox.everything()
        known = self._present_recent
        if known is None or known[0] is not present:
            known = self._present_recent = present, self._recent & present
        return known[1]

    @property
    def takes_recent(self) -> bool:
        return not self.read_only and not self._modes.rev2

    def note_recent(self, uids: Range) -> None:
        self._noted.append(uids)

    def note_own(self, modseq: int) -> None:
        if modseq > self._position:
            self._own |= {modseq}

    def highest_modseq(self) -> int:
        return self._position if self._withheld_since is None else self._withheld_since

    def untold(self) -> list[Range]:
        return join([*self._withheld, *self.mailbox.changes(self._position).expunged])

    # Updates

    def update(self, *, expunge: bool, recent: MessageSet | None = None) -> Iterator[bytes]:
        """Take over what happened since the last time, and give the response lines that tell it.

        The state is taken over before this returns; the lines may then be sent with pauses. ``recent``: messages that became
        this session's \\Recent ones.
        """
        if self._noted:
            noted = self.mailbox.by_uid(join(self._noted))
            recent, self._noted = (noted if recent is None else noted | recent), []
        if self.is_current and recent is None:
            return iter(())
        changes = self.mailbox.changes(self._position, self._own)
        last = self._numbers.last_uid
        before = self._position
        self._position = max(before, changes.modseq)
        self._own = frozenset(modseq for modseq in self._own if modseq > self._position) or _NONE
        if recent is None and not (self._withheld or changes.expunged or len(changes.added)):
            return self._tell([], [], changes.changed, 0)
        if changes.expunged:
            self._withheld = join([*self._withheld, *changes.expunged])
            if self._withheld_since is None:
                self._withheld_since = before
        gone = self._withheld if expunge else []
        numbers = self._numbers.remove(gone)
        if expunge:
            self._withheld, self._withheld_since = [], None
        added = len(changes.added)
        self._numbers.add(uid for uid in changes.added if uid > last)
        if recent is not None:
            self._recent = self._recent | recent
            self._present_recent = None
        if not self._withheld:
            self._numbers.fold(self.mailbox.uids)
        return self._tell(numbers, gone, changes.changed, added)

    @property
    def is_current(self) -> bool:
        """Nothing happened in the mailbox, and nothing is withheld: what is so after most commands."""
        return self.mailbox.row.modseq <= self._position and not self._withheld and not self._own

    def _tell(
        self, numbers: list[int], gone: list[Range], changed: MessageSet, added: int
    ) -> Iterator[bytes]:
        if numbers:
            yield from self._modes.report_expunges(numbers, gone)
        if added:
            yield b"* %d EXISTS\r\n" % len(self)
            if not self._modes.rev2:
                yield b"* %d RECENT\r\n" % len(self.recent())
        yield from self.new_keywords()
        if len(changed):
            yield from self._tell_flags(changed)
        if self._withheld and self._modes.condstore:
            # MODSEQs above that of a withheld expunge may have been told (RFC 7162 section 3.2)
            yield b"* OK [HIGHESTMODSEQ %d] Not all is told yet\r\n" % self.highest_modseq()

    def new_keywords(self) -> Iterator[bytes]:
        names = self.mailbox.keywords()
        if self._keywords.issuperset(names):
            return
        self._keywords = frozenset(names)
        yield b"* FLAGS %s\r\n" % _flag_list((*flags.SYSTEM, *names))
        permanent = () if self.read_only else (*flags.SYSTEM, *names, flags.ANY)
        yield b"* OK [PERMANENTFLAGS %s] New keywords\r\n" % _flag_list(permanent)

    def _tell_flags(self, changed: MessageSet) -> Iterator[bytes]:
        rendered: dict[tuple[int, bool], bytes] = {}
        modes = self._modes
        numbers = self.numbered(changed)
        number, numbered_uid = next(numbers, (0, 0))
        for chunk in self.mailbox.rows(changed, (Column.UID, Column.FLAGS, Column.MODSEQ)):
            lines: list[bytes] = []
            for uid, key, modseq in chunk:
                assert isinstance(uid, int) and isinstance(key, int) and isinstance(modseq, int)
                while number and numbered_uid < uid:
                    number, numbered_uid = next(numbers, (0, 0))
                if numbered_uid != uid:
                    continue
                recent = not modes.rev2 and uid in self._recent
                text = rendered.get((key, recent))
                if text is None:
                    names = self.mailbox.flag_names(key)
                    text = rendered[key, recent] = _flag_list((*names, flags.RECENT) if recent else names)
                extra = b" UID %d" % uid if modes.uid_in_fetch else b""
                if modes.condstore:
                    extra += b" MODSEQ (%d)" % modseq
                lines.append(b"* %d FETCH (FLAGS %s%s)\r\n" % (number, text, extra))
            yield b"".join(lines)

    # Sets

    def _present(self, ranges: list[Range]) -> MessageSet:
        """Messages in the store with these UIDs: those expunged elsewhere keep their number, but have no data."""
        return self.mailbox.by_uid(ranges)

    def _uid_ranges(self, numset: NumSet) -> list[Range]:
        """``*`` is the last message the client knows of, and nothing above it exists for the client."""
        last = self._numbers.uid_of(len(self)) if len(self) else 0
        top = self._numbers.last_uid
        return [(low, min(high, top)) for low, high in numset.resolve(last) if low <= top]

    def _numbered_ranges(self, numset: NumSet, *, criterion: bool) -> list[Range]:
        if not len(self) and numset.ranges and all(STAR in pair for pair in numset.ranges):
            return []  # 1:* in an empty mailbox: every client asks it, and means no error
        count = len(self)
        if len(numset.ranges) == 1 and 1 <= numset.ranges[0][0] == numset.ranges[0][1] <= count:
            return [self._numbers.uid_range(*numset.ranges[0])]
        ranges = numset.resolve(count)
        if criterion:
            ranges = [(low, min(high, count)) for low, high in ranges if 1 <= low <= count]
        elif ranges and (ranges[-1][1] > count or ranges[0][0] < 1):
            what = {0: "is empty", 1: "has one message"}.get(count, f"has {count} messages")
            raise Bad(f"there is no message {max(ranges[-1][1], 1)}: the mailbox {what}")
        return [self._numbers.uid_range(low, high) for low, high in ranges]


def _flag_list(names: tuple[str, ...]) -> bytes:
    w = Writer()
    flags.write_flag_list(w, names)
    return w.octets()
