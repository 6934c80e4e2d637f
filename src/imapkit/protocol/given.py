"""What callers of the client's verbs give, checked before the first octet of a command is sent.

The rule this file must not break: what makes no sense is answered by UsageError with a sentence that shows the right form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final, TypeVar, cast

from ..errors import UsageError
from ..wire import terminals as t

if TYPE_CHECKING:
    from .registry import Writable

T = TypeVar("T")

_HALF: Final = re.compile("[\ud800-\udfff]")
_HALF_IN_NAME: Final = re.compile("[\ud800-\udbff\udd00-\udfff]")
"""But those that stand for an octet of a name that was no text (wire.utf7)."""
_HALF_IN_FLAG: Final = re.compile("[\ud800-\udc7f\udd00-\udfff]")
"""But those that stand for an octet of a flag that was no UTF-8."""


_SYSTEM: Final = frozenset(("Answered", "Deleted", "Draft", "Flagged", "Recent", "Seen"))
_FOREVER: Final = 20 * 24 * 3600.0
"""Seconds: about the longest that ``poll`` can wait."""

_FLAGS_ARE: Final = "it begins with a backslash as \\\\Seen does, or is a keyword as $Todo, without spaces and ( ) { % and quotes"


class Named:
    """What has the name of a mailbox, and is taken wherever one is named: an entry of a list, a mailbox that is open."""

    __slots__ = ()

    if TYPE_CHECKING:

        @property
        def name(self) -> str: ...


MailboxName = str | Named


def mailbox_name(given: object) -> str:
    """The name of a mailbox. Raises UsageError."""
    name = given.name if isinstance(given, Named) else given
    if not isinstance(name, str):
        raise UsageError(f'a mailbox is named by text, as "Archive/2026", or by a Folder, not by {given!r}')
    if _HALF_IN_NAME.search(name) is not None:
        raise UsageError(f"no mailbox can be called {name!a}: it holds half of a surrogate pair")
    return name


def flag_list(given: Iterable[str]) -> tuple[str, ...]:
    """Flags and keywords. Raises UsageError."""
    if isinstance(given, str | bytes | bytearray | memoryview) or not isinstance(given, Iterable):
        raise UsageError(rf'flags are a list of texts, as ["\\Seen", "$Todo"], not {given!r}')
    found = tuple(given)
    for flag in found:
        if not isinstance(flag, str):
            raise UsageError(rf'a flag is text, as "\\Seen" or "$Todo", not {flag!r}')
        if flag.title() in _SYSTEM:
            word = flag.title()
            raise UsageError(
                rf'{flag!r} would be a keyword of that name: the flag is "\\{word}", or {word.lower()}=True where there is such an argument'
            )
        half = _HALF_IN_FLAG.search(flag) is not None
        if half or t.FLAG.fullmatch(flag.encode("utf-8", "surrogateescape")) is None:
            raise UsageError(f"{flag!a} cannot be a flag: {_FLAGS_ARE}")
    return found


def moment(given: datetime | None) -> datetime | None:
    """A date of arrival with its zone; one without is in this machine's. Raises UsageError."""
    if given is None:
        return None
    if not isinstance(given, datetime):
        raise UsageError(f"a date of arrival is a datetime, as datetime(2026, 11, 2, 8, 30), not {given!r}")
    try:
        return given if given.tzinfo is not None else given.astimezone(UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise UsageError(f"{given!r} cannot be a date of arrival: {error}") from error


def plain_text(given: object, what: str) -> str:
    """Text that can be sent: no other type, and no half of a surrogate pair. Raises UsageError."""
    if not isinstance(given, str):
        raise UsageError(f"{what} is text, not {given!r}")
    if _HALF.search(given) is not None:
        raise UsageError(f"{what} holds half of a surrogate pair, which has no form in UTF-8: {given!a}")
    return given


def seconds(given: object, what: str) -> float:
    """A time to wait, above zero; None and what is longer than twenty days are twenty days. Raises UsageError."""
    if given is None:
        return _FOREVER
    if isinstance(given, bool) or not isinstance(given, int | float):
        raise UsageError(f"{what} is a number of seconds, as 30 or 2.5, not {given!r}")
    if not given > 0:
        raise UsageError(f"{what} is a number of seconds above zero, not {given!r}")
    return float(min(given, _FOREVER))


def day(given: object, what: str) -> date:
    """A day: a date, a datetime, or text like 2026-11-01. Raises UsageError."""
    if isinstance(given, datetime):
        return given.date()
    if isinstance(given, date):
        return given
    if isinstance(given, str):
        try:
            return date.fromisoformat(given)
        except ValueError:
            pass  # told below
    raise UsageError(f'{what} is a day, as date(2026, 11, 1) or "2026-11-01", not {given!r}')


def text(given: object, what: str) -> str:
    """Text of any kind. Raises UsageError."""
    if isinstance(given, bytes):
        raise UsageError(f"{what} is text, not octets: {given[:60]!r}.decode()")
    if not isinstance(given, str):
        raise UsageError(f"{what} is text, not {given!r}")
    return given


def secret(given: object, what: str) -> str:
    """Text that no message may repeat. Raises UsageError."""
    if not isinstance(given, str):
        raise UsageError(f"{what} is text, not of the type {type(given).__name__}")
    if _HALF.search(given) is not None:
        raise UsageError(f"{what} holds half of a surrogate pair, which has no form in UTF-8")
    return given


def count(given: object, what: str) -> int:
    """A number of octets. Raises UsageError."""
    if isinstance(given, bool) or not isinstance(given, int) or not 0 <= given < 1 << 63:
        raise UsageError(f"{what} is a number of octets, as 100_000, not {given!r}")
    return given


def fields(given: object, what: str) -> dict[str, str | None]:
    """Names and texts. Raises UsageError."""
    if not isinstance(given, Mapping):
        raise UsageError(f'{what} is a dictionary, as {{"name": "my program"}}, not {given!r}')
    for name, value in given.items():
        plain_text(name, f"a name in {what}")
        if value is not None:
            plain_text(value, f"a value in {what}")
    return dict(given)


def words(given: object, what: str) -> tuple[str, ...]:
    """A list of texts, not empty. Raises UsageError."""
    if isinstance(given, str | bytes) or not isinstance(given, Sequence) or not given:
        raise UsageError(f'{what} is a list of texts, as ["ssh", "mail.example.org", "imapd"], not {given!r}')
    return tuple(plain_text(word, f"a word of {what}") for word in given)


def one_of(kind: type[T], given: object, form: str) -> T:
    """An object of that kind; ``form`` says what it is and shows one. Raises UsageError."""
    if not isinstance(given, kind):
        raise UsageError(f"{form}, not {given!r}")
    return given


def all_of(kind: type[T], given: object, form: str) -> tuple[T, ...]:
    """Objects of that kind, as a list; ``form`` says what they are and shows some. Raises UsageError."""
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        raise UsageError(f"{form}, not {given!r}")
    return tuple(one_of(kind, one, form) for one in given)


def options(given: object, form: str) -> tuple[Writable, ...]:
    """Parameters and options of a command; ``form`` says what they are and shows one. Raises UsageError."""
    found = all_of(object, given, form)
    for one in found:
        if isinstance(one, type):
            raise UsageError(f"{form}, not the class {one.__name__}")
        if not hasattr(one, "write"):
            raise UsageError(f"{form}, not {one!r}")
    return cast("tuple[Writable, ...]", found)
