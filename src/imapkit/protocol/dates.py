"""Dates of IMAP: ``date-time`` (INTERNALDATE) and ``date`` (SEARCH), RFC 9051 section 9."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final

from ..wire.cursor import Cursor
from ..wire.writer import Writer

MONTHS: Final = (
    b"Jan",
    b"Feb",
    b"Mar",
    b"Apr",
    b"May",
    b"Jun",
    b"Jul",
    b"Aug",
    b"Sep",
    b"Oct",
    b"Nov",
    b"Dec",
)
_MONTH: Final = {name.lower(): number for number, name in enumerate(MONTHS, 1)}
_DATE: Final = re.compile(rb"([0-9]{1,2})-([A-Za-z]{3})-([0-9]{4})")
_DATE_TIME: Final = re.compile(
    rb"[ ]?([0-9]{1,2})-([A-Za-z]{3})-([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) ([+-][0-9]{4})"
)


def parse_date(text: bytes) -> date | None:
    """date-text = date-day "-" date-month "-" date-year; None when it is none."""
    found = _DATE.fullmatch(text)
    try:
        return date(int(found[3]), _MONTH[found[2].lower()], int(found[1])) if found else None
    except (KeyError, ValueError):
        return None


def parse_date_time(text: bytes) -> datetime | None:
    """The inside of date-time; None when it is none."""
    found = _DATE_TIME.fullmatch(text)
    if found is None:
        return None
    day, month, year, hour, minute, second, zone = found.groups()
    try:
        seconds = min(int(second), 59)  # a leap second is legal in the grammar, not in datetime
        return datetime(
            int(year), _month(month), int(day), int(hour), int(minute), seconds, tzinfo=_zone(zone)
        )
    except (KeyError, ValueError):
        return None


@lru_cache(maxsize=64)
def _month(name: bytes) -> int:
    return _MONTH[name.lower()]


@lru_cache(maxsize=128)
def _zone(text: bytes) -> timezone:
    """+hhmm as a zone. Raises ValueError for what is none."""
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[3:5]))
    return timezone(-offset if text[:1] == b"-" else offset) if offset else UTC


def format_date(day: date) -> bytes:
    return b"%d-%s-%04d" % (day.day, MONTHS[day.month - 1], day.year)


def format_date_time(moment: datetime) -> bytes:
    """The inside of date-time; a naive ``moment`` is taken as UTC."""
    offset = moment.utcoffset() or timedelta()
    minutes = int(offset.total_seconds()) // 60
    sign = b"-" if minutes < 0 else b"+"
    return b"%2d-%s-%04d %02d:%02d:%02d %s%02d%02d" % (
        moment.day,
        MONTHS[moment.month - 1],
        moment.year,
        moment.hour,
        moment.minute,
        moment.second,
        sign,
        abs(minutes) // 60,
        abs(minutes) % 60,
    )


def read_date(c: Cursor) -> date:
    """date = date-text / DQUOTE date-text DQUOTE."""
    start = c.pos
    found = parse_date(c.astring("a date like 1-Nov-2026"))
    if found is None:
        c.pos = start
        raise c.fail("a date like 1-Nov-2026")
    return found


def read_date_time(c: Cursor) -> datetime:
    """date-time = DQUOTE date-day-fixed "-" date-month "-" date-year SP time SP zone DQUOTE."""
    start = c.pos
    found = parse_date_time(c.string("a date-time"))
    if found is None:
        c.pos = start
        raise c.fail('a date-time like "01-Nov-2026 10:00:00 +0000"')
    return found


def write_date(w: Writer, day: date) -> None:
    w.raw(format_date(day))


def write_date_time(w: Writer, moment: datetime) -> None:
    w.raw(b'"' + format_date_time(moment) + b'"')
