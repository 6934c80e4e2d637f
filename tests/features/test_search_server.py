"""SEARCH, ESEARCH and SEARCHRES as a real session answers them, over an in-memory store."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from imapkit.protocol.status import Kind

from .talk import Room, Talk


def mail(sender: str, subject: str, body: str, *, date: str = "Sun, 1 Nov 2026 10:00:00 +0000") -> bytes:
    lines = [f"From: {sender}", f"Subject: {subject}", f"Date: {date}", "MIME-Version: 1.0"]
    lines += ["Content-Type: text/plain; charset=utf-8", "", body, ""]
    return "\r\n".join(lines).encode()


MESSAGES = [
    mail("Ann <ann@example.org>", "Hello", "the first letter"),
    mail("Bob <bob@example.org>", "=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "отпуск in summer"),
    mail("Ann <ann@example.org>", "Invoice 7", "please pay", date="Mon, 2 Feb 2026 23:30:00 -0800"),
    mail("Carl <carl@example.org>", "hello again", "bye"),
    mail("Bob <bob@example.org>", "last", "the last letter"),
]


def in_room(test: Callable[[Room, Talk], Awaitable[None]], messages: list[bytes] = MESSAGES) -> None:
    async def main() -> None:
        async with asyncio.timeout(20), Room.open(messages) as room:
            await test(room, await room.talk())

    asyncio.run(main())


@pytest.mark.parametrize(
    ("command", "lines"),
    [
        ("SEARCH ALL", [b"* SEARCH 1 2 3 4 5"]),
        ("UID SEARCH FROM ann", [b"* SEARCH 1 3"]),
        ("SEARCH NOT FROM ann NOT SUBJECT LAST", [b"* SEARCH 2 4"]),
        ("SEARCH SUBJECT HELLO", [b"* SEARCH 1 4"]),
        ('SEARCH SUBJECT "grüße"', [b"* SEARCH 2"]),
        ("SEARCH BODY letter", [b"* SEARCH 1 5"]),
        ("SEARCH TEXT отпуск", None),
        ('SEARCH TEXT "ОТПУСК"', [b"* SEARCH 2"]),
        ('SEARCH HEADER Message-ID ""', [b"* SEARCH"]),
        ('SEARCH HEADER subject ""', [b"* SEARCH 1 2 3 4 5"]),
        ("SEARCH SENTON 2-Feb-2026", [b"* SEARCH 3"]),
        ("SEARCH SENTSINCE 3-Feb-2026", [b"* SEARCH 1 2 4 5"]),
        ("SEARCH ON 1-Nov-2026", [b"* SEARCH 1 2 3 4 5"]),
        ("SEARCH BEFORE 1-Nov-2026", [b"* SEARCH"]),
        ("SEARCH LARGER 4294967296", [b"* SEARCH"]),
        ("SEARCH SMALLER 9223372036854775807", [b"* SEARCH 1 2 3 4 5"]),
        ("SEARCH UID 4:*", [b"* SEARCH 4 5"]),
        ("UID SEARCH UID 400:*", [b"* SEARCH 5"]),
        ("SEARCH OR 1 UID 3", [b"* SEARCH 1 3"]),
        ("SEARCH RECENT UNSEEN", [b"* SEARCH 1 2 3 4 5"]),
        ("SEARCH OLD", [b"* SEARCH"]),
        ("SEARCH RETURN () FROM bob", [b'* ESEARCH (TAG "T2") ALL 2,5']),
        ("UID SEARCH RETURN (ALL) 1:3", [b'* ESEARCH (TAG "T2") UID ALL 1:3']),
        ("SEARCH RETURN (MIN COUNT) FROM ann", [b'* ESEARCH (TAG "T2") MIN 1 COUNT 2']),
        ("SEARCH RETURN (MIN MAX) FROM bob", [b'* ESEARCH (TAG "T2") MIN 2 MAX 5']),
        ("SEARCH RETURN (MAX) FROM bob", [b'* ESEARCH (TAG "T2") MAX 5']),
        ("SEARCH RETURN (MIN MAX ALL COUNT) TEXT nowhere", [b'* ESEARCH (TAG "T2") COUNT 0']),
        ("SEARCH RETURN (MIN) TEXT nowhere", [b'* ESEARCH (TAG "T2")']),
        ("SEARCH RETURN (SAVE) ALL", []),
        # a number that no message has meets nothing
        ("SEARCH 6", [b"* SEARCH"]),
        ("SEARCH 1000 FROM bob", [b"* SEARCH"]),
        ("SEARCH NOT 1000", [b"* SEARCH 1 2 3 4 5"]),
        ("SEARCH OR 1000 2", [b"* SEARCH 2"]),
        ("SEARCH 4:1000", [b"* SEARCH 4 5"]),
        ("SEARCH 1000:*", [b"* SEARCH 5"]),
        ("UID SEARCH 1,4294967295", [b"* SEARCH 1"]),
        ("SEARCH RETURN (COUNT) 3:1000", [b'* ESEARCH (TAG "T2") COUNT 3']),
    ],
)
def test_answers(command: str, lines: list[bytes] | None) -> None:
    async def test(room: Room, talk: Talk) -> None:
        answer = await talk(command)
        if lines is None:  # 8-bit octets in an atom
            assert answer.status.kind is Kind.BAD
        else:
            assert (answer.ok, answer.lines) == (True, lines)

    in_room(test)


@pytest.mark.parametrize(
    ("command", "kind", "code", "text"),
    [
        ("SEARCH CHARSET X-KLINGON TEXT a", Kind.NO, "BADCHARSET", "X-KLINGON"),
        ("SEARCH CHARSET idna TEXT a", Kind.NO, "BADCHARSET", "idna"),
        (b'SEARCH NOT SUBJECT "\xff"', Kind.NO, "BADCHARSET", "not UTF-8"),
        (b'SEARCH CHARSET EUC-JP SUBJECT "\xff"', Kind.NO, "BADCHARSET", "not EUC-JP"),
        ("SEARCH RETURN (NONSENSE) ALL", Kind.BAD, None, "search return option"),
    ],
)
def test_refusals(command: str | bytes, kind: Kind, code: str | None, text: str) -> None:
    async def test(room: Room, talk: Talk) -> None:
        answer = await talk(command)
        assert (answer.status.kind, answer.status.code_name) == (kind, code)
        assert text in answer.status.text
        assert not answer.data

    in_room(test)


@pytest.mark.parametrize("charset", ["UTF-8", "utf-8", "US-ASCII", "KOI8-R", "windows-1251", "UTF-16BE"])
def test_charsets(charset: str) -> None:
    needle = "отпуск" if charset.upper() != "US-ASCII" else "summer"

    async def test(room: Room, talk: Talk) -> None:
        octets = needle.encode(charset)
        command = b"UID SEARCH CHARSET %s BODY {%d+}\r\n%s" % (charset.encode(), len(octets), octets)
        if charset == "UTF-16BE":  # has NUL octets for ASCII letters, but none here
            assert b"\0" not in octets
        assert (await talk.good(command)).lines == [b"* SEARCH 2"]

    in_room(test)


def test_empty_mailbox() -> None:
    async def test(room: Room, talk: Talk) -> None:
        for key in ("ALL", "UID 1:*", "UID 5", "NOT UID 5", "UNSEEN", "1:*"):
            assert (await talk.good(f"SEARCH {key}")).lines == [b"* SEARCH"], key
        assert (await talk.good("SEARCH RETURN (MIN COUNT) ALL")).lines == [b'* ESEARCH (TAG "T8") COUNT 0']
        for beyond in ("1", "1:9", "*", "2:*"):
            assert (await talk.good(f"SEARCH {beyond}")).lines == [b"* SEARCH"], beyond

    in_room(test, [])


def test_rev2_answers_by_esearch_and_takes_utf8_only() -> None:
    async def test(room: Room, talk: Talk) -> None:
        await talk.good("ENABLE IMAP4rev2")
        assert (await talk.good("SEARCH FROM bob")).lines == [b'* ESEARCH (TAG "T3") ALL 2,5']
        assert (await talk.good("UID SEARCH TEXT nowhere")).lines == [b'* ESEARCH (TAG "T4") UID']
        assert (await talk.good("SEARCH CHARSET UTF-8 FROM bob")).lines == [b'* ESEARCH (TAG "T5") ALL 2,5']
        refused = await talk("SEARCH CHARSET KOI8-R FROM bob")
        assert (refused.status.kind, refused.status.code_name) == (Kind.NO, "BADCHARSET")
        await talk.good("SELECT INBOX")  # nothing is recent for IMAP4rev2
        assert (await talk.good("SEARCH RECENT")).lines == [b'* ESEARCH (TAG "T8")']

    in_room(test)


# SEARCHRES


@pytest.mark.parametrize(
    ("options", "saved"),
    [
        ("SAVE", b"1 2 4 5"),
        ("SAVE MIN", b"1"),
        ("MAX SAVE", b"5"),
        ("MAX SAVE MIN", b"1 5"),
        ("MAX SAVE MIN COUNT", b"1 2 4 5"),
        ("ALL SAVE MIN", b"1 2 4 5"),
        ("COUNT SAVE", b"1 2 4 5"),
    ],
)
def test_what_is_saved(options: str, saved: bytes) -> None:
    async def test(room: Room, talk: Talk) -> None:
        await talk.good(f"SEARCH RETURN ({options}) NOT SUBJECT invoice")
        assert (await talk.good("SEARCH $")).lines == [b"* SEARCH " + saved]
        assert (await talk.good("UID SEARCH UID $")).lines == [b"* SEARCH " + saved]

    in_room(test)


def test_the_saved_result_lives_as_the_rfc_says() -> None:
    async def saved(talk: Talk) -> bytes:
        return (await talk.good("UID SEARCH $")).lines[0]

    async def test(room: Room, talk: Talk) -> None:
        assert await saved(talk) == b"* SEARCH"  # before any SEARCH with SAVE
        await talk.good("SEARCH RETURN (SAVE) FROM ann")
        assert await saved(talk) == b"* SEARCH 1 3"
        await talk.good("SEARCH FROM bob")
        await talk.good("SEARCH 77")
        assert (await talk("SEARCH CHARSET X-NONE TEXT a")).status.kind is Kind.NO
        assert (await talk("SEARCH RETURN (SAVE) SINCE 77")).status.kind is Kind.BAD
        assert await saved(talk) == b"* SEARCH 1 3"  # none of these changed it
        await talk.good("UID STORE 1 +FLAGS.SILENT (\\Deleted)")
        await talk.good("EXPUNGE")
        assert await saved(talk) == b"* SEARCH 3"
        assert (await talk.good("SEARCH $")).lines == [b"* SEARCH 2"]
        await talk.good("COPY $ Sent")
        await talk.good("SEARCH RETURN (SAVE) $ FROM ann")  # $ within its own successor
        assert await saved(talk) == b"* SEARCH 3"
        assert (await talk("SEARCH RETURN (SAVE) CHARSET X-NONE TEXT a")).status.kind is Kind.NO
        assert await saved(talk) == b"* SEARCH"
        assert (await talk.good("COPY $ Sent")).status.text.startswith("No matching")
        await talk.good("SEARCH RETURN (SAVE) ALL")
        await talk.good("SELECT INBOX")
        assert await saved(talk) == b"* SEARCH"

    in_room(test)


# Other sessions


def test_messages_that_are_not_announced_are_not_found() -> None:
    async def test(room: Room, talk: Talk) -> None:
        await room.append([MESSAGES[0]])
        answer = await talk.good("SEARCH ALL")
        assert answer.lines[0] == b"* SEARCH 1 2 3 4 5"  # EXISTS comes behind
        assert b"* 6 EXISTS" in answer.lines
        assert (await talk.good("SEARCH ALL")).lines == [b"* SEARCH 1 2 3 4 5 6"]

    in_room(test)


def test_no_expunge_is_told_during_search_by_number() -> None:
    async def test(room: Room, talk: Talk) -> None:
        other = await room.talk()
        await other.good("UID STORE 2 +FLAGS.SILENT (\\Deleted)")
        await other.good("EXPUNGE")
        answer = await talk.good("SEARCH ALL")
        assert answer.lines == [b"* SEARCH 1 3 4 5"]  # the numbers are still those that the client knows
        assert b"* 2 EXPUNGE" in (await talk.good("UID SEARCH ALL")).lines
        assert (await talk.good("SEARCH ALL")).lines == [b"* SEARCH 1 2 3 4"]

    in_room(test)


def test_modseq_goes_into_both_answers() -> None:
    async def test(room: Room, talk: Talk) -> None:
        plain = (await talk.good("SEARCH MODSEQ 1")).lines[
            -1
        ]  # behind HIGHESTMODSEQ, for it enables CONDSTORE
        assert plain.startswith(b"* SEARCH 1 2 3 4 5 (MODSEQ ")
        highest = plain.rpartition(b" ")[2].rstrip(b")")
        extended = (await talk.good("SEARCH RETURN (MIN COUNT) MODSEQ 1")).lines[0]
        assert extended == b'* ESEARCH (TAG "T3") MIN 1 COUNT 5 MODSEQ ' + highest

    in_room(test)


def test_header_names_and_strings_may_hold_any_octets_but_nul() -> None:
    """An octet that is no UTF-8 in a name is looked for as it is; NUL is in no string of the grammar (RFC 9051 section 9, CHAR8)."""

    async def test(room: Room, talk: Talk) -> None:
        for name in (b'"X-\xff"', b"{3+}\r\nX-\xff", b'"x-\xff"'):
            assert (await talk.good(b"SEARCH HEADER " + name + b' ""')).lines == [b"* SEARCH 1"]
        assert (await talk.good(b'SEARCH HEADER "X-\xed\xa0\x80" ""')).lines == [b"* SEARCH"]
        for line in (
            b"HEADER {3+}\r\na\0b x",
            b"HEADER x ~{3+}\r\na\0b",
            b"SUBJECT {1+}\r\n\0",
            b"KEYWORD {1+}\r\n\0",
        ):
            assert (await talk(b"SEARCH " + line)).status.kind is Kind.BAD
        assert (await talk.good(b"SEARCH SUBJECT ~x")).lines == [b"* SEARCH 1"]

    in_room(test, [b"X-\xff: here\r\nSubject: a ~x\r\n\r\n"])


@pytest.mark.parametrize(
    "field", [b"", b"Date: yesterday\r\n", b"Date:\r\n", b"Date: 31 Feb 2026 10:00:00 +0000\r\n"]
)
def test_a_message_without_a_date_was_sent_on_no_day(field: bytes) -> None:
    """SENT… speaks of the Date field, and does not fall back to the date of arrival, as SORT and THREAD do."""

    async def test(room: Room, talk: Talk) -> None:
        for key in (
            "SENTBEFORE 1-Jan-2100",
            "SENTSINCE 1-Jan-1970",
            "SENTON 1-Jan-2026",
            "SENTON 2-Feb-2026",
        ):
            assert (await talk.good(f"SEARCH {key}")).lines == [b"* SEARCH"], key
        assert (await talk.good("SEARCH NOT SENTBEFORE 1-Jan-2100")).lines == [b"* SEARCH 1"]
        assert (await talk.good("SORT (DATE) UTF-8 ALL")).lines == [b"* SORT 1"]
        assert (await talk.good("SEARCH BEFORE 1-Jan-2100")).lines == [b"* SEARCH 1"]

    in_room(test, [b"Subject: x\r\n" + field + b"\r\nhello\r\n"])


PEOPLE = (
    b'From: <user-from (comment)@ (comment) domain.org>\r\nTo: =?utf-8?q?J=C3=BCrgen?= <j@x.org>, "Doe, John"\r\n <john@y.org>\r\n'
    b"Cc: friends: a@x.org, (secret) b@x.org;\r\nSubject:\r\n\r\nhello\r\n"
)


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ('FROM "user-from@domain.org"', True),
        ('FROM "comment"', False),
        ('FROM "(comment)"', False),
        ('HEADER FROM "(comment)"', True),
        ('TO "Doe, John <john@y.org>"', True),
        (b"CHARSET UTF-8 TO {7+}\r\nj\xc3\xbcrgen", True),
        ('TO "j@x.org"', True),
        ('CC "friends"', True),
        ('CC "b@x.org"', True),
        ('CC "(secret)"', False),
        ('SUBJECT ""', True),
        ('TO ""', True),
        ('BCC ""', False),
        ('NOT BCC ""', True),
    ],
)
def test_addresses_are_found_as_the_envelope_has_them(key: str | bytes, found: bool) -> None:
    async def test(room: Room, talk: Talk) -> None:
        command = b"SEARCH " + (key if isinstance(key, bytes) else key.encode())
        assert (await talk.good(command)).lines == [b"* SEARCH 1" if found else b"* SEARCH"]

    in_room(test, [PEOPLE])
