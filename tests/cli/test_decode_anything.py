"""Whatever octets come, ``parse`` gives a decoded item or a fault inside the stream, and never anything else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imapkit.tools import plain
from imapkit.tools.decode import Role, StreamDecoder, StreamFault

from .test_decode_stream import CLIENT, SERVER

WORDS = st.sampled_from(
    [b"a ", b"* ", b"+ ", b"LOGIN ", b"FETCH ", b"UID ", b"SEARCH ", b"AUTHENTICATE PLAIN", b"IDLE", b"DONE", b"OK ",
     b"BODY[", b"]", b"(", b")", b"{3}\r\n", b"{3+}\r\n", b"~{2}\r\n", b'"', b"\\", b"NIL", b"1:*", b"\r\n", b"\n", b"\0",
     b"ENVELOPE ", b"BODYSTRUCTURE ", b"LIST ", b"STATUS ", b"ENABLE IMAP4rev2", b"\xff\xc3", b"18446744073709551616"]
)  # fmt: skip
SOUP = st.lists(st.one_of(WORDS, st.binary(max_size=4)), max_size=30).map(b"".join)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A good stream with some octets changed, dropped or put in."""
    data = bytearray(draw(st.sampled_from([CLIENT, SERVER])))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data) - 1))
        data[at : at + draw(st.integers(0, 3))] = draw(st.one_of(WORDS, st.binary(max_size=3)))
        if not data:
            break
    return bytes(data)


@pytest.mark.parametrize("role", list(Role))
@given(data=st.one_of(SOUP, mutated()))
@settings(max_examples=400, deadline=None)
def test_a_documented_outcome_and_nothing_else(role: Role, data: bytes) -> None:
    decoder = StreamDecoder(role)
    end = 0
    try:
        for item in decoder.feed(data):
            assert item.offset == end
            end = item.offset + item.size
            json.dumps(plain.record_fields(item.value))
            assert "\n" not in plain.line(item.value)
        decoder.finish()
    except StreamFault as fault:
        assert end <= fault.offset <= len(data)
        assert fault.expected
    else:
        assert end == len(data)
    finally:
        decoder.close()
