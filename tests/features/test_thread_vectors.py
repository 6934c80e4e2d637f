"""THREAD and its response on the wire, both ways, and the client's verb."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imapkit.errors import NotSupported
from imapkit.features import thread
from imapkit.features.thread import Algorithm, Conversation, Member, Thread, ThreadData
from imapkit.protocol.response import BrokenResponse
from imapkit.query import keys as k

from ..support.vectors import (
    Row,
    check_bad,
    check_command,
    check_response,
    ids,
    response_octets,
    response_of,
)
from .ops import Peer, run


def conversation(*members: tuple[int | None, int]) -> Conversation:
    return Conversation(tuple(Member(number, depth) for number, depth in members))


def data(*threads: Conversation) -> ThreadData:
    return ThreadData(threads)


SPLIT = conversation((3, 0), (6, 1), (4, 2), (23, 3), (44, 2), (7, 3), (96, 4))
SIBLINGS = conversation((None, 0), (3, 1), (5, 1))

COMMANDS = [
    Row(b"THREAD ORDEREDSUBJECT UTF-8 SEEN", Thread(Algorithm.ORDEREDSUBJECT, k.SEEN, uid=False)),
    Row(b"UID THREAD REFERENCES UTF-8 ALL", Thread(Algorithm.REFERENCES, k.ALL)),
    Row(b"uid thread refs utf-8 all", Thread(Algorithm.REFS, k.ALL, charset="utf-8"), b"UID THREAD REFS utf-8 ALL"),
    Row(
        b'THREAD REFERENCES "US-ASCII" TEXT gewp UNSEEN',
        Thread(Algorithm.REFERENCES, k.TEXT("gewp") & k.UNSEEN, uid=False, charset="US-ASCII"),
        b"THREAD REFERENCES US-ASCII TEXT gewp UNSEEN",
    ),
]  # fmt: skip

RESPONSES = [
    Row(b"THREAD", data()),
    Row(b"THREAD ", data(), b"THREAD"),
    Row(b"THREAD (2)(3 6 (4 23)(44 7 96))", data(conversation((2, 0)), SPLIT)),
    Row(b"THREAD ((3)(5))", data(SIBLINGS)),
    Row(b"THREAD (2) (3 6(4 23) (44 7 96) )", data(conversation((2, 0)), SPLIT), b"THREAD (2)(3 6 (4 23)(44 7 96))"),
    Row(
        b"THREAD (166)((170)(179))(188 (184)(189))(185 186)(1 (2 (3)(4))(5 6 (7)(8)))",
        data(
            conversation((166, 0)),
            conversation((None, 0), (170, 1), (179, 1)),
            conversation((188, 0), (184, 1), (189, 1)),
            conversation((185, 0), (186, 1)),
            conversation((1, 0), (2, 1), (3, 2), (4, 2), (5, 1), (6, 2), (7, 3), (8, 3)),
        ),
    ),
    Row(b"THREAD ((1))", data(conversation((None, 0), (1, 1)))),
    Row(b"THREAD (1 ((2)(3)))", data(conversation((1, 0), (None, 1), (2, 2), (3, 2)))),
]  # fmt: skip


@pytest.mark.parametrize("row", COMMANDS, ids=ids(COMMANDS))
def test_commands(row: Row) -> None:
    check_command(row)


@pytest.mark.parametrize("row", RESPONSES, ids=ids(RESPONSES))
def test_responses(row: Row) -> None:
    check_response(row)


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        (b"THREAD", "a space"),
        (b"THREAD (REFERENCES) UTF-8 ALL", "a threading algorithm"),
        (b"THREAD GUESSING UTF-8 ALL", "a known threading algorithm"),
        (b"THREAD REFS", "a space"),
        (b"THREAD REFS UTF-8", "a space"),
        (b"THREAD REFS UTF-8 NONSENSE", "a known search key"),
    ],
)
def test_malformed_commands_say_what_was_expected(wire: bytes, expected: str) -> None:
    check_bad(wire, expected)


@pytest.mark.parametrize(
    "wire", [b"THREAD ()", b"THREAD (1", b"THREAD 1", b"THREAD (1))", b"THREAD (0)", b"THREAD (1 x)"]
)
def test_broken_responses(wire: bytes) -> None:
    assert isinstance(response_of(wire), BrokenResponse)


@st.composite
def preorders(draw: st.DrawFn) -> Conversation:
    """Any tree of messages, numbered as they come; now and then the first is not there."""
    depths = [0]
    for _ in range(draw(st.integers(0, 12))):
        depths.append(draw(st.integers(1, depths[-1] + 1)))
    members = [Member(place + 1, depth) for place, depth in enumerate(depths)]
    if len(members) > 2 and draw(st.booleans()):
        members[0] = Member(None, 0)
    return Conversation(tuple(members))


@given(st.lists(preorders(), max_size=5))
def test_any_tree_comes_back(threads: list[Conversation]) -> None:
    sent = ThreadData(tuple(threads))
    assert response_of(response_octets(sent)) == sent


@pytest.mark.parametrize(
    "wire",
    [
        b"THREAD (166)(167)(168)(169)(172)(170)(171)(173)(174 (175)(176)(178)(181)(180))(179)(177 (183)(182)(188)(184)"
        b"(185)(186)(187)(189))(190)(191)(192)(193)(194 195)(196 (197)(198))(199)(200 202)(201)(203)(204)(205)(206 207)(208)",
        b"THREAD (166)(167)(168)(169)(172)((170)(179))(171)(173)((174)(175)(176)(178)(181)(180))((177)(183)(182)"
        b"(188 (184)(189))(185 186)(187))(190)(191)(192)(193)((194)(195 196))(197 198)(199)(200 202)(201)(203)(204)"
        b"(205 206 207)(208)",
    ],
)
def test_examples_of_the_rfc(wire: bytes) -> None:
    found = response_of(wire)
    assert isinstance(found, ThreadData)
    assert response_octets(found) == wire
    assert sorted(number for found in found.threads for number in found) == list(range(166, 209))


@given(st.text("()12 ", max_size=14))
def test_anything_is_read_as_something_that_can_be_written(text: str) -> None:
    found = response_of(b"THREAD " + text.encode())
    if isinstance(found, ThreadData):
        assert response_of(response_octets(found)) == found
    else:
        assert isinstance(found, BrokenResponse)


def test_depth_without_end() -> None:
    deep = conversation(*((number + 1, number) for number in range(30_000)))
    pairs = [((number + 1, number // 2), (number + 2, number // 2 + 1)) for number in range(0, 20_000, 2)]
    bushy = conversation(*(member for pair in pairs for member in pair))
    for tree in (deep, bushy):
        assert response_of(response_octets(ThreadData((tree,)))) == ThreadData((tree,))


def test_who_answers_whom() -> None:
    assert SPLIT.parents() == {3: None, 6: 3, 4: 6, 23: 4, 44: 6, 7: 44, 96: 7}
    assert SIBLINGS.parents() == {3: None, 5: None}
    assert (list(SPLIT), len(SPLIT)) == ([3, 6, 4, 23, 44, 7, 96], 7)
    assert (list(SIBLINGS), len(SIBLINGS)) == ([3, 5], 2)


# The verb


def test_thread() -> None:
    peer = Peer("THREAD=REFERENCES", "THREAD=REFS")
    found, sent = run(thread.thread(peer, k.SEEN), [[ThreadData((SPLIT,)), ThreadData((SIBLINGS,))]])
    assert sent == [Thread(Algorithm.REFERENCES, k.SEEN)]
    assert list(found) == [SPLIT, SIBLINGS]
    assert (len(found), found.uid) == (2, True)
    _, sent = run(thread.thread(peer, k.SEEN, algorithm=Algorithm.REFS, uid=False), [[]])
    assert sent == [Thread(Algorithm.REFS, k.SEEN, uid=False)]


def test_the_best_algorithm_that_the_server_has() -> None:
    _, sent = run(thread.thread(Peer("THREAD=ORDEREDSUBJECT"), k.SEEN), [[]])
    assert sent == [Thread(Algorithm.ORDEREDSUBJECT, k.SEEN)]
    _, sent = run(thread.thread(Peer("THREAD=ORDEREDSUBJECT", "THREAD=REFS"), k.SEEN), [[]])
    assert sent == [Thread(Algorithm.REFS, k.SEEN)]
    with pytest.raises(NotSupported):
        run(thread.thread(Peer(), k.SEEN), [])
    with pytest.raises(NotSupported):
        run(thread.thread(Peer("THREAD=REFS"), k.SEEN, algorithm=Algorithm.REFERENCES), [])
