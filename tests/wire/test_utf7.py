"""Modified UTF-7 (RFC 3501 section 5.1.3)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imapkit.wire import utf7


@pytest.mark.parametrize(
    ("name", "octets"),
    [
        ("INBOX", b"INBOX"),
        ("~peter/mail/台北/日本語", b"~peter/mail/&U,BTFw-/&ZeVnLIqe-"),  # the RFC's example
        ("Entwürfe", b"Entw&APw-rfe"),
        ("a&b", b"a&-b"),
        ("😀", b"&2D3eAA-"),
        ("tab\there", b"tab&AAk-here"),
        ("", b""),
    ],
)
def test_known_names(name: str, octets: bytes) -> None:
    assert utf7.encode(name) == octets
    assert utf7.decode(octets) == name
    assert utf7.is_legal(octets)


@pytest.mark.parametrize(
    "octets",
    [
        b"a&b",
        b"&Jjo!",
        b"&U,BTFw-&ZeVnLIqe-",
        b"&AGE-",
        b"caf\xc3\xa9",
        b"&2D0-",
        b"&",
        b"&A-",
        b"\xff\xfe",
        b"\x01",
    ],
)
def test_illegal_names_are_kept_raw(octets: bytes) -> None:
    assert not utf7.is_legal(octets)
    name = utf7.decode(octets)
    assert utf7.encode(name) == octets


@given(st.binary(max_size=40))
def test_any_octets_survive(octets: bytes) -> None:
    assert utf7.encode(utf7.decode(octets)) == octets


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_any_text_survives(name: str) -> None:
    assert utf7.decode(utf7.encode(name)) == name
    assert not utf7.is_raw(utf7.decode(utf7.encode(name)))
