"""Where the octets of large messages live, as stores see it: write once, read by range. Files now; object stores fit too."""

from __future__ import annotations

from typing import Final, Protocol

from ..record import record
from ..wire.frame import Literal, LiteralSink


@record
class FilePart:
    """Octets of a stored file, which never changes: whoever sends them reads them then, or has the kernel pass them on."""

    path: str
    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start


Part = FilePart | memoryview
"""Octets of a message that are not copied before they are sent: of a file, or as they lie in memory."""
LARGE: Final = 64 * 1024
"""What is longer comes as a part."""


class BlobStore(Protocol):
    """Blobs named by their octets: the same octets get the same name, and a name once given reads the same for ever."""

    def spool(self) -> LiteralSink:
        """Takes octets as they arrive; ``keep`` of what it gives copies nothing."""
        ...

    def keep(self, content: Literal) -> str:
        """Store the octets durably and give their name; ``content`` is taken over. Blocks: call it in a thread."""
        ...

    def read(self, name: str, offset: int, length: int) -> bytes:
        """At most ``length`` octets from ``offset``."""
        ...
