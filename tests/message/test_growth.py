"""No field, part or text of a message costs more than its size, whatever is in it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from imapkit.message.address import parse_addresses
from imapkit.message.charset import to_text
from imapkit.message.dates import parse_date
from imapkit.message.decode import part_text
from imapkit.message.envelope import build_envelope, envelope_fields
from imapkit.message.headers import fields, select_fields
from imapkit.message.index import index_message
from imapkit.message.mime import TEXT_PLAIN, content_fields, parse_mime, unfold
from imapkit.message.preview import strip_markup
from imapkit.message.subject import base_subject
from imapkit.message.text import search_header
from imapkit.message.words import decode_words
from imapkit.query.collate import casemap
from tests.support.growth import check_growth

Make = Callable[[int], bytes]

ADDRESSES: dict[str, Make] = {
    "words and colons": lambda n: b"a " * (n // 3) + b"@" + b":" * (n // 3),
    "colons": lambda n: b":" * n,
    "group in group": lambda n: b"a:" * (n // 2),
    "ats": lambda n: b"@" * n,
    "words without a comma": lambda n: b"a " * (n // 2),
    "addresses without commas": lambda n: b"a@b " * (n // 4),
    "angles": lambda n: b"<" * n,
    "routes": lambda n: b"<@a," * (n // 4),
    "open comments": lambda n: b"(" * n,
    "comments": lambda n: b"(a)" * (n // 3),
    "quotes": lambda n: b'"' * n,
    "quote and backslashes": lambda n: b'"' + b"\\" * n,
    "pairs": lambda n: b'\\"' * (n // 2),
    "brackets": lambda n: b"[" * n,
    "dots": lambda n: b"a . " * (n // 4),
    "encoded words": lambda n: b"=?utf-8?q?a?= " * (n // 14),
    "beginnings of encoded words": lambda n: b"=?" * (n // 2),
    "spaces": lambda n: b" " * n,
    "names and angles": lambda n: b"a b c <x@y>" * (n // 11),
    "semicolons": lambda n: b";" * n,
    "commas": lambda n: b"," * n,
}


@pytest.mark.parametrize("make", ADDRESSES.values(), ids=ADDRESSES)
def test_addresses(make: Make) -> None:
    check_growth(make, parse_addresses, 4_000)


HEADERS: dict[str, Make] = {
    "carriage returns": lambda n: b"Content-Type: text/plain;\n " + b"\r" * n + b"a\n\n",
    "folds": lambda n: b"Content-Type: text/plain" + b"\r\n " * (n // 3) + b"\r\n\r\n",
    "parameters": lambda n: b"Content-Type: text/plain" + b"; a=b" * (n // 5) + b"\r\n\r\n",
    "open quote": lambda n: b'Content-Type: text/plain; a="' + b"\\" * n + b"\r\n\r\n",
    "open quotes": lambda n: b"Content-Type: text/plain" + b'; a="' * (n // 5) + b"\r\n\r\n",
    "semicolons": lambda n: b"Content-Type: text/plain" + b";" * n + b"\r\n\r\n",
    "spaces": lambda n: b"Content-Type: text" + b" " * n + b"x\r\n\r\n",
    "long name of a parameter": lambda n: b"Content-Type: text/plain; " + b"a" * n + b"\r\n\r\n",
    "comments": lambda n: b"Content-Type: (" + b"(" * n + b"\r\n\r\n",
    "fields": lambda n: b"Content-A: b\r\n" * (n // 14) + b"\r\n",
    "languages": lambda n: b"Content-Language: " + b"a," * (n // 2) + b"\r\n\r\n",
    "continued parameters": lambda n: b"Content-Type: a/b" + b"; boundary*1*=x" * (n // 15) + b"\r\n\r\n",
    "encoding": lambda n: b"Content-Transfer-Encoding: quoted" + b" " * n + b"\r\n\r\n",
}


@pytest.mark.parametrize("make", HEADERS.values(), ids=HEADERS)
def test_mime_headers(make: Make) -> None:
    check_growth(make, parse_mime, 10_000)


VALUES: dict[str, Make] = {
    "subjects": lambda n: b"Re: " * (n // 4),
    "brackets": lambda n: b"[" * n,
    "blobs": lambda n: b"[a] " * (n // 4),
    "fwd": lambda n: b"[Fwd: " * (n // 6) + b"]" * (n // 6),
    "encoded words": lambda n: b"=?utf-8?q?=C3=A4?= " * (n // 19),
    "beginnings": lambda n: b"=?utf-8?q?" * (n // 10),
    "base64": lambda n: b"=?utf-8?b?" + b"A" * n + b"?=",
    "question marks": lambda n: b"?" * n,
    "spaces": lambda n: b" " * n + b"x",
    "date digits": lambda n: b"1" * n,
    "date comments": lambda n: b"(" * n,
    "date words": lambda n: b"Mon " * (n // 4),
    "date colons": lambda n: b"1:" * (n // 2),
    "octets": lambda n: bytes(range(128, 256)) * (n // 128),
    "references": lambda n: b"<a@b> " * (n // 6),
    "open references": lambda n: b"<" * n,
}
READERS: dict[str, Callable[[bytes], object]] = {
    "words": decode_words,
    "subject": lambda value: base_subject(decode_words(value)),
    "date": parse_date,
    "unfold": unfold,
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@pytest.mark.parametrize("make", VALUES.values(), ids=VALUES)
def test_values(make: Make, read: Callable[[bytes], object]) -> None:
    check_growth(make, read, 5_000)


TEXTS: dict[str, tuple[str, Make]] = {
    "wrong utf-8": ("utf-8", lambda n: b"\xe9a" * (n // 2)),
    "wrong ascii": ("us-ascii", lambda n: b"\x81" * n),
    "undefined octets": ("iso-8859-7", lambda n: b"\xff" * n),
    "utf-7": ("utf-7", lambda n: b"+" * n),
    "shifts": ("iso-2022-jp", lambda n: b"\x1b$B" * (n // 3)),
    "hz": ("hz-gb-2312", lambda n: b"~{" * (n // 2)),
    "unknown": ("x-nobody", lambda n: b"\xfe" * n),
}


@pytest.mark.parametrize(("charset", "make"), TEXTS.values(), ids=TEXTS)
def test_charsets(charset: str, make: Make) -> None:
    check_growth(make, lambda data: to_text(data, charset), 20_000)


@pytest.mark.parametrize("char", ["\ufdfa", "\u0345", "\u0958", "a\u0301", "\ud800", "\u1e9b\u0323"])
def test_case_maps(char: str) -> None:
    check_growth(lambda n: char * n, casemap, 5_000)


@pytest.mark.parametrize(
    "piece", ["<", "<!--", "</", "<script", "&", "&#1", "&amp;", "<a", "<style></", "&#x", "<!"]
)
def test_markup(piece: str) -> None:
    check_growth(lambda n: piece * n, strip_markup, 2_000)


MESSAGES: dict[str, Make] = {
    "nested multiparts": lambda n: b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (k, k) for k in range(n // 60)
    ),
    "parts": lambda n: (
        b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n' + b"--x\r\n\r\na\r\n" * (n // 10)
    ),
    "boundaries that are none": lambda n: (
        b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n' + b"--\r\n" * (n // 4)
    ),
    "embedded messages": lambda n: b"Content-Type: message/rfc822\r\n\r\n" * (n // 32),
    "fields": lambda n: b"From: a@b\r\n" * (n // 11) + b"\r\n",
    "long line": lambda n: b"Subject: a\r\n\r\n" + b"a" * n,
    "addresses": lambda n: b"To: " + b"a@b, " * (n // 5) + b"\r\n\r\n",
    "references": lambda n: b"References: " + b"<a@b> " * (n // 6) + b"\r\n\r\n",
    "lines": lambda n: b"\r\n" * (n // 2),
    "carriage returns": lambda n: b"Subject: a\r\n\r\n" + b"\r" * n,
    "NULs": lambda n: b"\0" * n,
}


@pytest.mark.parametrize("make", MESSAGES.values(), ids=MESSAGES)
def test_messages(make: Make) -> None:
    check_growth(make, index_message, 12_000)


@pytest.mark.parametrize("negate", [False, True])
@pytest.mark.parametrize(
    "make",
    [lambda n: [b"x" * (10 * n)] * 20, lambda n: [b"x-%d" % k for k in range(n)]],
    ids=["long names", "many names"],
)
def test_header_names(make: Callable[[int], list[bytes]], negate: bool) -> None:
    header = b"".join(b"X-%d: a\r\n" % k for k in range(500)) + b"\r\n"
    check_growth(make, lambda names: select_fields(header, names, negate=negate), 1_000)


@pytest.mark.parametrize("line", [b"a\r\n ", b"A: b\r\n", b": \r\n", b"\r", b"A\r\n", b"A \t:\r\n"])
def test_header_blocks(line: bytes) -> None:
    check_growth(lambda n: line * n, lambda header: [*fields(header), content_fields(header)], 4_000)
    check_growth(lambda n: line * n + b"\r\n", search_header, 4_000)


def test_a_reference_beyond_all_characters_is_no_error() -> None:
    for reference in (
        "&#" + "9" * 5000 + ";",
        "&#x" + "f" * 5000,
        "&#00000000000000000065;",
        "&#x00000000000041;",
        "&#" + "0" * 5000 + "65;",
    ):
        shown = strip_markup(reference)
        assert shown in ("\ufffd", "A"), shown


def test_text_of_a_part_in_a_wrong_charset() -> None:
    check_growth(lambda n: b"\xe9a" * n, lambda data: part_text(data, TEXT_PLAIN), 10_000)


def test_envelopes_of_many_fields() -> None:
    check_growth(
        lambda n: b"To: a@b\r\nReferences: <a@b>\r\n" * n + b"\r\n",
        lambda header: build_envelope(envelope_fields(header)),
        2_000,
    )
