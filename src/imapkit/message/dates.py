"""The Date field (RFC 5322 sections 3.3 and 4.3), forgiving: what SORT DATE and SENTON need (RFC 5256 section 2.2).

An invalid zone counts as UTC, an invalid time as midnight; without a day, month and year there is no date.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final

_MONTHS: Final = {
    month: number
    for number, month in enumerate(
        (b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"), 1
    )
}
_DAY_FIRST: Final = re.compile(
    rb"(?<![0-9:])([0-9]{1,2})[\s-]+([A-Za-z]{3})[A-Za-z]*\.?[\s,-]+([0-9]{2,4})(?![0-9:])"
)
_MONTH_FIRST: Final = re.compile(
    rb"([A-Za-z]{3})[A-Za-z]*\.?\s+([0-9]{1,2}),?\s+(?:.{0,40}?\s)?([0-9]{4})(?![0-9:])"
)
_ISO: Final = re.compile(rb"(?<![0-9])([0-9]{4})-([0-9]{2})-([0-9]{2})")
_TIME: Final = re.compile(
    rb"(?<![0-9])([0-9]{1,2})[:.]([0-9]{2})(?:[:.]([0-9]{2}))?(?![0-9])\s*([AaPp][Mm])?"
)
# Behind the time: a fraction of the second, the year where it stands last, the zone as digits, as a name, or as both (GMT+0800).
_ZONE: Final = re.compile(
    rb"(?:[.,][0-9]{1,9})?(?:\s*[0-9]{4}(?![0-9:]))?\s*"
    rb"(?:(?:(?:[Gg][Mm][Tt]|[Uu][Tt][Cc]?)\s*)?([+-])([0-9]{1,2}):?([0-9]{2})?(?![0-9:])|([A-Za-z]{1,5}))"
)
# What nearly all mail has: ``Tue, 3 Nov 2026 08:05:09 +0100 (CET)``.
_USUAL: Final = re.compile(
    rb"(?:[A-Z][a-z]{2}, )?([0-9]{1,2}) ([A-Z][a-z]{2}) ((?:19|20)[0-9]{2})"
    rb" ([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9]) ([+-](?:[01][0-9]|2[0-3])[0-5][0-9])(?: \([A-Z]{1,5}\))?"
)
_COMMENT: Final = re.compile(rb"\([^()]*\)")
_NAMED: Final = {
    b"ut": 0,
    b"utc": 0,
    b"gmt": 0,
    b"z": 0,
    b"est": -5,
    b"edt": -4,
    b"cst": -6,
    b"cdt": -5,
    b"mst": -7,
    b"mdt": -6,
    b"pst": -8,
    b"pdt": -7,
}
_MAX: Final = 200


def parse_date(value: bytes) -> datetime | None:
    """The date and time of a Date field, in its own zone; None if there is no date in it."""
    usual = _USUAL.fullmatch(value)
    if usual is None or usual[2].lower() not in _MONTHS:
        return parse_date_plainly(value)
    day, month, year, hour, minute, second, zone = usual.groups()
    try:
        return datetime(
            int(year),
            _MONTHS[month.lower()],
            int(day),
            int(hour),
            int(minute),
            int(second),
            tzinfo=_zone(zone),
        )
    except ValueError:
        return parse_date_plainly(value)


@lru_cache(maxsize=256)
def _zone(text: bytes) -> timezone:
    """``+0100``."""
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[3:]))
    return timezone(-offset if text.startswith(b"-") else offset)


def parse_date_plainly(value: bytes) -> datetime | None:
    """``parse_date`` of any field; the quick way must give the same."""
    return _parse(value, forgiving=True)


def understood_date(value: bytes) -> datetime | None:
    """``parse_date`` for people: None, too, where there is a time or a zone that cannot be one, rather than another moment."""
    return _parse(value, forgiving=False)


def _parse(value: bytes, *, forgiving: bool) -> datetime | None:
    text = value[:_MAX]
    if b"(" in text:
        text = _COMMENT.sub(b" ", text)
    found = _find_day(text)
    if found is None:
        return None
    day, end = found
    clock = _TIME.search(text, end) or _TIME.search(text)
    hour = minute = second = 0
    zone = UTC
    if clock is not None:
        hour, minute, second = int(clock[1]), int(clock[2]), int(clock[3] or 0)
        if clock[4] is not None and 1 <= hour <= 12:
            hour = hour % 12 + (12 if clock[4] in (b"PM", b"pm", b"Pm", b"pM") else 0)
        found_zone = _find_zone(text, clock.end())
        if hour > 23 or minute > 59 or second > 60:
            if not forgiving:
                return None
            hour = minute = second = 0
        if found_zone is None and not forgiving:
            return None
        zone = found_zone or UTC
    return datetime(day.year, day.month, day.day, hour, minute, min(second, 59), tzinfo=zone)


def _find_day(text: bytes) -> tuple[date, int] | None:
    for pattern in (_DAY_FIRST, _MONTH_FIRST, _ISO):
        found = pattern.search(text)
        if found is None:
            continue
        if pattern is _ISO:
            year, month, day = int(found[1]), int(found[2]), int(found[3])
        else:
            word, digits = (found[2], found[1]) if pattern is _DAY_FIRST else (found[1], found[2])
            year, month, day = int(found[3]), _MONTHS.get(word.lower(), 0), int(digits)
            if len(found[3]) == 2:
                year += 2000 if year < 50 else 1900
            elif len(found[3]) == 3:
                year += 1900
        try:
            # two years' room at both ends, so that no zone leads out of what a datetime can be
            if 2 < year < 9998:
                return date(year, month, day), found.end() if pattern is not _MONTH_FIRST else found.end(2)
        except ValueError:
            continue
    return None


def _find_zone(text: bytes, at: int) -> timezone | None:
    """None: it is one that there cannot be."""
    found = _ZONE.match(text, at)
    if found is None:
        return UTC
    if found[4] is not None:
        return timezone(timedelta(hours=_NAMED.get(found[4].lower(), 0)))
    hours, minutes = int(found[2]), int(found[3] or 0)
    if hours > 23 or minutes > 59:
        return None
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if found[1] == b"-" else offset)
