"""Flags as bits. A mailbox numbers its keywords once; bits below ``FIRST_KEYWORD`` are the system flags, for ever the same.

Flags are kept as planes of 64 bits, so a mailbox without many keywords pays for one plane only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from imapkit.errors import TooManyKeywords
from imapkit.protocol.flags import ANSWERED, DELETED, DRAFT, FLAGGED, RECENT, SEEN, canonical
from imapkit.wire.case import ascii_lower

SYSTEM_BITS: Final = {ANSWERED: 0, FLAGGED: 1, DELETED: 2, SEEN: 3, DRAFT: 4}
FIRST_KEYWORD: Final = 8
MOST_KEYWORDS: Final = 1024
PLANE: Final = 64
PLANE_MASK: Final = (1 << PLANE) - 1
SEEN_BIT: Final = SYSTEM_BITS[SEEN]
DELETED_BIT: Final = SYSTEM_BITS[DELETED]
SEEN_MASK: Final = 1 << SEEN_BIT
DELETED_MASK: Final = 1 << DELETED_BIT
KEYWORDS_MASK: Final = ~((1 << FIRST_KEYWORD) - 1)
EVERY: Final = (1 << (FIRST_KEYWORD + MOST_KEYWORDS)) - 1
"""All bits that a mailbox can have: what FLAGS (without + or -) takes away first."""

_SYSTEM_BY_BIT: Final = tuple(sorted((bit, name) for name, bit in SYSTEM_BITS.items()))


def find_bit(flag: str, keywords: Sequence[str]) -> int | None:
    """The bit of ``flag``, or None when the mailbox never had it. Keywords compare without regard to case."""
    flag = canonical(flag)
    bit = SYSTEM_BITS.get(flag)
    if bit is not None:
        return bit
    if flag in keywords:
        return FIRST_KEYWORD + keywords.index(flag)
    lowered = ascii_lower(flag)
    for number, name in enumerate(keywords):
        if ascii_lower(name) == lowered:
            return FIRST_KEYWORD + number
    return None


def known_mask(flags: Iterable[str], keywords: Sequence[str]) -> int:
    """The bits of those ``flags`` that the mailbox knows."""
    mask = 0
    for flag in flags:
        bit = find_bit(flag, keywords)
        if bit is not None:
            mask |= 1 << bit
    return mask


def new_keywords(flags: Iterable[str], keywords: Sequence[str]) -> list[str]:
    """Keywords among ``flags`` that the mailbox must number first. Raises TooManyKeywords."""
    fresh: dict[str, str] = {}
    for flag in sorted(flags):
        flag = canonical(flag)
        if flag != RECENT and find_bit(flag, keywords) is None:
            fresh.setdefault(ascii_lower(flag), flag)
    if len(keywords) + len(fresh) > MOST_KEYWORDS:
        raise TooManyKeywords(f"a mailbox can have {MOST_KEYWORDS} keywords")
    return list(fresh.values())


def names(mask: int, keywords: Sequence[str]) -> tuple[str, ...]:
    """The flags behind ``mask``, system flags first."""
    found = [name for bit, name in _SYSTEM_BY_BIT if mask >> bit & 1]
    rest = mask >> FIRST_KEYWORD
    number = 0
    while rest:
        if rest & 1:
            found.append(keywords[number])
        rest >>= 1
        number += 1
    return tuple(found)


def planes_of(mask: int) -> int:
    """How many planes ``mask`` needs; at least one."""
    return max(1, (mask.bit_length() + PLANE - 1) // PLANE)


def split(mask: int, planes: int) -> list[int]:
    """``mask`` cut into ``planes`` words of 64 bits; what does not fit is dropped."""
    return [mask >> PLANE * number & PLANE_MASK for number in range(planes)]
