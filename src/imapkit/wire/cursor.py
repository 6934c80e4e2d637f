"""A place in a frame, and the terminals that can be read there (RFC 9051 section 9).

``read_X(c: Cursor)`` functions all over the package are recursive descent over these methods. Nothing here backtracks over
exceptions, and nothing but ``ParseError`` and ``LimitExceeded`` is ever raised for what a peer sent.

``lenient`` (a client) takes what real servers send: several spaces, atoms with brackets, bad escapes. ``spaces`` (a server) passes over
further spaces where one is due, behind "(", before ")" and at the end of the line, which the grammar does not allow and people and
programs send. ``utf8`` says that the session uses UTF-8 in quoted strings and mailbox names (RFC 6855, IMAP4rev2).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from typing import Final, TypeVar

from ..errors import LimitExceeded, ParseError
from . import terminals as t
from .frame import Frame, HeldLiteral, Literal
from .limits import SERVER, Limits

T = TypeVar("T")

_TAB: Final = 0x09
_SPACE: Final = 0x20
_QUOTE: Final = 0x22
_OPEN: Final = 0x28
_CLOSE: Final = 0x29
_BRACE: Final = 0x7B
_TILDE: Final = 0x7E
_UINT32: Final = 0xFFFFFFFF
_INT63: Final = 0x7FFFFFFFFFFFFFFF


class Cursor:
    """Reads a frame from left to right."""

    __slots__ = (
        "_last_bracket",
        "_offsets",
        "buf",
        "depth",
        "end",
        "lenient",
        "limits",
        "literals",
        "pos",
        "spaces",
        "utf8",
    )

    def __init__(
        self,
        frame: Frame | bytes,
        *,
        lenient: bool = False,
        spaces: bool = False,
        utf8: bool = False,
        limits: Limits = SERVER,
    ) -> None:
        if isinstance(frame, bytes):
            frame = Frame(frame)
        self.buf = frame.buf
        self.literals = frame.literals
        self._offsets: list[int] | None = None
        """Where the literals are, ascending; worked out when first asked for, as the next."""
        self._last_bracket = -2
        self.pos = 0
        self.end = len(frame.buf.rstrip(b" ")) if spaces else len(frame.buf)
        self.depth = 0
        self.lenient = lenient
        self.spaces = spaces
        self.utf8 = utf8
        self.limits = limits

    # Where we are

    @property
    def at_end(self) -> bool:
        return self.pos >= self.end

    def peek(self) -> int:
        """The next octet, or -1 at the end."""
        return self.buf[self.pos] if self.pos < self.end else -1

    def peek_is(self, text: bytes) -> bool:
        if len(text) == 1:  # nearly always: compiled, this is no call at all
            return self.pos < self.end and self.buf[self.pos] == text[0]
        return self.buf.startswith(text, self.pos)

    def fail(self, expected: str) -> ParseError:
        """The error to raise here: ``raise c.fail("a mailbox name")``."""
        return ParseError(self.pos, expected, self.buf[self.pos : self.pos + 24])

    # Punctuation and words

    def accept(self, text: bytes) -> bool:
        """Step over exactly ``text`` if it is next."""
        if self.peek_is(text):
            self.pos += len(text)
            if self.pos < self.end and self.buf[self.pos] == _SPACE and self.spaces and text == b"(":
                self._pass_spaces()
            return True
        if (
            self.pos < self.end
            and self.buf[self.pos] == _SPACE
            and self.spaces
            and text == b")"
            and self._closing()
        ):
            self._pass_spaces()
            self.pos += 1
            return True
        return False

    def expect(self, text: bytes) -> None:
        if not self.accept(text):
            raise self.fail(repr(text.decode("ascii")))

    def sp(self) -> None:
        """SP; when lenient, any run of spaces and tabs."""
        if self.pos < self.end and self.buf[self.pos] == _SPACE:
            self.pos += 1
            if self.lenient:
                self.skip_spaces()
            elif self.pos < self.end and self.buf[self.pos] == _SPACE and self.spaces:
                self._pass_spaces()
        elif self.lenient and self.peek() == _TAB:
            self.skip_spaces()
        else:
            raise self.fail("a space")

    def accept_sp(self) -> bool:
        """Step over SP if it is next."""
        if self.pos < self.end and self.buf[self.pos] == _SPACE and self.spaces and self._closing():
            return False  # nothing but the end of a list
        if self.peek() == _SPACE or (self.lenient and self.peek() == _TAB):
            self.sp()
            return True
        return False

    def _pass_spaces(self) -> None:
        while self.pos < self.end and self.buf[self.pos] == _SPACE:
            self.pos += 1

    def _closing(self) -> bool:
        """Whether spaces come, and ")" behind them."""
        at = self.pos
        while at < self.end and self.buf[at] == _SPACE:
            at += 1
        return self.pos < at < self.end and self.buf[at] == _CLOSE

    def skip_spaces(self) -> None:
        while self.pos < self.end and (self.buf[self.pos] == _SPACE or self.buf[self.pos] == _TAB):
            self.pos += 1

    def finish(self) -> None:
        """Nothing may follow (trailing spaces may, when lenient)."""
        if self.lenient:
            self.skip_spaces()
        if self.pos < self.end:
            raise self.fail("the end of the line")

    def match(self, pattern: re.Pattern[bytes], expected: str) -> bytes:
        """The text that ``pattern`` matches here."""
        found = pattern.match(self.buf, self.pos)
        if found is None:
            raise self.fail(expected)
        self.pos = found.end()
        return found[0]

    def accept_word(self, word: bytes) -> bool:
        """Step over ``word`` (upper case) in any case, if it is next and ends there."""
        end = self.pos + len(word)
        if self.buf[self.pos : end].upper() != word:
            return False
        if end < self.end and t.ATOM.match(self.buf, end) is not None:
            return False
        self.pos = end
        return True

    def accept_nil(self) -> bool:
        return self.peek() in (0x4E, 0x6E) and self.accept_word(b"NIL")

    def word(self, expected: str = "a keyword") -> bytes:
        """An atom in upper case: how keywords of the grammar are read."""
        return self.atom(expected).upper()

    # Atoms, numbers, text

    def atom(self, expected: str = "an atom") -> bytes:
        return self.match(t.LOOSE_ATOM if self.lenient else t.ATOM, expected)

    def flag(self) -> bytes:
        return self.match(t.LOOSE_FLAG if self.lenient else t.FLAG, "a flag")

    def tag(self) -> bytes:
        return self.match(t.TAG, "a tag")

    def number(self, expected: str = "a number", limit: int = _UINT32) -> int:
        """number = 1*DIGIT, unsigned 32-bit unless ``limit`` says otherwise."""
        start = self.pos
        found = int(self.match(t.NUMBER, expected))
        if found > limit:
            self.pos = start
            raise self.fail(f"{expected} up to {limit}")
        return found

    def number64(self, expected: str = "a number") -> int:
        """number64 = 1*DIGIT, unsigned 63-bit (RFC 9051 section 9)."""
        return self.number(expected, _INT63)

    def nz_number(self, expected: str = "a number above zero") -> int:
        start = self.pos
        found = self.number(expected)
        if found == 0:
            self.pos = start
            raise self.fail(expected)
        return found

    def text(self) -> bytes:
        """All that is left of the line."""
        start, self.pos = self.pos, self.end
        return self.buf[start:]

    # Strings

    def at_string(self) -> bool:
        """True before a quoted string or a literal."""
        return self.peek() in (_QUOTE, _BRACE) or self.at_literal8()

    def string(self, expected: str = "a string") -> bytes:
        """string = quoted / literal. NUL is in no string (RFC 9051 section 9, CHAR8): only messages and values of a literal8 hold it."""
        octet = self.peek()
        if octet == _QUOTE:
            return self.quoted()
        if octet != _BRACE and not self.at_literal8():
            raise self.fail(expected)
        start = self.pos
        data = self.literal(expected).read()
        if not self.lenient and b"\0" in data:
            self.pos = start
            raise self.fail(f"{expected} without NUL")
        return data

    def quoted(self) -> bytes:
        found = (t.LOOSE_QUOTED if self.lenient else t.QUOTED).match(self.buf, self.pos)
        if found is None:
            raise self.fail("a quoted string")
        self.pos = found.end()
        inner = found[1]
        if b"\\" in inner:
            inner = t.QUOTED_PAIR.sub(rb"\1", inner)
        return inner

    def literal(self, expected: str = "a literal") -> Literal:
        """literal / literal8: the handle, so that a large one is never copied."""
        found = t.LITERAL_MARK.match(self.buf, self.pos)
        if found is None:
            raise self.fail(expected)
        held = self.literals.get(found.end())
        if held is None:
            raise self.fail(expected)
        self.pos = found.end()
        return held

    def at_literal8(self) -> bool:
        """True before a literal8; a "~" alone begins an atom."""
        return self.peek() == _TILDE and self.buf.startswith(b"~{", self.pos)

    def nstring(self) -> bytes | None:
        """nstring = string / nil."""
        if self.accept_nil():
            return None
        return self.string("a string or NIL")

    def nstring_literal(self) -> Literal | None:
        """nstring / nstring8 as a handle: a quoted string becomes a held literal."""
        if self.accept_nil():
            return None
        if self.peek() == _QUOTE:
            return HeldLiteral(self.quoted())
        return self.literal("a string or NIL")

    def astring(self, expected: str = "an atom or a string") -> bytes:
        """astring = 1*ASTRING-CHAR / string."""
        if self.at_string():
            return self.string(expected)
        return self.match(t.LOOSE_ATOM if self.lenient else t.ASTRING, expected)

    # Lists

    def enter(self) -> None:
        """One level deeper; every ``enter`` has its ``leave``."""
        self.depth += 1
        if self.depth > self.limits.depth:
            raise LimitExceeded("depth", self.limits.depth, self.depth)

    def leave(self) -> None:
        self.depth -= 1

    def paren_list(self, read: Callable[[], T], expected: str = "'('") -> list[T]:
        """ "(" [item *(SP item)] ")"."""
        if not self.accept(b"("):
            raise self.fail(expected)
        self.enter()
        items: list[T] = []
        if self.lenient:
            self.skip_spaces()
        while not self.accept(b")"):
            if items:
                self.sp()
                if self.lenient and self.accept(b")"):
                    break
            if len(items) >= self.limits.items:
                raise LimitExceeded("members of a list", self.limits.items, len(items) + 1)
            items.append(read())
        self.leave()
        return items

    def one_or_list(self, read: Callable[[], T]) -> list[T]:
        """An item, or a parenthesised list of items."""
        return self.paren_list(read) if self.peek() == _OPEN else [read()]

    def skip_value(self) -> bytes:
        """Any value (atom, number, string, literal, list), kept raw with literals in place. For what we do not know."""
        start = self.pos
        self._skip_value()
        return self.raw(start, self.pos)

    def raw(self, start: int, end: int) -> bytes:
        """The bytes between two positions, literals in place."""
        if not self.literals:
            return self.buf[start:end]
        if self._offsets is None:
            self._offsets = sorted(self.literals)
        known = self._offsets
        offsets = known[bisect_right(known, start) : bisect_right(known, end)]
        if not offsets:
            return self.buf[start:end]
        literals = {offset - start: self.literals[offset] for offset in offsets}
        return Frame(self.buf[start:end], literals).wire()

    def _skip_value(self) -> None:
        octet = self.peek()
        if octet == _OPEN:
            self.pos += 1
            self.enter()
            self.skip_spaces()
            while not self.accept(b")"):
                self._skip_value()
                self.skip_spaces()
            self.leave()
        elif octet == _QUOTE:
            self.quoted()
        elif (octet == _BRACE or self.at_literal8()) and t.LITERAL_MARK.match(self.buf, self.pos):
            self.literal()
        else:
            word = self.match(t.LOOSE_ATOM, "a value")
            if not word.endswith(b"]") and word.count(b"[") > word.count(b"]") and self._closes():
                self._skip_bracket()

    def _closes(self) -> bool:
        """Whether a bracket that is open here, as in ``BODY[HEADER.FIELDS (…``, is closed later."""
        if self._last_bracket < -1:
            self._last_bracket = self.buf.rfind(b"]")
        return self._last_bracket >= self.pos

    def _skip_bracket(self) -> None:
        self.pos = self.buf.index(b"]", self.pos) + 1
        found = t.LOOSE_ATOM.match(self.buf, self.pos)  # <origin>
        if found is not None:
            self.pos = found.end()
