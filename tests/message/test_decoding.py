"""Transfer encodings, charsets, encoded words, extended parameters, case mapping."""

import base64
import binascii
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imapkit.message.charset import known, to_text
from imapkit.message.decode import UnknownEncoding, decode_body, part_text
from imapkit.message.part import Mime
from imapkit.message.words import decode_params, decode_words
from imapkit.query.collate import COLLATIONS, ascii_casemap, casemap


@pytest.mark.parametrize(
    ("encoding", "data", "expected"),
    [
        (b"7bit", b"a=3D", b"a=3D"),
        (None, b"\xff", b"\xff"),
        (b"BINARY", b"\0", b"\0"),
        (b"base64", b"aGVs\r\nbG8=\r\n", b"hello"),
        (b"Base64", b"aGVsbG8", b"hello"),  # no padding
        (b"base64", b"aG!V-s\0bG8", b"hello"),  # rubbish between
        (b"base64", b"aGVsbG8x=", b"hello1"),
        (b"base64", b"a", b""),
        (b"quoted-printable", b"caf=C3=A9 =\r\nau lait=20\r\n", b"caf\xc3\xa9 au lait \r\n"),
        (b"quoted-printable", b"space at end  \r\nsoft= \r\nline", b"space at end\r\nsoftline"),
        (b"Quoted-Printable", b"100=% =zz", b"100=% =zz"),
        (b"x-uuencode", b"begin 644 a.txt\r\n%:&5L;&\\\r\n`\r\nend\r\n", b"hello"),
        (b"uuencode", b"text before\nbegin 644 a\n%:&5L;&\\   \nend\nafter\n", b"hello"),
    ],
)
def test_transfer_encodings(encoding: bytes | None, data: bytes, expected: bytes) -> None:
    assert decode_body(data, encoding) == expected


def test_unknown_encoding_is_said() -> None:
    with pytest.raises(UnknownEncoding) as failed:
        decode_body(b"x", b"X-Odd")
    assert failed.value.encoding == b"x-odd"
    assert part_text(b"sch\xc3\xb6n", Mime(b"text", b"plain", encoding=b"x-odd")) == "schön"


@given(st.binary(max_size=300))
def test_every_body_comes_back(data: bytes) -> None:
    assert decode_body(base64.encodebytes(data), b"base64") == data
    assert decode_body(binascii.b2a_qp(data, istext=False), b"quoted-printable") == data
    for encoding in (b"base64", b"quoted-printable", b"x-uuencode"):
        decode_body(data, encoding)  # whatever it is


@pytest.mark.parametrize(
    ("data", "charset", "expected"),
    [
        (b"caf\xc3\xa9", "utf-8", "café"),
        (b"caf\xc3\xa9", b"UTF8", "café"),
        (b"caf\xe9", "utf-8", "café"),  # the label is a lie
        (b"caf\xc3\xa9", None, "café"),
        (b"caf\xe9", None, "café"),
        (b"caf\xc3\xa9", "us-ascii", "café"),
        (b"\x80 5", "iso-8859-1", "€ 5"),
        (b"\x81", "iso-8859-1", "\x81"),
        (b"\xa4", "iso-8859-15", "€"),
        (b"\xd6\xd0", "gb2312", "中"),
        (b"\xb0\xa1", "ks_c_5601-1987", "가"),
        (b"\x83\x65", "Shift_JIS", "テ"),
        (b"\x1b$B%F%9\x1b(B", "iso-2022-jp", "テス"),
        (b"\xcf\xf0", '"windows-1251"', "Пр"),
        (b"+AOk-", "unicode-1-1-utf-7", "é"),
        (b"x\xe9", "x-unknown", "xé"),
        (b"abc", "base64", "abc"),  # a codec of Python that is no charset
        (b"abc", "idna", "abc"),
        (b"abc", "a\0b", "abc"),
        (b"\xff\xfe\xfd", "utf-16", "\ufffd"),
    ],
)
def test_charsets(data: bytes, charset: str | bytes | None, expected: str) -> None:
    assert to_text(data, charset) == expected


def test_known_charsets() -> None:
    assert known("UTF-8") and known("us-ascii") and known("big5")
    assert not known("x-klingon") and not known("rot13") and not known("")


@given(
    st.binary(max_size=60),
    st.text(max_size=12) | st.sampled_from(["utf-7", "utf-16", "hz", "cp1255", "iso-2022-kr", "utf-32"]),
)
def test_to_text_never_raises(data: bytes, charset: str) -> None:
    assert isinstance(to_text(data, charset), str)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"plain", "plain"),
        (b"caf\xc3\xa9", "café"),
        (b"caf\xe9", "café"),
        # RFC 2047 section 8
        (b"=?ISO-8859-1?Q?a?=", "a"),
        (b"=?ISO-8859-1?Q?a?= b", "a b"),
        (b"=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"),
        (b"=?ISO-8859-1?Q?a?=  \r\n =?ISO-8859-1?Q?b?=", "ab"),
        (b"=?ISO-8859-1?Q?a_b?=", "a b"),
        (b"=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=", "a b"),
        (
            b"=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\r\n =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
            "If you can read this you understand the example.",
        ),
        # found in the wild
        (b"=?utf-8?Q?caf=C3?= =?utf-8?Q?=A9?=", "café"),  # a character cut in two
        (b"=?utf-8?B?Y2Fmw?= =?utf-8?B?6k=?=", "cafê"),  # two words, each cut short
        (b"=?utf-8?B?Y2Fmw6k?=", "café"),  # no padding
        (b"=?utf-8*en?q?caf=c3=a9?=", "café"),
        (b"=?utf-8?Q?a b c?= d", "a b c d"),
        (b"x=?utf-8?Q?y?=z", "xyz"),
        (b"=?nonsense?Q?caf=E9?=", "café"),
        (b"=?utf-8?Q?open", "=?utf-8?Q?open"),
        (b"=?utf-8?X?y?=", "=?utf-8?X?y?="),
        (b"=?=?utf-8?Q?y?=", "=?y"),
        (b"=?utf-8?Q??=", ""),
        (b'"=?utf-8?Q?Doe=2C_J?=" <x>', '"Doe, J" <x>'),
    ],
)
def test_encoded_words(value: bytes, expected: str) -> None:
    assert decode_words(value) == expected


@given(st.binary(max_size=120))
def test_words_never_raise(value: bytes) -> None:
    assert isinstance(decode_words(value), str)
    assert isinstance(decode_words(b"=?utf-8?q?" + value + b"?= =?big5?b?" + value + b"?="), str)


def test_extended_parameters() -> None:
    assert decode_params(
        [(b"Name", b"a"), (b"name", b"b"), (b"title*", b"us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A")]
    ) == {
        "name": "a",
        "title": "This is ***fun***",
    }
    # RFC 2231 section 4.1, out of order
    pieces = [
        (b"title*2", b"isn't it!"),
        (b"title*0*", b"us-ascii'en'This%20is%20even%20more%20"),
        (b"title*1*", b"%2A%2A%2Afun%2A%2A%2A%20"),
    ]
    assert decode_params(pieces) == {"title": "This is even more ***fun*** isn't it!"}
    assert decode_params([(b"url*0", b"ftp://"), (b"url*1", b"x/y")]) == {"url": "ftp://x/y"}
    assert decode_params([(b"n*0*", b"utf-8''%C3"), (b"n*1*", b"%A9")]) == {"n": "é"}
    assert decode_params([(b"n", b"=?utf-8?Q?=C3=A9?=")]) == {"n": "é"}
    assert decode_params([(b"n*", b"no quotes%20"), (b"*", b"x"), (b"m*x*", b"y")]) == {
        "n": "no quotes ",
        "*": "x",
        "m*x*": "y",
    }


def test_unicode_casemap() -> None:
    # RFC 5051 section 2: the example
    assert casemap("\u01c4") == "D" + "z" + "\u030c"
    assert casemap("Straße") == "STRAßE"  # no simple mapping, and it is not casefold
    assert casemap("éÉ") == "E\u0301E\u0301"
    assert casemap("ﬁ") == "fi"  # decomposed after the mapping, as the RFC says
    assert casemap("ǆ") == casemap("Ǆ") == casemap("ǅ")
    assert casemap("abc XYZ 1") == "ABC XYZ 1"
    assert casemap("½") == "1⁄2"
    assert casemap("a\ud800b") == "A\ufffdB"


@given(st.text(max_size=40))
def test_casemap_is_stable(text: str) -> None:
    mapped = casemap(text)
    mapped.encode("utf-8")
    assert casemap("".join(casemap(char) for char in text)) == casemap(mapped)
    assert unicodedata.normalize("NFKD", mapped[:1]) == mapped[:1]


def test_other_collations() -> None:
    assert ascii_casemap("aé") == "Aé"
    assert COLLATIONS["i;octet"]("aÉ") == "aÉ"
    assert COLLATIONS["i;unicode-casemap"] is casemap
