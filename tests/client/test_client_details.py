"""What is told of a message and a mailbox is right: headers, dates, counts; and a search where CHARSET is refused."""

from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

import imapkit
from imapkit.client.backends import net_async
from imapkit.features.append import AppendMessage
from imapkit.message.dates import parse_date

from .twins import Play, Script, Twin, logged_in, server, url


def opened(twin: Twin, port: int, **given: Any) -> Any:
    return twin.connect(url(port), identity=None, allow_plaintext=True, **given)


@pytest.mark.parametrize(
    ("message", "header"),
    [
        (b"A: 1\r\nB: 2\r\n\r\nC: 3\r\n", b"A: 1\r\nB: 2\r\n\r\n"),
        (b"A: 1\nB: 2\n\nC: 3\n", b"A: 1\nB: 2\n\n"),
        (b"A: 1\r\n", b"A: 1\r\n"),
        (b"\r\nC: 3\r\n", b"\r\n"),
    ],
)
def test_the_header_of_a_whole_message_is_its_header(twin: Twin, message: bytes, header: bytes) -> None:
    def play(s: Script) -> None:
        s.select(1)
        tag = s.command("UID FETCH 1")
        s.send(b"* 1 FETCH (UID 1 BODY[] {%d}\r\n%b)" % (len(message), message), f"{tag} OK done")
        s.goodbye()

    with server(logged_in(play)) as port, opened(twin, port) as mail:
        found = mail.select("INBOX").message(1, imapkit.Body)
        assert found.raw_header == header
        assert found.header("C") is None
        assert found.raw == message


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("Fri, 15 Mar 2024 10:01:07 GMT+0800", 8),
        ("Fri, 15 Mar 2024 10:01:07 UTC-05:00", -5),
        ("15 Mar 2024 10:01:07 UT+1", 1),
        ("15 Mar 2024 10:01:07 GMT +0530", 5.5),
        ("2024-03-15T10:01:07.123+08:00", 8),
        ("2024-03-15 10:01:07,5 -0500", -5),
        ("2024-03-15T10:01:07Z", 0),
        ("2024-03-15T10:01:07.123456789Z", 0),
        ("15 Mar 2024 10:01:07.123 +0800", 8),
        ("15 Mar 2024 10:01:07 +08", 8),
        ("Fri Mar 15 10:01:07 2024 +0800", 8),
        ("Fri Mar 15 10:01:07 2024", 0),
        ("Fri, 15 Mar 2024 10:01:07 +0800 (CST)", 8),
        ("Fri, 15 Mar 2024 10:01:07 EST", -5),
        ("Fri, 15 Mar 2024 10:01:07 NOWHERE", 0),
        ("Fri, 15 Mar 2024 10:01:07 +9999", 0),
    ],
)
def test_zones(text: str, offset: float) -> None:
    found = parse_date(text.encode())
    assert found is not None
    assert found.replace(tzinfo=None) == datetime(2024, 3, 15, 10, 1, 7)
    assert found.utcoffset() == timedelta(hours=offset)


def test_a_date_without_zone_is_that_of_this_machine_in_every_way_to_append(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    naive = datetime(2024, 7, 1, 12)
    assert AppendMessage.of(b"x", date=naive).date == naive.astimezone()
    assert AppendMessage(AppendMessage.of(b"x").message, (), naive).checked().date == naive.astimezone()


def test_an_expunge_of_what_is_not_there_changes_no_count(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.select(3)
        s.answer("NOOP", "* 44 EXPUNGE")
        s.answer("NOOP", "* 2 EXPUNGE", "* 3 EXPUNGE")
        s.goodbye()

    with server(logged_in(play)) as port, opened(twin, port) as mail:
        inbox = mail.select("INBOX")
        assert inbox.refresh() == [] and inbox.exists == 3
        assert inbox.refresh() == [imapkit.Expunged(2)] and inbox.exists == 2


def refusing(status: str) -> Play:
    """Refuses CHARSET so, once: a client that asks with it again fails the script."""

    def play(s: Script) -> None:
        s.select(3)
        for number in range(2):
            line = s.line()
            tag, _, rest = line.partition(b" ")
            if not number:
                assert b"CHARSET UTF-8" in rest, line
                s.take(len("ü".encode()) if b"{" in rest else 0)
                if b"{" in rest:
                    s.line()
                s.send(f"{tag.decode()} {status}")
                line = s.line()
                tag, _, rest = line.partition(b" ")
            assert b"CHARSET" not in rest, line
            if b"{" in rest:
                s.take(len("ü".encode()))
                s.line()
            s.send("* SEARCH 2", f"{tag.decode()} OK done")
        s.goodbye()

    return play


@pytest.mark.parametrize(
    "status",
    ["BAD what is CHARSET", "NO I do not know that", "NO [BADCHARSET] no", "NO [BADCHARSET (US-ASCII)] no"],
)
def test_a_search_is_tried_without_charset_and_the_refusal_remembered(twin: Twin, status: str) -> None:
    greeting = "* PREAUTH [CAPABILITY IMAP4rev1 LITERAL+] hi"
    with server(logged_in(refusing(status), greeting)) as port, opened(twin, port) as mail:
        inbox = mail.select("INBOX")
        assert list(inbox.search(subject="ü").uids()) == [2]
        assert list(inbox.search(subject="ü").uids()) == [2]


def test_a_refusal_for_another_reason_is_told(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.select(3)
        tag, _, rest = s.line().partition(b" ")
        if b"{" in rest:
            s.take(2)
            s.line()
        s.send(f"{tag.decode()} NO [LIMIT] too much")
        s.goodbye()

    with (
        server(logged_in(play, "* PREAUTH [CAPABILITY IMAP4rev1 LITERAL+] hi")) as port,
        opened(twin, port) as mail,
    ):
        inbox = mail.select("INBOX")
        with pytest.raises(imapkit.CommandNo, match="too much"):
            inbox.search(subject="ü").uids()


def test_a_handshake_that_hangs_leaves_nothing_to_wait_for(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who gives it up closes at once: the end of the connection is known, though no protocol was there to be told of it."""
    wait = asyncio.wait

    async def checked(futures: Any, **given: Any) -> Any:
        assert all(future.done() for future in futures)
        return await wait(futures, **given)

    monkeypatch.setattr(net_async.asyncio, "wait", checked)
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(imapkit.ConnectionTimeout):
        twin.connect(
            f"imaps://127.0.0.1:{listener.getsockname()[1]}", user="ann", password="x", connect_timeout=0.2
        )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Fri, 15 Mar 2024 10:01:07 +9999", None),
        ("Fri, 15 Mar 2024 10:01:07 GMT+25", None),
        ("Fri, 15 Mar 2024 25:01:07 +0100", None),
        ("Fri, 15 Mar 2024 10:61:07 +0100", None),
        ("yesterday", None),
        (
            "Fri, 15 Mar 2024 10:01:07 GMT+0800",
            datetime(2024, 3, 15, 10, 1, 7, tzinfo=timezone(timedelta(hours=8))),
        ),
        ("Fri, 15 Mar 2024 10:01:60 +0000", datetime(2024, 3, 15, 10, 1, 59, tzinfo=UTC)),
    ],
)
def test_what_is_not_understood_is_no_other_moment(twin: Twin, text: str, expected: datetime | None) -> None:
    def play(s: Script) -> None:
        s.select(1)
        tag = s.command("UID FETCH 1")
        envelope = f'("{text}" "x" NIL NIL NIL NIL NIL NIL NIL NIL)'
        s.send(f"* 1 FETCH (UID 1 ENVELOPE {envelope})", f"{tag} OK done")
        s.goodbye()

    with server(logged_in(play)) as port, opened(twin, port) as mail:
        assert mail.select("INBOX").message(1, imapkit.Envelope).envelope.date == expected
