"""QRESYNC: the grammar both ways, real sessions that miss things and catch up, and the client's verbs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from imapkit.errors import CommandNo
from imapkit.features.condstore import CondstoreParam, HighestModSeq
from imapkit.features.enable import Enable, Enabled
from imapkit.features.fetch import ChangedSince, Fetch
from imapkit.features.fetch_data import FetchData
from imapkit.features.fetch_datum import FlagsDatum, UidDatum
from imapkit.features.fetch_items import FlagsItem, UidItem
from imapkit.features.qresync import (
    Changed,
    QresyncParam,
    VanishedData,
    VanishedModifier,
    fetch_changes,
    resync,
)
from imapkit.features.search import Search, SearchData
from imapkit.features.select import CLOSED, Examine, Exists, Select, UidNext, UidValidity
from imapkit.ports.client import Completed
from imapkit.protocol.codes import Code
from imapkit.protocol.numset import NumSet
from imapkit.protocol.response import Response
from imapkit.protocol.status import Kind, Status
from tests.support.vectors import Row, check_bad, check_command, check_response, ids

from .ops import Peer, run
from .talk import Answer, Room, Talk

N = NumSet.parse

COMMANDS = [
    Row(
        b"SELECT INBOX (QRESYNC (67890007 20050715194045000 41,43:211,214:541))",
        Select("INBOX", (QresyncParam(67890007, 20050715194045000, N("41,43:211,214:541")),)),
    ),
    Row(
        b"SELECT INBOX (QRESYNC (67890007 90060115194045000 1:29997 (5000,7500,9000,9990:9999 15000,"
        b"22500,27000,29970,29973,29976,29979,29982,29985,29988,29991,29994,29997)))",
        Select(
            "INBOX",
            (
                QresyncParam(
                    67890007,
                    90060115194045000,
                    N("1:29997"),
                    N("5000,7500,9000,9990:9999"),
                    N("15000,22500,27000,29970,29973,29976,29979,29982,29985,29988,29991,29994,29997"),
                ),
            ),
        ),
    ),
    Row(
        b"EXAMINE INBOX (QRESYNC (7 9 (1 4)))",
        Examine("INBOX", (QresyncParam(7, 9, None, N("1"), N("4")),)),
    ),
    Row(
        b"UID FETCH 300:500 (UID FLAGS) (CHANGEDSINCE 12345 VANISHED)",
        Fetch(N("300:500"), (UidItem(), FlagsItem()), True, (ChangedSince(12345), VanishedModifier())),
    ),
]

RESPONSES = [
    Row(b"VANISHED (EARLIER) 300:310,405,411", VanishedData(N("300:310,405,411"), True)),
    Row(b"VANISHED 505,507,510,625", VanishedData(N("505,507,510,625"))),
    Row(b"vanished  (earlier) 1", VanishedData(N("1"), True), written=b"VANISHED (EARLIER) 1"),
]


@pytest.mark.parametrize("row", COMMANDS, ids=ids(COMMANDS))
def test_commands(row: Row) -> None:
    check_command(row)


@pytest.mark.parametrize("row", RESPONSES, ids=ids(RESPONSES))
def test_responses(row: Row) -> None:
    check_response(row)


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        (b"SELECT INBOX (QRESYNC (0 5))", "UIDVALIDITY"),
        (b"SELECT INBOX (QRESYNC (1))", "space"),
        (b"SELECT INBOX (QRESYNC (1 5 1:*))", "without *"),
        (b"SELECT INBOX (QRESYNC (1 5 1:3 (1:2 5)))", "as many"),
        (b"SELECT INBOX (QRESYNC (1 5 1:3 (1 5) 7))", "')'"),
    ],
)
def test_what_is_refused(wire: bytes, expected: str) -> None:
    check_bad(wire, expected)


def mail(number: int) -> bytes:
    return b"Subject: %d\r\n\r\nbody\r\n" % number


def in_room(test: Callable[[Room, Talk], Awaitable[None]], messages: int = 6) -> None:
    """UIDs 1 to ``messages``; the talk has selected nothing and QRESYNC is on."""

    async def main() -> None:
        async with asyncio.timeout(20), Room.open([mail(n) for n in range(1, messages + 1)]) as room:
            talk = await room.talk(select=None)
            await talk.good("ENABLE QRESYNC")
            await test(room, talk)

    asyncio.run(main())


def code(answer: Answer, cls: type[Code]) -> Code | None:
    statuses = [*answer.of(Status), answer.status]
    return next((one.code for one in statuses if isinstance(one.code, cls)), None)


async def remove(talk: Talk, uids: str) -> Answer:
    await talk.good(rf"UID STORE {uids} +FLAGS.SILENT (\Deleted)")
    return await talk.good("EXPUNGE")


async def position(talk: Talk) -> tuple[int, int]:
    """UIDVALIDITY and HIGHESTMODSEQ of INBOX, which is then selected."""
    answer = await talk.good("SELECT INBOX")
    validity, modseq = code(answer, UidValidity), code(answer, HighestModSeq)
    assert isinstance(validity, UidValidity) and isinstance(modseq, HighestModSeq)
    return validity.number, modseq.modseq


def gone(answer: Answer, *, earlier: bool) -> str:
    found = [str(one.uids) for one in answer.of(VanishedData) if one.earlier is earlier]
    return ",".join(found)


def test_enable() -> None:
    async def main() -> None:
        async with asyncio.timeout(20), Room.open() as room:
            talk = await room.talk(select=None)
            answer = await talk.good("ENABLE QRESYNC CONDSTORE")
            assert answer.of(Enabled) == [Enabled(("QRESYNC", "CONDSTORE"))]
            assert b" QRESYNC" in (await talk.good("CAPABILITY")).raw

    asyncio.run(main())


def test_vanished_takes_the_place_of_expunge() -> None:
    async def test(room: Room, talk: Talk) -> None:
        await talk.good("SELECT INBOX")
        plain = await room.talk()
        answer = await remove(talk, "2,4:5")
        assert answer.lines[0] == b"* VANISHED 2,4:5"
        after = code(answer, HighestModSeq)
        assert answer.status.code == after
        told = await plain.good("NOOP")
        assert [line for line in told.lines if b"EXPUNGE" in line] == [
            b"* 5 EXPUNGE", b"* 4 EXPUNGE", b"* 2 EXPUNGE"
        ]  # fmt: skip
        assert b"VANISHED" not in told.raw
        again = await talk.good("EXPUNGE")
        assert again.status.code is None and not again.lines
        assert isinstance(after, HighestModSeq) and (await position(talk))[1] == after.modseq

    in_room(test)


def test_what_others_remove_is_told_by_uid_and_only_if_it_was_seen() -> None:
    async def test(room: Room, talk: Talk) -> None:
        await talk.good("SELECT INBOX")
        await room.append([mail(7), mail(8)])
        other = await room.talk()
        await remove(other, "3,7")
        answer = await talk.good("NOOP")
        assert gone(answer, earlier=False) == "3" and not gone(answer, earlier=True)
        assert answer.of(Exists) == [Exists(6)]

    in_room(test)


def test_uid_expunge_and_move_tell_the_new_modseq() -> None:
    async def test(room: Room, talk: Talk) -> None:
        await talk.good("SELECT INBOX")
        await talk.good(r"UID STORE 1:2 +FLAGS.SILENT (\Deleted)")
        answer = await talk.good("UID EXPUNGE 2:6")
        assert gone(answer, earlier=False) == "2" and isinstance(answer.status.code, HighestModSeq)
        answer = await talk.good("UID MOVE 4:5 Sent")
        assert gone(answer, earlier=False) == "4:5" and isinstance(answer.status.code, HighestModSeq)
        assert b"COPYUID" in answer.raw
        now = (await position(talk))[1]
        assert answer.status.code == HighestModSeq(now)

    in_room(test)


def test_close_tells_nothing() -> None:
    async def test(room: Room, talk: Talk) -> None:
        await talk.good("SELECT INBOX")
        await talk.good(r"UID STORE 1 +FLAGS.SILENT (\Deleted)")
        answer = await talk.good("CLOSE")
        assert not answer.lines and answer.status.code is None

    in_room(test)


def test_without_enable_it_is_bad_and_the_open_mailbox_stays() -> None:
    async def main() -> None:
        async with asyncio.timeout(20), Room.open([mail(1)]) as room:
            talk = await room.talk()
            for command in (
                "SELECT Sent (QRESYNC (1 1))",
                "UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)",
            ):
                answer = await talk(command)
                assert answer.status.kind is Kind.BAD and "ENABLE QRESYNC" in answer.status.text
                assert b"CLOSED" not in answer.raw
            assert len((await talk.good("FETCH 1 (UID)")).fetched) == 1

    asyncio.run(main())


def test_the_modifier_goes_with_uid_and_changedsince_only() -> None:
    async def test(room: Room, talk: Talk) -> None:
        await talk.good("SELECT INBOX")
        for command in ("FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)", "UID FETCH 1:* (FLAGS) (VANISHED)"):
            assert (await talk(command)).status.kind is Kind.BAD

    in_room(test)


def test_select_tells_what_was_missed() -> None:
    async def test(room: Room, talk: Talk) -> None:
        validity, modseq = await position(talk)
        await talk.good("UNSELECT")
        other = await room.talk()
        await remove(other, "2,5")
        await other.good(r"UID STORE 3 +FLAGS (\Flagged)")
        await room.append([mail(7)])
        answer = await talk.good(f"SELECT INBOX (QRESYNC ({validity} {modseq}))")
        assert gone(answer, earlier=True) == "2,5"
        assert [(one.seq, one.uid, one.modseq is not None) for one in answer.fetched] == [
            (2, 3, True), (5, 7, True)
        ]  # fmt: skip
        names = [type(one) for one in answer.data]
        assert names.index(VanishedData) < names.index(FetchData)
        assert answer.of(Exists) == [Exists(5)]
        answer = await talk.good(f"SELECT INBOX (QRESYNC ({validity} {modseq} 1:3))")
        assert answer.of(Status)[0].code == CLOSED
        assert gone(answer, earlier=True) == "2" and [one.uid for one in answer.fetched] == [3]

    in_room(test)


def test_another_uidvalidity_tells_nothing_more() -> None:
    async def test(room: Room, talk: Talk) -> None:
        validity, _ = await position(talk)
        await remove(talk, "2")
        answer = await talk.good(f"SELECT INBOX (QRESYNC ({validity + 1} 1))")
        assert not answer.of(VanishedData) and not answer.fetched

    in_room(test)


def test_a_modseq_from_the_future_is_a_full_resync() -> None:
    async def test(room: Room, talk: Talk) -> None:
        validity, modseq = await position(talk)
        await remove(talk, "2:3")
        answer = await talk.good(f"SELECT INBOX (QRESYNC ({validity} {modseq + 1000}))")
        assert gone(answer, earlier=True) == "2:3" and len(answer.fetched) == 4
        answer = await talk.good(f"UID FETCH 1:* (FLAGS) (CHANGEDSINCE {modseq + 1000} VANISHED)")
        assert gone(answer, earlier=True) == "2:3" and len(answer.fetched) == 4

    in_room(test)


def test_below_the_floor_it_is_the_known_minus_those_present(monkeypatch: pytest.MonkeyPatch) -> None:
    async def test(room: Room, talk: Talk) -> None:
        validity, modseq = await position(talk)
        await remove(talk, "1,3,5")
        mailbox = await room.account.open("INBOX")
        monkeypatch.setattr(type(mailbox), "vanished", lambda self, since: None)
        mailbox.release()
        answer = await talk.good(f"SELECT INBOX (QRESYNC ({validity} {modseq}))")
        assert gone(answer, earlier=True) == "1,3,5"
        answer = await talk.good(f"SELECT INBOX (QRESYNC ({validity} {modseq} 2:3,6:9))")
        assert gone(answer, earlier=True) == "3"
        # Number 1 has UID 2 and number 2 has UID 4: the client knows what is gone up to there; number 3 has UID 6, not 5
        answer = await talk.good(f"SELECT INBOX (QRESYNC ({validity} {modseq} 1:6 (1:3 2,4:5)))")
        assert gone(answer, earlier=True) == "5"
        answer = await talk.good(
            f"SELECT INBOX (QRESYNC ({validity} {modseq} 1:6 (1:4294967295 1:4294967295)))"
        )
        assert gone(answer, earlier=True) == "1,3,5"

    in_room(test)


def test_uid_fetch_vanished() -> None:
    async def test(room: Room, talk: Talk) -> None:
        _, modseq = await position(talk)
        await remove(talk, "1,4")
        await talk.good(r"UID STORE 2 +FLAGS.SILENT (\Seen)")
        answer = await talk.good(f"UID FETCH 1:3 (FLAGS) (CHANGEDSINCE {modseq} VANISHED)")
        assert answer.lines[0] == b"* VANISHED (EARLIER) 1"
        assert [one.uid for one in answer.fetched] == [2] and answer.fetched[0].modseq is not None
        answer = await talk.good(f"UID FETCH 1:* (FLAGS) (CHANGEDSINCE {modseq} VANISHED)")
        assert answer.lines[0] == b"* VANISHED (EARLIER) 1,4"

    in_room(test)


def test_what_still_has_a_number_is_not_told_as_earlier() -> None:
    async def test(room: Room, talk: Talk) -> None:
        _, modseq = await position(talk)
        await remove(talk, "6")
        other = await room.talk()
        await remove(other, "2")
        held = await talk.good("FETCH 1 (FLAGS)")
        assert not held.of(VanishedData)
        answer = await talk.good(f"UID FETCH 1:6 (FLAGS) (CHANGEDSINCE {modseq} VANISHED)")
        assert gone(answer, earlier=True) == "6" and gone(answer, earlier=False) == "2"

    in_room(test)


def test_a_withheld_expunge_holds_back_highestmodseq() -> None:
    async def test(room: Room, talk: Talk) -> None:
        _, before = await position(talk)
        other = await room.talk()
        await remove(other, "2")
        await other.good(r"UID STORE 3 +FLAGS (\Flagged)")
        answer = await talk.good("FETCH 3 (FLAGS)")
        highest = code(answer, HighestModSeq)
        assert isinstance(highest, HighestModSeq) and highest.modseq <= before
        assert all((one.modseq or 0) > highest.modseq for one in answer.fetched)
        assert gone(await talk.good("NOOP"), earlier=False) == "2"

    in_room(test)


def test_no_vanished_in_a_uid_search_by_number() -> None:
    async def test(room: Room, talk: Talk) -> None:
        await talk.good("SELECT INBOX")
        other = await room.talk()
        await remove(other, "2")
        assert not (await talk.good("UID SEARCH 1:3")).of(VanishedData)
        assert gone(await talk.good("UID SEARCH ALL"), earlier=False) == "2"

    in_room(test)


def test_uid_and_modseq_go_with_all_flags_told() -> None:
    async def test(room: Room, talk: Talk) -> None:
        await talk.good("SELECT INBOX")
        other = await room.talk()
        await other.good(r"STORE 1 +FLAGS (\Flagged)")
        for answer in (await talk.good("NOOP"), await talk.good(r"STORE 2 +FLAGS (\Seen)"),
                       await talk.good("FETCH 3 (BODY[])")):  # fmt: skip
            (found,) = answer.fetched
            assert found.uid == found.seq and found.modseq is not None and found.flags is not None

    in_room(test)


def test_long_news_come_in_lines_that_can_be_read() -> None:
    async def test(room: Room, talk: Talk) -> None:
        await talk.good("SELECT INBOX")
        odd = ",".join(str(uid) for uid in range(1, 2501, 2))
        answer = await remove(talk, odd)
        told = answer.of(VanishedData)
        assert len(told) == 2 and sum(one.uids.count() for one in told) == 1250

    in_room(test, messages=2500)


# The client


def opened(*codes: Code, data: tuple[Response, ...] = ()) -> Completed:
    statuses: list[Response] = [Status(Kind.OK, "x", one) for one in codes]
    return Completed(Status(Kind.OK, "done", None, "t"), [*statuses, *data])


def told(seq: int, uid: int, *flags: str) -> FetchData:
    return FetchData(seq, [UidDatum(uid), FlagsDatum(flags)])


KNOWN = QresyncParam(7, 100, N("1:9"))


def test_resync_takes_one_round_trip() -> None:
    peer = Peer("QRESYNC", "ENABLE", "CONDSTORE")
    data = (VanishedData(N("3:4"), True), told(1, 2, "\\Seen"))
    result, sent = run(
        resync(peer, "INBOX", KNOWN),
        [
            [Enabled(("QRESYNC",))],
            opened(CLOSED, UidValidity(7), UidNext(10), HighestModSeq(120), data=data),
        ],
    )
    assert sent == [Enable(("QRESYNC",)), Select("INBOX", (KNOWN,))]
    assert result.valid and result.changed == Changed(N("3:4"), [told(1, 2, "\\Seen")])
    assert peer.selected == "INBOX"


def test_news_of_the_mailbox_before_are_left_out() -> None:
    peer = Peer("QRESYNC", enabled={"QRESYNC"})
    before: list[Response] = [VanishedData(N("9")), Exists(3), Status(Kind.OK, "x", CLOSED)]
    after = opened(UidValidity(7), HighestModSeq(120), data=(Exists(5), VanishedData(N("1"), True)))
    result, _ = run(resync(peer, "INBOX", KNOWN), [Completed(after.status, before + after.data)])
    assert result.changed.vanished == N("1") and result.selected.exists == 5


def test_another_uidvalidity_makes_all_invalid() -> None:
    result, sent = run(resync(Peer("CONDSTORE"), "INBOX", KNOWN), [opened(UidValidity(8))])
    assert not result.valid and len(sent) == 1


def test_resync_by_condstore() -> None:
    result, sent = run(
        resync(Peer("CONDSTORE"), "INBOX", KNOWN),
        [
            opened(UidValidity(7), UidNext(12), HighestModSeq(120)),
            [told(1, 2, "\\Seen")],
            [SearchData((2, 5, 6, 7, 8, 9))],
        ],
    )
    assert sent[0] == Select("INBOX", (CondstoreParam(),))
    assert isinstance(sent[1], Fetch) and sent[1].modifiers == (ChangedSince(100),)
    assert isinstance(sent[2], Search)
    assert result.changed.vanished == N("1,3:4") and [one.uid for one in result.changed.messages] == [2]


def test_resync_by_comparing_all() -> None:
    known = QresyncParam(7, 100)
    result, sent = run(
        resync(Peer(), "INBOX", known),
        [opened(UidValidity(7), UidNext(6)), [told(1, 2), told(2, 4, "\\Seen")]],
    )
    assert sent == [Select("INBOX"), Fetch(N("1:5"), (UidItem(), FlagsItem()), True)]
    assert result.changed.vanished == N("1,3,5") and len(result.changed.messages) == 2


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("1:*", "2,4:5"),
        ("*:1", "2,4:5"),
        ("3:*", "4:5"),
        ("4:*", "4:5"),
        ("5:*", "5"),
        ("*", "5"),
        ("6:*", ""),
    ],
)
def test_what_is_gone_above_the_last_living_message_is_told(asked: str, told: str) -> None:
    """For VANISHED the star is UIDNEXT - 1 (RFC 7162 sections 3.2.5.1 and 3.2.6); a data item's is the last message."""

    async def test(room: Room, talk: Talk) -> None:
        _, modseq = await position(talk)
        await remove(talk, "2,4,5")
        answer = await talk.good(f"UID FETCH {asked} (FLAGS) (CHANGEDSINCE {modseq} VANISHED)")
        assert gone(answer, earlier=True) == told
        data = await talk.good(f"UID FETCH {asked} (FLAGS)")
        last = [one.uid for one in data.of(FetchData)]
        assert last[-1] == 3, "among data the last message is in any set with a star"

    in_room(test, messages=5)


@pytest.mark.parametrize("known", ["1:5", "1,3:5", "2:5"])
def test_select_tells_what_is_gone_at_the_end_of_the_known_uids(known: str) -> None:
    async def test(room: Room, talk: Talk) -> None:
        validity, modseq = await position(talk)
        await remove(talk, "4,5")
        await talk.good("UNSELECT")
        answer = await talk.good(f"SELECT INBOX (QRESYNC ({validity} {modseq} {known}))")
        assert gone(answer, earlier=True) == "4:5"

    in_room(test, messages=5)


def test_an_emptied_mailbox_tells_all_that_is_gone() -> None:
    async def test(room: Room, talk: Talk) -> None:
        _, modseq = await position(talk)
        await remove(talk, "1:*")
        answer = await talk.good(f"UID FETCH 1:* (FLAGS) (CHANGEDSINCE {modseq} VANISHED)")
        assert gone(answer, earlier=True) == "1:3"

    in_room(test, messages=3)


def test_an_open_range_goes_out_closed() -> None:
    """A server that takes the star for the last living message would not tell what is gone above it."""
    _, sent = run(fetch_changes(Peer("QRESYNC", enabled={"QRESYNC"}), N("7,9:*"), 5), [[]])
    assert isinstance(sent[0], Fetch) and sent[0].numset == N("7,9:4294967295")


def test_fetch_changes() -> None:
    result, sent = run(
        fetch_changes(Peer("QRESYNC", enabled={"QRESYNC"}), N("300:500"), 12345),
        [[VanishedData(N("300:310,405,411"), True), told(1, 404, "\\Seen")]],
    )
    assert sent[0] == COMMANDS[-1].record
    assert result.vanished == N("300:310,405,411") and [one.uid for one in result.messages] == [404]


def test_a_refusal_goes_through() -> None:
    with pytest.raises(CommandNo):
        run(resync(Peer("CONDSTORE"), "Nowhere", KNOWN), [CommandNo("no", None, "SELECT")])
