"""Limits on everything a peer chooses. Written once; the framer and the cursor take them as one value."""

from __future__ import annotations

from ..record import value

KIB = 1024
MIB = 1024 * 1024

LITERALS = "number of literals"
"""The ``kind`` of a LimitExceeded that is about how many there are, not about their size."""


UNASKED = "literal that did not wait"
"""The ``kind`` of a LimitExceeded that is about LITERAL- (RFC 7888 section 5)."""


@value
class Limits:
    """Sizes in octets unless the name says otherwise."""

    line: int = 64 * KIB
    """All lines of one frame together, without its literals."""
    literal: int = 64 * MIB
    """One literal."""
    literal_unasked: int = 2048 * MIB
    """One literal that does not wait for leave: 4096 where LITERAL- is announced."""
    literal_in_memory: int = 64 * KIB
    """A literal above this goes to a spool."""
    literals: int = 256
    """Literals in one frame."""
    frame: int = 68 * MIB
    """All literals of one frame together."""
    depth: int = 50
    """Nesting of parentheses, NOT and OR."""
    items: int = 100_000
    """Members of one list or ranges of one set."""


BEFORE_LOGIN = Limits(line=36 * KIB, literal=4 * KIB, literals=64, frame=36 * KIB)
"""What a server reads from somebody it does not know yet: an ID of 30 pairs is the longest (RFC 2971 section 3.3)."""

SERVER = Limits()
"""What a server reads from a user who logged in."""

CLIENT_BEFORE_LOGIN = Limits(
    line=64 * KIB, literal=64 * KIB, literals=64, frame=128 * KIB, depth=20, items=10_000
)
"""What a client reads from a server that has not taken its password yet."""

CLIENT = Limits(
    line=64 * MIB,
    literal=2048 * MIB,
    literal_in_memory=2048 * MIB,
    literals=1_000_000,
    frame=2048 * MIB,
    depth=200,
    items=10_000_000,
)
"""What a client reads from the server it chose: large, but bounded."""
