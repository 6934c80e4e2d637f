"""A mailbox as plain lists, an index over it, and what RFC 9051 section 6.4.4 says of each key, one message at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from imapkit.protocol.numset import NumSet, Range, compress, holds
from imapkit.query.collate import casemap
from imapkit.query.index import IdColumn, Known, MessageSet, NumberColumn, TextColumn
from imapkit.query.key import And, Not, Numbers, Or, SearchKey
from imapkit.query.plan import Run
from imapkit.query.records import Age, All, Day, Flagged, Header, Keyword, Larger, Recent, Smaller, Text, Uids


@dataclass
class Message:
    uid: int
    flags: frozenset[str] = frozenset()
    recent: bool = False
    came: date = date(2026, 1, 1)
    sent: date = date(2026, 1, 1)
    size: int = 100
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: str = ""

    def values(self, name: str) -> list[str]:
        return [value for field_name, value in self.headers if field_name.lower() == name.lower()]

    def text(self, column: TextColumn) -> str:
        if column is TextColumn.BODY:
            return self.body
        if column is TextColumn.HEADERS:
            return "\n".join(f"{name}: {value}" for name, value in self.headers)
        if column is TextColumn.PARTS:
            return ""
        return "\n".join(self.values(column.value))


class ListSet:
    """A MessageSet over a frozenset."""

    def __init__(self, uids: frozenset[int]) -> None:
        self.uids = uids

    def __len__(self) -> int:
        return len(self.uids)

    def __iter__(self) -> Iterator[int]:
        return iter(sorted(self.uids))

    def __contains__(self, uid: object) -> bool:
        return uid in self.uids

    def __or__(self, other: MessageSet) -> ListSet:
        return ListSet(self.uids | frozenset(other))

    def __and__(self, other: MessageSet) -> ListSet:
        return ListSet(self.uids & frozenset(other))

    def __sub__(self, other: MessageSet) -> ListSet:
        return ListSet(self.uids - frozenset(other))

    def ranges(self) -> list[Range]:
        return list(compress(sorted(self.uids)))


class ListIndex:
    """A SearchIndex over a list. ``hints``: how many candidates too many the text index names; None: there is no text index.
    ``certain``: of so many hits it needs no text.

    ``read`` collects the (column, UID) of every text that was looked at.
    """

    def __init__(
        self, messages: list[Message], hints: int | None = None, chunk: int = 3, certain: int = 0
    ) -> None:
        self.messages = messages
        self.hints = hints
        self.certain = certain
        self.chunk = chunk
        self.read: list[tuple[TextColumn | str, int]] = []

    def _set(self, messages: list[Message]) -> ListSet:
        return ListSet(frozenset(message.uid for message in messages))

    def everything(self) -> MessageSet:
        return self._set(self.messages)

    def nothing(self) -> MessageSet:
        return ListSet(frozenset())

    def by_uid(self, ranges: list[Range]) -> MessageSet:
        return self._set([message for message in self.messages if holds(ranges, message.uid)])

    def with_flag(self, flag: str) -> MessageSet:
        wanted = flag.lower()
        return self._set([m for m in self.messages if wanted in {name.lower() for name in m.flags}])

    def between(self, column: NumberColumn, low: int, high: int) -> MessageSet:
        return self._set([m for m in self.messages if low <= self._number(m, column) <= high])

    def _number(self, message: Message, column: NumberColumn) -> int:
        if column is NumberColumn.SIZE:
            return message.size
        return (message.came if column is NumberColumn.INTERNAL_DAY else message.sent).toordinal()

    def with_id(self, column: IdColumn, text: str) -> MessageSet:
        return self.nothing()

    def known(self, column: TextColumn, needle: str, within: MessageSet) -> Iterator[Known]:
        if self.hints is None:
            yield Known(self.nothing(), within)
            return
        having = [m for m in self.messages if needle in casemap(m.text(column))]
        yield Known(self._set(having[: self.certain]), self._set(self.messages[: self.hints]))
        yield Known(self.nothing(), self._set(having[self.certain :]))

    def texts(self, column: TextColumn, within: MessageSet) -> Iterator[list[tuple[int, str]]]:
        for part in self._chunks(within):
            yield [(message.uid, casemap(message.text(column))) for message in part]

    def holding(self, column: TextColumn, needle: str, within: MessageSet) -> Iterator[list[int]]:
        for part in self._chunks(within):
            self.read += [(column, message.uid) for message in part]
            yield [message.uid for message in part if needle in casemap(message.text(column))]

    def header_values(self, name: str, within: MessageSet) -> Iterator[list[tuple[int, list[str]]]]:
        for part in self._chunks(within):
            self.read += [(name, message.uid) for message in part]
            yield [(message.uid, [casemap(value) for value in message.values(name)]) for message in part]

    def _chunks(self, within: MessageSet) -> Iterator[list[Message]]:
        found = [message for message in self.messages if message.uid in within]
        for start in range(0, len(found), self.chunk):
            yield found[start : start + self.chunk]


def run_of(messages: list[Message], index: ListIndex | None = None, codec: str = "utf-8") -> Run:
    """What a session that has been told of all ``messages`` would pass; ``$`` is the empty set."""
    index = index or ListIndex(messages)
    uids = [message.uid for message in messages]

    def resolve(numset: NumSet) -> MessageSet:
        numbers = [] if not uids else numset.resolve(len(uids))
        return ListSet(frozenset(uid for seq, uid in enumerate(uids, 1) if holds(numbers, seq)))

    def resolve_uids(numset: NumSet) -> MessageSet:
        return index.by_uid(numset.resolve(uids[-1])) if uids else index.nothing()

    recent = ListSet(frozenset(message.uid for message in messages if message.recent))
    return Run(index, resolve, resolve_uids, lambda: recent, codec)


def matches(key: SearchKey, message: Message, seq: int, last: Message, count: int) -> bool:
    """The definition of each key, read from the RFC."""
    flags = {flag.lower() for flag in message.flags}
    match key:
        case All():
            return True
        case And(keys):
            return all(matches(part, message, seq, last, count) for part in keys)
        case Or(keys):
            return any(matches(part, message, seq, last, count) for part in keys)
        case Not(inner):
            return not matches(inner, message, seq, last, count)
        case Flagged(word):
            if word.startswith("UN"):
                return "\\" + word[2:].lower() not in flags
            return "\\" + word.lower() in flags
        case Keyword(keyword, wanted):
            return (keyword.lower() in flags) is wanted
        case Recent(age):
            seen = "\\seen" in flags
            return {
                Age.RECENT: message.recent,
                Age.OLD: not message.recent,
                Age.NEW: message.recent and not seen,
            }[age]
        case Larger(octets):
            return message.size > octets
        case Smaller(octets):
            return message.size < octets
        case Day(word, day):
            value = message.sent if word.startswith("SENT") else message.came
            relation = word.removeprefix("SENT")
            return {"BEFORE": value < day, "ON": value == day, "SINCE": value >= day}[relation]
        case Text(word, text):
            found: tuple[str, ...]
            if word == "TEXT":
                found = message.text(TextColumn.HEADERS), message.body
            elif word == "BODY":
                found = (message.body,)
            elif not text:
                return bool(list(message.values(word)))
            else:
                found = ("\n".join(message.values(word)),)
            return any(casemap(text) in casemap(part) for part in found)
        case Header(name, text):
            return any(casemap(text) in casemap(value) for value in message.values(name))
        case Uids(numset):
            return holds(numset.resolve(last.uid), message.uid)
        case Numbers(numset):
            return holds(numset.resolve(count), seq)
    raise AssertionError(f"no definition of {key}")


def brute_force(key: SearchKey, messages: list[Message]) -> list[int]:
    """UIDs that match, by looking at every message."""
    return [
        message.uid
        for seq, message in enumerate(messages, 1)
        if matches(key, message, seq, messages[-1], len(messages))
    ]
