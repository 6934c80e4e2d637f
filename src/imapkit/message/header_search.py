"""Which headers hold a string, as SEARCH asks (RFC 9051 section 6.4.4): most can be told from their octets, without decoding them.

The rule this file must not break: the same answer as looking into ``search_header`` of each.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from ..query.collate import casemap
from .headers import fields
from .text import search_header
from .words import decode_words

_RUN: Final = re.compile(r"[!-9;-~]+")


def holding(headers: Sequence[bytes], needle: str) -> list[int]:
    """The places of the headers whose case-mapped text holds ``needle``, which is case-mapped."""
    run = max(_RUN.findall(needle), key=len, default="") if needle.isascii() else ""
    if not run:
        return [at for at, header in enumerate(headers) if needle in search_header(header)]
    octets = run.encode("ascii")
    return [
        at
        for at, header in enumerate(headers)
        if (octets in header.upper() or _may_hide(header, run)) and needle in search_header(header)
    ]


def _may_hide(header: bytes, run: str) -> bool:
    """True if the text of a header may hold ``run``, which its octets do not: printable, and neither space nor colon in it.

    Folds, NULs and names apart, ASCII stands for itself; and what a fold parts has white space between.
    """
    if not header.isascii() or b"\0" in header:
        return True
    return b"=?" in header and any(
        run in casemap(decode_words(field.value)) for field in fields(header) if b"=?" in field.raw
    )
