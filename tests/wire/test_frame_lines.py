"""Lines taken many at once, and buffers that grow: what comes out is what ``next`` alone gives, however the octets are cut."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from imapkit.wire.frame import Frame, Framer
from imapkit.wire.limits import CLIENT

PIECES = st.sampled_from(
    [b"* 1 quick\r\n", b"* 1 quick two\r\n", b"* 2 plain\r\n", b"bare\n", b"* 1 a\nb\r\n", b"* 1 {3}\r\na\nb rest\r\n", b"\r\n",
     b"* 1 {0}\r\n\r\n", b"* 1 " + b"long" * 9000 + b"\r\n", b"* 2 {40000}\r\n" + b"\r\n* 1" * 8000 + b"\r\n", b"* 1 }\r\n", b"* 1 no end"]
)  # fmt: skip


def whole(data: bytes) -> list[Frame]:
    framer = Framer(CLIENT, gate=False)
    framer.feed(data)
    return rest(framer)


def rest(framer: Framer) -> list[Frame]:
    found = []
    while (frame := framer.next()) is not None:
        assert isinstance(frame, Frame)
        found.append(frame)
    return found


def known(line: bytes, literals: None) -> Frame | None:
    """Like a reader of responses: no line end within, no literal at the end."""
    good = line.startswith(b"* 1") and b"\n" not in line and b"\r" not in line and not line.endswith(b"}")
    return Frame(line) if good else None


@settings(deadline=None)
@given(
    pieces=st.lists(PIECES, max_size=8),
    sizes=st.lists(st.sampled_from([1, 3, 17, 1000, 20_000, 70_000]), min_size=1),
)
@example(pieces=[b"* 2 " + b"x" * 100_000, b"\r\n* 1 quick\r\n"], sizes=[1000])
def test_lines_and_frames_in_any_cut(pieces: list[bytes], sizes: list[int]) -> None:
    data = b"".join(pieces)
    framer = Framer(CLIENT, gate=False)
    found: list[Frame] = []
    at = turn = 0
    while at < len(data):
        size = max(sizes[turn % len(sizes)], len(data) // 300)
        framer.feed(data[at : at + size])
        at, turn = at + size, turn + 1
        found += framer.lines(known)
        while (frame := framer.next()) is not None:
            assert isinstance(frame, Frame)
            found.append(frame)
            found += framer.lines(known)
    assert [frame.wire() for frame in found] == [frame.wire() for frame in whole(data)]
    assert [sorted(frame.literals) for frame in found] == [sorted(frame.literals) for frame in whole(data)]


def test_nothing_in_the_middle_of_a_frame() -> None:
    framer = Framer(CLIENT, gate=False)
    framer.feed(b"* 1 {9}\r\n* 1 a\r\n\r\n* 1 b\r\n* 1 c\r\n")
    assert framer.lines(known) == []
    (first, second) = rest(framer)
    assert first.wire() == b"* 1 {9}\r\n* 1 a\r\n\r\n* 1 b" and second.buf == b"* 1 c"
