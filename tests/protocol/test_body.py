"""BODY and BODYSTRUCTURE: the RFCs' examples, what real servers send, round trips."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imapkit.errors import ProtocolError
from imapkit.protocol.body import (
    BasicPart,
    BodyPart,
    Disposition,
    Extension,
    MessagePart,
    MultiPart,
    TextPart,
    attachments,
    disposition_param,
    media_type,
    param,
    read_body,
    walk,
    write_body,
)
from imapkit.protocol.envelope import Envelope
from imapkit.wire.cursor import Cursor
from imapkit.wire.frame import Frame, Framer
from imapkit.wire.limits import CLIENT
from imapkit.wire.writer import Writer

RFC_BODY = (
    b'(("TEXT" "PLAIN" ("CHARSET" "US-ASCII") NIL NIL "7BIT" 1152 23)'
    b'("TEXT" "PLAIN" ("CHARSET" "US-ASCII" "NAME" "cc.diff") '
    b'"<960723163407.20117h@cac.washington.edu>" "Compiler diff" "BASE64" 4554 73) "MIXED")'
)
FULL = (
    b'(("text" "plain" ("charset" "utf-8") NIL "words" "8bit" 28 2 "sum" ("inline" ("filename" "a.txt")) "en" "loc")'
    b'("message" "rfc822" NIL NIL NIL "7bit" 100 ("d" "s" NIL NIL NIL NIL NIL NIL NIL NIL) '
    b'("text" "html" NIL NIL NIL "base64" 10 1 NIL NIL NIL NIL) 7 NIL ("attachment" NIL) ("de" "en") NIL)'
    b'("image" "png" NIL "<id>" NIL "base64" 5 NIL NIL NIL NIL "more" 12 ((1) "x")) "mixed" ("boundary" "b") NIL NIL NIL)'
)


def read(wire: bytes, lenient: bool = True) -> BodyPart:
    framer = Framer(CLIENT, gate=False)
    framer.feed(wire + b"\r\n")
    found = framer.next()
    assert isinstance(found, Frame)
    cursor = Cursor(found, lenient=lenient, limits=CLIENT)
    body = read_body(cursor)
    cursor.finish()
    return body


def written(body: BodyPart, extended: bool = True) -> bytes:
    writer = Writer()
    write_body(writer, body, extended)
    return writer.octets()


@pytest.mark.parametrize("lenient", [False, True])
def test_example_of_the_rfcs(lenient: bool) -> None:
    body = read(RFC_BODY, lenient)
    assert isinstance(body, MultiPart) and media_type(body) == "multipart/mixed"
    first, second = body.children
    assert first == TextPart(
        b"PLAIN", ((b"CHARSET", b"US-ASCII"),), encoding=b"7BIT", octets=1152, lines=23, maintype=b"TEXT"
    )
    assert param(second, b"name") == b"cc.diff" and second.extension == Extension()
    assert written(body, extended=False) == RFC_BODY


@pytest.mark.parametrize("lenient", [False, True])
def test_extension_data(lenient: bool) -> None:
    body = read(FULL, lenient)
    assert written(body) == FULL
    parts = dict(walk(body))
    assert parts[(1,)].extension == Extension(
        b"sum", Disposition(b"inline", ((b"filename", b"a.txt"),)), (b"en",), b"loc"
    )
    assert (
        disposition_param(parts[(1,)], b"FileName") == b"a.txt"
        and disposition_param(parts[(3,)], b"x") is None
    )
    assert parts[(2,)].extension.language == (b"de", b"en")
    assert parts[(3,)].extension.more == (b'"more"', b"12", b'((1) "x")')
    message = parts[(2,)]
    assert isinstance(message, MessagePart) and message.lines == 7
    assert message.envelope == Envelope(b"d", b"s")


def test_part_numbers() -> None:
    assert [(path, media_type(part)) for path, part in walk(read(FULL))] == [
        ((), "multipart/mixed"),
        ((1,), "text/plain"),
        ((2,), "message/rfc822"),
        ((2, 1), "text/html"),
        ((3,), "image/png"),
    ]
    single = read(b'("text" "plain" NIL NIL NIL "7bit" 1 1)')
    assert [path for path, _ in walk(single)] == [(1,)]
    nested = MessagePart(b"rfc822", body=MultiPart((TextPart(b"plain"), TextPart(b"html")), b"mixed"))
    assert [path for path, _ in walk(MultiPart((nested,), b"mixed"))] == [(), (1,), (1,), (1, 1), (1, 2)]
    assert [path for path, _ in walk(nested)] == [(1,), (1,), (1, 1), (1, 2)]


def test_attachments() -> None:
    attached = Extension(None, Disposition(b"ATTACHMENT"))
    inline = Extension(None, Disposition(b"inline", ((b"filename*0*", b"x"),)))
    text, page = TextPart(b"plain"), TextPart(b"html")
    logo = BasicPart(b"image", b"png", id=b"<a@b>", extension=inline)
    pdf = BasicPart(b"application", b"pdf")
    notes = TextPart(b"csv", ((b"name", b"list.csv"),))
    mail = MessagePart(b"rfc822", body=MultiPart((text, pdf), b"mixed"))
    script = TextPart(b"plain", extension=attached)
    body = MultiPart(
        (MultiPart((text, MultiPart((page, logo), b"related")), b"alternative"), pdf, notes, mail, script),
        b"mixed",
    )
    assert [path for path, _ in attachments(body)] == [(2,), (3,), (4,), (5,)]
    assert attachments(text) == []
    assert attachments(pdf) == [((1,), pdf)]


INLINE = Extension(None, Disposition(b"inline"))
ODD = Extension(None, Disposition(b"x-unknown"))
PAGE = TextPart(b"html")


def related(*children: BodyPart) -> MultiPart:
    return MultiPart((MultiPart((TextPart(b"plain"), PAGE), b"alternative"), *children), b"related")


@pytest.mark.parametrize(
    ("part", "within", "without_html", "named", "not_named"),
    [
        # part of a multipart/related with HTML, of a multipart/mixed; by the structure in related; by the HTML
        (BasicPart(b"image", b"png", id=b"<a@b>"), related, False, False, True),
        (BasicPart(b"image", b"png", id=b"<A@B>", extension=INLINE), related, False, False, True),
        (BasicPart(b"image", b"png", id=b"<a@b>", extension=ODD), related, True, True, True),
        (BasicPart(b"image", b"png"), related, True, True, True),
        (BasicPart(b"image", b"png", id=b"<a@b>"), None, True, False, True),
        (BasicPart(b"application", b"pdf", id=b"<a@b>", extension=INLINE), related, True, True, True),
        (BasicPart(b"application", b"msword", id=b"<a@b>"), related, True, True, True),
        (BasicPart(b"application", b"msword", id=b"<a@b>"), None, True, True, True),
        (BasicPart(b"audio", b"mpeg", id=b"<a@b>", extension=ODD), None, True, True, True),
        (MessagePart(b"rfc822", id=b"<a@b>", body=MultiPart((TextPart(b"plain"), BasicPart(b"application", b"pdf")), b"mixed")), None,
         True, True, True),
        (TextPart(b"plain", extension=INLINE), None, False, False, False),
        (TextPart(b"plain", ((b"name", b"x.txt"),), extension=INLINE), None, True, True, True),
        (TextPart(b"csv"), None, True, True, True),
        (TextPart(b"calendar", extension=INLINE), None, True, True, True),
    ],
    ids=lambda value: getattr(value, "subtype", b"").decode() or None,
)  # fmt: skip
def test_what_counts_as_an_attachment(
    part: BodyPart, within: Callable[..., MultiPart] | None, without_html: bool, named: bool, not_named: bool
) -> None:
    body = within(part) if within is not None else MultiPart((TextPart(b"plain"), part), b"mixed")
    for known, expected in ((None, without_html), ({b"a@b"}, named), (set[bytes](), not_named)):
        assert [path for path, _ in attachments(body, known)] == [(2,)] * expected, known


def test_another_form_of_the_text_is_none() -> None:
    invitation = MultiPart(
        (TextPart(b"plain"), TextPart(b"calendar"), TextPart(b"x-amp-html")), b"alternative"
    )
    assert attachments(invitation) == []


@pytest.mark.parametrize(
    "wire",
    [
        b'("ALTERNATIVE" ("BOUNDARY" "b") NIL NIL)',
        b'("ALTERNATIVE")',
        b'(NIL "alternative" ("boundary" "b") NIL NIL NIL)',
        b'("ALTERNATIVE" NIL ("INLINE" NIL) NIL)',
    ],
)
def test_multiparts_without_parts(wire: bytes) -> None:
    text = b'("text" "plain" NIL NIL NIL "7bit" 1 1)'
    body = read(b"(" + wire + text + b' "mixed")')
    assert isinstance(body, MultiPart)
    empty, after = body.children
    assert (
        isinstance(empty, MultiPart) and media_type(empty) == "multipart/alternative" and empty.children == ()
    )
    assert media_type(after) == "text/plain"
    read(written(body), lenient=False)  # written legally


@pytest.mark.parametrize(
    ("wire", "kind", "octets", "lines"),
    [
        (b'("APPLICATION" NIL NIL NIL "base64" 356)', "application/octet-stream", 356, 0),
        (b'("TEXT" ("CHARSET" "windows-1251") NIL NIL "base64" 356 5)', "text/plain", 356, 5),
        (b'( "X-ZIP" ("BOUNDARY" "") NIL NIL "base64" 4096)', "application/x-zip", 4096, 0),
        (b'("MESSAGE" NIL NIL NIL "base64" 356)', "message/x-unknown", 356, 0),
        (b'(NIL NIL NIL NIL NIL "7BIT" 0 NIL NIL NIL NIL)', "application/octet-stream", 0, 0),
        (b'(NIL "PLAIN" NIL NIL NIL "7BIT" 9 2 NIL NIL NIL NIL)', "text/plain", 9, 2),
        (
            b'("multipart" "appledouble" ("boundary" "b") NIL NIL "7BIT" -1 NIL NIL NIL NIL)',
            "multipart/appledouble",
            0,
            0,
        ),
        (
            b'("multipart" "related" ("b" "c") NIL NIL "7BIT" 400 ("b" "c") NIL NIL NIL)',
            "multipart/related",
            400,
            0,
        ),
        (b'("text" "plain" ("charset" "utf-8") NIL NIL NIL 10 1)', "text/plain", 10, 1),
        (b'("text" "plain" NIL NIL NIL "7bit" 10.5 1)', "text/plain", 10, 1),
        (b'("text" "plain" NIL NIL NIL "7bit" "10" "1")', "text/plain", 10, 1),
        (b'("text" "plain")', "text/plain", 0, 0),
        (b'("text"  "plain"  ("charset" "UTF-8")  NIL NIL "7bit"\t409 7 )', "text/plain", 409, 7),
        (b'("message" "rfc822" NIL NIL NIL "7bit" 4079755)', "message/rfc822", 4079755, 0),
        (
            b'("message" "rfc822" NIL NIL NIL "7bit" 787 (NIL NIL NIL) () 3 NIL NIL NIL)',
            "message/rfc822",
            787,
            3,
        ),
        (b'("message" "rfc822" NIL NIL NIL "7bit" 787 (NIL NIL NIL) NIL 3)', "message/rfc822", 787, 3),
    ],
)
def test_odd_leaves(wire: bytes, kind: str, octets: int, lines: int) -> None:
    text = b'("text" "html" NIL NIL NIL "7bit" 1 1)'
    body = read(b"(" + wire + b" " + text + b' "mixed" NIL)')
    assert isinstance(body, MultiPart) and len(body.children) == 2
    leaf = body.children[0]
    assert not isinstance(leaf, MultiPart)
    assert (media_type(leaf), leaf.octets) == (kind, octets)
    assert getattr(leaf, "lines", 0) == lines
    assert media_type(body.children[1]) == "text/html"
    read(written(body), lenient=False)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (b'NIL "inline" NIL NIL', Extension(None, Disposition(b"inline"))),
        (b'NIL ("inline") NIL', Extension(None, Disposition(b"inline"))),
        (b"NIL (NIL NIL) NIL NIL", Extension()),
        (b'NIL NIL ("inline" NIL) NIL', Extension(None, Disposition(b"inline"))),
        (
            b'("attachment" ("filename" "x"))',
            Extension(None, Disposition(b"attachment", ((b"filename", b"x"),))),
        ),
        (b'NIL "a description" NIL NIL', Extension()),
        (
            b'NIL ("attachment" ("filename" NIL)) NIL ()',
            Extension(None, Disposition(b"attachment", ((b"filename", b""),))),
        ),
        (b'NIL NIL ("cs") NIL', Extension(None, None, (b"cs",))),
        (
            b'"sum" NIL "en" "loc" ((("deep"))) 3',
            Extension(b"sum", None, (b"en",), b"loc", (b'((("deep")))', b"3")),
        ),
    ],
)
def test_odd_extensions(fields: bytes, expected: Extension) -> None:
    body = read(b'("application" "pdf" NIL NIL NIL "base64" 5 ' + fields + b")")
    assert body.extension == expected
    assert read(written(body), lenient=False) == body


def test_names_without_values() -> None:
    body = read(b'("image" "png" ("name" NIL NIL "x" "last") NIL NIL "base64" 5)')
    assert body.params == ((b"name", b""), (b"last", b""))


def test_every_truncation() -> None:
    for end in range(len(FULL)):
        for lenient in (False, True):
            with pytest.raises(ProtocolError):
                read(FULL[:end], lenient)


@pytest.mark.parametrize("opening", [b"(", b'("message" "rfc822" NIL NIL NIL "7bit" 1 () '])
def test_depth_is_bounded(opening: bytes) -> None:
    for lenient in (False, True):
        with pytest.raises(ProtocolError):
            read(opening * 5000, lenient)


OCTETS = st.binary(max_size=8).filter(lambda octets: b"\0" not in octets)
MAYBE = st.none() | OCTETS
PARAMS = st.lists(st.tuples(OCTETS, OCTETS), max_size=2).map(tuple)
DISPOSITIONS = st.none() | st.builds(Disposition, OCTETS, PARAMS)
EXTENSIONS = st.builds(Extension, MAYBE, DISPOSITIONS, st.lists(OCTETS, max_size=2).map(tuple), MAYBE)
MULTI_EXTENSIONS = st.builds(
    Extension, st.none(), DISPOSITIONS, st.lists(OCTETS, max_size=2).map(tuple), MAYBE
)
SIZE = st.integers(0, 1 << 40)
LEAVES = st.builds(
    BasicPart, st.just(b"application"), OCTETS, PARAMS, MAYBE, MAYBE, OCTETS.filter(bool), SIZE, EXTENSIONS
) | st.builds(TextPart, OCTETS, PARAMS, MAYBE, MAYBE, OCTETS.filter(bool), SIZE, SIZE, EXTENSIONS)
BODIES = st.recursive(
    LEAVES,
    lambda inner: (
        st.builds(
            MultiPart, st.lists(inner, min_size=1, max_size=3).map(tuple), OCTETS, PARAMS, MULTI_EXTENSIONS
        )
        | st.builds(
            MessagePart,
            st.sampled_from([b"rfc822", b"GLOBAL"]),
            PARAMS,
            MAYBE,
            MAYBE,
            OCTETS.filter(bool),
            SIZE,
            st.just(Envelope(b"d")),
            inner,
            SIZE,
            EXTENSIONS,
        )
    ),
    max_leaves=6,
)


@given(BODIES)
def test_round_trip(body: BodyPart) -> None:
    assert read(written(body), lenient=False) == body
    read(written(body, extended=False), lenient=False)
    kinds = [(path, type(part)) for path, part in walk(body)]
    assert [(path, type(part)) for path, part in walk(read(written(body)))] == kinds


@given(st.text(alphabet='() "NILtextplai01-{}\t', max_size=80))
def test_any_text(text: str) -> None:
    try:
        body = read(b"(" + text.encode() + b")")
    except ProtocolError:
        return
    read(written(body), lenient=False)
