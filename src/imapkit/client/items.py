r"""What ``fetch`` can be asked for: constants, and functions for parts of a message (RFC 9051 section 6.4.5).

    inbox.search(FROM("bob")).fetch(Envelope, Flags)

Nothing here sets \Seen: sections are asked for by BODY.PEEK.
"""

from __future__ import annotations

from typing import Final

from ..errors import UsageError
from ..features.condstore import ModSeqItem
from ..features.fetch_items import (
    BodyStructureItem,
    EnvelopeItem,
    FetchItem,
    FlagsItem,
    InternalDateItem,
    SectionItem,
    SizeItem,
)
from ..features.fetch_section import FIELDS, HEADER, MIME, WHOLE, Section

Envelope: Final = EnvelopeItem()
"""Subject, date, addresses, message id."""
Flags: Final = FlagsItem()
InternalDate: Final = InternalDateItem()
"""When the message came into the mailbox."""
Size: Final = SizeItem()
"""Octets of the whole message."""
Structure: Final = BodyStructureItem()
"""The parts of the message, with names and sizes, without their content."""
Body: Final = SectionItem(WHOLE, peek=True)
"""The whole message."""
Header: Final = SectionItem(Section((), HEADER), peek=True)
"""The whole header."""
ModSeq: Final = ModSeqItem()
"""The number of the message's last change (CONDSTORE)."""

DEFAULT: Final[tuple[FetchItem, ...]] = (Flags, Envelope, InternalDate, Size)
"""What is fetched when nothing is asked for."""


def HeaderFields(*names: str) -> SectionItem:
    """Some fields of the header."""
    if not names:
        raise UsageError("HeaderFields needs at least one name")
    return SectionItem(Section((), FIELDS, tuple(name.encode("utf-8") for name in names)), peek=True)


def PartBody(number: str, *, partial: tuple[int, int] | None = None) -> SectionItem:
    """The content of one part (``"1.2"``), still encoded; ``partial``: so many octets from an offset on."""
    return SectionItem(Section(part_path(number)), partial, peek=True)


def PartHeader(number: str) -> SectionItem:
    """The MIME header of one part."""
    return SectionItem(Section(part_path(number), MIME), peek=True)


def part_path(number: str) -> tuple[int, ...]:
    """(1, 2) for "1.2". Raises UsageError."""
    levels = number.split(".")
    if not all(level.isascii() and level.isdigit() and int(level) > 0 for level in levels):
        raise UsageError(f"not the number of a part: {number!r}")
    return tuple(int(level) for level in levels)
