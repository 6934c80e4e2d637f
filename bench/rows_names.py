"""Many mailboxes: CREATE, LIST, and LIST-STATUS (RFC 5819; LIST and pipelined STATUS where a peer lacks it)."""

from __future__ import annotations

import re

from bench.bed import Bed, Row, check
from bench.corpus import extra_mail
from bench.load import Answer, Connection, WrongAnswer, append_line

_PARENT = "Two"
_COUNTS = b"(MESSAGES UNSEEN UIDNEXT)"


def _delimiter(bed: Bed) -> str:
    found = re.search(rb'\* LIST \([^)]*\) "(.)" ', bed.side().ok(b'LIST "" ""').data)
    if found is None:
        raise WrongAnswer("no delimiter")
    return found[1].decode()


def _name(bed: Bed, delimiter: str, number: int) -> str:
    return f"{_PARENT}{delimiter}box{number:05d}"


def create(bed: Bed, round_: int) -> float:
    """Mailboxes a second, one connection, each waits for its OK."""
    delimiter = _delimiter(bed)
    bed.side().ok(f"CREATE {_PARENT}".encode())
    conn = bed.conn("INBOX")
    lines = [f"CREATE {_name(bed, delimiter, number)}".encode() for number in range(bed.sizes.boxes)]
    with bed.cpu():
        taken = sum(conn.ok(line).seconds for line in lines)
    bed.boxes = len(lines)
    check("mailboxes listed", _listed(bed, conn.ok(_list_many(delimiter)).data), bed.boxes)
    return len(lines) / taken


def _list_many(delimiter: str) -> bytes:
    return f'LIST "" "{_PARENT}{delimiter}*"'.encode()


def _listed(bed: Bed, data: bytes) -> int:
    """How many of the names are there, each once."""
    found = re.findall(rb'\* LIST \([^)]*\) "." "?' + _PARENT.encode() + rb'.(box\d+)"?\r\n', data)
    check("names twice", len(found) - len(set(found)), 0)
    return len(found)


def _change(bed: Bed, round_: int) -> tuple[int, int]:
    """One more mailbox, and one more message in one of the others: (number of that one, messages in it)."""
    if not bed.boxes:
        create(bed, 0)
    delimiter = _delimiter(bed)
    bed.side().ok(f"CREATE {_name(bed, delimiter, bed.boxes)}".encode())
    bed.boxes += 1
    number = (bed.boxes * 37) % bed.sizes.boxes
    name = _name(bed, delimiter, number)
    bed.side().ok(append_line(name, extra_mail(bed.boxes, 2_000)))
    return number, bed.messages(name)


def list_all(bed: Bed, round_: int) -> float:
    """Milliseconds."""
    _change(bed, round_)
    answer = bed.timed("INBOX", b'LIST "" "*"')
    check("mailboxes listed", _listed(bed, answer.data), bed.boxes)
    return answer.seconds * 1000


def list_status(bed: Bed, round_: int) -> float:
    """Milliseconds."""
    number, messages = _change(bed, round_)
    delimiter = _delimiter(bed)
    if bed.has("LIST-STATUS"):
        answer = bed.timed("INBOX", b'LIST "" "*" RETURN (STATUS %s)' % _COUNTS)
    else:
        conn = bed.conn("INBOX")
        with bed.cpu():
            answer = _asked_one_by_one(bed, conn, delimiter)
    check("mailboxes listed", _listed(bed, answer.data), bed.boxes)
    counts = re.findall(
        rb'\* STATUS "?' + _PARENT.encode() + rb'.box(\d+)"? \(MESSAGES (\d+) ([^)]*)\)', answer.data
    )
    check("STATUS lines", len({name for name, _, _ in counts}), bed.boxes)
    found = {int(name): (int(count), rest) for name, count, rest in counts}
    expected = (messages, b"UIDNEXT %d UNSEEN %d" % (messages + 1, messages))
    count, rest = found[number]
    check(f"STATUS of {number}", (count, b" ".join(sorted(_pairs(rest)))), expected)
    return answer.seconds * 1000


def _pairs(rest: bytes) -> list[bytes]:
    words = rest.split()
    return [b" ".join(words[at : at + 2]) for at in range(0, len(words), 2)]


def _asked_one_by_one(bed: Bed, conn: Connection, delimiter: str) -> Answer:
    """LIST, then STATUS of each, sent at once."""
    listed = conn.ok(b'LIST "" "*"')
    tags = [conn.next_tag() for _ in range(bed.boxes)]
    lines = [
        b"%s STATUS %s %s\r\n" % (tag, _name(bed, delimiter, number).encode(), _COUNTS)
        for number, tag in enumerate(tags)
    ]
    counted = conn.exchange(b"".join(lines), tags[-1]).expect_ok()
    return Answer(listed.data + counted.data, counted.tagged, listed.seconds + counted.seconds)


ROWS = [
    Row("CREATE of 2,000 mailboxes", "mailboxes/s", create, 1.5, once=True),
    Row("LIST of 2,000", "ms", list_all, 1.0, more_is_better=False),
    Row("LIST-STATUS of 2,000", "ms", list_status, 1.0, more_is_better=False),
]
