"""glibc's malloc, told where the buffer of a TLS connection goes: an idle session under TLS else takes 20 KB more.

uvloop gives each TLS connection a buffer of 256 KB, of which hardly a page is ever used. As memory of its own it costs that page. Once
a program has freed something as large, glibc takes such buffers from the heap instead, and there they end up between other things'
leftovers. All other large memory is better off in the heap: it is used whole, again and again.
"""

from __future__ import annotations

import ctypes
import sys
from asyncio import AbstractEventLoop
from collections.abc import Callable
from typing import Final

_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_TLS_BUFFER: Final = 256 * 1024
_LARGE: Final = 4 << 20
"""From here on memory comes from the system at all other times. Up to twice as much that was freed is kept."""


def _find() -> Callable[[int, int], int] | None:
    """mallopt, where there is one: not in musl, nor in other systems."""
    if not sys.platform.startswith("linux"):
        return None
    found: Callable[[int, int], int] | None = getattr(ctypes.CDLL(None), "mallopt", None)
    return found


_mallopt: Final = _find()


def tls_begins(loop: AbstractEventLoop) -> None:
    """What is made in the rest of this turn of ``loop`` is a TLS connection."""
    if _mallopt is not None:
        _mallopt(_M_MMAP_THRESHOLD, _TLS_BUFFER)
        loop.call_soon(_tls_is_made, _mallopt)


def _tls_is_made(mallopt: Callable[[int, int], int]) -> None:
    mallopt(_M_MMAP_THRESHOLD, _LARGE)
    mallopt(_M_TRIM_THRESHOLD, 2 * _LARGE)
