"""The framer: how bytes are cut into feeds never changes what comes out, and no limit is passed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imapkit.errors import LimitExceeded
from imapkit.protocol.response import literal_allowed
from imapkit.wire.frame import Frame, FrameEvent, Framer, HeldLiteral, LiteralWanted, Refused, whole_frames
from imapkit.wire.limits import CLIENT, Limits

SMALL = Limits(line=100, literal=50, literal_in_memory=10, literals=3, frame=80)


def run(framer: Framer, pieces: list[bytes], *, accept: bool = True) -> list[FrameEvent]:
    """All events; announced literals are accepted or refused."""
    events: list[FrameEvent] = []
    for piece in pieces:
        framer.feed(piece)
        while (event := framer.next()) is not None:
            events.append(event)
            if isinstance(event, LiteralWanted):
                framer.accept() if accept else framer.refuse()
    return events


def shown(events: list[FrameEvent]) -> list[object]:
    return [event.wire() if isinstance(event, Frame) else type(event).__name__ for event in events]


def cut(data: bytes, places: list[int]) -> list[bytes]:
    marks = sorted({place % (len(data) + 1) for place in places})
    return [data[low:high] for low, high in zip([0, *marks], [*marks, len(data)], strict=True)]


def test_lines_lose_their_ends() -> None:
    events = run(Framer(SMALL, gate=True), [b"a NOOP\r\nb NOOP\n\r\n"])
    assert shown(events) == [b"a NOOP", b"b NOOP", b""]


def test_a_bare_cr_is_part_of_the_line() -> None:
    assert shown(run(Framer(SMALL, gate=True), [b"a\rb\r\n"])) == [b"a\rb"]


def test_literals_are_found_by_the_offset_behind_their_marker() -> None:
    (frame,) = run(Framer(SMALL, gate=False), [b"a LOGIN {3}\r\nann {2+}\r\nxy\r\n"])
    assert isinstance(frame, Frame)
    assert frame.buf == b"a LOGIN {3}\r\n {2+}\r\n"
    assert {at: literal.read() for at, literal in frame.literals.items()} == {13: b"ann", 20: b"xy"}
    assert frame.wire() == b"a LOGIN {3}\r\nann {2+}\r\nxy"


def test_a_literal_may_hold_anything() -> None:
    (frame,) = run(Framer(SMALL, gate=False), [b"a X ~{9}\r\n\0\r\n{5}\r\nx\r\n"])
    assert isinstance(frame, Frame)
    assert [literal.read() for literal in frame.literals.values()] == [b"\0\r\n{5}\r\nx"]


def test_a_synchronising_literal_waits_for_its_owner() -> None:
    framer = Framer(SMALL, gate=True)
    framer.feed(b"a LOGIN {3}\r\n")
    assert framer.next() == LiteralWanted(b"a LOGIN {3}", 3)
    assert framer.next() is None
    framer.accept()
    assert framer.next() is None
    framer.feed(b"ann\r\n")
    frame = framer.next()
    assert isinstance(frame, Frame) and frame.wire() == b"a LOGIN {3}\r\nann"


def test_a_refused_literal_leaves_the_stream_in_step() -> None:
    framer = Framer(SMALL, gate=True)
    assert shown(run(framer, [b"a LOGIN {3}\r\n"], accept=False)) == ["LiteralWanted"]
    assert shown(run(framer, [b"b NOOP\r\n"])) == [b"b NOOP"]


def test_an_oversized_synchronising_literal_costs_the_command() -> None:
    events = run(Framer(SMALL, gate=True), [b"a APPEND x {51}\r\n", b"b NOOP\r\n"])
    refused, frame = events
    assert isinstance(refused, Refused) and not refused.fatal
    assert refused.head == b"a APPEND x {51}" and refused.error.kind == "literal" and refused.error.size == 51
    assert isinstance(frame, Frame) and frame.buf == b"b NOOP"


def test_an_oversized_non_synchronising_literal_ends_the_stream() -> None:
    framer = Framer(SMALL, gate=True)
    events = run(framer, [b"a APPEND x {51+}\r\n", b"b NOOP\r\n"])
    assert len(events) == 1 and isinstance(events[0], Refused) and events[0].fatal
    assert framer.buffered == 0


def test_huge_numbers_are_refused_before_anything_is_allocated() -> None:
    events = run(Framer(SMALL, gate=True), [b"a X {99999999999999999999+}\r\n"])
    assert isinstance(events[0], Refused) and events[0].error.size == 99999999999999999999


def test_more_digits_than_any_number_are_text() -> None:
    assert shown(run(Framer(SMALL, gate=True), [b"a X {999999999999999999999}\r\n"])) == [
        b"a X {999999999999999999999}"
    ]


@pytest.mark.parametrize("step", [1, 7, 1000])
def test_a_long_line_is_refused_before_its_end_and_not_held(step: int) -> None:
    framer = Framer(SMALL, gate=True)
    data = b"a NOOP " + b"x" * 5000 + b"\r\nb NOOP\r\n"
    events: list[FrameEvent] = []
    for start in range(0, len(data), step):
        events += run(framer, [data[start : start + step]])
        assert framer.buffered <= SMALL.line + step
    assert [type(event) for event in events] == [Refused, Frame]
    assert isinstance(events[0], Refused) and events[0].head.startswith(b"a NOOP x") and not events[0].fatal


def test_the_literal_behind_a_refused_line_is_skipped() -> None:
    data = b"a X " + b"x" * 200 + b" {8+}\r\nb NOOP\r\n ) \r\nc NOOP\r\n"
    for pieces in ([data], [data[at : at + 1] for at in range(len(data))]):
        events = run(Framer(SMALL, gate=True), pieces)
        assert shown(events) == ["Refused", b"c NOOP"]


def test_number_and_sum_of_literals_are_limited() -> None:
    many = run(Framer(SMALL, gate=True), [b"a X {1+}\r\na {1+}\r\nb {1+}\r\nc {1+}\r\nd\r\n"])
    assert isinstance(many[0], Refused) and many[0].error.kind == "number of literals"
    large = run(Framer(SMALL, gate=True), [b"a X {50+}\r\n" + b"x" * 50 + b" {40+}\r\n"])
    assert isinstance(large[0], Refused) and large[0].error.kind == "all literals of a command"


def test_large_literals_go_to_the_sink_and_small_ones_do_not() -> None:
    opened: list[tuple[bytes, int]] = []

    class Sink:
        def __init__(self) -> None:
            self.data = b""

        def write(self, data: bytes) -> None:
            self.data += data

        def finish(self) -> HeldLiteral:
            return HeldLiteral(self.data)

        def abort(self) -> None:
            opened.append((b"aborted", len(self.data)))

    def open_sink(head: bytes, size: int) -> Sink:
        opened.append((head, size))
        return Sink()

    framer = Framer(SMALL, gate=False, open_sink=open_sink)
    (frame,) = run(framer, [b"a X {10}\r\n0123456789 {11}\r\n01234", b"567890\r\n"])
    assert isinstance(frame, Frame)
    assert opened == [(b"a X {10}\r\n", 11)], "the beginning of the frame, whatever literals it had before"
    assert [literal.read() for literal in frame.literals.values()] == [b"0123456789", b"01234567890"]
    framer.feed(b"b X {11}\r\n012")
    assert framer.next() is None
    framer.close()
    assert opened[-1] == (b"aborted", 3)


def test_status_text_that_looks_like_a_literal_is_text_for_a_client() -> None:
    data = b"* OK wait {5}\r\na1 NO no {7}\r\n+ {3}\r\n* 1 FETCH (BODY[] {2}\r\nhi)\r\n"
    frames = list(whole_frames(data, CLIENT, literal_allowed=literal_allowed))
    assert [frame.wire() for frame in frames] == [
        b"* OK wait {5}",
        b"a1 NO no {7}",
        b"+ {3}",
        b"* 1 FETCH (BODY[] {2}\r\nhi)",
    ]


def test_whole_frames_raises_for_what_is_too_large() -> None:
    with pytest.raises(LimitExceeded):
        list(whole_frames(b"x" * 200 + b"\r\n", SMALL))


def test_take_rest_hands_over_what_was_pipelined() -> None:
    framer = Framer(SMALL, gate=True)
    assert shown(run(framer, [b"a STARTTLS\r\n"])) == [b"a STARTTLS"]
    framer.feed(b"b LOGIN x y\r\n")
    assert framer.take_rest() == b"b LOGIN x y\r\n"
    assert framer.next() is None and not framer.in_frame


LINES = st.lists(
    st.one_of(
        st.sampled_from(
            [
                b"a NOOP\r\n",
                b"\r\n",
                b"x\n",
                b"b X {3+}\r\n\r\n}\r\n",
                b"c {0+}\r\n {1+}\r\n}\r\n",
                b"d {4}\r\nwxyz\r\n",
            ]
        ),
        st.sampled_from(
            [b"e " + b"y" * 150 + b"\r\n", b"f " + b"z" * 120 + b"{4+}\r\nskip\r\n", b"g {60}\r\n"]
        ),
    ),
    max_size=8,
)


@given(LINES, st.lists(st.integers(0, 10_000), max_size=20), st.booleans())
def test_cutting_changes_nothing(lines: list[bytes], places: list[int], gate: bool) -> None:
    data = b"".join(lines)
    whole = shown(run(Framer(SMALL, gate=gate), [data]))
    assert shown(run(Framer(SMALL, gate=gate), cut(data, places))) == whole
    assert shown(run(Framer(SMALL, gate=gate), [data[at : at + 1] for at in range(len(data))])) == whole
