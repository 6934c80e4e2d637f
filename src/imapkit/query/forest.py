"""Trees that grow and are cut, and never get a loop: the links of threads (RFC 5256 section 3, step 1).

Only the top of a tree is ever put below another node, so a link would close a loop exactly when the new parent's top is the node
itself. Looking for the top by walking is quick, for threads are shallow; mail that was made to be deep would make it quadratic, so after
so many steps ``_Paths`` takes over, whose cost is logarithmic whatever the shape.
"""

from __future__ import annotations

from typing import Final

PATIENCE: Final = 2_000_000
"""Steps of walking before ``_Paths`` takes over."""


class Forest:
    """Nodes 0, 1, …; ``parent`` is -1 at the top of a tree."""

    def __init__(self, count: int, patience: int = PATIENCE) -> None:
        self.parent = [-1] * count
        self._children = [0] * count
        self._patience = patience
        self._paths: _Paths | None = None

    def add(self) -> int:
        """A new node, a tree of its own."""
        self.parent.append(-1)
        self._children.append(0)
        if self._paths is not None:
            self._paths.add()
        return len(self.parent) - 1

    def link(self, child: int, parent: int) -> None:
        """Put ``child``, which is the top of its tree, below ``parent``; nothing happens if that would make a loop."""
        if child == parent or (self._children[child] and self._top(parent) == child):
            return
        self.parent[child] = parent
        self._children[parent] += 1
        if self._paths is not None:
            self._paths.link(child, parent)

    def cut(self, child: int) -> None:
        """Make ``child`` the top of its own tree."""
        parent = self.parent[child]
        if parent < 0:
            return
        self.parent[child] = -1
        self._children[parent] -= 1
        if self._paths is not None:
            self._paths.cut(child)

    def _top(self, node: int) -> int:
        if self._paths is not None:
            return self._paths.top(node)
        parents = self.parent
        steps = 0
        while (parent := parents[node]) >= 0:
            node = parent
            steps += 1
        self._patience -= steps
        if self._patience < 0:
            self._paths = _Paths(parents)
        return node


class _Paths:
    """A link-cut forest (Sleator and Tarjan): paths of each tree kept as splay trees, ordered by depth.

    ``_up`` is the parent within a splay tree, or at its root the node above the path; ``_left`` is what lies above on the path.
    """

    def __init__(self, parents: list[int]) -> None:
        self._up = list(parents)
        self._left = [-1] * len(parents)
        self._right = [-1] * len(parents)

    def add(self) -> None:
        for links in (self._up, self._left, self._right):
            links.append(-1)

    def link(self, child: int, parent: int) -> None:
        self._expose(child)
        self._up[child] = parent

    def cut(self, child: int) -> None:
        self._expose(child)
        above = self._left[child]
        self._up[above] = -1
        self._left[child] = -1

    def top(self, node: int) -> int:
        self._expose(node)
        left = self._left
        while left[node] >= 0:
            node = left[node]
        self._splay(node)
        return node

    def _expose(self, node: int) -> None:
        """Make the way from the top to ``node`` one path, with ``node`` at the root of its splay tree."""
        below, at = -1, node
        while at >= 0:
            self._splay(at)
            self._right[at] = below
            below, at = at, self._up[at]
        self._splay(node)

    def _is_root(self, node: int) -> bool:
        above = self._up[node]
        return above < 0 or (self._left[above] != node and self._right[above] != node)

    def _splay(self, node: int) -> None:
        while not self._is_root(node):
            above = self._up[node]
            if not self._is_root(above):
                high = self._up[above]
                same = (self._left[high] == above) == (self._left[above] == node)
                self._rotate(above if same else node)
            self._rotate(node)

    def _rotate(self, node: int) -> None:
        up, left, right = self._up, self._left, self._right
        above = up[node]
        high = up[above]
        near, far = (left, right) if left[above] == node else (right, left)
        inner = far[node]
        near[above] = inner
        if inner >= 0:
            up[inner] = above
        if high >= 0:
            if left[high] == above:
                left[high] = node
            elif right[high] == above:
                right[high] = node
        far[node] = above
        up[above] = node
        up[node] = high
