"""A message as people read it: its text, whatever it is written in, and its parts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from ..message.preview import strip_markup
from . import words
from .lines import text_part

if TYPE_CHECKING:
    from imapkit import Message, Part

_BREAK: Final = re.compile(
    r"<(?=br\b|/?p\b|/?div\b|/tr\b|/?li\b|/?h[1-6]\b|/?blockquote\b|/?table\b|hr\b)", re.IGNORECASE
)
_SPACES: Final = re.compile(r"[ \t\xa0]+")
_EMPTY: Final = re.compile(r"\n{3,}")


def headers(message: Message) -> list[tuple[str, str]]:
    """The fields that matter, decoded."""
    envelope = message.envelope
    found = [
        ("From", ", ".join(map(str, envelope.from_))),
        ("To", ", ".join(map(str, envelope.to))),
        ("Cc", ", ".join(map(str, envelope.cc))),
        ("Date", envelope.date.strftime("%a, %d %b %Y %H:%M:%S %z") if envelope.date else ""),
        ("Subject", envelope.subject),
    ]
    return [(name, words.one_line(value)) for name, value in found if value]


def body(message: Message, check_size: bool = True) -> str:
    """The text of the message, fetched with its structure; empty when it has none."""
    number = text_part(message)
    return part_text(message.part(number), check_size) if number is not None else ""


def part_text(part: Part, check_size: bool = True) -> str:
    """A text part for a terminal: HTML without its markup."""
    text = part.text(check_size=check_size)
    if part.type == "text/html":
        text = html_text(text)
    return words.clean(text).rstrip("\n")


def html_text(text: str) -> str:
    """The text of an HTML document, its paragraphs apart."""
    flat = " ".join(text.split())
    broken = strip_markup(_BREAK.sub("\n<", flat))
    lines = (_SPACES.sub(" ", line).strip() for line in broken.split("\n"))
    return _EMPTY.sub("\n\n", "\n".join(lines)).strip("\n")


def part_lines(message: Message) -> list[str]:
    """The tree of parts: number, type, size, name."""
    found = []
    for part in message.parts:
        level = max(len(part.path) - 1, 0)
        number = ("  " * level + (part.number or "-")).ljust(8)
        size = "" if part.is_multipart else words.octets(part.size)
        name = words.one_line(part.filename or part.description or "")
        found.append(f"{number} {words.one_line(part.type):<28} {size:>7}  {name}".rstrip())
    return found
