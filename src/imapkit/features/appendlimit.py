"""APPENDLIMIT (RFC 7889): how large a message may be, for the server and as a STATUS item."""

from __future__ import annotations

from collections.abc import Iterator

from ..protocol.capability import Announce
from ..protocol.registry import Feature
from ..wire.cursor import Cursor
from .status import status_item


def _capabilities(announce: Announce) -> Iterator[str]:
    if announce.append_limit is not None:
        yield f"APPENDLIMIT={announce.append_limit}"


feature = Feature(
    "APPENDLIMIT",
    spec=("RFC 7889",),
    summary="The largest message that can be appended",
    capabilities=_capabilities,
)


def _read(c: Cursor) -> int | None:
    """number / nil."""
    return None if c.accept_nil() else c.number64()


status_item(feature, "APPENDLIMIT", lambda ctx, row: ctx.settings.append_limit, _read, field="append_limit")
