"""Where mutations start: the vectors of the tests, both directions, and sample messages; nothing is kept twice."""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path

from tests.support.vectors import Row

TESTS = Path(__file__).parents[1] / "tests"


@cache
def vectors() -> tuple[bytes, ...]:
    """The wire bytes of every row of every vector file."""
    found: dict[bytes, None] = {}
    for path in sorted((TESTS / "features").glob("test_*.py")):
        module = importlib.import_module(f"tests.features.{path.stem}")
        for value in vars(module).values():
            if isinstance(value, list | tuple):
                found.update({row.wire: None for row in value if isinstance(row, Row)})
    if not found:
        raise RuntimeError("no vectors found under tests/features")
    return tuple(found)


@cache
def commands() -> tuple[bytes, ...]:
    """Command lines: every vector behind a tag (a response there is a bad command)."""
    return tuple(b"A1 %s\r\n" % wire for wire in vectors())


@cache
def responses() -> tuple[bytes, ...]:
    """Response lines: every vector behind a star, and tagged ones."""
    tagged = (
        b"A1 OK done\r\n",
        b"A1 NO [TRYCREATE] no\r\n",
        b"+ go on\r\n",
        b"* PREAUTH [CAPABILITY IMAP4rev1] hi\r\n",
    )
    return (*(b"* %s\r\n" % wire for wire in vectors()), *tagged)


@cache
def messages() -> tuple[bytes, ...]:
    """Whole messages."""
    found = [path.read_bytes() for path in sorted((TESTS / "message" / "data").glob("*.eml"))]
    nested = b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: message/rfc822\r\n\r\n"
    return (
        *found,
        nested + b"Subject: =?koi8-r?Q?=F0?= x\r\nFrom: a <b@c>\r\n\r\nbody\r\n--a--\r\n",
        b'From: (c) "a, b" <@x,@y:l@d>, g: u@v;\r\nDate: Fri, 21 Nov 1997 09:55:06 -0600\r\nMessage-ID: <a@b>\r\n\r\nhi\r\n',
        b"",
    )


MAILBOX_NAMES = (
    b"INBOX",
    b"&ZeVnLIqe-",
    b"Entw&APw-rfe/&2D3eAA-",
    b"a&-b",
    b"~peter/mail/&U,BTFw-/&ZeVnLIqe-",
    b"\xff&",
)
NUMBER_SETS = (b"1", b"1:*", b"*", b"5:2,7,9:*", b"4294967295", b"1,2,3,4,5:9", b"$", b"1:4294967295")
SASL = (
    b"\0ann\0secret",
    b"admin\0ann\0secret",
    b"ann",
    b"n,,n=ann,r=fyko+d2lbbFgONRv9qkxdawL",
    b"n,a=admin,n=a=2Cb,r=abcdefghijklmnop",
    b"p=tls-server-end-point,,n=ann,r=abcdefghijkl",
    b"y,,n=ann,r=abcdefghijkl",
    b"c=biws,r=fyko+d2lbbFgONRv9qkxdawLservernonceservernonce,p=dGhpcyBpcyBub3QgYSBwcm9vZiBhdCBhbGw=",
    b"",
)
