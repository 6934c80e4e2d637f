"""The parts that an HTML text refers to, by Content-ID (RFC 2392)."""

from __future__ import annotations

import html
import re
from typing import Final
from urllib.parse import unquote_to_bytes

_REFERENCE: Final = re.compile(r"cid:([^\"'\s<>)\\]{1,998})", re.IGNORECASE)


def content_ids(text: str) -> set[bytes]:
    """In lower case and without their angle brackets, wherever they stand: in an attribute, in a style, between quotes or not."""
    return {unquote_to_bytes(html.unescape(found)).strip(b"<>").lower() for found in _REFERENCE.findall(text)}
