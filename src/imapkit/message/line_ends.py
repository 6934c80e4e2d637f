"""Line ends as IMAP carries them: CRLF (RFC 5322 section 2.3). What has CRLF already is left as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_BARE_LF: Final = re.compile(rb"(?<!\r)\n")


def with_crlf(data: bytes) -> bytes:
    """Each LF that has no CR before it made CRLF."""
    return _BARE_LF.sub(b"\r\n", data) if b"\n" in data else data


def crlf_chunks(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same for a message in chunks, wherever they were cut."""
    last = b""
    for chunk in chunks:
        if last == b"\r" and chunk.startswith(b"\n"):
            yield b"\n" + with_crlf(chunk[1:])
        else:
            yield with_crlf(chunk)
        last = chunk[-1:]
