"""Frames from a client to typed commands, and back (RFC 9051 sections 2.2.1 and 6).

command = tag SP (command-any / command-auth / command-nonauth / command-select) CRLF
"""

from __future__ import annotations

import re
from typing import Final

from ..errors import ImapError, LimitExceeded, ParseError
from ..record import record
from ..wire.cursor import Cursor
from ..wire.frame import Frame
from ..wire.limits import SERVER, Limits
from ..wire.writer import Writer
from .mends import mend
from .registry import CommandEntry, Grammar, Writable

_NAME: Final = re.compile(rb"[A-Za-z][A-Za-z0-9.\-]*")
_TAG: Final = re.compile(rb'[^\x00-\x20(){%*"\\\x7f-\xff+]+(?= )')


@record
class TaggedCommand:
    """A command as it came: ``entry`` says how the registry knows it."""

    tag: str
    command: Writable
    entry: CommandEntry


class BadCommand(ImapError):
    """A frame that is no command; ``tag`` None when not even the tag could be read."""

    def __init__(self, text: str, tag: str | None) -> None:
        super().__init__(text)
        self.text = text
        self.tag = tag


def peek_tag(head: bytes) -> str | None:
    """The tag at the start of a frame that cannot be parsed."""
    found = _TAG.match(head)
    return found[0].decode("ascii") if found else None


def read_command(frame: Frame, g: Grammar, *, utf8: bool = False, limits: Limits = SERVER) -> TaggedCommand:
    """The typed form of a frame that a client sent. Raises BadCommand."""
    c = Cursor(frame, spaces=not g.strict, utf8=utf8, limits=limits)
    tag: str | None = None
    try:
        word = c.tag().decode("ascii")
        if c.peek_is(b" "):
            tag = word  # else it is something that cannot be a tag, or a word alone: perhaps a password that came too late
        c.sp()
        entry = _read_name(c, g)
        command = entry.read(c, g)
        c.finish()
    except ParseError as error:
        raise BadCommand(mend(frame.buf, error, g), tag) from error
    except LimitExceeded as error:
        raise BadCommand(str(error), tag) from error
    return TaggedCommand(word, command, entry)


def _read_name(c: Cursor, g: Grammar) -> CommandEntry:
    start = c.pos
    name = c.match(_NAME, "a command").upper()
    if name == b"UID":
        c.sp()
        name = b"UID " + c.match(_NAME, "a command that goes with UID").upper()
    entry = g.commands.get(name)
    if entry is None:
        c.pos = start
        raise c.fail("a known command")
    return entry


def write_command(w: Writer, tag: str, command: Writable) -> None:
    """One whole command line."""
    w.raw(tag.encode("ascii")).sp()
    command.write(w)
    w.crlf()
