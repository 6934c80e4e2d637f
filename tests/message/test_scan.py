"""The scanner: RFC examples, broken MIME, chunking."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imapkit.message.part import LEAF, MESSAGE, MULTIPART, Part, walk
from imapkit.message.scan import HEAD, MAX_DEPTH, MAX_PARTS, Scanner, scan

from .samples import RFC_2046, RFC_2049, corpus, crlf, written


def bodies(data: bytes) -> list[bytes]:
    """The bodies of all leaves."""
    return [data[part.body : part.end] for part in walk(scan(data)) if part.kind == LEAF]


def types(data: bytes) -> list[str]:
    return [part.mime.type for part in walk(scan(data))]


def by_chunks(data: bytes, sizes: list[int]) -> Part:
    scanner = Scanner()
    at = turn = 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        scanner.feed(data[at : at + size])
        at += size
        turn += 1
    return scanner.close()


def check_ranges(part: Part, low: int, high: int) -> None:
    assert low <= part.start <= part.body <= part.end <= high
    at = part.body
    for child in part.children:
        check_ranges(child, at, part.end)
        at = child.end
    if part.kind == MULTIPART:
        assert part.children
    elif part.kind == MESSAGE:
        assert len(part.children) == 1


def test_sample_of_rfc_2046() -> None:
    assert bodies(RFC_2046) == [
        b"This is implicitly typed plain US-ASCII text.\r\nIt does NOT end with a linebreak.",
        b"This is explicitly typed plain US-ASCII text.\r\nIt DOES end with a linebreak.\r\n",
    ]
    root = scan(RFC_2046)
    assert [part.lines for part in root.children] == [1, 2]
    assert root.end == len(RFC_2046)
    assert root.header == RFC_2046[: root.body]


def test_sample_of_rfc_2049() -> None:
    assert types(RFC_2049) == [
        "multipart/mixed",
        "text/plain",
        "text/plain",
        "multipart/parallel",
        "audio/basic",
        "image/jpeg",
        "text/enriched",
        "message/rfc822",
        "text/plain",
    ]
    message = scan(RFC_2049).children[4]
    inner = message.children[0]
    assert inner.header.startswith(b"From: (mailbox")
    assert RFC_2049[inner.body : inner.end] == b"  ... Additional text in ISO-8859-1 goes here ... =E9\r\n"
    assert message.body == inner.start and message.end == inner.end
    assert message.lines == 7 and inner.lines == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("--b\n\none\n--b\n\ntwo", [b"one", b"two"]),  # no end
        ("--b\n\none\n--b--\nafter\n--b\n\nno part", [b"one"]),
        ("--b  \n\none\n--b \t\n\ntwo\n--b-- \n", [b"one", b"two"]),  # padding
        ("--b\nX-Y: z\n--b\n\ntwo\n--b--", [b"", b"two"]),  # a header ended by a boundary
        ("--b\n--b\n--b--", [b"", b""]),
        ("--b\n\n--b--", [b""]),
        ("--b\nContent-Type: text/plain\nno blank line\n--b--", [b"no blank line"]),
        ("--b\njust text\n\nand more\n--b--", [b"just text\r\n\r\nand more"]),
        ("--bother\n\none\n--b--", [b"one"]),  # RFC 2046: it is enough that the line begins with it
        ("-- b\n\n--\n-b\n", [b""]),  # no part at all
        ("", [b""]),
    ],
)
def test_boundaries(text: str, expected: list[bytes]) -> None:
    assert bodies(crlf("Content-Type: multipart/mixed; boundary=b\n\n" + text)) == expected


def test_bare_and_mixed_line_ends() -> None:
    data = b"Content-Type: multipart/mixed; boundary=b\n\n--b\r\n\none\r\n--b\n\r\ntwo\n\r\n--b--\n"
    assert bodies(data) == [b"one", b"two\n"]


def test_blank_line_missing_before_the_first_boundary() -> None:
    data = crlf(
        "Subject: x\nContent-Type: multipart/mixed; boundary=b\n--b\nContent-Type: text/html\n\nhi\n--b--\n"
    )
    assert types(data) == ["multipart/mixed", "text/html"]
    assert bodies(data) == [b"hi"]


def test_boundaries_that_begin_alike() -> None:
    data = crlf(
        "Content-Type: multipart/mixed; boundary=foo\n\n--foo\n"
        "Content-Type: multipart/alternative; boundary=foobar\n\n--foobar\n\none\n--foobar\n\ntwo\n--foobar--\n"
        "\n--foobar--\nstray\n--foo\n\nthree\n--foo--\n"
    )
    assert bodies(data) == [b"one", b"two", b"three"]
    assert [len(part.children) for part in walk(scan(data)) if part.kind == MULTIPART] == [2, 2]


def test_outer_boundary_ends_inner_parts() -> None:
    data = crlf(
        "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/mixed; boundary=z\n\n"
        "--z\n\none\n--a\n\ntwo\n--z\n--a--\n"
    )
    assert bodies(data) == [b"one", b"two\r\n--z"]


@pytest.mark.parametrize(
    "value", ["multipart/mixed", 'multipart/mixed; boundary=""', "multipart/mixed; boundary"]
)
def test_multipart_without_boundary_is_text(value: str) -> None:
    data = crlf(f"Content-Type: {value}\n\n--b\n\nhi\n--b--\n")
    assert types(data) == ["text/plain"]
    assert bodies(data) == [b"--b\r\n\r\nhi\r\n--b--\r\n"]


def test_boundary_in_pieces() -> None:
    data = crlf(
        "Content-Type: multipart/mixed; boundary*1=ary; boundary*0=bound\n\n--boundary\n\nhi\n--boundary--\n"
    )
    assert bodies(data) == [b"hi"]


def test_digest_holds_messages() -> None:
    data = crlf(
        "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: one\n\nfirst\n--b\n\nSubject: two\n\nsecond\n--b--\n"
    )
    root = scan(data)
    assert [part.kind for part in root.children] == [MESSAGE, MESSAGE]
    assert [part.children[0].header for part in root.children] == [
        b"Subject: one\r\n\r\n",
        b"Subject: two\r\n\r\n",
    ]
    assert bodies(data) == [b"first", b"second"]


@pytest.mark.parametrize(
    ("data", "header", "body"),
    [
        (b"", b"", b""),
        (b"\r\nhello", b"\r\n", b"hello"),
        (b"Subject: x\r\n\r\nhello", b"Subject: x\r\n\r\n", b"hello"),
        (b"Subject: x\r\n", b"Subject: x\r\n", b""),
        (b"Subject: x\r\nhello there\r\n", b"Subject: x\r\n", b"hello there\r\n"),
        (b"no header\r\n\r\nat all\r\n", b"", b"no header\r\n\r\nat all\r\n"),
        (
            b"From bob Mon Jan 1 00:00:00 2024\nSubject: x\n\nhi",
            b"From bob Mon Jan 1 00:00:00 2024\nSubject: x\n\n",
            b"hi",
        ),
        (b"Subject: x\nbroken line\nTo: y\n\nhi", b"Subject: x\nbroken line\nTo: y\n\n", b"hi"),
        (b"broken line\nTo: y\n\nhi", b"broken line\nTo: y\n\n", b"hi"),
        (b"S\0ubject: \0x\r\n\r\n\0", b"S\0ubject: \0x\r\n\r\n", b"\0"),
        (b"Subject: \xe9\r\n\r\n\xe9", b"Subject: \xe9\r\n\r\n", b"\xe9"),
    ],
)
def test_header_and_body(data: bytes, header: bytes, body: bytes) -> None:
    root = scan(data)
    assert root.header == header == data[: root.body]
    assert data[root.body : root.end] == body


def test_depth_is_bounded() -> None:
    deep = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%03d\r\n\r\n--b%03d\r\n" % (at, at) for at in range(300)
    )
    parts = list(walk(scan(deep)))
    assert len(parts) == MAX_DEPTH
    assert parts[-1].mime.type == "application/octet-stream" and parts[-1].end == len(deep)
    messages = list(walk(scan(b"Content-Type: message/rfc822\r\n\r\n" * 300)))
    assert len(messages) == MAX_DEPTH
    assert messages[-1].kind == LEAF


def test_number_of_parts_is_bounded() -> None:
    data = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * (MAX_PARTS + 50)
    root = scan(data)
    assert len(root.children) == MAX_PARTS - 1
    assert root.end == len(data)


def test_endless_header_keeps_a_bounded_part() -> None:
    scanner = Scanner()
    for _ in range(200):
        scanner.feed(b"X-Long: " + b"y" * 32_000)
    root = scanner.close()
    assert root.end == 200 * 32_008
    assert len(root.header) <= 1 << 20


def test_text_for_the_preview_is_kept() -> None:
    text = b"word " * 40_000
    data = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n"
        + text
        + b"\r\n--b\r\n\r\nsecond\r\n--b--\r\n"
    )
    root = scan(data)
    assert root.children[0].head == text[:HEAD]
    assert root.children[1].head == b""
    assert scan(b"\r\nshort").head == b"short"


@pytest.mark.parametrize("path", written() + corpus(), ids=lambda path: path.name)
def test_chunks_do_not_matter_on_real_messages(path: object) -> None:
    data = path.read_bytes()  # type: ignore[attr-defined]
    whole = scan(data)
    check_ranges(whole, 0, len(data))
    assert whole.end == len(data)
    for size in (1, 2, 3, 7, 64, 1000) if len(data) < 30_000 else (5, 1000):
        assert by_chunks(data, [size]) == whole


PIECES = st.sampled_from(
    [
        b"\r\n",
        b"\n",
        b"\r",
        b"--",
        b"--a",
        b"--a--",
        b"--ab",
        b"--ab--",
        b"\r\n--a\r\n",
        b"\n--ab\n",
        b"\r\n--a--\r\n",
        b"\r\n\r\n",
        b"Content-Type: multipart/mixed; boundary=a\r\n",
        b"Content-Type: multipart/digest; boundary=ab\n",
        b"Content-Type: message/rfc822\r\n",
        b"Content-Type: text/html\r\n",
        b"Subject: x\r\n",
        b"From x y\n",
        b"text",
        b" ",
        b"\0",
        b"x" * 2100,
    ]
)


@given(st.lists(PIECES, max_size=40).map(b"".join), st.lists(st.integers(1, 60), min_size=1, max_size=5))
def test_chunks_never_matter(data: bytes, sizes: list[int]) -> None:
    whole = scan(data)
    check_ranges(whole, 0, len(data))
    assert by_chunks(data, sizes) == whole
    assert by_chunks(data, [1]) == whole


@given(st.lists(PIECES, max_size=40).map(b"".join))
def test_lines_are_counted(data: bytes) -> None:
    for part in walk(scan(data)):
        assert part.lines == data.count(b"\n", part.body, part.end)


@given(st.binary(max_size=400))
def test_any_octets(data: bytes) -> None:
    root = scan(data)
    check_ranges(root, 0, len(data))
    assert (root.start, root.end) == (0, len(data))
