"""LITERAL+ and LITERAL- (RFC 7888): literals that need not wait. The framer reads them; this file announces them."""

from __future__ import annotations

from collections.abc import Iterator

from ..protocol.capability import Announce
from ..protocol.registry import Feature


def _capabilities(announce: Announce) -> Iterator[str]:
    """A server names one of the two, never both (RFC 7888 section 5)."""
    yield "LITERAL-" if announce.literal_minus else "LITERAL+"


feature = Feature(
    "LITERAL",
    spec=("RFC 7888",),
    summary="LITERAL+ and LITERAL-: non-synchronising literals",
    capabilities=_capabilities,
    rev2=("LITERAL-",),
    core=True,
)
