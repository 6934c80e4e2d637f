"""ID is for information: whatever has balanced parentheses is read, within the bounds of a line (RFC 2971 section 3.3)."""

from __future__ import annotations

import pytest

from imapkit.features.id import Id
from tests.support.vectors import check_bad, command_of


@pytest.mark.parametrize(
    ("wire", "fields"),
    [
        (b'ID ("name" "x")', (("name", "x"),)),
        (b'ID ( "name" "x" )', (("name", "x"),)),
        (b'ID ("name","x","version","1")', (("name", "x"), ("version", "1"))),
        (b"ID (name x version 1.0-beta)", (("name", "x"), ("version", "1.0-beta"))),
        (b'ID ("name")', (("name", None),)),
        (b'ID ("name" "x" "version")', (("name", "x"), ("version", None))),
        (b'ID (NIL "x" "os" nil)', (("os", None),)),
        (b'ID ("name" ("a" (b)) "os" "c")', (("name", '("a" (b))'), ("os", "c"))),
        (b"ID ()", ()),
        (b"ID (  )", ()),
        (b"ID nil", None),
        (b'ID ("name" {3+}\r\na"b "os" "c")', (("name", 'a"b'), ("os", "c"))),
        (b'ID ("name" "\xe9")', (("name", "\N{REPLACEMENT CHARACTER}"),)),
    ],
)
def test_what_programs_send(wire: bytes, fields: object) -> None:
    assert command_of(wire) == Id(fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "wire",
    [b"ID", b"ID name", b'ID ("name" "x"', b'ID ("name "x")', b'ID ("a" (b)', b"ID (a))", b'ID "a" "b"'],
)
def test_what_is_not_balanced(wire: bytes) -> None:
    check_bad(wire, "expected")
