"""Threads: ORDEREDSUBJECT and REFERENCES (RFC 5256 section 3) and REFS (draft-ietf-morg-inthread section 4).

Columns in mailbox order go in, trees of positions come out. Numbers below the count of messages are messages, those above are dummies
(messages that others refer to and that are not there). The rules this file must not break: nothing here recurses, since a thread may
be as deep as the mailbox is long; and each step is a few milliseconds at most.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Final

from .forest import PATIENCE, Forest
from .sort import SortColumn, Work, sort

DUMMY: Final = -1
_PACE: Final = 4000


class Algorithm(enum.Enum):
    """thread-alg."""

    ORDEREDSUBJECT = "ORDEREDSUBJECT"
    """One thread for each base subject."""
    REFERENCES = "REFERENCES"
    """By References and In-Reply-To, then by base subject."""
    REFS = "REFS"
    """By References and In-Reply-To alone; the latest thread last."""


@dataclass(slots=True)
class Letters:
    """What threading reads of the messages, in mailbox order; ``Mailbox.rows`` gives each of the columns."""

    sent: list[int] = field(default_factory=list)
    arrived: list[int] = field(default_factory=list)
    subject: list[str] = field(default_factory=list)
    reply: list[int] = field(default_factory=list)
    message_id: list[str] = field(default_factory=list)
    references: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Threads:
    """Trees in preorder: the position of each member (``DUMMY``: only siblings of a message that is not there), and its depth."""

    members: list[int]
    depths: list[int]


def ordered_subject(letters: Letters) -> Work[Threads]:
    """Poor man's threading: the first message of each base subject, with all others of it as children."""
    order = yield from _by_date(letters)
    threads: dict[str, list[int]] = {}
    for place, at in enumerate(order):
        threads.setdefault(letters.subject[at], []).append(at)
        if place % _PACE == 0:
            yield
    found = Threads([], [])
    for place, thread in enumerate(threads.values()):
        found.members += thread
        found.depths += [0] + [1] * (len(thread) - 1)
        if place % _PACE == 0:
            yield
    return found


def references(letters: Letters, patience: int = PATIENCE) -> Work[Threads]:
    """Threads by references, then threads with the same base subject gathered."""
    trees = yield from _grow(letters, patience)
    yield from _gather(trees, letters)
    return (yield from _flatten(trees))


def refs(letters: Letters, patience: int = PATIENCE) -> Work[Threads]:
    """Threads by references alone; the thread to which something came last is the last."""
    trees = yield from _grow(letters, patience)
    found = yield from _flatten(trees)
    starts = [place for place, depth in enumerate(found.depths) if depth == 0]
    ends = [*starts, len(found.members)][1:]
    latest: list[tuple[int, int]] = []
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        members = found.members[start:end]
        latest.append(max((letters.arrived[at], at) for at in members if at != DUMMY))
        if number % _PACE == 0:
            yield
    rank = yield from sort(
        len(starts), [SortColumn([when for when, _ in latest]), SortColumn([at for _, at in latest])]
    )
    sorted_ = Threads([], [])
    for number, thread in enumerate(rank):
        sorted_.members += found.members[starts[thread] : ends[thread]]
        sorted_.depths += found.depths[starts[thread] : ends[thread]]
        if number % _PACE == 0:
            yield
    return sorted_


@dataclass(slots=True)
class _Trees:
    """Threads under way. ``rank`` orders messages by sent date; ``children`` has the members that have any, sorted by it."""

    count: int
    rank: list[int]
    children: dict[int, list[int]]
    roots: list[int]

    def is_dummy(self, node: int) -> bool:
        return node >= self.count

    def first(self, node: int) -> int:
        """The message that stands for ``node`` among siblings: itself, or a dummy's first child."""
        return self.children[node][0] if node >= self.count else node


def _by_date(letters: Letters) -> Work[list[int]]:
    """Positions by sent date, and where that is equal by message number."""
    return sort(len(letters.sent), [SortColumn(letters.sent)])


def _grow(letters: Letters, patience: int) -> Work[_Trees]:
    """Steps 1 to 4: linked, pruned, and sorted.

    Going through the messages by date puts each set of siblings in order, and each dummy where its first child belongs.
    """
    count = len(letters.sent)
    parent = yield from _link(letters, patience)
    order = yield from _by_date(letters)
    rank = [0] * count
    children: dict[int, list[int]] = {}
    roots: list[int] = []
    for place, node in enumerate(order):
        rank[node] = place
        above = parent[node]
        if above >= count:
            above = _past_dummies(parent, above, count)
            if above >= count and above not in children:
                roots.append(above)
        if above < 0:
            roots.append(node)
        else:
            children.setdefault(above, []).append(node)
        if place % _PACE == 0:
            yield
    for place, root in enumerate(roots):
        if root >= count and len(children[root]) == 1:
            roots[place] = children.pop(root)[0]
        if place % _PACE == 0:
            yield
    return _Trees(count, rank, children, roots)


def _past_dummies(parent: list[int], dummy: int, count: int) -> int:
    """The nearest message above, or the uppermost dummy (step 3: children of all others are spliced in). Shortens the way."""
    way: list[int] = []
    node = dummy
    while node >= count and parent[node] >= 0:
        way.append(node)
        node = parent[node]
    for passed in way:
        parent[passed] = node
    return node


def _link(letters: Letters, patience: int) -> Work[list[int]]:
    """Step 1: each node's parent, -1 where there is none (step 2)."""
    forest = Forest(len(letters.sent), patience)
    nodes: dict[str, int] = {}
    for at, message_id in enumerate(letters.message_id):
        if message_id:
            nodes.setdefault(message_id, at)  # of several messages with one id, only the first has it
        if at % _PACE == 0:
            yield
    parent = forest.parent
    work = 0
    for at, ids in enumerate(letters.references):
        above = -1
        if ids:
            for message_id in ids.split(" "):
                node = nodes.get(message_id)
                if node is None:
                    node = nodes[message_id] = forest.add()
                if above >= 0 and parent[node] < 0:
                    forest.link(node, above)
                above = node
                work += 1
        forest.cut(at)
        if above >= 0:
            forest.link(at, above)
        work += 1
        if work > _PACE:
            work = 0
            yield
    return parent


def _gather(trees: _Trees, letters: Letters) -> Work[None]:
    """Step 5: threads with the same base subject become one; then their siblings are sorted again (step 6)."""
    table: dict[str, int] = {}
    subjects: list[str] = []
    for place, root in enumerate(trees.roots):
        subject = letters.subject[trees.first(root)]
        subjects.append(subject)
        if subject:
            held = table.setdefault(subject, root)
            if held != root and not trees.is_dummy(held) and _rather(trees, letters, root, held):
                table[subject] = root
        if place % _PACE == 0:
            yield
    if len(table) == len(trees.roots):
        return
    kept: list[int] = []
    grown: set[int] = set()
    moved: set[int] = set()  # messages that were roots and are children of a new dummy
    fresh = max(trees.count, 1 + max(trees.roots))
    for place, (root, subject) in enumerate(zip(trees.roots, subjects, strict=True)):
        held = table.get(subject, root) if subject else root
        if held == root:
            kept.append(root)
        elif trees.is_dummy(held):
            more = trees.children.pop(root) if trees.is_dummy(root) else [root]
            trees.children[held] += more
            grown.add(held)
        elif letters.reply[root] and not letters.reply[held]:
            trees.children.setdefault(held, []).append(root)
            grown.add(held)
        else:
            trees.children[fresh] = [held, root]
            table[subject] = fresh
            grown.add(fresh)
            moved.add(held)
            kept.append(fresh)
            fresh += 1
        if place % _PACE == 0:
            yield
    rank = trees.rank
    for place, node in enumerate(grown):
        trees.children[node].sort(key=rank.__getitem__)
        if place % _PACE == 0:
            yield
    left: list[int] = []
    ranks: list[int] = []
    for place, root in enumerate(kept):
        if root not in moved:
            left.append(root)
            ranks.append(rank[trees.first(root)])
        if place % _PACE == 0:
            yield
    order = yield from sort(len(left), [SortColumn(ranks)])
    trees.roots = [left[at] for at in order]


def _rather(trees: _Trees, letters: Letters, root: int, held: int) -> bool:
    """True if ``root`` stands for its subject rather than the message ``held``."""
    return trees.is_dummy(root) or bool(letters.reply[held] and not letters.reply[root])


def _flatten(trees: _Trees) -> Work[Threads]:
    members: list[int] = []
    depths: list[int] = []
    children = trees.children
    count = trees.count
    work = 0
    for root in trees.roots:
        if root not in children:
            members.append(root)
            depths.append(0)
            work += 1
            if work % _PACE == 0:
                yield
            continue
        waiting = [(root, 0)]
        while waiting:
            node, depth = waiting.pop()
            members.append(node if node < count else DUMMY)
            depths.append(depth)
            below = children.get(node)
            if below is not None:
                waiting += [(child, depth + 1) for child in reversed(below)]
            work += 1
            if work % _PACE == 0:
                yield
    return Threads(members, depths)
