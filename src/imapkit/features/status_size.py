"""STATUS=SIZE (RFC 8438): the octets of all messages of a mailbox."""

from __future__ import annotations

from ..protocol.registry import Feature
from .status import status_item

feature = Feature(
    "STATUS=SIZE",
    spec=("RFC 8438", "RFC 9051"),
    summary="The size of a mailbox",
    capabilities=("STATUS=SIZE",),
    rev2=True,
)

status_item(feature, "SIZE", lambda ctx, row: row.size, field="size", capability="STATUS=SIZE")
