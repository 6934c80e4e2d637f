"""What broke clients in the wild: never a hang, never an undocumented error, always in step again, and the right values."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from imapkit.features.fetch_data import FetchData
from imapkit.features.select import Exists
from imapkit.protocol.response import BrokenResponse, UnknownResponse

from . import hostile, hostile_asserts

CORPUS = hostile.entries()


def own(data: bytes, kind: str = "own", **expected: Any) -> dict[str, Any]:
    """An entry written here, in the form of the corpus."""
    return {
        "id": data[:30].decode("latin-1"),
        "class": kind,
        "bytes": base64.b64encode(data).decode(),
        "what_should_come_out": {"assert": expected},
    }


OWN = [
    own(b"* 1 FETCH (UID 7 FLAGS (\\Seen OIB-[Gmail]/All)))\r\n", uid=7),
    own(b'* 2 FETCH (UID 8 ENVELOPE ("d" "s" NIL NIL))\r\n', uid=8, subject="s"),
    own(b"* 3 FETCH (UID 9 BODYSTRUCTURE (((((\r\n", uid=9),
    own(b'* OK [Error="x" y] whatever\r\n', status="OK"),
    own(b"* 4 EXISTS \r\n*  5 EXISTS\r\n", exists=5),
    own(b"* STATUS a b c (MESSAGES 4)\r\n", name="a b c", messages=4),
    own(b'* LIST (\\X) "/" {3}\r\na"b\r\n', name='a"b'),
    own(b"\x00\x00* SEARCH 1 2 3 \r\n", ids=[1, 2, 3]),
    own(b"* search\r\n* XYZZY (a (b)) {2}\r\nhi\r\n"),
    own(b"garbage\r\n\r\n* \r\n*\r\n"),
    own(b"* 1 FETCH (UID 1 BODY[] {3}\r\nabc FLAGS ())\r\n", uid=1, body="abc"),
]


@pytest.mark.parametrize("way", hostile.WAYS)
def test_everything_survives(way: str) -> None:
    """The connection is in step again behind each entry, or ended by a documented error where nothing else is right."""
    broken = {}
    for entry in [*CORPUS, *OWN]:
        fatal = (entry["what_should_come_out"].get("assert") or {}).get("fatal")
        outcome = hostile.play(entry, way)
        if not outcome.in_step and not fatal:
            broken[entry["id"]] = repr(outcome)
    assert not broken


def test_how_octets_are_cut_changes_nothing() -> None:
    for entry in [*CORPUS, *OWN]:
        whole, *others = (hostile.play(entry, way) for way in hostile.WAYS)
        for other in others:
            assert repr(other.events) == repr(whole.events), entry["id"]
            assert repr(other.error) == repr(whole.error), entry["id"]


def test_the_quick_way_changes_nothing() -> None:
    for entry in [*CORPUS, *OWN]:
        quick, plain = hostile.play(entry), hostile.play(entry, quick=False)
        assert repr(quick.events).replace("LazyFetchData(", "FetchData(") == repr(plain.events), entry["id"]
        assert repr(quick.error) == repr(plain.error), entry["id"]


def test_the_values_are_right() -> None:
    """All of those written here; of the corpus, which grows, at least 95 of 100."""
    assert not [hostile_asserts.wrong(entry, hostile.play(entry)) for entry in OWN if _wrong(entry)]
    checked = sum(hostile_asserts.count(entry) for entry in CORPUS)
    mistakes = [text for entry in CORPUS for text in _wrong(entry)]
    assert len(mistakes) <= checked * 0.05, "\n".join(mistakes)


def _wrong(entry: dict[str, Any]) -> list[str]:
    return hostile_asserts.wrong(entry, hostile.play(entry))


def test_one_bad_message_costs_one_message() -> None:
    data = (
        b"* 1 FETCH (UID 1 FLAGS ())\r\n* 2 FETCH (UID 2 BODYSTRUCTURE (\r\n"
        b"* 3 FETCH (UID 3 FLAGS ())\r\n* 4 EXISTS\r\n"
    )
    outcome = hostile.play(own(data))
    first, broken, third, exists = outcome.events
    assert isinstance(first, FetchData) and isinstance(third, FetchData)
    assert isinstance(broken, BrokenResponse) and (broken.name, broken.number, broken.uid) == ("FETCH", 2, 2)
    assert exists == Exists(4)


def test_what_nobody_knows_is_kept() -> None:
    outcome = hostile.play(own(b'* 12 XTHING (a "b") {2}\r\nhi\r\n'))
    assert outcome.events == [UnknownResponse("XTHING", 12, b' (a "b") {2}\r\nhi')]
