"""No answer of a server costs a client more than its size, whatever it holds, read to the last of its fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from imapkit.client.files import safe_name
from imapkit.errors import ImapError, LimitExceeded
from imapkit.features.base import Noop
from imapkit.features.catalogue import full_registry
from imapkit.features.fetch_data import FetchData
from imapkit.features.fetch_quick import quick_fetch
from imapkit.message.words import decode_params
from imapkit.protocol.bodypart import BodyPart, MultiPart, has_filename
from imapkit.protocol.client import ClientConnection
from imapkit.protocol.numset import NumSet, check_count
from imapkit.protocol.uid_codes import CopyUid
from tests.support.growth import check_growth

Make = Callable[[int], bytes]

ANSWERS: dict[str, Make] = {
    "unknown items with literals": lambda n: b"* 1 FETCH (" + b"X-A {1}\r\na " * n + b"UID 1)\r\n",
    "unknown items": lambda n: b"* 1 FETCH (" + b"X-A b " * n + b"UID 1)\r\n",
    "unknown items, open brackets": lambda n: b"* 1 FETCH (" + b"X-A[ b " * n + b"UID 1)\r\n",
    "unknown items, brackets": lambda n: b"* 1 FETCH (" + b"X-A[B (c)] b " * n + b"UID 1)\r\n",
    "sections": lambda n: b"* 1 FETCH (" + b"BODY[1] {1}\r\na " * n + b"UID 1)\r\n",
    "flags": lambda n: b"* 1 FETCH (FLAGS (" + b"x " * n + b"))\r\n",
    "lists in lists": lambda n: b"* 1 FETCH " + b"(" * n + b"\r\n",
    "addresses as literals": lambda n: (
        b"* 1 FETCH (ENVELOPE (NIL NIL ("
        + b"({1}\r\na NIL {1}\r\nb {1}\r\nc)" * n
        + b") NIL NIL NIL NIL NIL NIL NIL))\r\n"
    ),
    "addresses": lambda n: (
        b"* 1 FETCH (ENVELOPE (NIL NIL (" + b'("a" NIL "b" "c")' * n + b") NIL NIL NIL NIL NIL NIL NIL))\r\n"
    ),
    "parts": lambda n: (
        b"* 1 FETCH (BODYSTRUCTURE (" + b'("a" "b" NIL NIL NIL "7BIT" 1)' * n + b' "mixed"))\r\n'
    ),
    "parameters": lambda n: (
        b'* 1 FETCH (BODYSTRUCTURE ("a" "b" (' + b'"c" "d" ' * n + b') NIL NIL "7BIT" 1))\r\n'
    ),
    "parameters as literals": lambda n: (
        b'* 1 FETCH (BODYSTRUCTURE ("a" "b" (' + b"{1}\r\nc {1}\r\nd " * n + b') NIL NIL "7BIT" 1))\r\n'
    ),
    "half a structure": lambda n: b'* 1 FETCH (BODYSTRUCTURE ("a" ' + b"(b) " * n + b"\r\n",
    "list with literals": lambda n: b'* LIST () "/" x (' + b"X {1}\r\na " * n + b")\r\n",
    "list data": lambda n: b'* LIST () "/" x (' + b"X (a) " * n + b")\r\n",
    "attributes": lambda n: b"* LIST (" + b"\\x " * n + b') "/" a\r\n',
    "a name without quotes": lambda n: b'* LIST () "/" ' + b"a " * n + b"\r\n",
    "a name in mUTF-7": lambda n: b'* LIST () "/" "' + b"&AOQ-" * n + b'"\r\n',
    "a status without quotes": lambda n: b"* STATUS " + b"a (" * n + b"MESSAGES 1)\r\n",
    "status items": lambda n: b"* STATUS a (" + b"X 1 " * n + b")\r\n",
    "a status of many digits": lambda n: b"* STATUS a (X " + b"9" * n + b")\r\n",
    "unknown response with literals": lambda n: b"* XYZ" + b" {1}\r\na" * n + b"\r\n",
    "search": lambda n: b"* SEARCH" + b" 1" * n + b"\r\n",
    "esearch": lambda n: b"* ESEARCH UID ALL 1" + b",3" * n + b"\r\n",
    "esearch data": lambda n: b"* ESEARCH" + b" X (a)" * n + b"\r\n",
    "threads": lambda n: b"* THREAD " + b"(1)" * n + b"\r\n",
    "a deep thread": lambda n: b"* THREAD " + b"(1" * n + b"\r\n",
    "capabilities": lambda n: b"* CAPABILITY" + b" X" * n + b"\r\n",
    "namespaces": lambda n: b"* NAMESPACE (" + b'("a" "/")' * n + b") NIL NIL\r\n",
    "id": lambda n: b"* ID (" + b'"a" "b" ' * n + b")\r\n",
    "a code": lambda n: b"* OK [X " + b"[" * n + b"] x\r\n",
    "copyuid": lambda n: b"* OK [COPYUID 1 1" + b",3" * n + b" 1" + b",3" * n + b"] x\r\n",
    "vanished": lambda n: b"* VANISHED 1" + b",3" * n + b"\r\n",
    "lines": lambda n: b"* 1 EXISTS\r\n" * n,
    "blank lines": lambda n: b"\r\n" * n,
    "broken lines": lambda n: b"* 1 FETCH (FLAGS\r\n" * n,
    "backslashes": lambda n: b'* LIST () "/" "' + b"\\\\" * n + b'"\r\n',
    "an open quote": lambda n: b'* LIST () "/" "' + b"a" * n + b"\r\n",
}


def read(data: bytes, step: int = 1 << 16) -> None:
    """All events of an answer, and of FETCH data all that they say. What cannot be read may say so."""
    grammar = full_registry().grammar
    core = ClientConnection(grammar, quick=quick_fetch(grammar))
    core.receive(b"* OK ready\r\n")
    assert core.next() is not None
    core.send(Noop())
    _ = core.next_chunk()
    try:
        for at in range(0, len(data), step):
            core.receive(data[at : at + step])
            for event in [*core.ready(), *iter(core.next, None)]:
                if isinstance(event, FetchData):
                    look(event)
    except ImapError:
        pass  # a documented outcome; what it cost counts


def look(data: FetchData) -> None:
    _ = (data.flags, data.envelope, data.sections, data.extra, data.uid)
    for part in walk(data.bodystructure):
        has_filename(part)
        decode_params(part.params)


def walk(part: BodyPart | None) -> Iterator[BodyPart]:
    if part is not None:
        yield part
        for child in part.children if isinstance(part, MultiPart) else ():
            yield from walk(child)


@pytest.mark.parametrize("make", ANSWERS.values(), ids=ANSWERS)
def test_an_answer(make: Make) -> None:
    check_growth(make, read, 600)


@pytest.mark.parametrize("step", [1, 1000])
def test_an_answer_in_small_pieces(step: int) -> None:
    check_growth(ANSWERS["unknown items with literals"], lambda data: read(data, step), 500)


@pytest.mark.parametrize("char", ["a", ".", "\u00e4", "\U0001f4a9", "/", "\\", " ", "\ud800", "..a"])
def test_a_file_name(char: str) -> None:
    check_growth(lambda n: char * n, safe_name, 4_000)
    assert len(safe_name(char * 10_000).encode()) <= 200


@pytest.mark.parametrize("name", [b"filename", b"filename*", b"filename*0", b"filename*0*"])
@pytest.mark.parametrize("value", [b"a", b"%41", b"'", b"=?utf-8?q?a?=", b"\xff"])
def test_a_parameter(name: bytes, value: bytes) -> None:
    check_growth(lambda n: [(name, b"utf-8''" + value * n)], decode_params, 1_000)
    check_growth(lambda n: [(name + b"%d" % k, value) for k in range(n)], decode_params, 500)


def test_a_few_octets_name_no_thousands_of_millions() -> None:
    every = NumSet.parse("1:4294967295")
    with pytest.raises(LimitExceeded, match="messages of an answer"):
        check_count(every)
    with pytest.raises(LimitExceeded):
        list(CopyUid(1, every, every).pairs())
    assert list(CopyUid(1, every, NumSet.parse("1:3")).pairs()) == []
