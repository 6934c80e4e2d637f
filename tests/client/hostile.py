"""A corpus of server responses that broke clients, or legally surprise them, run through the connection without I/O.

The corpus is data beside the repository (IMAPKIT_CORPUS, or ``shared/data`` next to the clone); where there is none, its tests do not run.
Each entry is fed whole, octet by octet, and cut at every CR and LF; then ``* 7777 EXISTS`` and the tagged OK must be understood.
"""

from __future__ import annotations

import base64
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from imapkit.errors import ImapError
from imapkit.features.base import Noop
from imapkit.features.catalogue import full_registry
from imapkit.features.fetch_quick import quick_fetch
from imapkit.features.select import Exists
from imapkit.protocol.client import Asked, ClientConnection, Event, Farewell, Finished, Greeted

ROOT = Path(__file__).resolve().parents[2]
PLACES = [
    Path(os.environ.get("IMAPKIT_CORPUS", "")) / "hostile_responses.jsonl",
    ROOT.parent / "shared" / "data" / "hostile_responses.jsonl",
]
# An entry that feeds the connection this many octets at once, for each way of cutting.
WAYS = ("whole", "bytewise", "lines")


def entries() -> list[dict[str, Any]]:
    """The corpus; empty where there is none."""
    for place in PLACES:
        if place.is_file():
            return [json.loads(line) for line in place.read_text(encoding="utf-8").splitlines() if line]
    return []


def cut(data: bytes, way: str) -> Iterator[bytes]:
    if way == "whole":
        yield data
    elif way == "bytewise":
        for at in range(len(data)):
            yield data[at : at + 1]
    else:
        yield from (piece for piece in re.split(rb"(?<=\r)|(?<=\n)", data) if piece)


@dataclass
class Outcome:
    """What came of an entry: the events, the error that ended it, and whether the connection was in step afterwards."""

    events: list[Event] = field(default_factory=list)
    error: ImapError | None = None
    in_step: bool = False

    def of(self, cls: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, cls)]


def play(entry: dict[str, Any], way: str = "whole", *, quick: bool = True) -> Outcome:
    """Feed an entry as the answer to a NOOP; greetings before anything else. ``quick``: read as the client does."""
    data = base64.b64decode(entry["bytes"])
    expected = entry["what_should_come_out"].get("assert") or {}
    grammar = full_registry().grammar
    core = ClientConnection(grammar, quick=quick_fetch(grammar) if quick else None)
    outcome = Outcome()
    tag = expected.get("tag") or _tag_in(data) or "A1"
    if entry["class"] != "greeting":
        _feed(core, [b"* OK ready\r\n"], Outcome())
        core.send(Noop())
        core.tag = tag
        _ = core.next_chunk()
    try:
        _feed(core, cut(data, way), outcome)
        outcome.in_step = _resync(core, outcome)
    except ImapError as error:
        outcome.error = error
    return outcome


def _tag_in(data: bytes) -> str | None:
    """The tag of the entry's own tagged line, if it has one."""
    found = re.findall(rb"^([A-Za-z]+[0-9]+) (?:OK|NO|BAD)\b", data, re.MULTILINE)
    return found[-1].decode() if found else None


def _feed(core: ClientConnection, pieces: Iterator[bytes] | list[bytes], outcome: Outcome) -> None:
    for piece in pieces:
        core.receive(piece)
        outcome.events.extend(core.ready())
        while (event := core.next()) is not None:
            outcome.events.append(event)
            outcome.events.extend(core.ready())


def _resync(core: ClientConnection, outcome: Outcome) -> bool:
    """After the entry, ordinary responses are understood."""
    if outcome.of(Farewell):
        return True
    if core.tag is None and core.greeted:
        core.send(Noop())
        while core.next_chunk() is not None:
            pass
    after = Outcome()
    line = b"* 7777 EXISTS\r\n" + (f"{core.tag} OK\r\n".encode() if core.tag else b"")
    _feed(core, [line], after)
    return after.of(Exists) == [Exists(7777)] and (not core.greeted or len(after.of(Finished)) == 1)


__all__ = ["WAYS", "Asked", "Greeted", "Outcome", "entries", "play"]
