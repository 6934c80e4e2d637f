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
from ..protocol.given import count, plain_text

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
    given = [plain_text(name, "the name of a field").encode("utf-8") for name in names]
    return SectionItem(Section((), FIELDS, tuple(given)), peek=True)


def PartBody(number: str, *, partial: tuple[int, int] | None = None) -> SectionItem:
    """The content of one part (``"1.2"``), still encoded; ``partial``: so many octets from an offset on."""
    return SectionItem(Section(part_path(number)), _range(partial), peek=True)


def PartHeader(number: str) -> SectionItem:
    """The MIME header of one part."""
    return SectionItem(Section(part_path(number), MIME), peek=True)


def _range(given: object) -> tuple[int, int] | None:
    if given is None:
        return None
    if isinstance(given, tuple) and len(given) == 2:
        offset, size = count(given[0], "an offset"), count(given[1], "a size")
        if size:
            return offset, size
    raise UsageError(f"a piece of a part is an offset and a size above zero, as (0, 4096), not {given!r}")


def part_path(number: str) -> tuple[int, ...]:
    """(1, 2) for "1.2". Raises UsageError."""
    levels = plain_text(number, "the number of a part").split(".")
    if not all(
        level.isascii() and level.isdigit() and len(level) < 10 and int(level) > 0 for level in levels
    ):
        raise UsageError(f"not the number of a part: {number!r}")
    return tuple(int(level) for level in levels)
