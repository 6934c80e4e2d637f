"""ENVELOPE and BODYSTRUCTURE as they broke clients, from a collection outside of the repository where it is present."""

import base64
import json
import os
import re
from pathlib import Path

from imapkit.protocol.body import read_body, write_body
from imapkit.protocol.envelope import read_envelope, write_envelope
from imapkit.wire.cursor import Cursor
from imapkit.wire.frame import Frame, Framer
from imapkit.wire.limits import CLIENT
from imapkit.wire.writer import Writer

COLLECTION = Path(
    os.environ.get(
        "IMAPKIT_HOSTILE", Path(__file__).parents[2].parent / "shared" / "data" / "hostile_responses.jsonl"
    )
)
ITEM = re.compile(rb"\b(ENVELOPE|BODYSTRUCTURE|BODY) (?=\()")
CLASSES = ("envelope-short", "address", "bodystructure")


def frames(wire: bytes) -> list[Frame]:
    framer = Framer(CLIENT, gate=False)
    framer.feed(wire)
    found: list[Frame] = []
    while (event := framer.next()) is not None:
        assert isinstance(event, Frame)
        found.append(event)
    return found


def check(frame: Frame, at: int, name: bytes) -> None:
    cursor = Cursor(frame, lenient=True, limits=CLIENT)
    cursor.pos = at
    writer = Writer()
    if name == b"ENVELOPE":
        write_envelope(writer, read_envelope(cursor))
    else:
        write_body(writer, read_body(cursor), extended=True)
    assert cursor.peek() in (0x20, 0x29), "the item was read to its end"
    again = Cursor(frames(writer.octets() + b"\r\n")[0], limits=CLIENT)
    if name == b"ENVELOPE":
        read_envelope(again)
    else:
        read_body(again)
    again.finish()


# Defined only where the collection is, so that nothing is skipped where it cannot be
if COLLECTION.is_file():

    def test_structures_that_broke_clients() -> None:
        seen = 0
        for line in COLLECTION.read_text("utf-8").splitlines():
            entry = json.loads(line)
            if entry["class"] not in CLASSES:
                continue
            for frame in frames(base64.b64decode(entry["bytes"])):
                for item in ITEM.finditer(frame.buf):
                    check(frame, item.end(), item[1])
                    seen += 1
        assert seen > 40
