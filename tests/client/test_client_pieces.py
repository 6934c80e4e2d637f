"""Content that is read in pieces: all of it, or an error that says so, and no file under its name."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import imapkit
from imapkit import Incomplete, PartBody, Size, Structure
from imapkit.client.pieces import PIECE
from imapkit.features.fetch_section import Section

from .twins import Script, Twin, logged_in, server, url

ASKED = re.compile(rb"UID FETCH 3 (.*BODY\.PEEK\[([0-9.A-Z]*)\]<(\d+)\.(\d+)>.*)")
CONTENT = base64.encodebytes(bytes(range(256)) * 2000).replace(b"\n", b"\r\n")

Answer = Callable[[int, int], "bytes | None"]
"""What a server says of so many octets from an offset on; None: nothing at all."""


def octets(data: bytes, begin: int, origin: int | None = -1) -> bytes:
    """What a FETCH response says of a section behind its name."""
    origin = begin if origin == -1 else origin
    return (b"" if origin is None else b"<%d>" % origin) + b" {%d}\r\n" % len(data) + data


def slices(content: bytes) -> Answer:
    return lambda begin, count: octets(content[begin : begin + count], begin)


def serve(answer: Answer, *, size: int | None = len(CONTENT)) -> Callable[[Script], None]:
    """A server with one message, whose whole content and only part are the same."""

    def play(s: Script) -> None:
        s.select()
        while True:
            tag, _, rest = s.line().partition(b" ")
            if rest == b"LOGOUT":
                s.send("* BYE bye", tag + b" OK")
                return
            found = ASKED.fullmatch(rest)
            if found is None:
                structure = f'BODYSTRUCTURE ("application" "x" ("name" "a.bin") NIL NIL "base64" {size or 0})'
                also = f" RFC822.SIZE {size}" if b"RFC822.SIZE" in rest else ""
                s.send(f"* 3 FETCH (UID 3 {structure}{also})", tag + b" OK")
                continue
            told = answer(int(found[3]), int(found[4]))
            if told is not None:
                known = b"RFC822.SIZE %d " % size if size is not None and b"RFC822.SIZE" in found[1] else b""
                s.send(b"* 3 FETCH (UID 3 %bBODY[%b]%b)" % (known, found[2], told))
            s.send(tag + b" OK done")

    return logged_in(play)


def whole(message: Any) -> bytes:
    return b"".join(message.stream())


def header(message: Any) -> bytes:
    """A section of which nobody knows the size."""
    return b"".join(message.stream_section(Section((1,), "MIME")))


READERS: dict[str, Callable[[Any], bytes]] = {
    "stream": whole,
    "part.stream": lambda message: b"".join(message.part("1").stream(decode=False)),
    "part.read": lambda message: base64.encodebytes(message.part("1").read()).replace(b"\n", b"\r\n"),
    "stream_section": header,
}


def opened(twin: Twin, port: int) -> Any:
    return twin.connect(url(port), allow_plaintext=True, timeout=5.0)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("length", [0, 1, 78, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, len(CONTENT)])
def test_what_is_whole_is_given(twin: Twin, reader: str, length: int) -> None:
    content = base64.b64decode(CONTENT)[:length] if reader == "part.read" else CONTENT[:length]
    if reader == "part.read":
        content = base64.encodebytes(content).replace(b"\n", b"\r\n")
    with server(serve(slices(content), size=len(content))) as port, opened(twin, port) as mail:
        assert READERS[reader](mail.select().message(3, Structure)) == content


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("most", [1000, PIECE - 1, PIECE + 10])
def test_a_server_that_gives_less_at_once_than_it_was_asked_for(twin: Twin, reader: str, most: int) -> None:
    content = CONTENT[: 78 * 50] if most == 1000 else CONTENT

    def answer(begin: int, count: int) -> bytes:
        return octets(content[begin : begin + min(count, most)], begin)

    with server(serve(answer, size=len(content))) as port, opened(twin, port) as mail:
        assert READERS[reader](mail.select().message(3, Structure)) == content


def gone(begin: int, count: int) -> bytes | None:
    """The message was expunged by another session when the first piece was there."""
    return slices(CONTENT)(begin, count) if begin == 0 else None


def nil(begin: int, count: int) -> bytes:
    """The same, as Dovecot says it."""
    return octets(CONTENT[:count], 0) if begin == 0 else b"<%d> NIL" % begin


def empty(begin: int, count: int) -> bytes:
    """The same, as others say it."""
    return octets(CONTENT[:PIECE][begin : begin + count] if begin == 0 else b"", begin)


def short(begin: int, count: int) -> bytes:
    """A later piece is cut, and nothing comes behind it."""
    return octets(CONTENT[: 2 * PIECE - 5][begin : begin + count] if begin < 2 * PIECE - 5 else b"", begin)


def doubled(begin: int, count: int) -> bytes:
    return octets(CONTENT[begin : begin + count] * 2, begin)


def without_partial(begin: int, count: int) -> bytes:
    """A server that gives other octets from the beginning each time, and does not say from where."""
    return octets(CONTENT[: count - 1], 0, None)


def elsewhere(begin: int, count: int) -> bytes:
    return octets(CONTENT[begin : begin + count], begin, begin + 7 if begin else 0)


def twice(begin: int, count: int) -> bytes:
    """Two answers for one piece that say different things."""
    return octets(CONTENT[begin : begin + count], begin) + b" BODY[]<%d> abc BODY[1]<%d> abc BODY[1.MIME]<%d> abc" % (
        begin, begin, begin,
    )  # fmt: skip


FAULTS = [gone, nil, empty, short, doubled, without_partial, elsewhere, twice]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_what_is_not_whole_raises(twin: Twin, reader: str, fault: Answer) -> None:
    if reader == "stream_section" and fault is short:
        return  # nobody can know
    with server(serve(fault)) as port, opened(twin, port) as mail:
        message = mail.select().message(3, Structure)
        with pytest.raises(Incomplete) as error:
            READERS[reader](message)
        assert "message 3 is not whole" in str(error.value)
        assert not mail.connection.closed, "the session goes on"


@pytest.mark.parametrize("fault", [gone, nil, empty], ids=lambda fault: fault.__name__)
def test_where_the_server_announces_no_size_pieces_are_compared(twin: Twin, fault: Answer) -> None:
    with server(serve(fault, size=None)) as port, opened(twin, port) as mail, pytest.raises(Incomplete):
        whole(mail.select().message(3, Structure))


@pytest.mark.parametrize("announced", [0, len(CONTENT) - 1, len(CONTENT) + 1])
def test_a_server_that_estimates_sizes(twin: Twin, announced: int) -> None:
    """It is not believed, but whoever knows better can have the content, the pieces compared."""
    with server(serve(slices(CONTENT), size=announced)) as port, opened(twin, port) as mail:
        box = mail.select()
        for message in (box.message(3, Structure), box.message(3, Size, Structure)):
            with pytest.raises(Incomplete, match=rf"{announced}|last of them") as error:
                whole(message)
            assert error.value.announced == announced
            with pytest.raises(Incomplete):
                message.part("1").read()
            assert b"".join(message.stream(check_size=False)) == CONTENT
            assert message.part("1").read(check_size=False) == base64.b64decode(CONTENT)


def test_a_message_that_is_not_there(twin: Twin) -> None:
    with (
        server(serve(lambda begin, count: None)) as port,
        opened(twin, port) as mail,
        pytest.raises(imapkit.UsageError, match="gone"),
    ):
        whole(mail.select().message(3, Structure))


def test_a_piece_that_was_fetched_is_not_the_whole(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.select()
        structure = 'BODYSTRUCTURE ("text" "plain" NIL NIL NIL "7bit" 12 1)'
        s.answer(
            "UID FETCH 3", f"* 3 FETCH (UID 3 {structure} BODY[1]<0> {{4}}", 'Some BODY[HEADER]<0> "Sub")'
        )
        s.answer("UID FETCH 3", '* 3 FETCH (UID 3 BODY[1]<0> "Some content")')
        s.goodbye()

    with server(logged_in(play)) as port, opened(twin, port) as mail:
        message = mail.select().message(3, Structure, PartBody("1", partial=(0, 4)))
        assert (message.section(Section((1,)), 0), message.section(Section((1,)))) == (b"Some", None)
        with pytest.raises(imapkit.UsageError, match="was not fetched"):
            _ = message.raw_header
        assert message.part("1").text() == "Some content"


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_no_file_is_left_under_its_name(twin: Twin, tmp_path: Path, fault: Answer) -> None:
    with server(serve(fault)) as port, opened(twin, port) as mail:
        message = mail.select().message(3, Structure)
        for target in (tmp_path, tmp_path / "a.eml", tmp_path / "new"):
            with pytest.raises(Incomplete):
                message.save(target)
            with pytest.raises(Incomplete):
                message.part("1").save(target)
    assert list(tmp_path.iterdir()) == []
