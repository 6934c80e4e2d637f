"""The index of a message: wire-ready values, sort and thread keys, preview, search text."""

import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imapkit.message.dates import parse_date
from imapkit.message.envelope import MAX_WIRE
from imapkit.message.index import MessageIndex, index_message, message_ids
from imapkit.message.preview import LENGTH, strip_markup
from imapkit.message.scan import Scanner, scan
from imapkit.message.section import locate
from imapkit.message.structure import body_of
from imapkit.message.text import body_text_of, header_values, part_headers_of, search_header, search_text
from imapkit.message.words import decode_params, decode_words
from imapkit.protocol.body import BodyPart, attachments, media_type, read_body, walk
from imapkit.protocol.envelope import Envelope, read_envelope
from imapkit.wire.cursor import Cursor
from imapkit.wire.frame import Frame, Framer
from imapkit.wire.limits import CLIENT

from .samples import DATA, RFC_2049, RFC_SAMPLE_ENVELOPE, RFC_SAMPLE_HEADER, corpus, crlf, written

MAIL = (DATA / "attachments.eml").read_bytes()


def frame(wire: bytes) -> Frame:
    framer = Framer(CLIENT, gate=False)
    framer.feed(wire + b"\r\n")
    found = framer.next()
    assert isinstance(found, Frame) and framer.next() is None and not framer.in_frame
    return found


def read_strictly(index: MessageIndex) -> tuple[Envelope, BodyPart, BodyPart]:
    """The three wire-ready values, by the strict reader: any stray octet fails."""
    cursor = Cursor(frame(index.envelope), limits=CLIENT)
    envelope = read_envelope(cursor)
    cursor.finish()
    bodies = []
    for wire in (index.body, index.bodystructure):
        cursor = Cursor(frame(wire), limits=CLIENT)
        bodies.append(read_body(cursor))
        cursor.finish()
    return envelope, bodies[0], bodies[1]


def test_sample_of_rfc_3501() -> None:
    lines = [b"x" * 31 + b"\r\n"] * 91
    text = b"".join(lines)
    data = RFC_SAMPLE_HEADER + text + b"y" * (3028 - len(text) - 2) + b"\r\n"
    index = index_message(data)
    assert index.header_size == 342
    assert index.envelope == RFC_SAMPLE_ENVELOPE
    assert index.body == b'("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7bit" 3028 92)'
    assert (
        index.bodystructure
        == b'("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7bit" 3028 92 NIL NIL NIL NIL)'
    )
    assert (index.size, index.lines) == (342 + 3028, 92)
    assert index.sent == 837595405
    assert index.cc_mailbox == "MINUTES" and index.from_display == "TERRY GRAY"


def test_structure_of_rfc_9051() -> None:
    # RFC 9051 section 7.5.2, the two-part example, with bodies of the sizes it names
    first = b"".join([b"z" * 48 + b"\r\n"] * 23)
    first += b"z" * (1152 - len(first))
    second = b"".join([b"A" * 60 + b"\r\n"] * 73)
    second += b"A" * (4554 - len(second))
    data = (
        crlf("Content-Type: MULTIPART/MIXED; BOUNDARY=b\n\n--b\nContent-Type: TEXT/PLAIN; CHARSET=US-ASCII\n")
        + crlf("Content-Transfer-Encoding: 7BIT\n\n")
        + first
        + crlf('\n--b\nContent-Type: TEXT/PLAIN; CHARSET=US-ASCII; NAME="cc.diff"\n')
        + crlf("Content-ID: <960723163407.20117h@cac.washington.edu>\nContent-Description: Compiler diff\n")
        + crlf("Content-Transfer-Encoding: BASE64\n\n")
        + second
        + crlf("\n--b--\n")
    )
    assert index_message(data).body == (
        b'(("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 1152 23)'
        b'("TEXT" "PLAIN" ("CHARSET" "US-ASCII" "NAME" "cc.diff") '
        b'"<960723163407.20117h@cac.washington.edu>" "Compiler diff" "BASE64" 4554 73) "MIXED")'
    )


def test_embedded_message() -> None:
    _, _, body = read_strictly(index_message(RFC_2049))
    assert [(path, media_type(part)) for path, part in walk(body)][-2:] == [
        ((5,), "message/rfc822"),
        ((5, 1), "text/plain"),
    ]
    assert body == body_of(scan(RFC_2049))


def filename(part: BodyPart) -> str | None:
    """The name of a part's file as text."""
    disposition = part.extension.disposition
    given = decode_params(disposition.params).get("filename") if disposition else None
    return given or decode_params(part.params).get("name")


def test_attachments_and_file_names() -> None:
    envelope, _, body = read_strictly(index_message(MAIL))
    assert [(path, filename(part)) for path, part in attachments(body)] == [
        ((1, 2), "dot.png"),
        ((2,), "Pläne 2026.pdf"),
        ((3,), None),
    ]
    parts = dict(walk(body))
    assert filename(parts[1, 2]) == "dot.png" and filename(parts[3, 2]) == "list.csv"
    extension = parts[(2,)].extension
    assert (
        extension.md5 == b"Q2hlY2sgSW50ZWdyaXR5IQ=="
        and extension.location == b"https://example.com/plans.pdf"
    )
    assert parts[1, 1].extension.language == (b"de", b"en")
    assert [(one.name, one.email, one.is_group_start, one.is_group_end) for one in envelope.to] == [
        (None, "Team", True, False),
        (b"Ann", "ann@example.org", False, False),
        (None, "carl@example.org", False, False),
        (None, "", False, True),
        (None, "Undisclosed", True, False),
        (None, "", False, True),
    ]
    assert decode_words(envelope.cc[0].name or b"") == 'Dora "D" Dean'
    assert envelope.sender[0].email == "office@example.com" and envelope.reply_to == envelope.from_


def test_keys_for_sort_and_thread() -> None:
    index = index_message(MAIL)
    assert (index.base_subject, index.is_reply) == ("THE PLANS", True)
    assert index.references == ("a0@example.org", "a1@example.org")
    assert index.in_reply_to == ("a1@example.org",)
    assert index.message_id == "b7@example.com"
    assert index.sent == 1771140600 and index.sent_date == date(2026, 2, 14)
    assert index.from_mailbox == "BOB" and index.to_mailbox == "TEAM" and index.to_display == "TEAM"
    assert (
        index.search_from == "BOB <BOB@EXAMPLE.COM>" and "DEAN" in index.search_cc and index.search_bcc == ""
    )


def test_message_ids() -> None:
    assert message_ids(b"<a@b> text <c@d><a@b>") == ("a@b", "c@d")
    assert message_ids(b'<"01KF8JCEOCBS0045PS"@xxx.yyy.com>') == ("01KF8JCEOCBS0045PS@xxx.yyy.com",)
    assert message_ids(b"no id, <un closed") == ()


def test_missing_and_empty_fields() -> None:
    missing = index_message(b"X: y\r\n\r\nbody")
    assert missing.envelope == b"(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"
    assert missing.sent is None and missing.sent_date is None and missing.message_id is None
    assert missing.body == b'("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 4 0)'
    empty = index_message((DATA / "empty_fields.eml").read_bytes())
    assert empty.envelope == b'("" "" NIL NIL NIL NIL NIL NIL "" "")'
    assert empty.body == b'("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 6 1)'


def test_repeated_fields() -> None:
    index = index_message(b"To: a@b\r\nSubject: one\r\nTo: c@d\r\nSubject: two\r\n\r\n")
    assert index.envelope == b'(NIL "one" NIL NIL NIL ((NIL NIL "a" "b")(NIL NIL "c" "d")) NIL NIL NIL NIL)'
    assert index.search_to == "A@B\nC@D"


def test_strings_that_cannot_be_quoted_are_literals() -> None:
    index = index_message((DATA / "broken_8bit.eml").read_bytes())
    assert b"{10}\r\ncaf\xe9 \xe2\x82\xac 5 " in index.envelope
    envelope, _, body = read_strictly(index)
    assert decode_words(envelope.subject or b"").startswith("caf")
    odd = index_message(
        b'Subject: say "hi" \\ now\r\nFrom: "a\rb" <x@\0y>\r\nContent-Description: a\rb\0c\r\n\r\n'
    )
    assert b'"say \\"hi\\" \\\\ now"' in odd.envelope
    assert b'(({3}\r\na\rb NIL "x" "y"))' in odd.envelope and b"{4}\r\na\rbc" in odd.body
    read_strictly(odd)
    assert body.octets == 13  # type: ignore[union-attr]


def test_preview() -> None:
    assert (
        index_message((DATA / "newsletter.eml").read_bytes()).preview
        == "High water at noon. Café prices rise."
    )
    assert index_message(MAIL).preview == "Grüße und 5 Euro."
    assert index_message(b"\r\n").preview == ""
    assert index_message((DATA / "truncated.eml").read_bytes()).preview == "plain"
    long = index_message(b"\r\n" + b"word\r\n\t " * 1000).preview
    assert len(long) <= LENGTH and long.startswith("word word")
    only_attached = crlf("Content-Type: text/plain\nContent-Disposition: attachment\n\nnot shown")
    assert index_message(only_attached).preview == ""


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("a<br>b", "a b"),
        ("a<b>b</b>c", "abc"),
        ("1 < 2 &amp; 3", "1 < 2 & 3"),
        ("<script>if (a<b) x()</script>y", "y"),
        ("<!-- <p>no</p> -->y", "y"),
        ("<!DOCTYPE html><STYLE>x</STYLE >y", "y"),
        ("y<style>never closed", "y"),
        ("y<p unclosed", "y"),
        ("y<!-- unclosed", "y"),
    ],
)
def test_markup_is_taken_out(markup: str, text: str) -> None:
    assert " ".join(strip_markup(markup).split()) == text


def test_search_text() -> None:
    both = search_text(MAIL, scan(MAIL))
    text, headers = body_text_of(both), part_headers_of(both)
    assert "GRU\u0308ßE UND 5 EURO." in text and "WHERE ARE THEY?" in text and "A,B" in text
    assert "JVBER" not in both and "PDF" not in text and "RE: FWD" not in both
    assert "SUBJECT: THE PLANS" in headers and "SUBJECT: THE PLANS" not in text
    assert "PLA\u0308NE 2026.PDF" in headers and "DOT@EXAMPLE.COM" in headers
    news = (DATA / "newsletter.eml").read_bytes()
    assert "HIGH&NBSP;WATER AT <B>NOON</B>" in search_text(news, scan(news))
    assert "SUBJECT: TIDES & TARIFFS — WHAT CHANGES TODAY" in search_header(scan(news).header)
    assert header_values(news, "subject") == ["Tides & tariffs — what changes today"]
    assert header_values(news, b"RECEIVED")[0].startswith(
        "from mx.example.net (mx.example.net [192.0.2.7])\tby"
    )
    assert header_values(news, "none") == []


def test_index_of_a_scanned_stream_is_the_same() -> None:
    scanner = Scanner()
    for at in range(0, len(MAIL), 50):
        scanner.feed(MAIL[at : at + 50])
    assert index_message(scanner.close()) == index_message(MAIL)


@pytest.mark.parametrize("path", written() + corpus(), ids=lambda path: path.name)
def test_every_message_gives_legal_values(path: object) -> None:
    data = path.read_bytes()  # type: ignore[attr-defined]
    index = index_message(data)
    envelope, _, body = read_strictly(index)
    assert index.size == len(data) and data.startswith(index.header)
    root = scan(data)
    for number, _ in walk(body):
        assert locate(root, number) is not None
    search_text(data, root)
    sent = parse_date(envelope.date) if envelope.date else None
    assert (index.sent is None) == (sent is None)
    for text in (index.preview, index.search_from, index.search_subject, index.base_subject):
        text.encode("utf-8")


@given(st.binary(max_size=300))
def test_any_octets_give_legal_values(data: bytes) -> None:
    read_strictly(index_message(data))
    read_strictly(index_message(b"Subject: " + data + b"\r\nTo: " + data))
    read_strictly(index_message(b"Content-Type: " + data + b"\r\nContent-Disposition: " + data))


HOSTILE = {
    "parts": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n" * 30_000,
    "depth": b"Content-Type: message/rfc822\r\n\r\n" * 20_000,
    "embedded": b"Content-Type: multipart/digest; boundary=b\r\n\r\n"
    + b"--b\r\n\r\nTo: a,b,c\r\n\r\n" * 12_000,
    "descriptions": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    + (b"--b\r\nContent-Description: " + b"y" * 1000 + b"\r\n\r\n") * 4000,
    "addresses": b"To: " + b"a," * 300_000 + b"\r\n\r\n",
    "subject": b"Subject: " + b"\xff" * 1_040_000 + b"\r\n\r\n",
    "comments": b"To: " + b"(" * 200_000 + b"\r\n\r\n",
    "quotes": b'To: "' + b'\\"' * 200_000 + b"\r\n\r\n",
    "brackets": b"To: " + b"[\\" * 200_000 + b"\r\n\r\n",
    "words": b"Subject: " + b"=?a?q?" * 100_000 + b"\r\n\r\n",
    "params": b"Content-Type: text/plain" + b';a="' * 200_000 + b"\r\n\r\n",
    "dashes": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--\r\n" * 200_000,
    "styles": b"Content-Type: text/html\r\n\r\n" + b"<style" * 100_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_messages_cost_little_and_stay_small(name: str) -> None:
    data = HOSTILE[name]
    before = time.process_time()
    index = index_message(data)
    assert time.process_time() - before < 5, "not linear"
    assert max(len(index.envelope), len(index.body), len(index.bodystructure)) <= MAX_WIRE
    read_strictly(index)
    search_text(data, scan(data))
