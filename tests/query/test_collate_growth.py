"""What a text grows to when it is mapped for searching is bounded, and ordinary text is mapped as ever, however long."""

from __future__ import annotations

import tracemalloc

import pytest

from imapkit.query.collate import casemap

LIGATURE = "\ufdfa"
"""One character that decomposes into 18."""
LONG = 1 << 19


@pytest.mark.parametrize(
    "char", [LIGATURE, "\ufdfb", "\u33ff", "\u2a74", LIGATURE + "a", LIGATURE + "\ud800"]
)
def test_a_text_of_ligatures_does_not_grow_to_many_times_its_size(char: str) -> None:
    text = char * (LONG // len(char))
    tracemalloc.start()
    try:
        mapped = casemap(text)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(mapped) <= 3 * len(text) + 18 * (1 << 16)
    assert peak < 40 * LONG
    assert "\ud800" not in mapped


def test_a_few_ligatures_in_a_long_text_are_found_in_full() -> None:
    text = "word " * (LONG // 5) + LIGATURE
    assert casemap(text).endswith(casemap(LIGATURE)) and len(casemap(LIGATURE)) == 18


@pytest.mark.parametrize("text", ["한국어 ", "Tiếng Việt ", "straße ", "Ελληνικά ", "\ud800x", "ǆ"])
def test_a_long_text_is_mapped_like_its_parts(text: str) -> None:
    count = (1 << 18) // len(text)
    assert casemap(text * count) == casemap(text) * count
