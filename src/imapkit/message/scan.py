"""One pass over the octets of a message, giving its tree of parts (RFC 2045, RFC 2046 section 5.1).

The scanner takes chunks and keeps headers, never bodies, so a message of any size is scanned in bounded memory while it arrives.
The rules this file must not break: the tree does not depend on how the octets were cut into chunks, nothing is ever raised for what
a message holds, and the time taken is linear in its size.

Broken MIME is read as its sender most likely meant it. A multipart without a boundary is text; one without parts gets an empty
part, since IMAP cannot say "none"; parts nested too deep or too many are opaque.
"""

from __future__ import annotations

import re
from typing import Final

from .headers import MAX_HEADER
from .mime import DIGEST_DEFAULT, TEXT_PLAIN, boundary_of, parse_mime
from .part import LEAF, MESSAGE, MULTIPART, Mime, Part

MAX_DEPTH: Final = 100
MAX_PARTS: Final = 10_000
MAX_HEADERS: Final = 4 << 20
"""… and of all header blocks of a message."""
HEAD: Final = 64 << 10
"""Octets of text kept for a preview."""

_MAX_LINE: Final = 2048
_OWN_CHECKS: Final = 8
_HEADER, _BODY, _SKIP = 0, 1, 2
_CR, _LF = 13, 10

_HEADER_STOP: Final = re.compile(rb"\n(?:\r?\n|--)")
_FIELD_LINE: Final = re.compile(rb"[\x00!-9;-~\x80-\xff]+[ \t]*:")
_ANY_FIELD_LINE: Final = re.compile(rb"^[\x00!-9;-~\x80-\xff]+[ \t]*:", re.MULTILINE)
_MBOX_LINE: Final = re.compile(rb">?From [^:\s]")
_OPAQUE: Final = Mime(b"application", b"octet-stream")


class _Open:
    """A part whose end has not been seen."""

    __slots__ = (
        "body",
        "boundary",
        "children",
        "digest",
        "head",
        "header",
        "kind",
        "lines",
        "message",
        "mime",
        "shadowed",
        "start",
    )

    def __init__(self, start: int, lines: int, message: bool, default: Mime) -> None:
        self.kind: int = LEAF
        self.start = start
        self.body = start
        self.lines = lines
        """Line ends before the body."""
        self.message = message
        """True for a message, the outermost or an embedded one."""
        self.mime = default
        self.boundary = b""
        self.shadowed = -1
        self.digest = False
        self.children: list[Part] = []
        self.header = b""
        self.head: list[bytes] | None = None


class Scanner:
    """``feed`` chunks, then ``close``."""

    __slots__ = (
        "_base",
        "_bol",
        "_buf",
        "_checks",
        "_dead",
        "_header_total",
        "_kept",
        "_kept_size",
        "_line_end",
        "_live",
        "_mode",
        "_needle",
        "_newlines",
        "_opening",
        "_parts",
        "_pos",
        "_prefixes",
        "_root",
        "_stack",
        "_wanted",
    )

    def __init__(self) -> None:
        self._buf = b""
        self._pos = 0
        self._base = 0
        """Offset of ``_buf[0]`` in the message."""
        self._newlines = 0
        """Line ends before ``_pos``."""
        self._mode = _HEADER
        self._bol = True
        """True where ``_pos`` begins a line that has not been looked at."""
        self._line_end = 0
        """Size of the line end before ``_pos`` where a boundary line ended there: it is that of the next one too."""
        self._opening = -1
        """While skipping the rest of a boundary line: 1 if it begins a part, 0 if it ends the last."""
        self._stack: list[_Open] = []
        self._live: dict[bytes, int] = {}
        self._prefixes: tuple[bytes, ...] = ()
        self._needle = b"\n--"
        """What a line of any boundary in force begins with, and the line end before it."""
        self._dead: set[bytes] = set()
        self._kept: list[bytes] = []
        self._kept_size = 0
        self._header_total = 0
        self._checks = 0
        self._parts = 0
        self._wanted = {b"plain", b"html"}
        self._root: Part | None = None
        self._push(True, TEXT_PLAIN)

    @property
    def size(self) -> int:
        """Octets fed so far."""
        return self._base + len(self._buf)

    def feed(self, chunk: bytes) -> None:
        rest = self._buf[self._pos :]
        self._base += self._pos
        self._pos = 0
        self._buf = rest + chunk if rest else chunk
        self._run(False)

    def close(self) -> Part:
        """The whole tree; nothing may be fed afterwards."""
        if self._root is None:
            self._run(True)
            self._close_above(0, self._base + len(self._buf), 0)
        assert self._root is not None
        return self._root

    def _run(self, final: bool) -> None:
        more = True
        while more:
            if self._mode == _HEADER:
                more = self._read_header(final)
            elif self._mode == _BODY:
                more = self._read_body(final)
            else:
                more = self._skip_line(final)

    # Consuming

    def _take(self, to: int) -> None:
        """Go on to ``to``, counting lines and keeping what is to be kept."""
        if to <= self._pos:
            return
        self._newlines += self._buf.count(b"\n", self._pos, to)
        if self._mode == _HEADER:
            room = min(MAX_HEADER - self._kept_size, MAX_HEADERS - self._header_total)
            if room > 0:
                piece = self._buf[self._pos : min(to, self._pos + room)]
                self._kept.append(piece)
                self._header_total += len(piece)
            self._kept_size += to - self._pos
        else:
            head = self._stack[-1].head
            if head is not None:
                have = self._base + self._pos - self._stack[-1].body
                if have < HEAD:
                    head.append(self._buf[self._pos : min(to, self._pos + HEAD - have)])
        self._pos = to

    # Headers

    def _read_header(self, final: bool) -> bool:
        buf = self._buf
        at = self._pos
        size = len(buf)
        if self._bol:
            if size - at < 2 and not final:
                return False
            if buf.startswith((b"\n", b"\r\n"), at):
                self._take(at + (1 if buf[at] == _LF else 2))
                self._end_header(True)
                return True
            if buf.startswith(b"--", at):
                found = self._boundary_at(at, final)
                if found == -2:
                    return False
                if found >= 0:
                    self._cut(found, at, self._end_header(False))
                    return True
                if self._is_own_boundary(at):
                    self._end_header(True)
                    return True
            self._bol = False
        stop = _HEADER_STOP.search(buf, at)
        if stop is not None:
            self._take(stop.start() + 1)
            self._bol = True
            return True
        self._take(size if final else size - 3)
        if final:
            self._end_header(False)
            return self._mode == _HEADER and self._pos < size
        return False

    def _is_own_boundary(self, at: int) -> bool:
        """True where the blank line below the header is missing and the header's own first boundary follows."""
        if self._checks >= _OWN_CHECKS:
            return False
        self._checks += 1
        mime = parse_mime(b"".join(self._kept), TEXT_PLAIN)
        boundary = boundary_of(mime)
        own = mime.maintype.lower() == b"multipart" and boundary != b""
        return own and self._buf.startswith(boundary, at + 2)

    def _end_header(self, blank: bool) -> int:
        """The header of the innermost part is complete; ``blank`` unless no blank line ended it.

        Returns the size of the line end before this place if it ends a body that no blank line set off from the header.
        """
        part = self._stack[-1]
        header = self._kept[0] if len(self._kept) == 1 else b"".join(self._kept)
        whole = len(header) == self._kept_size
        self._kept = []
        self._kept_size = 0
        self._checks = 0
        at = self._base + self._pos
        body = at
        lines = self._newlines
        lead = b""
        if whole and header:
            cut = _header_length(header, blank)
            if cut < len(header):
                mime = parse_mime(header[:cut], part.mime)
                if _kind_of(mime) == LEAF:
                    lead = header[cut:]
                    header = header[:cut]
                    body -= len(lead)
                    lines -= lead.count(b"\n")
        part.mime = parse_mime(header, part.mime) if header else part.mime
        part.header = header if part.message else b""
        part.body = body
        part.lines = lines
        self._mode = _BODY
        self._bol = True
        self._line_end = 0
        self._open_body(part, lead)
        if not lead:
            return 0
        return 2 if lead.endswith(b"\r\n") else 1

    def _open_body(self, part: _Open, lead: bytes) -> None:
        kind = _kind_of(part.mime)
        boundary = boundary_of(part.mime) if kind == MULTIPART else b""
        if kind == MULTIPART and not boundary:
            part.mime = _like(part.mime, TEXT_PLAIN)
            kind = LEAF
        if kind != LEAF and (len(self._stack) >= MAX_DEPTH or self._parts >= MAX_PARTS):
            part.mime = _like(part.mime, _OPAQUE)
            kind = LEAF
        part.kind = kind
        if kind == MULTIPART:
            part.boundary = boundary
            part.digest = part.mime.subtype.lower() == b"digest"
            part.shadowed = self._live.get(boundary, -1)
            self._live[boundary] = len(self._stack) - 1
            self._follow()
        elif kind == MESSAGE:
            self._push(True, TEXT_PLAIN)
        elif part.mime.is_text and not part.mime.is_attachment:
            subtype = part.mime.subtype.lower()
            if subtype in self._wanted:
                self._wanted.discard(subtype)
                part.head = [lead[:HEAD]]

    def _follow(self) -> None:
        """Other boundaries count from here on: what they all begin with is looked for."""
        self._prefixes = tuple(self._live)
        first, last = min(self._prefixes, default=b""), max(self._prefixes, default=b"")
        same = 0
        while same < len(first) and first[same] == last[same]:
            same += 1
        self._needle = b"\n--" + first[:same]

    def _push(self, message: bool, default: Mime) -> None:
        """Begin a part here, with its header."""
        self._parts += 1
        self._stack.append(_Open(self._base + self._pos, self._newlines, message, default))
        self._mode = _HEADER
        self._bol = True

    # Bodies

    def _read_body(self, final: bool) -> bool:
        buf = self._buf
        size = len(buf)
        if not self._live:
            self._take(size)
            return False
        at = self._pos
        if self._bol:
            if size - at < 2 and not final:
                return False
            if buf.startswith(b"--", at):
                found = self._boundary_at(at, final)
                if found == -2:
                    return False
                if found >= 0:
                    self._cut(found, at, self._line_end)
                    return True
            self._bol = False
        while True:
            line = buf.find(self._needle, at)
            if line < 0:
                self._take(
                    size if final else size - len(self._needle)
                )  # a carriage return, and all of it but the last octet
                return False
            found = self._boundary_at(line + 1, final)
            if found == -2:
                self._take(line - 1)
                return False
            if found >= 0:
                crlf = 2 if line > self._pos and buf[line - 1] == _CR else 1
                self._take(line + 1)
                self._cut(found, line + 1, crlf)
                return True
            at = line + 1

    def _boundary_at(self, at: int, final: bool) -> int:
        """Which boundary the line at ``at`` is: twice its place in the stack, plus one for the last; -1 none, -2 not yet known."""
        buf = self._buf
        end = buf.find(b"\n", at, at + _MAX_LINE)
        if end < 0:
            end = at + _MAX_LINE
            if end > len(buf):
                if not final:
                    return -2
                end = len(buf)
        if not self._live:
            return -1
        line = buf[at + 2 : end]
        text = line.rstrip(b" \t\r")
        level = self._live.get(text, -1)
        if level >= 0:
            return level * 2
        closing = text.endswith(b"--")
        if closing:
            level = self._live.get(text[:-2], -1)
            if level >= 0:
                return level * 2 + 1
        if text in self._dead or (closing and text[:-2] in self._dead):
            return -1
        # RFC 2046 section 5.1.1: it is enough that the line begins with the boundary
        if not line.startswith(self._prefixes):
            return -1
        best = b""
        for boundary in self._prefixes:
            if len(boundary) > len(best) and line.startswith(boundary):
                best = boundary
        return self._live[best] * 2 + (1 if line.startswith(b"--", len(best)) else 0)

    def _cut(self, found: int, at: int, crlf: int) -> None:
        """A boundary line begins at ``at``; ``crlf`` octets before it belong to it."""
        level = found >> 1
        self._close_above(level + 1, self._base + at, crlf)
        full = self._parts >= MAX_PARTS
        last = bool(found & 1) or full
        if last:
            self._forget(self._stack[level])
        self._opening = 0 if last else 1
        self._mode = _SKIP

    def _skip_line(self, final: bool) -> bool:
        """The rest of a boundary line."""
        buf = self._buf
        end = buf.find(b"\n", self._pos)
        if end < 0:
            self._take(len(buf) if final else len(buf) - 1)
            if not final:
                return False
        else:
            self._line_end = 2 if end > self._pos and buf[end - 1] == _CR else 1
            self._take(end + 1)
        if self._opening:
            digest = self._stack[-1].digest
            self._push(False, DIGEST_DEFAULT if digest else TEXT_PLAIN)
        else:
            self._mode = _BODY
            self._bol = True
        return True

    # Closing

    def _forget(self, part: _Open) -> None:
        """The boundary of this multipart counts no more; what it hid does again."""
        if part.kind != MULTIPART or not part.boundary:
            return
        if part.shadowed >= 0:
            self._live[part.boundary] = part.shadowed
        else:
            self._live.pop(part.boundary, None)
            self._dead.add(part.boundary)
            self._follow()
        part.boundary = b""

    def _close_above(self, depth: int, at: int, crlf: int) -> None:
        """Close all parts deeper than ``depth``; their bodies end ``crlf`` octets before ``at``."""
        while len(self._stack) > depth:
            part = self._stack.pop()
            self._forget(part)
            end = max(at - crlf, part.body)
            if part.children:
                end = max(end, part.children[-1].end)
            lines = self._newlines - part.lines
            if end < at and lines > 0:
                lines -= 1
            if part.kind == MULTIPART and not part.children:
                part.children.append(Part(LEAF, end, end, end, 0, TEXT_PLAIN))
            head = b"" if part.head is None else b"".join(part.head)[: max(end - part.body, 0)]
            done = Part(
                part.kind,
                part.start,
                part.body,
                end,
                lines,
                part.mime,
                tuple(part.children),
                part.header,
                head[:HEAD],
            )
            if self._stack:
                self._stack[-1].children.append(done)
            else:
                self._root = done


def _kind_of(mime: Mime) -> int:
    maintype = mime.maintype.lower()
    if maintype == b"multipart":
        return MULTIPART
    if maintype == b"message" and mime.subtype.lower() in (b"rfc822", b"global"):
        return MESSAGE
    return LEAF


def _like(mime: Mime, base: Mime) -> Mime:
    """The media type of ``base`` with the rest of ``mime``."""
    return Mime(
        base.maintype,
        base.subtype,
        base.params,
        mime.id,
        mime.description,
        mime.encoding,
        mime.md5,
        mime.disposition,
        mime.disposition_params,
        mime.language,
        mime.location,
    )


def _header_length(header: bytes, blank: bool) -> int:
    """How much of this block is a header.

    Ended by a blank line: all of it, or nothing if no line of it is a field. Otherwise up to the first line that is neither a field nor
    the continuation of one.
    """
    at = 0
    if _MBOX_LINE.match(header) is not None:
        at = header.find(b"\n") + 1 or len(header)
    if blank:
        if _FIELD_LINE.match(header, at) is not None or header[at:].strip() == b"":
            return len(header)
        return len(header) if _ANY_FIELD_LINE.search(header, at) is not None else 0
    while at < len(header):
        if _FIELD_LINE.match(header, at) is None and not (at > 0 and header[at] in b" \t"):
            return at
        at = header.find(b"\n", at) + 1 or len(header)
    return at


def scan(data: bytes) -> Part:
    """The tree of a whole message."""
    return _scan_one_part(data) or scan_plainly(data)


def scan_plainly(data: bytes) -> Part:
    """``scan`` of any message; the quick way must give the same tree."""
    scanner = Scanner()
    scanner.feed(data)
    return scanner.close()


def _scan_one_part(data: bytes) -> Part | None:
    """The tree of the common message that is one part: a header of fields, a blank line, a body. None for others."""
    stop = _HEADER_STOP.search(data, 0, MAX_HEADER)
    if stop is None or stop[0] != b"\n\r\n" or data.startswith((b"--", b"\n", b"\r\n")):
        return None
    if _FIELD_LINE.match(data) is None:
        return None
    body = stop.end()
    header = data[:body]
    mime = parse_mime(header)
    if _kind_of(mime) != LEAF:
        return None
    size = len(data)
    shown = mime.is_text and not mime.is_attachment and mime.subtype.lower() in (b"plain", b"html")
    head = data[body : body + HEAD] if shown else b""
    return Part(LEAF, 0, body, size, data.count(b"\n", body), mime, (), header, head)
