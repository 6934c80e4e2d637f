"""Address lists of header fields to the addresses of ENVELOPE (RFC 5322 sections 3.4 and 4.4), forgiving what is found in the wild.

Comments, groups, source routes, white space around dots, names without quotes, addresses without a host: all become addresses that
are legal in an ENVELOPE. Host NIL means group syntax there, so a missing host is an empty string. Linear in the length of the field.
"""

from __future__ import annotations

import re
from typing import Final

from ..protocol.envelope import GROUP_END, Address

MAX_ADDRESSES: Final = 10_000

# An octet that begins no other token stands alone. An escaped octet never does, so that what an unclosed quote leaves is not tried again.
_TOKEN: Final = re.compile(
    rb'[ \t\r\n]++|"(?:[^"\\]++|\\.)*+"|\[[^\[\]]*+\]|=\?[^?\s]++\?[BbQq]\?[^?\s]*+\?='
    rb'|(?:[^ \t\r\n"<>,:;@(\[\\]|\\.)++|[<>,:;@("\[\\]',
    re.DOTALL,
)
# The two usual forms, ``Name <box@host>`` and ``box@host``. Linear: no two neighbours here match the same octet.
_PLAIN: Final = re.compile(
    rb"[ \t]*+(?:"
    rb'(?:"([^"\\]*)"[ \t]*+|([A-Za-z0-9=?_!#$%&\'*+/^`{|}~. -]*+))<([^\s"<>,:;@()\[\\]+)@([A-Za-z0-9.-]+)>'
    rb'|([^\s"<>,:;@()\[\\]+)@([A-Za-z0-9.-]+)'
    rb")[ \t]*+(?:,|$)"
)
_PARENTHESIS: Final = re.compile(rb"\\.|[()]", re.DOTALL)
_PAIR: Final = re.compile(rb"\\(.)", re.DOTALL)
_SPACE: Final = re.compile(rb"[ \t\r\n]+")
_MAX_BROKEN_COMMENTS: Final = 3

# A word of an address: the octets without quotes, whether white space stood before, whether it was quoted.
_Word = tuple[bytes, bool, bool]


def parse_addresses(value: bytes, limit: int = MAX_ADDRESSES) -> tuple[Address, ...]:
    """The addresses in the value of a From, To, … field. At most ``limit`` of them."""
    parser = _Parser(value, limit)
    parser.run()
    return tuple(parser.found)


class _Parser:
    """Goes through the tokens once. ``words`` is what has been read of the present address."""

    __slots__ = (
        "angle",
        "at",
        "broken",
        "comments",
        "found",
        "group",
        "inside",
        "limit",
        "route",
        "space",
        "text",
        "words",
    )

    def __init__(self, text: bytes, limit: int) -> None:
        self.text = text
        self.limit = limit
        self.found: list[Address] = []
        self.words: list[_Word] = []
        self.at = False
        """An ``@`` is among ``words``."""
        self.angle: list[_Word] | None = None
        self.inside = False
        self.route: bytes | None = None
        self.comments: list[bytes] = []
        self.space = False
        self.group = False
        self.broken = 0

    def run(self) -> None:
        at = 0
        size = len(self.text)
        while at < size and len(self.found) < self.limit:
            if not self.words and self.angle is None and not self.comments:
                plain = _PLAIN.match(self.text, at)
                if plain is not None:
                    self._plain(plain)
                    at = plain.end()
                    continue
            token = _TOKEN.match(self.text, at)
            if token is None:
                at += 1
                continue
            at = self._token(token[0], token.end())
        self._finish()
        if self.group:
            self.found.append(GROUP_END)

    def _plain(self, found: re.Match[bytes]) -> None:
        """The two usual forms, in one step: ``Name <box@host>`` and ``box@host``."""
        if found[5] is not None:
            self.found.append(Address(None, None, found[5], found[6]))
            return
        name = found[1] if found[1] is not None else _SPACE.sub(b" ", found[2].strip())
        self.found.append(Address(name or None, None, found[3], found[4]))

    def _token(self, token: bytes, end: int) -> int:
        first = token[0]
        if first in b" \t\r\n":
            self.space = True
            return end
        if first == 0x28:
            return self._comment(end)
        if first == 0x22 and len(token) > 1:
            self._word(_PAIR.sub(rb"\1", token[1:-1]), True)
        elif first == 0x2C:
            self._comma()
        elif first == 0x3C and not self.inside:
            self._open_angle()
        elif first == 0x3E and self.inside:
            self.inside = False
        elif first == 0x3A:
            self._colon()
        elif first == 0x3B:
            self._finish()
            if self.group:
                self.found.append(GROUP_END)
                self.group = False
        else:
            self._word(token, False)
        return end

    def _word(self, text: bytes, quoted: bool) -> None:
        word = (text, self.space, quoted)
        if self.inside and self.angle is not None:
            self.angle.append(word)
        else:
            self.words.append(word)
            self.at = self.at or _is_at(word)
        self.space = False

    def _open_angle(self) -> None:
        if self.angle is not None:  # a second address without a comma before it
            self._finish()
        self.angle = []
        self.inside = True
        self.space = False

    def _comma(self) -> None:
        if self.inside and self.angle and self.angle[0][0] == b"@":
            self._word(b",", False)  # <@a,@b:box@host>
        else:
            self._finish()

    def _colon(self) -> None:
        if self.inside and self.angle:
            if self.angle[0][0] == b"@":
                self.route = _join(self.angle, b"")
                self.angle = []
            else:
                self._word(b":", False)
        elif self.words and not self.group and self.angle is None and not self.at:
            self.found.append(Address(None, None, _join(self.words, b" "), None))
            self.group = True
            self._reset()
        else:
            self._word(b":", False)

    def _comment(self, start: int) -> int:
        """A comment with the comments in it; an unbalanced parenthesis is a word."""
        depth = 1
        at = start
        while self.broken < _MAX_BROKEN_COMMENTS:
            found = _PARENTHESIS.search(self.text, at)
            if found is None:
                self.broken += 1
                break
            at = found.end()
            if found[0] == b"(":
                depth += 1
            elif found[0] == b")":
                depth -= 1
                if depth == 0:
                    if not self.inside:  # what is said of a part of the address names nobody
                        inner = _PAIR.sub(rb"\1", self.text[start : at - 1])
                        self.comments.append(_SPACE.sub(b" ", inner).strip())
                    self.space = True
                    return at
        self._word(b"(", False)
        return start

    def _reset(self) -> None:
        self.words = []
        self.at = False
        self.angle = None
        self.inside = False
        self.route = None
        self.comments = []
        self.space = False

    def _finish(self) -> None:
        """The present address is complete."""
        if self.angle is not None:
            address = self._from_angle(self.angle)
        elif self.words:
            address = self._from_words()
        else:
            address = None
        if address is not None and len(self.found) < self.limit:
            self.found.append(address)
        self._reset()

    def _from_angle(self, angle: list[_Word]) -> Address | None:
        name = _join(self.words, b" ") or self._comment_name()
        mailbox, host = _split(angle, b"")
        if name is None and self.route is None and not mailbox and not host:
            return None
        return Address(name, self.route, mailbox, host)

    def _from_words(self) -> Address | None:
        """No angle brackets: an address, with a name in a comment, or before it against the grammar."""
        words = self.words
        at = next((place for place in range(len(words) - 1, -1, -1) if _is_at(words[place])), -1)
        if at < 0:
            return Address(self._comment_name(), None, _join(words, b" "), b"")
        if any(word[1] for word in words) and self._are_many():
            return None
        first = at
        while first > 0 and (first == at or not words[first][1] or _dotted(words, first)):
            first -= 1
        last = at + 1
        while last < len(words) and (last == at + 1 or not words[last][1] or _dotted(words, last)):
            last += 1
        mailbox, host = _split(words[first:last], b"")
        name = _join(words[:first] + words[last:], b" ") or self._comment_name()
        return Address(name, None, mailbox, host)

    def _are_many(self) -> bool:
        """True if there is white space where commas belong: ``a@b c@d``. Then the addresses have been taken."""
        many: list[list[_Word]] = []
        for word in self.words:
            if word[1] or not many:
                many.append([])
            many[-1].append(word)
        pairs = [_split(one, b"") for one in many]
        if len(pairs) < 2 or not all(mailbox and host for mailbox, host in pairs):
            return False
        room = self.limit - len(self.found)
        self.found.extend(Address(None, None, mailbox, host) for mailbox, host in pairs[:room])
        return True

    def _comment_name(self) -> bytes | None:
        return b" ".join(self.comments) or None


def _is_at(word: _Word) -> bool:
    return word[0] == b"@" and not word[2]


def _dotted(words: list[_Word], place: int) -> bool:
    """True where white space before this word stands beside a dot, which the old grammar allows (RFC 5322 section 4.4)."""
    return words[place][0].startswith(b".") or words[place - 1][0].endswith(b".")


def _split(words: list[_Word], between: bytes) -> tuple[bytes, bytes]:
    """Local part and domain, around the last ``@``."""
    for place in range(len(words) - 1, -1, -1):
        if _is_at(words[place]):
            return _join(words[:place], between), _join(words[place + 1 :], b"")
    return _join(words, b" "), b""


def _join(words: list[_Word], between: bytes) -> bytes:
    """The words with ``between`` where white space was."""
    if not words:
        return b""
    out = [words[0][0]]
    for text, space, _ in words[1:]:
        if space:
            out.append(between)
        out.append(text)
    joined = b"".join(out)
    return _SPACE.sub(b" ", joined) if b"\n" in joined or b"\r" in joined else joined
