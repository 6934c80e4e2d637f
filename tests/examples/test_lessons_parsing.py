"""What the imaplib lessons take apart by hand, in the forms that servers other than the one at hand send."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from .conftest import EXAMPLES

MODULES = ("connection", "wire", "parse_list", "mailbox_status")


@pytest.fixture
def lesson_modules(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, ModuleType]]:
    """The modules of examples/imaplib, imported as its scripts do, and forgotten afterwards."""
    monkeypatch.syspath_prepend(str(EXAMPLES / "imaplib"))
    yield {name: importlib.import_module(name) for name in MODULES}
    for name in MODULES:
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (b'(\\HasNoChildren) "/" INBOX', ("INBOX", "/", ("\\HasNoChildren",))),
        (b'() "." "Sent Items"', ("Sent Items", ".", ())),
        (b'(\\Noselect) "\\\\" "a \\"b\\" \\\\c"', ('a "b" \\c', "\\", ("\\Noselect",))),
        (b"(\\Noinferiors) NIL flat", ("flat", "", ("\\Noinferiors",))),
        ((b'(\\Marked) "/" {7}', b'odd "na'), ('odd "na', "/", ("\\Marked",))),
        (b'() "/" Entw&APw-rfe', ("Entwürfe", "/", ())),
    ],
)
def test_list_response(
    lesson_modules: dict[str, ModuleType],
    item: bytes | tuple[bytes, bytes],
    expected: tuple[str, str, tuple[str, ...]],
) -> None:
    folder = lesson_modules["parse_list"].parse_list_response(item)
    assert (folder.name, folder.delimiter, folder.flags) == expected
    assert folder.selectable == ("\\Noselect" not in expected[2])


def test_list_response_that_is_none(lesson_modules: dict[str, ModuleType]) -> None:
    with pytest.raises(ValueError, match="not a LIST response"):
        lesson_modules["parse_list"].parse_list_response(b"something else")


@pytest.mark.parametrize(
    ("name", "encoded"),
    [
        ("INBOX", "INBOX"),
        ("Tom & Jerry", "Tom &- Jerry"),
        ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
        ("Reisen/Köln", "Reisen/K&APY-ln"),
        ("🔭 nights", "&2D3dLQ- nights"),
    ],
)
def test_modified_utf7(lesson_modules: dict[str, ModuleType], name: str, encoded: str) -> None:
    wire = lesson_modules["wire"]
    assert wire.encode_mailbox(name) == encoded
    assert wire.decode_mailbox(encoded) == name


def test_quote(lesson_modules: dict[str, ModuleType]) -> None:
    assert lesson_modules["wire"].quote('a "b" \\') == '"a \\"b\\" \\\\"'


def test_uid_on_either_side_of_a_literal(lesson_modules: dict[str, ModuleType]) -> None:
    data = [
        (b"1 (UID 7 BODY[] {3}", b"abc"),
        b")",
        (b"2 (BODY[] {3}", b"def"),
        b" UID 9)",
        b"3 (FLAGS (\\Seen))",
    ]
    assert list(lesson_modules["wire"].literals(data)) == [(7, b"abc"), (9, b"def")]


def test_nothing_found(lesson_modules: dict[str, ModuleType]) -> None:
    numbers = lesson_modules["wire"].numbers
    assert numbers([None]) == numbers([b""]) == []
    assert numbers([b"3 1", b"2"]) == [1, 2, 3]


@pytest.mark.parametrize(
    "data",
    [
        [b'"a (MESSAGES 9) b" (MESSAGES 3 unseen 1)'],
        [(b"{5}", b"a b c"), b" (MESSAGES 3 UNSEEN 1)"],
    ],
)
def test_status(lesson_modules: dict[str, ModuleType], data: list[object]) -> None:
    assert lesson_modules["mailbox_status"].parse_status(data) == {"MESSAGES": 3, "UNSEEN": 1}
