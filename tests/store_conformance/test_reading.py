"""Columns and octets of many messages at once are those of each message alone."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from imapkit.errors import StoreBroken
from imapkit.message.headers import select_fields_plainly
from imapkit.ports.blob import FilePart, Part
from imapkit.ports.store import Account, AnyColumn, Column, HeaderFields

from .conftest import Play
from .mail import message, row

SIZES = (0, 10, 5_000, 65_000, 66_000, 200_000)


def mails(count: int) -> list[bytes]:
    """Small and large, tidy and not."""
    found = []
    for number in range(count):
        long = b"x" * 17_000 if number % 10 == 7 else b"%d" % number
        header = b"To: b\r\nX-Other: c\r\nFrom: a%d\r\nSubject: %b\r\n folded\r\n" % (number, long)
        if number % 10 == 5:
            header = b"no field\r\nfrom : A\r\n"
        found.append(header + b"\r\n" + b"y" * SIZES[number % len(SIZES)])
    return found


@pytest.mark.parametrize("count", [1, 5, 60])
def test_columns(play: Play, count: int) -> None:
    wanted: list[Sequence[AnyColumn]] = [
        [Column.UID],
        [Column.HEADER],
        [Column.UID, HeaderFields(frozenset([b"from", b"subject"]))],
        [HeaderFields(frozenset([b"from"])), Column.SIZE, HeaderFields(frozenset([b"x-other", b"to"])), Column.PARTS],
        [HeaderFields(frozenset([b"absent\n"]))],
    ]  # fmt: skip

    async def scenario(account: Account) -> None:
        data = mails(count)
        await account.append(row(account, "INBOX").id, [message(item) for item in data])
        mailbox = await account.open("INBOX")
        heads = [
            header for chunk in mailbox.rows(mailbox.everything(), [Column.HEADER]) for (header,) in chunk
        ]
        for columns in wanted:
            rows = [found for chunk in mailbox.rows(mailbox.everything(), columns) for found in chunk]
            parts = [
                list(zip(*found, strict=True)) for found in mailbox.chunks(mailbox.everything(), columns)
            ]
            assert [found for part in parts for found in part] == rows and len(rows) == count
            alone = [
                found
                for uid in mailbox.everything()
                for chunk in mailbox.rows(mailbox.by_uid([(uid, uid)]), columns)
                for found in chunk
            ]
            assert alone == rows
            for at, asked in enumerate(columns):
                if isinstance(asked, HeaderFields):
                    chosen = [select_fields_plainly(head, asked.names) for head in heads]  # type: ignore[arg-type]
                    assert [found[at] for found in rows] == chosen
        assert list(mailbox.chunks(mailbox.by_uid([(count + 1, count + 9)]), [Column.UID])) == []
        mailbox.release()

    play(scenario)


def octets(found: bytes | Part) -> bytes:
    if not isinstance(found, FilePart):
        return bytes(found)
    data = Path(found.path).read_bytes()[found.start : found.end]
    assert len(data) == len(found), "it is as long as it says"
    return data


def test_ranges(play: Play) -> None:
    async def scenario(account: Account) -> None:
        data = mails(24)
        await account.append(row(account, "INBOX").id, [message(item) for item in data])
        mailbox = await account.open("INBOX")
        chunks = mailbox.rows(mailbox.everything(), [Column.CONTENT, Column.HEADER])
        rows = [one for chunk in chunks for one in chunk]
        wanted = []
        expected = []
        for item, (content, header) in zip(data, rows, strict=True):
            assert isinstance(content, int) and isinstance(header, bytes)
            body, size = len(header), len(item)
            for start, end in (
                (0, size), (0, body), (body, size), (0, 3), (body - 1, body + 1), (body + 1, body + 4), (5, size + 9),
                (size, size), (size, size + 1), (body, body),
            ):  # fmt: skip
                wanted.append((content, start, end))
                expected.append(item[start:end])
        assert [octets(found) for found in account.read_ranges(wanted)] == expected
        assert [octets(account.read_ranges([one])[0]) for one in wanted] == expected
        assert account.read_ranges([]) == []
        with pytest.raises(StoreBroken):
            account.read_ranges([*wanted, (999, 0, 1)])
        mailbox.release()

    play(scenario)
