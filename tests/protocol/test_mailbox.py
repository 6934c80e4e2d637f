"""Mailbox names and LIST patterns."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imapkit.protocol.mailbox import ListPattern, NameFault, check_name, from_wire, normal, superiors


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("inbox", "INBOX"),
        ("Inbox/x", "INBOX/x"),
        ("inboxes", "inboxes"),
        ("a/INBOX", "a/INBOX"),
        ("Ko\u0308ln", "Köln"),
    ],
)
def test_names_have_one_form(name: str, kept: str) -> None:
    assert check_name(name) == kept


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/",
        "a//b",
        "/a",
        "a/",
        ".",
        "a/..",
        " a",
        "a ",
        "x\x01y",
        "a*b",
        "50%",
        "x" * 256,
        "/".join("a" * 33),
        "\udcff",
        "é" * 128,
    ],
)
def test_names_that_cannot_be(name: str) -> None:
    assert isinstance(check_name(name), NameFault)


def test_names_over_the_wire() -> None:
    assert from_wire(b"iNbOx", utf8=False) == "INBOX"
    assert from_wire(b"Entw&APw-rfe", utf8=False) == "Entwürfe"
    assert from_wire("Entwürfe".encode(), utf8=True) == "Entwürfe"
    assert from_wire(b"a&b", utf8=True) == "a&b"
    assert isinstance(check_name(from_wire(b"\xff", utf8=True)), NameFault)


def test_superiors() -> None:
    assert superiors("a/b/c") == ["a", "a/b"]
    assert superiors("a") == []


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("*", "a/b", True),
        ("%", "a/b", False),
        ("%", "a", True),
        ("%/%", "a/b", True),
        ("a%", "a/b", False),
        ("a*", "a/b", True),
        ("a/%", "a/b/c", False),
        ("a/*c", "a/b/c", True),
        ("inbox", "INBOX", True),
        ("Inbox/%", "INBOX/x", True),
        ("", "a", False),
        ("a.b", "axb", False),
        ("%*", "a/b", True),
    ],
)
def test_patterns(pattern: str, name: str, matches: bool) -> None:
    assert ListPattern(pattern).matches(name) is matches


@given(st.text("ab/*%", max_size=8), st.text("ab/", max_size=10))
def test_patterns_against_regular_expressions(pattern: str, name: str) -> None:
    pieces = [".*" if ch == "*" else "[^/]*" if ch == "%" else re.escape(ch) for ch in pattern]
    assert ListPattern(pattern).matches(name) == bool(re.fullmatch("".join(pieces), name))


def test_hostile_patterns_take_no_time() -> None:
    start = time.process_time()
    assert not ListPattern("*a" * 200 + "b").matches("a" * 1000)
    assert time.process_time() - start < 5  # hours, for a matcher that tries every way


def test_normal_leaves_the_rest_alone() -> None:
    assert normal("InBoX/InBoX") == "INBOX/InBoX"


@given(st.text("ab/*%", max_size=5), st.text("ab/", max_size=6))
def test_the_quick_way_matches_as_the_plain_one_does(pattern: str, name: str) -> None:
    listed = ListPattern(pattern)
    assert listed.matches(name) == listed.matches_plainly(name)
