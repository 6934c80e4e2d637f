"""THREAD and UID THREAD (RFC 5256), with REFERENCES, ORDEREDSUBJECT and REFS (draft-ietf-morg-inthread).

The rules: nothing here recurses, for a thread may be as deep as the mailbox is long; and the session does other things between the
steps of a long answer. On both ends threads are lists in preorder with depths, which says the same as a tree.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Self, cast

from ..ports.client import ClientSession, Op
from ..ports.session import SessionContext
from ..ports.store import Column, MessageSet
from ..protocol import states
from ..protocol.given import one_of
from ..protocol.registry import Feature, Grammar, Sync
from ..query import thread as threading
from ..query.key import SearchKey, checked_key
from ..query.sort import Work
from ..query.thread import Algorithm as Algorithm
from ..query.thread import Letters, Threads
from ..record import record, value
from ..wire.cursor import Cursor
from ..wire.writer import Writer
from .search import Search, run_search
from .sort import drive, gather, numbers_for, read_criteria, search_charset, write_criteria

feature = Feature(
    "THREAD",
    spec=("RFC 5256", "draft-ietf-morg-inthread"),
    summary="THREAD and UID THREAD: conversations, by references or by subject",
    capabilities=("THREAD=ORDEREDSUBJECT", "THREAD=REFERENCES", "THREAD=REFS"),
)

_BATCH: Final = 2000
_LARGE: Final = 50
"""A thread of more messages has a shape that hardly any other has."""
_SHAPES: Final = 5000
_NUMBER: Final = re.compile(rb"\d+")
_PACE: Final = 4000


_ALGORITHMS: Final = {algorithm.value.encode(): algorithm for algorithm in Algorithm}


@feature.command(
    "THREAD", states=states.SELECTED, uid=True, sync=Sync.NO_EXPUNGE, example="THREAD REFERENCES UTF-8 ALL"
)
@record
class Thread:
    """thread = ["UID" SP] "THREAD" SP thread-alg SP charset 1*(SP search-key)."""

    algorithm: Algorithm
    key: SearchKey
    uid: bool = True
    charset: str = "UTF-8"

    @classmethod
    def read(cls, c: Cursor, g: Grammar, *, uid: bool) -> Self:
        c.sp()
        start = c.pos
        algorithm = _ALGORITHMS.get(c.word("a threading algorithm"))
        if algorithm is None:
            c.pos = start
            raise c.fail("a known threading algorithm")
        charset, key = read_criteria(c, g)
        return cls(algorithm, key, uid, charset)

    def write(self, w: Writer) -> None:
        w.raw(b"UID THREAD " if self.uid else b"THREAD ").raw(self.algorithm.value.encode("ascii"))
        write_criteria(w, self.charset, self.key)

    @property
    def search(self) -> Search:
        """The search that the command begins with."""
        return Search(self.key, self.uid, search_charset(self.charset))

    @property
    def names_numbers(self) -> bool:
        return self.search.names_numbers


# The response


@value
class Member:
    """One message of a conversation. It answers the nearest member before it whose ``depth`` is one less."""

    number: int | None
    """A UID or a message number; None for a message that was not found, but whose answers were."""
    depth: int


@record
class Conversation:
    """A thread: its members in reading order, each before those that answer it."""

    members: tuple[Member, ...]

    def __len__(self) -> int:
        """Messages that were found."""
        return sum(member.number is not None for member in self.members)

    def __iter__(self) -> Iterator[int]:
        """The numbers of the messages that were found, in reading order."""
        return (member.number for member in self.members if member.number is not None)

    def parents(self) -> dict[int, int | None]:
        """Each message's number, with that of the message it answers; None: the first one, or one whose parent was not found."""
        found: dict[int, int | None] = {}
        path: list[int | None] = []
        for member in self.members:
            del path[member.depth :]
            if member.number is not None:
                found[member.number] = path[-1] if path else None
            path.append(member.number)
        return found


@feature.response("THREAD")
@record
class ThreadData:
    """thread-data = "THREAD" [SP 1*thread-list]."""

    threads: tuple[Conversation, ...] = ()

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        """thread-list = "(" (thread-members / thread-nested) ")", without recursion. Spaces may stand anywhere."""
        threads: list[Conversation] = []
        c.skip_spaces()
        while not c.at_end:
            threads.append(Conversation(tuple(_read_thread(c))))
            c.skip_spaces()
        return cls(tuple(threads))

    def write(self, w: Writer) -> None:
        w.raw(b"THREAD")
        for number, thread in enumerate(self.threads):
            if not number:
                w.sp()
            numbers = [member.number or 0 for member in thread.members]
            for piece in render(numbers, [member.depth for member in thread.members]):
                w.raw(piece)


def _read_thread(c: Cursor) -> Iterator[Member]:
    """One thread-list. ``open_`` has the depth at which each list that is open began."""
    open_: list[int] = []
    depth = 0
    empty = True
    while True:
        if c.accept(b"("):
            if (
                open_ and empty
            ):  # thread-nested without a member before it: siblings of a message that is not there
                yield Member(None, depth)
                depth += 1
            open_.append(depth)
            empty = True
        elif not open_:
            raise c.fail("'('")
        elif not empty and c.accept(b")"):
            depth = open_.pop()
            if not open_:
                return
        else:
            yield Member(c.nz_number("a message number"), depth)
            depth += 1
            empty = False
        c.skip_spaces()


def render(numbers: Sequence[int], depths: Sequence[int]) -> Iterator[bytes]:
    """The thread-lists of threads in preorder, in pieces; a number 0 stands for a message that is not there.

    Most threads have one of a few shapes, so each shape is worked out once.
    """
    shapes: dict[tuple[int, ...], bytes] = {(0,): b"(%d)"}
    ends = [place for place, depth in enumerate(depths) if not depth]
    ends.append(len(depths))
    formats: list[bytes] = []
    start = begun = 0
    for end in ends[1:]:
        missing = not numbers[start]
        if end - start == 1 and not missing:
            formats.append(b"(%d)")
        elif end - start > _LARGE or 0 in numbers[start + missing : end]:
            if start > begun:
                yield _filled(formats, numbers[begun:start])
                formats.clear()
            yield from render_plainly(numbers[start:end], depths[start:end])
            begun = end
        else:
            shape = (-1, *depths[start + 1 : end]) if missing else tuple(depths[start:end])
            text = shapes.get(shape)
            if text is None:
                if len(shapes) > _SHAPES:
                    shapes.clear()
                places = [0 if missing and not place else place + 1 for place in range(end - start)]
                text = shapes[shape] = _NUMBER.sub(b"%d", b"".join(render_plainly(places, depths[start:end])))
            formats.append(text)
        start = end
        if start - begun > _BATCH:
            yield _filled(formats, numbers[begun:start])
            formats.clear()
            begun = start
    yield _filled(formats, numbers[begun:start])


def _filled(formats: list[bytes], numbers: Sequence[int]) -> bytes:
    return b"".join(formats) % tuple(filter(None, numbers))


def render_plainly(numbers: Sequence[int], depths: Sequence[int]) -> Iterator[bytes]:
    """``render`` member by member, for threads of any shape."""
    several = bytearray(len(depths))
    last: list[int] = []
    for place, depth in enumerate(depths):
        if depth:
            above = last[depth - 1]
            several[above] = min(several[above] + 1, 2)
        last[depth:] = [place]
        if place % _BATCH == 0:
            yield b""  # lets the caller pause
    open_: list[int] = []
    piece: list[bytes] = []
    for place, (number, depth) in enumerate(zip(numbers, depths, strict=True)):
        while open_ and open_[-1] >= depth:
            open_.pop()
            piece.append(b")")
        above = last[depth - 1] if depth else -1
        if not number or not depth or not numbers[above] or several[above] > 1:
            piece.append(b" (" if depth and numbers[above] and above == place - 1 else b"(")
            open_.append(depth)
        else:
            piece.append(b" ")
        if number:
            piece.append(b"%d" % number)
        last[depth:] = [place]
        if place % _BATCH == 0:
            yield b"".join(piece)
            piece.clear()
    yield b"".join(piece) + b")" * len(open_)


# The server

_RUN: Final[dict[Algorithm, tuple[tuple[Column, ...], Callable[[Letters], Work[Threads]]]]] = {
    Algorithm.ORDEREDSUBJECT: ((Column.SENT, Column.BASE_SUBJECT), threading.ordered_subject),
    Algorithm.REFERENCES: (
        (Column.SENT, Column.BASE_SUBJECT, Column.IS_REPLY, Column.MESSAGE_ID, Column.REFERENCES),
        threading.references,
    ),
    Algorithm.REFS: ((Column.SENT, Column.ARRIVED, Column.MESSAGE_ID, Column.REFERENCES), threading.refs),
}
"""What each algorithm reads, and the algorithm."""


@feature.handler(Thread)
async def handle_thread(ctx: SessionContext, command: Thread) -> None:
    plan = await run_search(ctx, command.search)
    uids, threads = await _threads(ctx, plan.found, command.algorithm)
    numbers = await numbers_for(ctx, uids, plan.found, uid=command.uid)
    members: list[int] = []
    for start in range(0, len(threads.members), _PACE):
        part = threads.members[start : start + _PACE]
        if isinstance(numbers, range):  # from 1, and slow to look into; a dummy becomes 0
            members += [at + 1 for at in part]
        else:
            members += [numbers[at] if at != threading.DUMMY else 0 for at in part]
        await asyncio.sleep(0)
    pieces = [b"* THREAD "] if members else [b"* THREAD"]
    for piece in render(members, threads.depths):
        pieces.append(piece)
        await asyncio.sleep(0)
    ctx.send_bytes(*pieces, b"\r\n")
    await ctx.flush()


async def _threads(
    ctx: SessionContext, messages: MessageSet, algorithm: Algorithm
) -> tuple[Sequence[int], Threads]:
    """UIDs and the threads of their places: from what the store keeps, else from the rows."""
    arrangement = ctx.view.mailbox.arrangement()
    found = None if arrangement is None else await drive(arrangement.threads(messages, algorithm))
    if found is not None:
        return found
    columns, run = _RUN[algorithm]
    uids, values = await gather(ctx, messages, columns)
    return uids, await drive(run(_letters(columns, values)))


def _letters(columns: Sequence[Column], values: list[list[object]]) -> Letters:
    letters = Letters()
    for column, found in zip(columns, values, strict=True):
        match column:
            case Column.SENT:
                letters.sent = cast("list[int]", found)
            case Column.ARRIVED:
                letters.arrived = cast("list[int]", found)
            case Column.BASE_SUBJECT:
                letters.subject = cast("list[str]", found)
            case Column.IS_REPLY:
                letters.reply = cast("list[int]", found)
            case Column.MESSAGE_ID:
                letters.message_id = cast("list[str]", found)
            case Column.REFERENCES:
                letters.references = cast("list[str]", found)
            case _:
                raise AssertionError(f"no algorithm reads {column}")
    return letters


# The client


@record
class ThreadResult:
    """The conversations that a THREAD gave, in the server's order: UIDs, or message numbers when ``uid`` is False."""

    threads: tuple[Conversation, ...]
    uid: bool

    def __len__(self) -> int:
        return len(self.threads)

    def __iter__(self) -> Iterator[Conversation]:
        return iter(self.threads)


@feature.op
def thread(
    session: ClientSession, key: SearchKey, *, algorithm: Algorithm | None = None, uid: bool = True
) -> Op[ThreadResult]:
    """Find messages, arranged in conversations (RFC 5256 section 3). UIDs, or message numbers with ``uid=False``.

    ``algorithm``: None takes the best that the server has, by references if possible. Raises NotSupported, BadCharset, CommandFailed.
    """
    if algorithm is None:
        algorithm = next(
            (known for known in _BEST if session.has(f"THREAD={known.value}")), Algorithm.REFERENCES
        )
    one_of(Algorithm, algorithm, "the algorithm is one of thread.Algorithm, as Algorithm.REFERENCES")
    session.need(f"THREAD={algorithm.value}", "to have the server arrange messages in threads")
    done = yield Thread(algorithm, checked_key(key), uid)
    return ThreadResult(tuple(found for data in done.of(ThreadData) for found in data.threads), uid)


_BEST: Final = (Algorithm.REFERENCES, Algorithm.REFS, Algorithm.ORDEREDSUBJECT)
