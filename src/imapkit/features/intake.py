"""How a message on its way in is looked through without blocking the loop: used by APPEND and by delivery. Not a feature."""

from __future__ import annotations

import asyncio
from typing import Final

from ..message.index import MessageIndex, index_message
from ..message.scan import Scanner
from ..message.section import PartOffsets, load_parts
from ..message.without_nul import encoded, parts_with_nul
from ..wire.frame import Literal, LiteralSink

_CHUNK: Final = 256 * 1024


async def index_literal(content: Literal) -> MessageIndex:
    """Scan a message that arrived, chunk by chunk; a large one lets others run in between."""
    if content.size <= _CHUNK:
        return index_message(content.read())
    scanner = Scanner()
    with content.open() as file:
        while chunk := file.read(_CHUNK):
            scanner.feed(chunk)
            await asyncio.sleep(0)
    return index_message(scanner.close())


async def holds_nul(content: Literal) -> bool:
    """Whether there is a NUL anywhere in it."""
    with content.open() as file:
        while chunk := file.read(_CHUNK):
            if b"\0" in chunk:
                return True
            if len(chunk) == _CHUNK:
                await asyncio.sleep(0)
    return False


async def without_binary_nul(content: Literal, index: MessageIndex, sink: LiteralSink) -> Literal | None:
    """The message with base64 for its binary parts that hold NUL (RFC 3516 section 4.4); None where it has none of those.

    ``sink`` is given up then, or if something fails.
    """
    try:
        with content.open() as file:

            def read(at: int, octets: int) -> bytes:
                file.seek(at)
                return file.read(octets)

            parts: list[PartOffsets] = []
            for part in parts_with_nul(load_parts(index.parts), read):
                if part is not None:
                    parts.append(part)
                await asyncio.sleep(0)
            if parts:
                for piece in encoded(parts, content.size, read):
                    sink.write(piece)
                    await asyncio.sleep(0)
                return sink.finish()
    except BaseException:
        sink.abort()
        raise
    sink.abort()
    return None
