"""What callers of the client's verbs give, checked before the first octet of a command is sent.

The rule this file must not break: what makes no sense is answered by UsageError with a sentence that shows the right form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from ..errors import UsageError
from ..wire import terminals as t

_HALF: Final = re.compile("[\ud800-\udfff]")
_HALF_IN_NAME: Final = re.compile("[\ud800-\udbff\udd00-\udfff]")
"""But those that stand for an octet of a name that was no text (wire.utf7)."""
_HALF_IN_FLAG: Final = re.compile("[\ud800-\udc7f\udd00-\udfff]")
"""But those that stand for an octet of a flag that was no UTF-8."""


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
