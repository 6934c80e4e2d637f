"""MULTIAPPEND: several messages in one APPEND, all or none; limits; the client's verb and its way without it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest

from imapkit.errors import CommandNo, StoreFull, UsageError
from imapkit.features.append import Append, AppendMessage
from imapkit.features.catalogue import registry
from imapkit.features.multiappend import multiappend
from imapkit.ports.client import Completed
from imapkit.protocol.command import BadCommand, read_command
from imapkit.protocol.numset import NumSet
from imapkit.protocol.status import Kind, Status
from imapkit.protocol.uid_codes import AppendUid
from imapkit.wire.frame import HeldLiteral
from imapkit.wire.limits import SERVER
from tests.support.vectors import TAG, Row, check_bad, check_command, frame_of, ids

from .ops import Peer, run
from .talk import Answer, Room, Talk

N = NumSet.parse
FIRST = AppendMessage.of(b"Subject: one\r\n\r\n1\r\n", ["\\Seen"])
SECOND = AppendMessage.of(
    b"Subject: two\r\n\r\n22\r\n",
    ["\\Seen", "$Work"],
    datetime(1994, 2, 7, 22, 43, 4, tzinfo=timezone(timedelta(hours=-8))),
)

ROWS = [
    Row(
        b"APPEND saved-messages (\\Seen) {19+}\r\nSubject: one\r\n\r\n1\r\n"
        b' (\\Seen $Work) " 7-Feb-1994 22:43:04 -0800" {20+}\r\nSubject: two\r\n\r\n22\r\n',
        Append("saved-messages", (FIRST, SECOND)),
    ),
    Row(
        b"APPEND x {1+}\r\na ~{2+}\r\n\0b {0+}\r\n",
        Append("x", (AppendMessage.of(b"a"), AppendMessage.of(b"\0b"), AppendMessage.of(b""))),
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=ids(ROWS))
def test_vectors(row: Row) -> None:
    check_command(row)


def test_what_is_refused() -> None:
    check_bad(b"APPEND x {1+}\r\na ", "a message as a literal")
    check_bad(b"APPEND x {1+}\r\na (\\Recent) {1+}\r\nb", "without \\Recent")


def test_without_the_feature_there_is_one_message() -> None:
    grammar = registry(disabled=["MULTIAPPEND"]).grammar
    frame = frame_of(TAG + ROWS[0].wire + b"\r\n", SERVER)
    with pytest.raises(BadCommand, match="the end of the line"):
        read_command(frame, grammar)


# The server


def in_room(test: Callable[[Room, Talk], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(30), Room.open() as room:
            await test(room, await room.talk())

    asyncio.run(main())


def command(mailbox: str, *contents: bytes) -> bytes:
    return f"APPEND {mailbox}".encode() + b"".join(b" {%d+}\r\n%b" % (len(one), one) for one in contents)


async def count(talk: Talk) -> int:
    return len((await talk.good("UID SEARCH ALL")).raw.split(b"\r\n")[0].split()) - 2


def code(answer: Answer) -> str | None:
    return answer.status.code_name


def test_all_are_added_in_order() -> None:
    async def test(room: Room, talk: Talk) -> None:
        answer = await talk.good(b"APPEND INBOX" + ROWS[0].wire.removeprefix(b"APPEND saved-messages"))
        assert isinstance(answer.status.code, AppendUid) and answer.status.code.uids == N("1:2")
        assert b"* 2 EXISTS" in answer.raw
        found = (await talk.good("FETCH 1:2 (FLAGS INTERNALDATE RFC822.SIZE)")).fetched
        assert [one.size for one in found] == [19, 20]
        assert set(found[0].flags or ()) == {"\\Seen", "\\Recent"}
        assert set(found[1].flags or ()) == {"\\Seen", "$Work", "\\Recent"}
        assert found[1].internaldate is not None
        assert found[1].internaldate.astimezone(UTC) == datetime(1994, 2, 8, 6, 43, 4, tzinfo=UTC)
        assert b"MULTIAPPEND" in (await talk.good("CAPABILITY")).raw

    in_room(test)


def test_an_empty_message_gives_it_up() -> None:
    async def test(room: Room, talk: Talk) -> None:
        answer = await talk(command("INBOX", b"a: b\r\n\r\n", b""))
        assert answer.status.kind is Kind.NO and await count(talk) == 0

    in_room(test)


def test_no_mailbox_no_message() -> None:
    async def test(room: Room, talk: Talk) -> None:
        answer = await talk(command("Nowhere", b"a: b\r\n\r\n", b"c: d\r\n\r\n"))
        assert code(answer) == "TRYCREATE"

    in_room(test)


def test_a_store_that_fails_keeps_none(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(room: Room, talk: Talk) -> None:
        add = room.account.append

        async def full(mailbox: int, messages: list[object], *, take_recent: bool) -> object:
            raise StoreFull("no space left")

        monkeypatch.setattr(room.account, "append", full)
        assert code(await talk(command("INBOX", b"a: b\r\n\r\n", b"c: d\r\n\r\n"))) == "OVERQUOTA"
        monkeypatch.setattr(room.account, "append", add)
        assert await count(talk) == 0

    in_room(test)


def test_too_many_messages_are_refused_and_the_session_goes_on() -> None:
    async def test(room: Room, talk: Talk) -> None:
        most = talk_limit = SERVER.literals
        answer = await talk.good(command("INBOX", *[b"a: b\r\n\r\n"] * most))
        assert isinstance(answer.status.code, AppendUid) and answer.status.code.uids.count() == talk_limit
        answer = await talk(command("INBOX", *[b"a: b\r\n\r\n"] * (most + 3)))
        assert answer.status.kind is Kind.NO and code(answer) == "LIMIT"
        assert await count(talk) == most

    in_room(test)


def test_too_much_in_all_is_refused_and_the_session_goes_on() -> None:
    async def test(room: Room, talk: Talk) -> None:
        large = b"a: b\r\n\r\n" + b"x" * (35 * 1024 * 1024)
        answer = await talk(command("INBOX", large, large, b"a: b\r\n\r\n"))
        assert answer.status.kind is Kind.NO and code(answer) == "TOOBIG"
        assert await count(talk) == 0

    in_room(test)


# The client


def test_one_command() -> None:
    told = Completed(Status(Kind.OK, "done", AppendUid(7, N("4:5")), "t"), [])
    result, sent = run(multiappend(Peer("MULTIAPPEND"), "x", (FIRST, SECOND)), [told])
    assert result == AppendUid(7, N("4:5")) and sent == [Append("x", (FIRST, SECOND))]


def test_one_by_one_without_it() -> None:
    def told(uid: int, validity: int = 7) -> Completed:
        return Completed(Status(Kind.OK, "done", AppendUid(validity, NumSet.of(uid)), "t"), [])

    result, sent = run(multiappend(Peer(), "x", (FIRST, SECOND, FIRST)), [told(4), told(5), told(9)])
    assert sent == [Append("x", (FIRST,)), Append("x", (SECOND,)), Append("x", (FIRST,))]
    assert result == AppendUid(7, N("4:5,9"))
    assert run(multiappend(Peer(), "x", (FIRST, SECOND)), [told(4), told(1, 8)])[0] is None
    assert run(multiappend(Peer(), "x", (FIRST, SECOND)), [told(4), []])[0] is None


def test_a_refusal_in_the_middle_says_how_many_stay() -> None:
    with pytest.raises(CommandNo) as caught:
        run(multiappend(Peer(), "x", (FIRST, SECOND)), [[], CommandNo("full", "OVERQUOTA", "APPEND")])
    assert caught.value.__notes__ == ["1 of 2 messages were appended before"]


def test_nothing_makes_no_sense() -> None:
    for messages in ((), (FIRST, AppendMessage(HeldLiteral(b"")))):
        with pytest.raises(UsageError):
            run(multiappend(Peer("MULTIAPPEND"), "x", messages), [])
