"""Threads from numbers, all messages at once: the answers of ``query.thread`` without a step for each message (RFC 5256 section 3).

``query.thread`` links one message after another, and leaves out a link that would close a loop. Where no two messages disagree on who
came first there can be no loop, and a link depends on nothing but the order of the messages: that is what is done here for all.
Messages that do disagree, and all connected with them, are linked by ``query.forest``. The rule of this file: the same answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, cast

import numpy as np
import numpy.typing as npt

from imapkit.query.forest import Forest
from imapkit.query.sort import Work
from imapkit.query.thread import Threads

Numbers = npt.NDArray[np.int64]
Places = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]

_LONGEST: Final = 100
"""Ids in a row that are followed; what is connected with a longer row is linked step by step."""
DEEPEST: Final = 400
"""Deeper threads are taken apart by ``query.thread``: here each level costs a step over arrays."""
_PACE: Final = 4000


@dataclass(slots=True)
class Mail:
    """What is threaded: each array has a value for each message, in mailbox order."""

    order: Places
    """The messages by sent date."""
    own: Places
    """The number of the message's id, or -1."""
    counts: Places
    """How many ids it refers to, …"""
    ancestors: Places
    """… and their numbers, one message after the other."""
    ids: int
    """All these numbers are below this."""

    def __len__(self) -> int:
        return len(self.order)


class TooDeep(Exception):
    """There is a thread that is too deep for this way."""


def ordered_subject(order: Places, subject: Numbers) -> Threads:
    """Poor man's threading: by base subject, in the order of the first of each."""
    _, first, group = np.unique(subject[order], return_index=True, return_inverse=True)
    first = first[group]
    members = order[np.argsort(first, kind="stable")]
    depths = np.ones(len(order), np.int64)
    depths[np.flatnonzero(np.diff(np.sort(first), prepend=-1))] = 0
    return Threads(members.tolist(), depths.tolist())


def references(mail: Mail, subject: Numbers, reply: Numbers) -> Work[Threads]:
    """Threads by references, then threads with the same base subject gathered."""
    trees = yield from _grow(mail)
    yield from trees.gather(subject, reply)
    return (yield from trees.flattened(None))


def refs(mail: Mail, arrived: Numbers) -> Work[Threads]:
    """Threads by references alone; the thread to which something came last is the last."""
    trees = yield from _grow(mail)
    rank = np.empty(len(mail), np.intp)
    rank[np.argsort(arrived, kind="stable")] = np.arange(len(mail))
    return (yield from trees.flattened(rank))


# Linking: nodes below ``count`` are messages, those above are ids that no message has


def _link(mail: Mail) -> Work[Places]:
    """Each node's parent, or -1."""
    count = len(mail)
    node = np.arange(count, count + mail.ids)
    has = np.flatnonzero(mail.own >= 0)[::-1]
    node[mail.own[has]] = has  # of several messages with one id, the first has it
    yield
    named = node[mail.ancestors]
    at = np.repeat(np.arange(count), mail.counts)
    inside = np.flatnonzero(at[1:] == at[:-1]) if len(at) else np.empty(0, np.intp)
    upper, lower, by = named[inside], named[inside + 1], at[inside]
    different = upper != lower
    upper, lower, by = upper[different], lower[different], by[different]
    own = np.full(count, -1, np.intp)
    own[at] = named  # the last one stays
    own[own == np.arange(count)] = -1
    yield
    parent = np.full(count + mail.ids, -1, np.intp)
    # A message without a link of its own, and an id that no message has, get the first that comes after their own turn.
    free = lower >= count
    free |= (own[np.minimum(lower, count - 1)] < 0) & (by > lower)
    parent[lower[free][::-1]] = upper[free][::-1]
    parent[:count] = np.where(own >= 0, own, parent[:count])
    yield
    linked = np.flatnonzero(own >= 0)
    above, below = np.concatenate((upper, own[linked])), np.concatenate((lower, linked))
    looped = yield from _looped(above, below, len(parent))
    if len(looped):
        touched = yield from _connected(above, below, looped, len(parent))
        yield from _relink(mail, named, parent, touched)
    return parent


def _looped(above: Places, below: Places, nodes: int) -> Work[Places]:
    """Nodes in a loop, or at the end of a row that is longer than ``_LONGEST``."""
    level = np.zeros(nodes, np.int32)
    for _ in range(_LONGEST):
        wanted = level[above] + 1
        rise = wanted > level[below]
        if not rise.any():
            return np.empty(0, np.intp)
        risen = below[rise]
        np.maximum.at(level, risen, wanted[rise])
        changed = np.zeros(nodes, np.bool_)
        changed[risen] = True
        active = changed[above]
        above, below = above[active], below[active]
        yield
    return np.unique(below)


def _connected(above: Places, below: Places, some: Places, nodes: int) -> Work[Mask]:
    """All nodes that are connected with ``some``: each gets the lowest node of what it is connected with."""
    lowest = np.arange(nodes)
    while True:
        before = lowest
        one, other = lowest[above], lowest[below]
        least = np.minimum(one, other)
        lowest = lowest.copy()
        np.minimum.at(lowest, one, least)
        np.minimum.at(lowest, other, least)
        while not np.array_equal(further := lowest[lowest], lowest):
            lowest = further
        yield
        if np.array_equal(lowest, before):
            break
    found = np.zeros(nodes, np.bool_)
    found[lowest[some]] = True
    return found[lowest]


def _relink(mail: Mail, named: Places, parent: Places, touched: Mask) -> Work[None]:
    """Link what is ``touched`` as ``query.thread`` does, one message after another."""
    parent[touched] = -1
    ends = np.cumsum(mail.counts)
    small: dict[int, int] = {}
    forest = Forest(0)

    def of(node: int) -> int:
        found = small.get(node)
        if found is None:
            found = small[node] = forest.add()
        return found

    messages = np.flatnonzero(touched[: len(mail)])
    for number, at in enumerate(messages.tolist()):
        above = -1
        for each in cast("list[int]", named[ends[at] - mail.counts[at] : ends[at]].tolist()):
            node = of(each)
            if above >= 0 and forest.parent[node] < 0:
                forest.link(node, above)
            above = node
        own = of(at)
        forest.cut(own)
        if above >= 0:
            forest.link(own, above)
        if number % _PACE == 0:
            yield
    names = np.fromiter(small, np.intp, len(small))
    uppers = np.array(forest.parent, np.intp)
    parent[names] = np.where(uppers >= 0, names[uppers], -1)


# Trees


def _grow(mail: Mail) -> Work[_Trees]:
    """Linked and pruned: no id that nobody has stands anywhere but above several messages, at the top."""
    count = len(mail)
    parent = yield from _link(mail)
    above = parent[:count]
    missing = above >= count
    above[missing] = _uppermost(parent, count)[above[missing] - count]
    top = above >= count
    alone = np.bincount(above[top] - count, minlength=mail.ids) == 1
    above[top] = np.where(alone[above[top] - count], -1, above[top])  # a dummy above one message
    yield
    rank = np.empty(count, np.intp)
    rank[mail.order] = np.arange(count)
    return _Trees(count, mail.order, rank, above, count + mail.ids)


def _uppermost(parent: Places, count: int) -> Places:
    """For each id that no message has: the nearest message above it, else the uppermost such id."""
    up = parent[count:]
    up = np.where(up >= 0, up, np.arange(count, len(parent)))
    while True:
        further = np.where(up >= count, up[np.maximum(up - count, 0)], up)
        if np.array_equal(further, up):
            return up
        up = further


class _Trees:
    """Threads under way: each message's parent, which is a message, a dummy at the top (from ``count`` up), or none (-1)."""

    def __init__(self, count: int, order: Places, rank: Places, above: Places, nodes: int) -> None:
        self.count = count
        self.order = order
        self.rank = rank
        self.above = above
        self.nodes = nodes

    def _tops(self) -> tuple[Places, Places]:
        """Messages and dummies at the top, by date, and the message that stands for each: itself, or its first child."""
        above, count = self.above, self.count
        sorted_ = above[self.order]
        at_top = np.flatnonzero(sorted_ < 0)
        below = np.flatnonzero(sorted_ >= count)
        dummies, first = np.unique(sorted_[below], return_index=True)
        messages = self.order[at_top]
        tops = np.concatenate((messages, dummies))
        stands = np.concatenate((messages, self.order[below[first]]))
        by = np.argsort(self.rank[stands], kind="stable")
        return tops[by], stands[by]

    def gather(self, subject: Numbers, reply: Numbers) -> Work[None]:
        """Threads with the same base subject become one (step 5)."""
        tops, stands = self._tops()
        yield
        subjects = subject[stands]
        by = np.argsort(subjects, kind="stable")
        by = by[subjects[by] != 0]
        starts, group, size = _groups(subjects[by])
        yield
        several = size[group] > 1
        if not several.any():
            return
        by = by[several]
        starts, group, size = _groups(subjects[by])
        top = tops[by]
        dummy = top >= self.count
        has_dummy = np.logical_or.reduceat(dummy, starts)
        # What stands for a subject: its first dummy, else its first message that is no reply, else the first
        plain = reply[np.where(dummy, 0, top)] == 0
        has_plain = np.logical_or.reduceat(plain & ~dummy, starts)
        chosen = np.where(has_dummy[group], dummy, plain | ~has_plain[group])
        seen = np.cumsum(chosen)
        seen -= (seen[starts] - chosen[starts])[group]
        is_held = chosen & (seen == 1)
        held = np.empty(len(starts), np.intp)
        held[group[is_held]] = top[is_held]
        yield
        # A second message of that kind: both, and what follows, are siblings below a new dummy
        fresh = np.where(has_dummy, -1, self.nodes + np.arange(len(starts)))
        twice = ~has_dummy & (np.maximum.reduceat(seen, starts) > 1)
        target = np.where(~has_dummy[group] & (seen > 1), fresh[group], held[group])
        moved = ~is_held & ~dummy
        self.above[top[moved]] = target[moved]
        self.above[held[twice]] = fresh[twice]
        merged = dummy & ~is_held
        if merged.any():
            into = np.arange(self.nodes)
            into[top[merged]] = held[group[merged]]
            low = (self.above >= self.count) & (self.above < self.nodes)
            self.above[low] = into[self.above[low]]
        self.nodes += len(starts)

    def flattened(self, latest: Places | None) -> Work[Threads]:
        """All trees in preorder, siblings by date; the trees too, or by the highest ``latest`` in each. Raises TooDeep."""
        count = self.count
        tops, _ = self._tops()
        dummies = tops[tops >= count]
        small = np.zeros(self.nodes - count, np.intp)
        small[dummies - count] = np.arange(count, count + len(dummies))
        parent = np.full(count + len(dummies), -1, np.intp)
        parent[:count] = self.above
        below = np.flatnonzero(self.above >= count)
        parent[below] = small[self.above[below] - count]
        tops[tops >= count] = small[dummies - count]
        yield
        depth, top = _depths(parent)
        levels = _levels(depth)
        yield
        size = np.ones(len(parent), np.intp)
        for nodes in reversed(levels[1:]):
            np.add.at(size, parent[nodes], size[nodes])
        if latest is not None:
            highest = np.full(len(parent), -1, np.intp)
            np.maximum.at(highest, top[:count], latest)
            tops = tops[np.argsort(highest[tops], kind="stable")]
        yield
        place = np.empty(len(parent), np.intp)
        place[tops] = np.cumsum(size[tops]) - size[tops]
        offset = self._offsets(parent, size)
        for nodes in levels[1:]:
            place[nodes] = place[parent[nodes]] + offset[nodes]
        yield
        members = np.empty(len(parent), np.intp)
        members[place] = np.arange(len(parent))
        members_list: list[int] = np.where(members < count, members, -1).tolist()
        return Threads(members_list, depth[members].tolist())

    def _offsets(self, parent: Places, size: Places) -> Places:
        """How far behind its parent each node comes: behind its elder siblings and all below them."""
        child = self.order[parent[self.order] >= 0]
        child = child[np.argsort(parent[child], kind="stable")]
        offset = np.zeros(len(parent), np.intp)
        if len(child):
            ends = np.cumsum(size[child])
            starts, group, _ = _groups(parent[child])
            begin = ends - size[child]
            offset[child] = begin - begin[starts][group] + 1
        return offset


def _groups(values: npt.NDArray[np.int64]) -> tuple[Places, Places, Places]:
    """Of sorted values: where each run of equal ones starts, the run of each value, and how long each run is."""
    starts = np.flatnonzero(np.diff(values, prepend=values[:1] - 1)) if len(values) else np.empty(0, np.intp)
    size = np.diff(starts, append=len(values))
    return starts, np.repeat(np.arange(len(starts)), size), size


def _depths(parent: Places) -> tuple[Places, Places]:
    """How deep each node is, and the node at the top of its tree. Raises TooDeep."""
    up = np.where(parent >= 0, parent, np.arange(len(parent)))
    depth = (parent >= 0).astype(np.intp)
    while True:
        further = up[up]
        if np.array_equal(further, up):
            break
        depth += depth[up]
        up = further
    if len(depth) and int(depth.max()) > DEEPEST:
        raise TooDeep
    return depth, up


def _levels(depth: Places) -> list[Places]:
    """The nodes of each depth."""
    by = np.argsort(depth, kind="stable")
    ends = np.searchsorted(depth[by], np.arange(int(depth.max()) + 1 if len(depth) else 0), "right")
    return np.split(by, ends[:-1]) if len(ends) else []
