"""One FETCH stays within a budget of memory and of time in one piece, however it is composed, and its cost grows with what it asks."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.measured import CAN_MEASURE, MIB, MeasuredServer, measured_server
from tests.support.raw import RawClient, appended

pytestmark = pytest.mark.skipif(not CAN_MEASURE, reason="memory is measured by Linux's /proc")

MEMORY = 64 * MIB
TURN = 0.25
"""Seconds of the loop in one piece; what a test allows is twice that, as machines differ."""
HEADER = b"".join(b"X-Long-%d: %s\r\n" % (number, b"y" * 900) for number in range(950))
LARGE = b"From: a@b.example\r\n" + HEADER + b"\r\nbody\r\n"
PARTS = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 900 + b"--b--\r\n"
ENCODED = base64.encodebytes(bytes(range(256)) * 30_000).replace(b"\n", b"\r\n")
BINARY = b"Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n" + ENCODED


class Bed:
    """A server with an account that holds what is costly to fetch."""

    def __init__(self, server: MeasuredServer, client: RawClient) -> None:
        self.server = server
        self.client = client
        for name, message, copies in (("Large", LARGE, 4), ("Parts", PARTS, 30), ("Encoded", BINARY, 1)):
            client.ok(b"CREATE " + name.encode())
            client.ok(b"APPEND " + name.encode() + appended(*[message] * copies))
        client.ok(b"SELECT Parts")
        for _ in range(24):
            client.ok(b"COPY 1:30 Parts")
        self._settle()

    def _settle(self) -> None:
        """Wait until what is done behind arrivals is done."""
        for _ in range(8):
            self.server.start()
            time.sleep(0.5)
            if self.server.stop().cpu < 0.02:
                return


@pytest.fixture(scope="module")
def bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    data: Path = tmp_path_factory.mktemp("budget")
    with measured_server(data, {"ann": "secret"}) as server, RawClient(server.host, server.port) as client:
        yield Bed(server, client)


def items(form: bytes, count: int) -> bytes:
    """A FETCH of ``count`` items, each with its number."""
    return b"FETCH 1:* (" + b" ".join([form % number for number in range(1, count + 1)]) + b")"


JOBS: dict[str, tuple[bytes, Callable[[int], bytes], int]] = {
    "chosen header fields": (b"Large", lambda n: items(b"BODY.PEEK[HEADER.FIELDS (X-Long-%d)]", n), 40),
    "all header fields but one": (b"Large", lambda n: items(b"BODY.PEEK[HEADER.FIELDS.NOT (X-%d)]", n), 10),
    "headers": (b"Large", lambda n: items(b"BODY.PEEK[HEADER]<%d.1000000>", n), 30),
    "octets": (b"Large", lambda n: items(b"BODY.PEEK[]<%d.9>", n), 500),
    "structures": (b"Parts", lambda n: b"FETCH 1:%d (ENVELOPE BODYSTRUCTURE BODY)" % n, 180),
    "parts": (b"Parts", lambda n: b"FETCH 1:10 (" + items(b"BODY.PEEK[%d]", n)[11:], 200),
    "sizes of parts": (b"Parts", lambda n: b"FETCH 1:10 (" + items(b"BINARY.SIZE[%d]", n)[11:], 200),
    "long names": (
        b"Parts",
        lambda n: b"FETCH 1:%d BODY.PEEK[HEADER.FIELDS (%s)]" % (n, b" ".join([b"x" * 60] * 500)),
        180,
    ),
    "ranges of a decoded part": (b"Encoded", lambda n: items(b"BINARY.PEEK[1]<%d.9>", n), 500),
    "a decoded part": (b"Encoded", lambda n: b"FETCH 1 (BINARY.SIZE[1] BINARY.PEEK[1])", 1),
}


def test_many_messages_of_many_parts_arrive_without_a_long_turn(bed: Bed) -> None:
    bed.server.start()
    bed.client.ok(b"APPEND INBOX" + appended(*[PARTS] * 60))
    used = bed.server.stop()
    assert used.turn < 2 * TURN, f"{used.turn:.2f} s: {used.what}"


@pytest.mark.parametrize("job", JOBS)
def test_memory_and_time_are_bounded(bed: Bed, job: str) -> None:
    mailbox, command, count = JOBS[job]
    bed.client.ok(b"SELECT " + mailbox)
    bed.client.ok(command(1))
    cpu: list[float] = []
    for times in (1, 2, 4):
        bed.server.start()
        bed.client.ok(command(count * times))
        used = bed.server.stop()
        cpu.append(used.cpu)
        print(
            f"{job} {count * times}: {used.octets / MIB:.1f} MiB, {used.turn * 1000:.0f} ms, {used.cpu:.2f} s"
        )
        assert used.octets < MEMORY, f"{used.octets / MIB:.0f} MiB"
        assert used.turn < 2 * TURN, f"{used.turn:.2f} s: {used.what}"
    assert cpu[2] < 10 * cpu[0] + 2, f"four times as much took {cpu}"
