"""The preview of a message: the first 200 characters of its text (RFC 8970 section 3).

Taken from the octets that the scanner kept of the first text/plain part, or of the first text/html part with its markup taken out.
"""

from __future__ import annotations

import html
import re
from typing import Final

from .decode import is_plain, part_text
from .part import Part, walk

LENGTH: Final = 200
_FEW: Final = 240
_START: Final = 600

_TAG_NAME: Final = re.compile(r"</?([a-z][a-z0-9]*)", re.IGNORECASE)
_HIDDEN: Final = frozenset(["script", "style", "head", "title", "noscript", "template", "svg"])
_INLINE: Final = frozenset(
    ["a", "b", "i", "u", "em", "strong", "span", "font", "small", "big", "sup", "sub", "tt", "code", "wbr"]
)
# Invisible characters that newsletters pad their first lines with, and controls.
_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f\xad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufffd]"
)
_ZEROS: Final = re.compile(r"&#0+(?=[0-9])")
_FAR: Final = re.compile(r"&#[0-9]{8,};?")
"""References beyond the last character there is: Python reads no number of thousands of digits."""
_CONTROLS: Final = bytes([*range(9), *range(0x0E, 0x20), 0x7F])
"""Those of them that are ASCII."""


def preview(root: Part) -> str:
    """At most 200 characters, white space collapsed; empty for a message without text."""
    markup: Part | None = None
    for part in walk(root):
        if not part.head:
            continue
        if part.mime.subtype.lower() == b"html":
            markup = part
            continue
        found = _plain_start(part) or _tidy(part_text(part.head, part.mime))
        if found:
            return found
    return "" if markup is None else _tidy(strip_markup(part_text(markup.head, markup.mime)))


def _plain_start(part: Part) -> str:
    """The preview of a text that is ASCII as it stands; empty where its first octets are not enough for one."""
    head = part.head
    if not (head.isascii() and is_plain(part.mime)):
        return ""
    for size in (_FEW, _START):
        start = " ".join(head[:size].translate(None, _CONTROLS).decode("ascii").split())
        if len(start) >= LENGTH or len(head) <= size:
            return start[:LENGTH].rstrip()
    return ""


def _tidy(text: str) -> str:
    # Mostly there is far more than is shown. Of words that are more than enough, only the last may go on in the rest.
    start = " ".join(_INVISIBLE.sub("", text[:_START]).split())
    return start[:LENGTH].rstrip() if len(start) >= LENGTH else tidy_plainly(text)


def tidy_plainly(text: str) -> str:
    """The start of a text as it is shown, from all of it."""
    text = _INVISIBLE.sub("", text)
    # words up to the length; all of a long text need not be split
    return " ".join(text[:20_000].split())[:LENGTH].rstrip()


def strip_markup(text: str) -> str:
    """The text of an HTML document, crudely: tags, comments and what is never shown are left out. Linear in its length."""
    out: list[str] = []
    low = text.lower()
    at = 0
    while True:
        start = text.find("<", at)
        if start < 0:
            out.append(text[at:])
            break
        out.append(text[at:start])
        if text.startswith("<!--", start):
            end = text.find("-->", start + 4)
            at = end + 3
        else:
            name = _TAG_NAME.match(low, start)
            if name is None and not text.startswith(("<!", "<?"), start):
                out.append("<")
                at = start + 1
                continue
            word = "" if name is None else name[1]
            if word in _HIDDEN and low[start + 1] != "/":
                start = low.find("</" + word, start)
                if start < 0:
                    break
            end = text.find(">", start)
            at = end + 1
            if word not in _INLINE:
                out.append(" ")
        if end < 0:
            break
    return html.unescape(_FAR.sub("\ufffd", _ZEROS.sub("&#", "".join(out))))
