"""BODYSTRUCTURE of text without a charset names us-ascii, as RFC 2045 section 5.2 and RFC 2046 section 4.1.2 have it."""

from __future__ import annotations

import pytest

from imapkit.message.index import index_message

DEFAULT = b'"charset" "us-ascii"'


@pytest.mark.parametrize(
    ("content_type", "params"),
    [
        (b"", b"(" + DEFAULT + b")"),
        (b"Content-Type: text/plain\r\n", b"(" + DEFAULT + b")"),
        (b"Content-Type: text/html\r\n", b"(" + DEFAULT + b")"),
        (b"Content-Type: text/plain; format=flowed\r\n", b'("format" "flowed" ' + DEFAULT + b")"),
        (b"Content-Type: text/plain; Charset=utf-8\r\n", b'("Charset" "utf-8")'),
        (b"Content-Type: text/plain; charset*=us-ascii''x\r\n", b'("charset*" "us-ascii' + b"''" + b'x")'),
        (b"Content-Type: image/png\r\n", b"NIL"),
    ],
)
def test_parameters_of_a_part(content_type: bytes, params: bytes) -> None:
    part = content_type + b"\r\nx\r\n"
    whole = index_message(part)
    inside = index_message(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + part + b"--b--\r\n")
    for found in (whole.body, whole.bodystructure, inside.body, inside.bodystructure):
        assert b'" ' + params + b" NIL NIL " in found, found
