"""Mutations of seed inputs: bit and byte changes, cuts, repeats, splices, and words that mean something to the grammar."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

_BYTES = b"\x00\r\n\t \"\\(){}[]<>*%+-~$&,:;=@/.'0123456789aZ\x7f\x80\xc3\xff"
_WORDS = (
    b"{0}\r\n", b"{5+}\r\n", b"{4294967296}\r\n", b"{18446744073709551616}\r\n", b"~{3}\r\n", b"NIL", b"()", b'""', b"((((",
    b"))))", b"4294967295", b"4294967296", b"0", b"1:*", b"*:*", b"$", b"BODY[", b"BODY.PEEK[1.2.HEADER.FIELDS (A)]<0.1>",
    b"\\Seen", b"UID ", b"NOT ", b"OR ", b"CHARSET X ", b"=?utf-8?B?", b"?=", b"=?", b"=\r\n", b"--", b"\r\n\r\n", b"\r\n",
    b"\n", b"\r", b"Content-Type: ", b"multipart/mixed; boundary=a", b"message/rfc822", b"&-", b"&AAA-", b"&2AA-", b"\x00",
    b"n,,n=a,r=b", b"c=biws,r=", b",p=AA==", b"\xe2\x82", b"9" * 30, b"a" * 300,
)  # fmt: skip


def mutated(rng: Random, seeds: Sequence[bytes], most: int = 1 << 16) -> bytes:
    """A seed after one to six changes, at most ``most`` octets."""
    data = bytearray(rng.choice(seeds))
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 6))):
        _CHANGES[rng.randrange(len(_CHANGES))](rng, data, seeds)
    return bytes(data[:most])


def _place(rng: Random, data: bytearray) -> int:
    return rng.randint(0, len(data))


def _set_byte(rng: Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    if data:
        data[rng.randrange(len(data))] = rng.choice(_BYTES)


def _flip_bit(rng: Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    if data:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _insert_byte(rng: Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    data.insert(_place(rng, data), rng.choice(_BYTES))


def _insert_word(rng: Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    at = _place(rng, data)
    data[at:at] = rng.choice(_WORDS)


def _delete(rng: Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    at = _place(rng, data)
    del data[at : at + rng.choice((1, 2, 5, 20))]


def _cut(rng: Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    del data[_place(rng, data) :]


def _repeat(rng: Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    start = _place(rng, data)
    piece = bytes(data[start : start + rng.choice((1, 3, 10, 40))])
    data[start:start] = piece * rng.choice((1, 2, 20, 200))


def _splice(rng: Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    other = rng.choice(seeds)
    data[_place(rng, data) :] = other[rng.randint(0, len(other)) :]


def _swap(rng: Random, data: bytearray, seeds: Sequence[bytes]) -> None:
    first, second = sorted((_place(rng, data), _place(rng, data)))
    data[:] = data[second:] + data[first:second] + data[:first]


_CHANGES = (_set_byte, _flip_bit, _insert_byte, _insert_word, _delete, _cut, _repeat, _splice, _swap)
