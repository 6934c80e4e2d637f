"""Mailbox names and patterns: no more than their size, and INBOX in ASCII letters alone."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from imapkit.client.folders import Folder
from imapkit.protocol.flags import canonical
from imapkit.protocol.mailbox import (
    INBOX,
    ListPattern,
    NameFault,
    check_name,
    is_inbox,
    normal,
    read_list_mailbox,
    read_mailbox,
)
from imapkit.query.collate import ascii_casemap
from imapkit.wire.case import ascii_lower, ascii_upper
from imapkit.wire.cursor import Cursor
from tests.support.growth import check_growth

NAMES: dict[str, Callable[[int], str]] = {
    "marks": lambda n: "\u0327\u0301" * n,
    "letters and marks": lambda n: "a\u0301" * n,
    "mUTF-7": lambda n: "&AOQ-" * n,
    "ampersands": lambda n: "&" * n,
    "levels": lambda n: "a/" * n,
    "quotes": lambda n: "a" * n,
}


@pytest.mark.parametrize("utf8", [False, True])
@pytest.mark.parametrize("make", NAMES.values(), ids=NAMES)
def test_reading_a_name(make: Callable[[int], str], utf8: bool) -> None:
    def wire(size: int) -> bytes:
        return b'"' + make(size).encode() + b'"'

    def read(data: bytes) -> None:
        for reader in (read_mailbox, read_list_mailbox):
            name = reader(Cursor(data, utf8=utf8))
            assert isinstance(check_name(name), str | NameFault)

    check_growth(wire, read, 4_000)


def test_a_name_too_long_in_any_form_is_refused_unread() -> None:
    found = check_name("e\u0301" * 100_000)
    assert isinstance(found, NameFault) and "longer than 1000 octets" in found.text


@pytest.mark.parametrize("piece", ["%a", "*a", "%/", "*%a", "a*b%", "*"])
def test_a_pattern_of_many_wildcards(piece: str) -> None:
    name = "a" * 300 + "/" + "ab" * 300

    def match(pattern: str) -> None:
        found = ListPattern(pattern)
        found.matches(name)
        found.matches_plainly(name)

    check_growth(lambda n: piece * n + "c", match, 300)


@pytest.mark.parametrize(
    "pattern", ["inbox*", "Inb*", "i%", "*", "%", "inbox", "InBoX", "in%ox", "*x", "i*x", "inbo%"]
)
def test_inbox_matches_in_any_case(pattern: str) -> None:
    assert ListPattern(pattern).matches(INBOX)
    assert ListPattern(pattern).matches_plainly(INBOX)


@pytest.mark.parametrize("pattern", ["inb", "\u0131nbox*", "\u0131nbox", "inboxx*", "xinbox", "inbox/*"])
def test_what_is_not_inbox_does_not(pattern: str) -> None:
    assert not ListPattern(pattern).matches(INBOX)


def test_only_the_first_level_is_matched_in_any_case() -> None:
    assert ListPattern("inb*").matches("INBOX/Sub")
    assert not ListPattern("inbox/sub").matches("INBOX/Sub")
    assert not ListPattern("inb*").matches("INBOXES")


@pytest.mark.parametrize("name", ["\u0131nbox", "\u0131NBOX", "inbox\u0307", "\uff29NBOX", "INBO\u2169"])
def test_other_letters_are_no_letters_of_inbox(name: str) -> None:
    assert normal(name) == name and not is_inbox(name)
    assert normal(name + "/x") == name + "/x"
    read = read_mailbox(Cursor(b'"' + name.encode() + b'"', utf8=True, lenient=True))
    assert read == name


def test_protocol_words_fold_ascii_alone() -> None:
    long_s, kelvin, dotless = "\u017f", "\u212a", "\u0131"
    assert ascii_upper(long_s + dotless + "a") == long_s + dotless + "A"
    assert ascii_lower(kelvin + "A\u0130") == kelvin + "a\u0130"
    assert ascii_casemap(long_s + "b") == long_s + "B"
    assert canonical("$Not" + "Jun" + kelvin) == "$NotJun" + kelvin
    assert canonical("$notjunk") == "$NotJunk"
    folder = Folder("x", "/", ("\\Mar" + kelvin + "ed", "\\JUNK"))
    assert not folder.has("\\Marked") and folder.role == "junk"
