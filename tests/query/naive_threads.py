"""THREAD as RFC 5256 section 3 tells it, step by step, on plain objects: slow, recursive, and close to the text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from imapkit.query.thread import DUMMY


@dataclass
class Letter:
    """A message as far as threading sees it. ``references``: the ids of its ancestors, oldest first."""

    sent: int = 0
    subject: str = ""
    reply: bool = False
    message_id: str = ""
    references: tuple[str, ...] = ()
    arrived: int = 0


@dataclass(eq=False)
class Node:
    """A message, or a dummy (``letter`` is None)."""

    at: int = DUMMY
    letter: Letter | None = None
    parent: Node | None = None
    children: list[Node] = field(default_factory=list)

    def adopt(self, child: Node) -> None:
        assert child.parent is None
        child.parent = self
        self.children.append(child)

    def orphan(self) -> None:
        if self.parent is not None:
            self.parent.children.remove(self)
            self.parent = None

    def is_within(self, other: Node) -> bool:
        """True for ``other`` and all below it."""
        node: Node | None = self
        while node is not None:
            if node is other:
                return True
            node = node.parent
        return False

    def date(self) -> tuple[int, int]:
        if self.letter is None:
            return min(child.date() for child in self.children)
        return self.letter.sent, self.at

    def subject(self) -> str:
        node = self if self.letter is not None else min(self.children, key=Node.date)
        assert node.letter is not None
        return node.letter.subject

    def is_reply(self) -> bool:
        return self.letter is not None and self.letter.reply


Tree = tuple[int, tuple["Tree", ...]]


def tree_of(node: Node) -> Tree:
    return node.at, tuple(tree_of(child) for child in node.children)


def _linked(letters: Sequence[Letter]) -> Node:
    """Steps 1 and 2."""
    table: dict[str, Node] = {}
    nodes: list[Node] = []
    for at, letter in enumerate(letters):
        node = Node(at, letter)
        nodes.append(node)
        if letter.message_id and letter.message_id not in table:
            table[letter.message_id] = node
    for node in nodes:
        assert node.letter is not None
        found = [table.setdefault(message_id, Node()) for message_id in node.letter.references]
        for first, second in zip(found, found[1:], strict=False):
            if second.parent is None and not first.is_within(second):
                first.adopt(second)
        node.orphan()
        if found and not found[-1].is_within(node):
            found[-1].adopt(node)
    root = Node()
    for node in {id(node): node for node in [*nodes, *table.values()]}.values():
        if node.parent is None:
            root.adopt(node)
    return root


def _prune(node: Node, root: Node) -> None:
    """Step 3, below ``node``."""
    for child in list(node.children):
        _prune(child, root)
        if child.letter is not None:
            continue
        if not child.children:
            child.orphan()
        elif node is not root or len(child.children) == 1:
            child.orphan()
            for grandchild in list(child.children):
                grandchild.orphan()
                node.adopt(grandchild)


def _sort(node: Node) -> None:
    """Step 6."""
    for child in node.children:
        _sort(child)
    node.children.sort(key=Node.date)


def _gather(root: Node) -> None:
    """Step 5; the children of the root are sorted already (step 4)."""
    table: dict[str, Node] = {}
    for current in root.children:
        subject = current.subject()
        if not subject:
            continue
        held = table.get(subject)
        first_of_all = held is None
        better = (
            held is not None
            and held.letter is not None
            and (current.letter is None or (held.is_reply() and not current.is_reply()))
        )
        if first_of_all or better:
            table[subject] = current
    for current in list(root.children):
        subject = current.subject()
        if not subject or table[subject] is current:
            continue
        held = table[subject]
        current.orphan()
        if held.letter is None and current.letter is None:
            for child in list(current.children):
                child.orphan()
                held.adopt(child)
        elif held.letter is None or (current.is_reply() and not held.is_reply()):
            held.adopt(current)
        else:
            dummy = table[subject] = Node()
            held.orphan()
            dummy.adopt(current)
            dummy.adopt(held)
            root.adopt(dummy)


def references(letters: Sequence[Letter]) -> tuple[Tree, ...]:
    root = _linked(letters)
    _prune(root, root)
    root.children.sort(key=Node.date)
    _gather(root)
    _sort(root)
    return tree_of(root)[1]


def refs(letters: Sequence[Letter]) -> tuple[Tree, ...]:
    """The draft: as REFERENCES without subjects, threads by their latest INTERNALDATE."""
    root = _linked(letters)
    _prune(root, root)
    _sort(root)

    def latest(node: Node) -> tuple[int, int]:
        own = (node.letter.arrived, node.at) if node.letter is not None else (0, DUMMY)
        return max([own, *map(latest, node.children)])

    root.children.sort(key=latest)
    return tree_of(root)[1]


def ordered_subject(letters: Sequence[Letter]) -> tuple[Tree, ...]:
    """Sorted by base subject and sent date, split where the subject changes, sorted by the date of the first."""
    order = sorted(range(len(letters)), key=lambda at: (letters[at].subject, letters[at].sent, at))
    threads: list[list[int]] = []
    for at in order:
        if threads and letters[threads[-1][0]].subject == letters[at].subject:
            threads[-1].append(at)
        else:
            threads.append([at])
    threads.sort(key=lambda thread: (letters[thread[0]].sent, thread[0]))
    return tuple((first, tuple((at, ()) for at in rest)) for first, *rest in threads)


ALGORITHMS: dict[str, Callable[[Sequence[Letter]], tuple[Tree, ...]]] = {
    "REFERENCES": references,
    "REFS": refs,
    "ORDEREDSUBJECT": ordered_subject,
}
