# Generated from imapkit/client/_async/message.py by scripts/unasync.py; do not edit: the next run overwrites it.
"""Messages and their parts with what needs the server: content that is fetched when it is asked for, piece by piece.

The rule this file must not break: content of any size takes constant memory, but where the caller asks for it whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from ...errors import UsageError
from ...features.fetch import fetch
from ...features.fetch_data import FetchData
from ...features.fetch_section import WHOLE, Section
from ...message.charset import to_text
from ...message.cids import content_ids
from ...protocol.bodypart import BodyPart, attachments, walk
from ...protocol.given import one_of
from ...protocol.numset import NumSet
from ..files import Decoder, safe_name
from ..message import MessageInfo, PartInfo
from ..pieces import Pieces, announced_size
from ..saving import NewFile
from .place import Place

Progress = Callable[[int], object]
"""Called with the number of octets received so far."""


class Part(PartInfo):
    """One part of a message."""

    def __init__(self, message: Message, path: tuple[int, ...], structure: BodyPart) -> None:
        super().__init__(path, structure)
        self.message = message

    def stream(
        self, *, decode: bool = True, progress: Progress | None = None, check_size: bool = True
    ) -> Iterator[bytes]:
        """The content in pieces, its transfer encoding undone if ``decode``; see ``Message.stream_section``.

        Raises Incomplete when not all of it comes, CommandFailed, UsageError.
        """
        decoder = Decoder(self.encoding if decode else None)
        section = Section(self.path)
        for piece in self.message.stream_section(section, progress, check_size=check_size):
            if data := decoder.feed(piece):
                yield data
        if rest := decoder.finish():
            yield rest

    def read(self, *, decode: bool = True, check_size: bool = True) -> bytes:
        """The whole content. Raises Incomplete."""
        pieces = bytearray()
        for piece in self.stream(decode=decode, check_size=check_size):
            pieces += piece
        return bytes(pieces)

    def text(self, *, check_size: bool = True) -> str:
        """The content of a text part as text, whatever its charset claims to be, lines ending in LF. Raises Incomplete."""
        data = self.read(check_size=check_size)
        return to_text(data, (self.charset or "").encode("latin-1", "replace")).replace("\r\n", "\n")

    def save(
        self,
        target: Path | str,
        *,
        overwrite: bool = False,
        progress: Progress | None = None,
        check_size: bool = True,
    ) -> Path:
        """Write the content to a file, or into a directory under a safe form of its name; the path of the file.

        What is not there yet is a directory, and is made, if it ends with a slash or has no extension. No file is replaced without
        ``overwrite``; in a directory the new one is numbered. Raises Incomplete, and then leaves what was there before; UsageError.
        """
        pieces = self.stream(progress=progress, check_size=check_size)
        return save(target, self.safe_filename, pieces, overwrite)


class Message(MessageInfo):
    """A message of a mailbox: what was fetched of it, and ways to get more."""

    def __init__(self, mailbox: Place, data: FetchData) -> None:
        super().__init__(data)
        self.mailbox = mailbox

    @property
    def parts(self) -> list[Part]:
        """All parts, outer ones before inner ones; from the structure, without downloading anything."""
        return [Part(self, path, structure) for path, structure in walk(self.structure)]

    @property
    def attachments(self) -> list[Part]:
        """The attachments, as far as the structure tells: nothing is downloaded for it; see ``find_attachments``."""
        return [Part(self, path, structure) for path, structure in attachments(self.structure)]

    def find_attachments(self) -> list[Part]:
        """The attachments, exactly: the HTML of the message is read, if there are images that it may refer to by Content-ID.

        An image that it names is part of the text; one that it does not name is an attachment. Raises Incomplete, CommandFailed.
        """
        parts = self.parts
        if not any(part.type.startswith("image/") and part.content_id for part in parts):
            return self.attachments
        named: set[bytes] = set()
        for part in parts:
            if part.type == "text/html" and part.disposition != "attachment":
                named |= content_ids(part.text())
        return [Part(self, path, structure) for path, structure in attachments(self.structure, named)]

    def part(self, number: str) -> Part:
        """The part of that number. Raises UsageError when there is none."""
        for part in self.parts:
            if part.number == number and not part.is_multipart:
                return part
        raise UsageError(f"message {self.uid} has no part {number or '(which one?)'}")

    def stream(self, *, progress: Progress | None = None, check_size: bool = True) -> Iterator[bytes]:
        """The whole message in pieces; see ``stream_section``."""
        return self.stream_section(WHOLE, progress, check_size=check_size)

    def save(
        self,
        target: Path | str,
        *,
        overwrite: bool = False,
        progress: Progress | None = None,
        check_size: bool = True,
    ) -> Path:
        """Write the whole message to a file, or into a directory as ``UID.eml``; the path of the file. As ``Part.save`` does."""
        pieces = self.stream(progress=progress, check_size=check_size)
        return save(target, safe_name(f"{self.uid}.eml"), pieces, overwrite)

    def stream_section(
        self, section: Section, progress: Progress | None = None, *, check_size: bool = True
    ) -> Iterator[bytes]:
        """A section in pieces, one FETCH each, checked to be whole. Raises Incomplete, CommandFailed, UsageError.

        ``check_size=False``: do not compare with the size that the server announced, for servers that only estimate it.
        """
        one_of(Section, section, "a section is a Section, as Section((1, 2))")
        held = self.data.section(section)
        if held is not None:
            yield held.read()
            return
        if progress is not None and not callable(progress):
            raise UsageError(
                f"progress is a function that is called with the octets so far, not {progress!r}"
            )
        connection = self.mailbox.connection
        size = announced_size(self.data, section) if check_size else None
        pieces = Pieces(self.uid, section, size, ask_size=check_size)
        while (items := pieces.next_items()) is not None:
            self.mailbox.check_open()
            if piece := pieces.take(connection.run(fetch(connection, NumSet.of(self.uid), items))):
                if progress is not None:
                    progress(pieces.offset)
                yield piece


def save(target: Path | str, name: str, pieces: Iterator[bytes], overwrite: bool) -> Path:
    """Write the pieces to a file; none is left behind when they do not all come."""
    with NewFile(target, name, overwrite=overwrite) as file:
        for piece in pieces:
            file.write(piece)
    return file.path
