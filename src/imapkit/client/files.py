"""Mail on the way in and out: safe names, messages to upload, content to decode as it comes. ``saving`` writes files.

Rules: a name from a message never leads out of the directory it is put in; content is never held whole when it comes from a file.
"""

from __future__ import annotations

import binascii
import io
import mimetypes
import re
from collections.abc import Iterator
from email.message import Message as StdMessage
from pathlib import Path
from typing import BinaryIO, Final

from ..errors import UsageError
from ..message.decode import UnknownEncoding, decode_body
from ..message.line_ends import with_crlf
from ..wire.writer import Stream

CHUNK: Final = 256 * 1024
_UNSAFE: Final = re.compile(r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|\u2028\u2029\u202a-\u202e\u2066-\u2069]')
_BARE_CR: Final = re.compile(rb"\r(?!\n)")
_NAME: Final = 150

MessageSource = bytes | StdMessage | Path | BinaryIO
"""What can be appended: octets, a message of the ``email`` package, a file by its path, or one that is open."""


def safe_name(name: str, media_type: str = "") -> str:
    """A name for a file, whatever is asked for."""
    name = _UNSAFE.sub("_", name.replace("\\", "/").rpartition("/")[2] or name)
    name = "".join(ch for ch in name if not 0xD800 <= ord(ch) <= 0xDFFF).strip(" .")
    stem, dot, extension = name.rpartition(".")
    if not dot:
        stem, extension = name, (mimetypes.guess_extension(media_type) or "").lstrip(".")
    stem = stem.encode("utf-8")[:_NAME].decode("utf-8", "ignore")
    name = f"{stem or 'unnamed'}.{extension[:20]}" if extension else stem
    return name or "unnamed"


class Decoder:
    """Content-Transfer-Encoding undone as the octets come; what is damaged gives what can be saved of it."""

    def __init__(self, encoding: bytes | None) -> None:
        name = (encoding or b"").strip().lower()
        self._base64 = name == b"base64"
        self._quoted = name in (b"quoted-printable", b"quotedprintable")
        self._whole = not self._base64 and not self._quoted and name.endswith((b"uuencode", b"uue"))
        self._name = name
        self._rest = b""

    def feed(self, data: bytes) -> bytes:
        if self._base64:
            clean = _NOT_BASE64.sub(b"", self._rest + data)
            whole = len(clean) - len(clean) % 4
            self._rest = clean[whole:]
            return binascii.a2b_base64(clean[:whole]) if b"=" not in clean else self._padded(clean)
        if self._quoted:
            done, newline, self._rest = (self._rest + data).rpartition(b"\n")
            return decode_body(done + newline, b"quoted-printable") if newline else b""
        if self._whole:
            self._rest += data
            return b""
        return data

    def _padded(self, clean: bytes) -> bytes:
        """Padding in the middle: several pieces of base64 in a row."""
        whole = clean[: len(clean) - len(clean) % 4]
        return b"".join(decode_body(piece, b"base64") for piece in _PIECES.findall(whole))

    def finish(self) -> bytes:
        rest, self._rest = self._rest, b""
        if not rest:
            return b""
        try:
            return decode_body(rest, self._name)
        except UnknownEncoding:
            return rest


_NOT_BASE64: Final = re.compile(rb"[^A-Za-z0-9+/=]+")
_PIECES: Final = re.compile(rb"[^=]+={0,2}")


class Upload(Stream):
    """A message to append, with lines that end in CRLF. ``size`` is known before the first octet is sent.

    Raises UsageError for what is no message: text, nothing at all.
    """

    def __init__(self, source: MessageSource) -> None:
        self._data: bytes | None = None
        self._file: BinaryIO | Path | None = None
        self._start = 0
        if isinstance(source, StdMessage):
            self._data = _from_email(source)
        elif isinstance(source, bytes | bytearray | memoryview):
            self._data = _crlf(bytes(source))
        elif isinstance(source, Path):
            self._file = source
        elif isinstance(source, type) or not callable(getattr(source, "read", None)):
            raise UsageError("a message is bytes, an EmailMessage, a Path or a binary file")
        elif _seekable(source):
            self._file = source
            self._start = source.tell()
        else:
            self._data = _crlf(_octets(_read(source)))
        self.has_nul = False
        self.size = 0
        for chunk in self.chunks():
            self.size += len(chunk)
            self.has_nul = self.has_nul or b"\0" in chunk
        if not self.size:
            raise UsageError("the message is empty")

    def chunks(self) -> Iterator[bytes]:
        if self._data is not None:
            for start in range(0, len(self._data), CHUNK):
                yield self._data[start : start + CHUNK]
        elif isinstance(self._file, Path):
            try:
                with self._file.open("rb") as file:
                    yield from _crlf_chunks(file)
            except OSError as error:
                raise UsageError(f"cannot read {self._file}: {error.strerror or error}") from error
        elif self._file is not None:
            self._file.seek(self._start)
            yield from _crlf_chunks(self._file)


def _seekable(file: BinaryIO) -> bool:
    seekable = getattr(file, "seekable", None)
    return seekable is not None and seekable()


def _read(file: BinaryIO) -> object:
    try:
        return file.read()
    except TypeError as error:
        raise UsageError(f"{file!r} is no file that can be read: {error}") from error


def _octets(data: object) -> bytes:
    if not isinstance(data, bytes):
        raise UsageError("the file must be open in binary mode")
    return data


def _crlf(data: bytes) -> bytes:
    data = with_crlf(data)
    return _BARE_CR.sub(b"\r\n", data) if b"\r" in data else data


def _crlf_chunks(file: BinaryIO) -> Iterator[bytes]:
    """The content with CRLF at all line ends; a CR at the end of a chunk waits for what follows."""
    rest = b""
    while data := _octets(file.read(CHUNK)):
        data = rest + data
        rest = b"\r" if data.endswith(b"\r") else b""
        yield _crlf(data[:-1] if rest else data)
    if rest:
        yield b"\r\n"


def _from_email(message: StdMessage) -> bytes:
    """The octets of a message; always with CRLF, 8-bit parts as they are."""
    from email.generator import BytesGenerator

    buffer = io.BytesIO()
    BytesGenerator(buffer, policy=message.policy.clone(linesep="\r\n", cte_type="8bit")).flatten(message)
    return _crlf(buffer.getvalue())
