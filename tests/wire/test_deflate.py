"""DEFLATE both ways, and how little a bomb can do."""

from __future__ import annotations

import zlib
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imapkit.errors import ProtocolError
from imapkit.wire.deflate import Deflate, Inflate, codec

LIBRARIES = list({module.__name__: module for module in (zlib, codec())}.values())


def unpack(packed: bytes, step: int, most: int, library: ModuleType) -> bytes:
    """All of ``packed``, fed in pieces."""
    inflate = Inflate(library)
    found: list[bytes] = []
    for start in range(0, len(packed), step):
        inflate.feed(packed[start : start + step])
        while inflate.pending:
            data = inflate.take(most)
            assert len(data) <= most
            found.append(data)
    return b"".join(found)


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda module: module.__name__)
@given(st.lists(st.binary(max_size=300), max_size=8), st.integers(1, 50), st.integers(1, 100))
def test_whatever_the_pieces(library: ModuleType, parts: list[bytes], step: int, most: int) -> None:
    deflate = Deflate(library)
    packed = b"".join(deflate.pack(part) for part in parts)
    assert unpack(packed, step, most, library) == b"".join(parts)
    assert zlib.decompressobj(-15).decompress(packed) == b"".join(parts)


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda module: module.__name__)
def test_each_pack_can_be_unpacked_at_once(library: ModuleType) -> None:
    deflate, inflate = Deflate(library), Inflate(library)
    for line in (b"a1 NOOP\r\n", b"x" * 10_000, b"a2 NOOP\r\n"):
        inflate.feed(deflate.pack(line))
        assert inflate.take(20_000) == line


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda module: module.__name__)
def test_a_bomb_comes_out_in_steps(library: ModuleType) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = packer.compress(bytes(20_000_000)) + packer.flush()
    assert len(bomb) < 25_000
    inflate = Inflate(library)
    inflate.feed(bomb)
    total = steps = 0
    while inflate.pending:
        data = inflate.take(65536)
        assert len(data) <= 65536
        total, steps = total + len(data), steps + 1
    assert total == 20_000_000 and steps >= total // 65536


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda module: module.__name__)
def test_what_is_not_deflate(library: ModuleType) -> None:
    inflate = Inflate(library)
    inflate.feed(b"\xff a1 NOOP\r\n")
    with pytest.raises(ProtocolError, match="damaged"):
        inflate.take(100)


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda module: module.__name__)
def test_nothing_comes_behind_the_end(library: ModuleType) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    inflate = Inflate(library)
    inflate.feed(packer.compress(b"all") + packer.flush())
    assert inflate.take(100) == b"all" and not inflate.pending
    inflate.feed(b"more")
    with pytest.raises(ProtocolError, match="behind the end"):
        inflate.take(100)
