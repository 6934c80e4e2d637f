"""SORT=DISPLAY (RFC 5957): sort by the name that readers see, where FROM and TO sort by the mailbox part of the address.

The rule: the name is decoded, and where there is none the whole address counts (``message.index`` makes the key at arrival).
"""

from __future__ import annotations

from typing import Final

from ..ports.store import Column
from ..protocol.registry import Feature
from .sort import sort_key

feature = Feature(
    "SORT=DISPLAY",
    spec=("RFC 5957",),
    summary="SORT by the displayed name of sender or recipient",
    capabilities=("SORT=DISPLAY",),
    needs=("SORT",),
)

DISPLAYFROM: Final = sort_key(feature, "DISPLAYFROM", Column.DISPLAY_FROM, "SORT=DISPLAY")
DISPLAYTO: Final = sort_key(feature, "DISPLAYTO", Column.DISPLAY_TO, "SORT=DISPLAY")
