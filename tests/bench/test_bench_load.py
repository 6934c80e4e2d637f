"""The load client: whole answers however they arrive, and no figure for a wrong answer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest
from bench.bed import BIG, Bed, Mailboxes, Row, Sizes
from bench.corpus import small_box
from bench.load import Connection, WrongAnswer, append_line, rotate
from bench.proc import cpu_seconds, pss_bytes, tree
from bench.report import Report
from bench.rows_fetch import uid_flags
from bench.rows_search import body_rare
from bench.run import Cell, Line, run_rows

SIZES = Sizes(small=20, real=0, copies=5, appends=4, logins=4, idlers=2, rounds=1, huge=1_000, client=20)


@contextmanager
def scripted(answer: Callable[[bytes, bytes], list[bytes]]) -> Iterator[tuple[str, int]]:
    """A server whose answer to each command line (tag, rest) is a list of pieces, sent one by one."""

    def serve(conn: socket.socket) -> None:
        with conn, conn.makefile("rb") as lines:
            conn.sendall(b"* OK hello\r\n")
            for line in lines:
                tag, _, rest = line.rstrip(b"\r\n").partition(b" ")
                for piece in answer(tag, rest):
                    conn.sendall(piece)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threads: list[threading.Thread] = []

        def accept() -> None:
            while True:
                try:
                    conn, _ = listener.accept()
                except OSError:
                    return
                threads.append(threading.Thread(target=serve, args=(conn,)))
                threads[-1].start()

        acceptor = threading.Thread(target=accept)
        acceptor.start()
        try:
            yield listener.getsockname()
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            acceptor.join(5)
            for thread in threads:
                thread.join(5)


def test_an_answer_in_pieces_is_read_whole() -> None:
    body = b"x" * 300_000 + b"\r\nzQ7 is no tag\r\n"
    pieces = [b"* 1 FETCH (BODY[] {%d}\r\n" % len(body), body[:70_000], body[70_000:], b")\r\n"]
    with (
        scripted(lambda tag, rest: [*pieces, tag[:4], tag[4:] + b" OK do", b"ne\r", b"\n"]) as address,
        Connection(address) as conn,
    ):
        for _ in range(2):
            answer = conn.ok(b"FETCH 1 BODY[]")
            assert answer.data.startswith(b"".join(pieces))
            assert answer.tagged == b"OK done\r\n"
            assert answer.seconds > 0


def test_a_refusal_and_an_end_are_no_figures() -> None:
    with scripted(lambda tag, rest: [tag + b" NO not now\r\n"]) as address, Connection(address) as conn:
        with pytest.raises(WrongAnswer, match="not now"):
            conn.ok(b"NOOP")
        with pytest.raises(WrongAnswer, match="not now"):
            conn.pipeline([b"NOOP", b"NOOP"])
        with pytest.raises(WrongAnswer, match="not now"):
            rotate([conn], [[b"NOOP"]])


def test_commands_of_several_connections_at_once() -> None:
    seen: list[bytes] = []

    def answer(tag: bytes, rest: bytes) -> list[bytes]:
        seen.append(rest)
        return [b"* 1 EXISTS\r\n", tag + b" OK\r\n"]

    with scripted(answer) as address, Connection(address) as one, Connection(address) as two:
        assert rotate([one, two], [[b"A", b"B"], [b"C"]]) > 0
        assert one.pipeline([b"D", b"E"]) > 0
    assert sorted(seen) == [b"A", b"B", b"C", b"D", b"E"]
    assert append_line("x", b"12345", b"\\Seen", b"today") == b'APPEND x (\\Seen) "today" {5+}\r\n12345'


def bed_of(address: tuple[str, int]) -> Bed:
    """A bed whose server is scripted: 20 messages, changes between rounds left out."""

    class Still:
        name, version, pid, hibernates = "scripted", "1", 0, False

        def connect(self) -> Connection:
            return Connection(address)

        def cpu(self) -> float:
            return 1.0

        settled_cpu = cpu

        def pss(self) -> int:
            return 0

    mails = small_box(20)
    bed = Bed(
        cast(Any, Still()), Mailboxes(mails, [], b""), SIZES, [mail.seen for mail in mails], list(mails)
    )
    bed.mutate = lambda: None  # type: ignore[method-assign]
    return bed


def flags_line(bed: Bed, seq: int) -> bytes:
    return b"* %d FETCH (UID %d FLAGS (%s))\r\n" % (seq, seq, b"\\Seen" if bed.seen[seq - 1] else b"")


@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (lambda lines: lines, ""),
        (lambda lines: lines[:-1], "FETCH lines: 19, expected 20"),
        (lambda lines: [line.replace(b"\\Seen", b"\\Flagged") for line in lines], "Seen of"),
    ],
)
def test_wrong_flags_give_no_figure(spoil: Callable[[list[bytes]], list[bytes]], error: str) -> None:
    beds: list[Bed] = []

    def answer(tag: bytes, rest: bytes) -> list[bytes]:
        lines = [flags_line(beds[0], seq) for seq in range(1, 21)] if rest.startswith(b"FETCH") else []
        return [*spoil(lines), tag + b" OK\r\n"]

    with scripted(answer) as address:
        beds.append(bed_of(address))
        (line,) = run_rows(beds, [Row("flags", "msgs/s", uid_flags)], rounds=2)
        beds[0].drop_connections()
    assert error in line.cells[0].wrong
    assert (line.cells[0].value is None) == bool(error)


def test_a_missing_hit_gives_no_figure() -> None:
    with scripted(lambda tag, rest: [b"* SEARCH\r\n", tag + b" OK\r\n"]) as address:
        bed = bed_of(address)
        with pytest.raises(WrongAnswer, match="1 missing"):
            body_rare(bed, 0)
        bed.drop_connections()


def test_the_table_shows_ratio_aim_and_failures() -> None:
    row = Row("SEARCH X", "ms", lambda bed, round_: 0.0, 10.0, more_is_better=False)
    ours, peer, other = Cell([2.0, 1.0, 4.0], [0.0]), Cell([8.0], [0.0]), Cell(wrong="19 lines")
    line = Line(row, [ours, peer, other])
    assert line.ratio() == 4.0
    bed = bed_of(("127.0.0.1", 1))
    text = Report(SIZES, [bed, bed, bed], [line], [], [1_000_000, 0, 0], 60.0).text()
    assert "| SEARCH X | ms ↓ | 2 (0.00s) | 8 (0.00s) | (!) | 4 x | 10 x |" in text
    assert "SEARCH X: 4 x of 10 x; 2.5 times faster is needed" in text
    assert "scripted: SEARCH X: 19 lines" in text


def test_the_process_tree_is_counted() -> None:
    import os

    assert os.getpid() in tree(os.getpid())
    assert cpu_seconds(os.getpid()) > 0
    assert pss_bytes(os.getpid()) > 1_000_000
    assert BIG
