"""How the commands speak: complaints on standard error, safe text, JSON lines.

The rule this file must not break: what a server or a message says reaches a terminal without its control characters.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from typing import Final

_CONTROLS: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)
"""C0 and C1 controls, marks and embeddings of direction, tags that nobody sees, halves of surrogate pairs."""
_BREAKS: Final = re.compile(r"\s*[\r\n\v\f]\s*")


def complain(text: str) -> None:
    """One line on standard error, after the program's name."""
    print(f"imapkit: {one_line(text)}", file=sys.stderr, flush=True)


def clean(text: str) -> str:
    """The text without control characters (newlines and tabs stay) and without marks that reorder a terminal's line."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n"))


def one_line(text: str) -> str:
    """The text on one line, clean."""
    return clean(_BREAKS.sub(" ", text.strip()).replace("\t", " "))


def shown(name: str) -> str:
    """A name in quotes where it needs them."""
    name = one_line(name)
    return name if name and " " not in name else f"'{name}'"


def count(number: int, noun: str, plural: str = "") -> str:
    """``1 message``, ``2 messages``, ``3 mailboxes``."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def octets(size: float) -> str:
    """A size for people: ``812``, ``3.4 K``, ``17 M``."""
    for unit in ("", " K", " M", " G"):
        if size < 1000 or unit == " G":
            break
        size /= 1024
    return f"{size:.1f}{unit}" if unit and size < 10 else f"{size:.0f}{unit}"


def print_json(fields: Mapping[str, object]) -> None:
    """One object on a line of its own; what a terminal would obey is escaped as JSON escapes it."""
    print(_CONTROLS.sub(_escaped, json.dumps(fields, ensure_ascii=False, default=str)))


def _escaped(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1]
