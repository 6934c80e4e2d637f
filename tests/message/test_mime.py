"""Content-* fields, as they should be and as they come."""

import pytest

from imapkit.message.mime import boundary_of, parse_mime
from imapkit.message.part import Mime


@pytest.mark.parametrize(
    ("value", "kind", "params"),
    [
        (b"text/plain", "text/plain", ()),
        (b"Text/HTML; Charset=UTF-8", "text/html", ((b"Charset", b"UTF-8"),)),
        (b'text/plain; charset="us-ascii" (Plain text)', "text/plain", ((b"charset", b"us-ascii"),)),
        (b"text/plain; charset=us-ascii (Plain text)", "text/plain", ((b"charset", b"us-ascii"),)),
        (
            b"text/plain;charset=utf-8;;format=flowed;",
            "text/plain",
            ((b"charset", b"utf-8"), (b"format", b"flowed")),
        ),
        (b'a/b; name="say \\"hi\\"; \\\\"', "a/b", ((b"name", b'say "hi"; \\'),)),
        (b"a/b; name=two words.pdf; x=1", "a/b", ((b"name", b"two words.pdf"), (b"x", b"1"))),
        (b'a/b; name="unclosed; x=1', "a/b", ((b"name", b"unclosed"), (b"x", b"1"))),
        (b"a/b; name", "a/b", ()),
        (b"a/b; name; x = 1", "a/b", ((b"x", b"1"),)),
        (b"a/b; name*0*=utf-8''%41; name*1=b", "a/b", ((b"name*0*", b"utf-8''%41"), (b"name*1", b"b"))),
        (b"a / b", "a/b", ()),
        (b"a/b;\r\n\tname=\r\n x", "a/b", ((b"name", b"x"),)),
        # no media type: RFC 2045 section 5.2
        (b"text", "text/plain", ((b"charset", b"us-ascii"),)),
        (b"", "text/plain", ((b"charset", b"us-ascii"),)),
        (b"; name=x", "text/plain", ((b"charset", b"us-ascii"),)),
    ],
)
def test_content_type(value: bytes, kind: str, params: tuple[tuple[bytes, bytes], ...]) -> None:
    mime = parse_mime(b"content-type: " + value + b"\r\n\r\n")
    assert (mime.type, mime.params) == (kind, params)


def test_all_fields() -> None:
    mime = parse_mime(
        b"X-Content-Type: a/b\r\nContent-Type: image/png\r\ncontent-transfer-encoding : BASE64 \r\n"
        b"Content-ID: <a@b>\r\nContent-Description: two\r\n words\r\nContent-MD5: abc=\r\n"
        b'Content-Disposition: attachment; filename="a.png"\r\nContent-Language: de, en-GB\r\n'
        b"Content-Location: http://x/y\r\nContent-Type: text/plain\r\n\r\n"
    )
    assert mime == Mime(
        b"image",
        b"png",
        (),
        b"<a@b>",
        b"two words",
        b"BASE64",
        b"abc=",
        b"attachment",
        ((b"filename", b"a.png"),),
        (b"de", b"en-GB"),
        b"http://x/y",
    )
    assert mime.is_attachment and not mime.is_text


@pytest.mark.parametrize(
    ("value", "encoding"),
    [
        (b"7bit", b"7bit"),
        (b"quoted-printable;", b"quoted-printable"),
        (b"quoted printable", b"quoted-printable"),
        (b'"base64"', b"base64"),
        (b"(odd) 8bit", b"8bit"),
        (b"", None),
    ],
)
def test_encodings(value: bytes, encoding: bytes | None) -> None:
    assert parse_mime(b"Content-Transfer-Encoding: " + value).encoding == encoding


@pytest.mark.parametrize("value", [b"; filename=x", b"", b"filename=x"])
def test_no_disposition(value: bytes) -> None:
    assert parse_mime(b"Content-Disposition: " + value).disposition is None


def test_boundaries() -> None:
    assert boundary_of(parse_mime(b'Content-Type: multipart/x; Boundary="a b "')) == b"a b"
    assert boundary_of(parse_mime(b"Content-Type: multipart/x; boundary*=us-ascii''a")) == b"a"
    assert boundary_of(parse_mime(b"Content-Type: multipart/x; boundary=" + b"a" * 2000)) == b""
