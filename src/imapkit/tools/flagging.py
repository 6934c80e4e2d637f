"""Flags as people write them: ``seen``, ``\\Seen``, ``$Forwarded``, ``Work``."""

from __future__ import annotations

from typing import Final

from ..errors import UsageError
from ..protocol.flags import RECENT, SYSTEM, canonical
from ..wire import terminals as t

_PLAIN: Final = {flag.removeprefix("\\").lower(): flag for flag in SYSTEM}


def flag_name(text: str) -> str:
    """The flag meant. A keyword that is called like a system flag cannot be said. Raises UsageError."""
    flag = canonical(_PLAIN.get(text.lower(), text))
    if flag == RECENT or not t.FLAG.fullmatch(flag.encode("utf-8", "replace")):
        raise UsageError(
            f"not a flag: {text!r}; flags are {', '.join(sorted(_PLAIN))} and keywords like Work"
        )
    return flag
