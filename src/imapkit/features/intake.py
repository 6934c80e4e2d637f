"""How a message on its way in is worked out without blocking the loop: used by APPEND and by delivery. Not a feature."""

from __future__ import annotations

import asyncio
from typing import Final

from ..message.index import MessageIndex, index_message
from ..message.scan import Scanner
from ..wire.frame import Literal

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
