"""OLDER and YOUNGER on the wire and at the second (RFC 5032)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from imapkit.errors import UsageError
from imapkit.features.search import Search
from imapkit.features.within import OLDER, YOUNGER, Older, Younger
from imapkit.protocol.numset import NumSet, Range
from imapkit.query import keys as k
from imapkit.query.index import MessageSet, NumberColumn
from imapkit.query.key import SearchKey
from imapkit.query.plan import Run, result

from ..query.model import ListIndex, Message, run_of
from ..support.vectors import Row, check_bad, check_command, command_octets, ids

COMMANDS = [
    Row(b"SEARCH UNSEEN YOUNGER 259200", Search(k.UNSEEN & Younger(259200), uid=False)),
    Row(b"UID SEARCH NOT OLDER 4294967295", Search(~Older(4294967295))),
]


@pytest.mark.parametrize("row", COMMANDS, ids=ids(COMMANDS))
def test_commands(row: Row) -> None:
    check_command(row)


def test_pleasant_names() -> None:
    assert OLDER(60) == Older(60) == OLDER(timedelta(minutes=1))
    assert YOUNGER(timedelta(days=3)) == Younger(259200) == YOUNGER(259200)


@pytest.mark.parametrize("word", [b"OLDER", b"YOUNGER"])
def test_malformed(word: bytes) -> None:
    check_bad(b"SEARCH " + word, "a space")
    for text in (b"0", b"-1", b"x", b"4294967296", b"1.5"):
        check_bad(b"SEARCH %s %s" % (word, text), "the end" if text == b"1.5" else "a number of seconds")


@pytest.mark.parametrize("seconds", [0, -1, 1 << 32])
def test_ages_that_cannot_be_asked_for(seconds: int) -> None:
    for key in (Older(seconds), Younger(seconds)):
        with pytest.raises(UsageError):
            command_octets(Search(key))


class Aged(ListIndex):
    """UID n came at n seconds past 1000."""

    def between(self, column: NumberColumn, low: int, high: int) -> MessageSet:
        assert column is NumberColumn.INTERNAL_TIME
        return self._set([message for message in self.messages if low <= 1000 + message.uid <= high])


@pytest.mark.parametrize(
    ("key", "found"),
    [
        (Older(5), [1, 2, 3, 4, 5]),
        (Younger(5), [5, 6, 7, 8, 9]),
        (Older(1), [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (Younger(1), [9]),
        (Older(100), []),
        (Older(4294967295), []),
        (Younger(4294967295), [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        (Older(5) & Younger(5), [5]),
    ],
)
def test_to_the_second(key: SearchKey, found: list[int]) -> None:
    messages = [Message(uid) for uid in range(1, 10)]
    index = Aged(messages)

    def nothing(numbers: NumSet) -> MessageSet:
        return index.nothing()

    run = Run(index, nothing, nothing, index.nothing, now=lambda: 1010.9)
    ranges: list[Range] = [(1, 9)]
    assert list(result(key, run, index.by_uid(ranges))) == found


def test_without_a_clock() -> None:
    messages = [Message(1)]
    with pytest.raises(UsageError):
        result(Older(5), run_of(messages), ListIndex(messages).everything())
