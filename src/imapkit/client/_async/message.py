"""Messages and their parts with what needs the server: content that is fetched when it is asked for, piece by piece.

The rule this file must not break: content of any size takes constant memory, but where the caller asks for it whole.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

from ...errors import ImapError, UsageError
from ...features.fetch import fetch
from ...features.fetch_data import FetchData
from ...features.fetch_items import SectionItem
from ...features.fetch_section import WHOLE, Section
from ...message.charset import to_text
from ...protocol.bodypart import BodyPart, attachments, walk
from ...protocol.numset import NumSet
from ..files import Decoder, open_new, remove_partial, safe_name
from ..message import MessageInfo, PartInfo
from .place import AsyncPlace

PIECE: Final = 256 * 1024
"""Octets asked for at first; each further time twice as many."""
LARGEST: Final = 1024 * 1024
"""Octets asked for at once, at most."""

Progress = Callable[[int], object]
"""Called with the number of octets received so far."""


class AsyncPart(PartInfo):
    """One part of a message."""

    def __init__(self, message: AsyncMessage, path: tuple[int, ...], structure: BodyPart) -> None:
        super().__init__(path, structure)
        self.message = message

    async def stream(self, *, decode: bool = True, progress: Progress | None = None) -> AsyncIterator[bytes]:
        """The content in pieces, its transfer encoding undone if ``decode``. Raises CommandFailed, UsageError."""
        decoder = Decoder(self.encoding if decode else None)
        async for piece in self.message.stream_section(Section(self.path), progress):
            if data := decoder.feed(piece):
                yield data
        if rest := decoder.finish():
            yield rest

    async def read(self, *, decode: bool = True) -> bytes:
        """The whole content."""
        pieces = bytearray()
        async for piece in self.stream(decode=decode):
            pieces += piece
        return bytes(pieces)

    async def text(self) -> str:
        """The content of a text part as text, whatever its charset claims to be, lines ending in LF."""
        data = await self.read()
        return to_text(data, (self.charset or "").encode("latin-1", "replace")).replace("\r\n", "\n")

    async def save(self, target: Path | str, *, progress: Progress | None = None) -> Path:
        """Write the content to a file, or into a directory under a safe form of its name; the path of the file."""
        return await save(Path(target), self.safe_filename, self.stream(progress=progress))


class AsyncMessage(MessageInfo):
    """A message of a mailbox: what was fetched of it, and ways to get more."""

    def __init__(self, mailbox: AsyncPlace, data: FetchData) -> None:
        super().__init__(data)
        self.mailbox = mailbox

    @property
    def parts(self) -> list[AsyncPart]:
        """All parts, outer ones before inner ones; from the structure, without downloading anything."""
        return [AsyncPart(self, path, structure) for path, structure in walk(self.structure)]

    @property
    def attachments(self) -> list[AsyncPart]:
        """The parts that a mail program lists as attachments."""
        return [AsyncPart(self, path, structure) for path, structure in attachments(self.structure)]

    def part(self, number: str) -> AsyncPart:
        """The part of that number. Raises UsageError when there is none."""
        for part in self.parts:
            if part.number == number and not part.is_multipart:
                return part
        raise UsageError(f"message {self.uid} has no part {number or '(which one?)'}")

    def stream(self, *, progress: Progress | None = None) -> AsyncIterator[bytes]:
        """The whole message in pieces."""
        return self.stream_section(WHOLE, progress)

    async def save(self, target: Path | str, *, progress: Progress | None = None) -> Path:
        """Write the whole message to a file, or into a directory as ``UID.eml``; the path of the file."""
        return await save(Path(target), safe_name(f"{self.uid}.eml"), self.stream(progress=progress))

    async def stream_section(
        self, section: Section, progress: Progress | None = None
    ) -> AsyncIterator[bytes]:
        """A section in pieces, one FETCH each."""
        held = self.data.section(section)
        if held is not None:
            yield held.read()
            return
        connection = self.mailbox.connection
        offset, size = 0, PIECE
        while True:
            self.mailbox.check_open()
            item = SectionItem(section, (offset, size), peek=True)
            answers = await connection.run(fetch(connection, NumSet.of(self.uid), [item]))
            piece = _octets(answers, section, offset)
            if piece is None:
                if offset:
                    return
                raise UsageError(f"message {self.uid} is gone, or has no part {section.number}")
            offset += len(piece)
            if piece:
                if progress is not None:
                    progress(offset)
                yield piece
            if len(piece) < size:
                return
            size = min(2 * size, LARGEST)


def _octets(answers: list[FetchData], section: Section, offset: int) -> bytes | None:
    for answer in answers:
        if answer.error is not None:
            raise ImapError(f"the answer cannot be read: {answer.error}")
        found = answer.section(section, offset)
        if found is not None:
            return found.read()
    return None


async def save(target: Path, name: str, pieces: AsyncIterator[bytes]) -> Path:
    """Write the pieces to a file; none is left behind when they do not all come."""
    file, path = open_new(target, name)
    try:
        with file:
            async for piece in pieces:
                file.write(piece)
    except BaseException:
        remove_partial(path)
        raise
    return path
