"""Which parts are attachments: by the structure, and by the HTML that may refer to them."""

from __future__ import annotations

import pytest

import imapkit
from imapkit.message.cids import content_ids

from .twins import Twin


def part(kind: str, body: str, *more: str) -> str:
    return "\r\n".join([f"Content-Type: {kind}", *more, "", body])


def multipart(kind: str, boundary: str, *parts: str) -> str:
    body = "".join(f"--{boundary}\r\n{one}\r\n" for one in parts) + f"--{boundary}--\r\n"
    return part(f'multipart/{kind}; boundary="{boundary}"', body)


PAGE = part("text/html; charset=utf-8", '<img src="cid:logo%40x"><div style="background:url(CID:Wall@x)">')
LOGO = part('image/png; name="logo.png"', "AAAA", "Content-ID: <logo@x>", "Content-Disposition: inline")
WALL = part("image/png", "AAAA", "Content-ID: <wall@x>")
STRAY = part('image/png; name="stray.png"', "AAAA", "Content-ID: <stray@x>")
PDF = part("application/pdf", "AAAA", "Content-ID: <pdf@x>", "Content-Disposition: inline")
MESSAGE = "Subject: all kinds\r\nMIME-Version: 1.0\r\n" + multipart(
    "mixed", "out", multipart("related", "in", PAGE, LOGO, WALL, STRAY), PDF, STRAY
)


def test_by_the_structure_and_by_the_html(twin: Twin) -> None:
    with (
        imapkit.serve_in_thread(users={"ann": "secret"}) as server,
        twin.connect(server.url, user="ann", password="secret", allow_plaintext=True) as mail,
    ):
        mail.append("INBOX", MESSAGE.encode())
        mail.append("INBOX", b"Subject: plain\r\n\r\nHello\r\n")
        first, plain = mail.select("INBOX").all().fetch(imapkit.Structure)
        assert [one.number for one in first.attachments] == ["2", "3"]
        assert [one.number for one in first.find_attachments()] == ["1.4", "2", "3"]
        assert plain.attachments == plain.find_attachments() == []


def test_an_image_elsewhere_that_the_html_names_is_part_of_it(twin: Twin) -> None:
    with (
        imapkit.serve_in_thread(users={"ann": "secret"}) as server,
        twin.connect(server.url, user="ann", password="secret", allow_plaintext=True) as mail,
    ):
        mail.append("INBOX", ("MIME-Version: 1.0\r\n" + multipart("mixed", "b", PAGE, LOGO, STRAY)).encode())
        (message,) = mail.select("INBOX").all().fetch(imapkit.Structure)
        assert [one.number for one in message.attachments] == ["2", "3"]
        assert [one.number for one in message.find_attachments()] == ["3"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("<img src='cid:a@b'>", {b"a@b"}),
        ("<img src=cid:a@b>", {b"a@b"}),
        ('<img src=3D"CID:A&#64;b">', {b"a@b"}),
        ("url( 'cid:a%20b@c' )", {b"a b@c"}),
        ("", set()),
    ],
)
def test_references(text: str, found: set[bytes]) -> None:
    assert content_ids(text) == found
