"""FETCH on a real session, against the standard library's parser, direct slices of the message, and its own plain path."""

from __future__ import annotations

import asyncio
import email
import random
import tracemalloc
from collections.abc import Awaitable, Callable
from itertools import combinations

import pytest

from imapkit.errors import CommandNo, ParseError, StoreFull
from imapkit.features import fetch_plan
from imapkit.features.base import CapabilityData
from imapkit.features.catalogue import full_registry
from imapkit.features.condstore import ModSeqDatum, ModSeqItem
from imapkit.features.fetch import ChangedSince, Fetch, fetch, gather
from imapkit.features.fetch_data import FetchData
from imapkit.features.fetch_datum import FlagsDatum, SizeDatum, UidDatum
from imapkit.features.fetch_items import (
    BodyStructureItem,
    EnvelopeItem,
    FetchItem,
    FlagsItem,
    InternalDateItem,
    SectionItem,
    SizeItem,
    UidItem,
)
from imapkit.features.fetch_lines import Compiled, FlagTexts, compile_items
from imapkit.features.fetch_plan import literal
from imapkit.features.fetch_section import FIELDS, Section
from imapkit.features.objectid import EmailIdItem
from imapkit.message.headers import select_fields_plainly
from imapkit.ports.client import Completed
from imapkit.ports.store import Column
from imapkit.protocol.numset import ALL, NumSet
from imapkit.protocol.response import BrokenResponse
from imapkit.protocol.status import Kind, Status
from imapkit.wire.cursor import Cursor
from imapkit.wire.frame import HeldLiteral
from imapkit.wire.writer import Writer

from .talk import Room, Talk

PLAIN = b"From: Ann <ann@example.org>\r\nTo: bob@example.org\r\nSubject: plain\r\nX-Long: a\r\n b\r\n\r\nOne\r\nTwo\r\n"
BINARY = bytes(range(256)) * 3

_INNER = b"From: eve@example.org\r\nSubject: inner\r\n\r\nInner text\r\n"

NESTED = b"\r\n".join(
    [
        b"From: cid@example.org",
        b"Subject: nested",
        b"MIME-Version: 1.0",
        b"Content-Type: multipart/mixed; boundary=outer",
        b"",
        b"before",
        b"--outer",
        b"Content-Type: multipart/alternative; boundary=inner",
        b"",
        b"--inner",
        b"Content-Type: text/plain",
        b"",
        b"Hello",
        b"--inner",
        b"Content-Type: text/html; charset=us-ascii",
        b"X-Part: html",
        b"",
        b"<p>Hello</p>",
        b"--inner--",
        b"--outer",
        b"Content-Type: message/rfc822",
        b"",
        _INNER,
        b"--outer--",
        b"after",
        b"",
    ]
)
MESSAGES = (PLAIN, NESTED, b"\r\nno header\r\n", b"Subject: no body\r\n")


def run(test: Callable[[Room], Awaitable[None]], messages: tuple[bytes, ...] = MESSAGES) -> None:
    async def main() -> None:
        async with Room.open(messages) as room:
            await test(room)

    asyncio.run(asyncio.wait_for(main(), 30))


async def octets(talk: Talk, seq: int, section: str) -> bytes | None:
    """One section by BODY.PEEK."""
    answer = await talk.good(f"FETCH {seq} BODY.PEEK[{section}]")
    (found,) = answer.fetched
    (part,) = found.sections
    return None if part.data is None else part.data.read()


def test_sections_are_those_of_the_standard_library() -> None:
    """Bodies of leaves, headers of parts and the message inside, as email.parser splits them."""

    async def check(room: Room) -> None:
        talk = await room.talk()
        parsed = email.message_from_bytes(NESTED)
        outer = parsed.get_payload()
        assert isinstance(outer, list)
        leaves = outer[0].get_payload()
        assert isinstance(leaves, list)
        for number, leaf in enumerate(leaves, 1):
            body = await octets(talk, 2, f"1.{number}")
            assert body == leaf.get_payload().encode()
            mime = await octets(talk, 2, f"1.{number}.MIME")
            assert mime is not None
            assert email.message_from_bytes(mime).items() == leaf.items()
        assert await octets(talk, 2, "2") == _INNER
        assert await octets(talk, 2, "2.HEADER") == _INNER[: _INNER.index(b"\r\n\r\n") + 4]
        assert await octets(talk, 2, "2.TEXT") == b"Inner text\r\n"
        assert await octets(talk, 2, "2.1") == b"Inner text\r\n"
        assert await octets(talk, 2, "2.HEADER.FIELDS (subject)") == b"Subject: inner\r\n\r\n"

    run(check)


def test_whole_messages_and_their_halves_are_slices() -> None:
    async def check(room: Room) -> None:
        talk = await room.talk()
        for seq, message in enumerate(MESSAGES, 1):
            assert await octets(talk, seq, "") == message
            header, text = await octets(talk, seq, "HEADER"), await octets(talk, seq, "TEXT")
            assert (header or b"") + (text or b"") == message
            answer = await talk.good(f"FETCH {seq} (RFC822.HEADER RFC822.SIZE)")
            assert answer.fetched[0].size == len(message)
            assert answer.fetched[0].section(Section((), "HEADER")).read() == header  # type: ignore[union-attr]
        assert (
            await octets(talk, 1, "HEADER.FIELDS (x-long SUBJECT none)")
            == b"Subject: plain\r\nX-Long: a\r\n b\r\n\r\n"
        )
        rest = await octets(talk, 1, "HEADER.FIELDS.NOT (x-long SUBJECT)")
        assert rest == b"From: Ann <ann@example.org>\r\nTo: bob@example.org\r\n\r\n"
        for missing in ("2", "1.1", "1.HEADER", "9.MIME"):
            assert await octets(talk, 1, missing) is None

    run(check)


def test_partial_ranges_are_slices() -> None:
    async def check(room: Room) -> None:
        talk = await room.talk()
        rng = random.Random(7)
        sections = {
            "": NESTED,
            "2": _INNER,
            "1.2": b"<p>Hello</p>",
            "HEADER.FIELDS (Subject)": b"Subject: nested\r\n\r\n",
        }
        for section, whole in sections.items():
            edges = [0, 1, len(whole) - 1, len(whole), len(whole) + 5, rng.randrange(len(whole))]
            for origin in edges:
                for length in (1, 3, len(whole), 1 << 40):
                    answer = await talk.good(f"FETCH 2 BODY.PEEK[{section}]<{origin}.{length}>")
                    (part,) = answer.fetched[0].sections
                    assert part.origin == origin
                    assert part.data is not None and part.data.read() == whole[origin : origin + length]

    run(check)


@pytest.mark.parametrize("size", [0, 1, 262_143, 262_144, 262_145, 524_288, 1_000_000])
def test_literals_around_the_size_of_a_read(size: int) -> None:
    big = b"Subject: big\r\n\r\n" + (b"0123456789abcd\r\n" * (size // 16 + 1))[:size]

    async def check(room: Room) -> None:
        talk = await room.talk()
        answer = await talk.good("FETCH 1:2 (UID BODY.PEEK[] BODY.PEEK[TEXT])")
        first, second = answer.fetched
        assert first.uid == 1 and first.section().read() == big  # type: ignore[union-attr]
        assert first.section(Section((), "TEXT")).read() == big[16:]  # type: ignore[union-attr]
        assert second.section().read() == PLAIN  # type: ignore[union-attr]

    run(check, (big, PLAIN))


_DIRECT: tuple[FetchItem, ...] = (
    UidItem(), FlagsItem(), InternalDateItem(), SizeItem(), EnvelopeItem(), BodyStructureItem(), ModSeqItem(),
)  # fmt: skip


def test_the_fast_path_gives_the_octets_of_the_plain_one() -> None:
    """All combinations of direct items: the format filled for many messages at once, and one piece after the other."""

    async def check(room: Room) -> None:
        await room.append([PLAIN, NESTED], ("\\Seen", "100%", "$Label"))
        await room.append([PLAIN])
        mailbox = await room.account.open("INBOX")
        everything = mailbox.everything()
        for recent in (None, mailbox.by_uid([(1, 1), (3, 4)]), mailbox.by_uid([(9, 9)])):
            flags = FlagTexts(mailbox, recent)
            for count in range(1, len(_DIRECT) + 1):
                for items in combinations(_DIRECT, count):
                    compiled = compile_items(items)
                    assert compiled.ready and compiled.body is None
                    for messages in (everything, mailbox.by_uid([(2, 2)])):
                        seqs = [7 * uid for uid in messages]
                        (columns,) = mailbox.chunks(messages, compiled.columns)
                        (rows,) = mailbox.rows(messages, compiled.columns)
                        plain = [
                            _plain_line(seq, row, items, compiled.columns, flags)
                            for seq, row in zip(seqs, rows, strict=True)
                        ]
                        assert compiled.lines(room.account, seqs, columns, flags) == b"".join(plain)
        mailbox.release()

    run(check)


def test_only_usual_lists_are_remembered() -> None:
    """A client that asks for very much does not make the server keep how that is answered."""
    usual = (UidItem(), FlagsItem())
    assert compile_items(usual) is compile_items(usual)
    many = tuple(SectionItem(Section((), FIELDS, (b"x-%d" % number,)), peek=True) for number in range(2_000))
    large = (SectionItem(Section((), FIELDS, tuple(b"x-%d" % number for number in range(2_000))), peek=True),)
    for items in (many, large, (UidItem(),) * 2_000):
        assert compile_items(items) is not compile_items(items)
        assert compile_items(items).form == compile_items(items).form
    assert compile_items(many).columns == (Column.UID, Column.HEADER), (
        "what a client chooses is no column, if it is much"
    )


def test_header_fields_for_all_give_the_octets_of_the_plain_way() -> None:
    """The column of chosen fields, in a line with others and alone, against the choice out of each header."""
    names = (b"from", b"Subject", b"content-type")
    fields = SectionItem(Section((), FIELDS, names), peek=True)
    label = b"BODY[HEADER.FIELDS (from Subject content-type)] "
    mails = [PLAIN, NESTED, b"no header\r\n", b"\r\nbody", b"", PLAIN]

    async def check(room: Room) -> None:
        await room.append(mails)
        mailbox = await room.account.open("INBOX")
        (headers,) = mailbox.rows(mailbox.everything(), [Column.HEADER])
        flags = FlagTexts(mailbox, None)
        for items in ([fields], [UidItem(), FlagsItem(), fields], [fields, UidItem()]):
            compiled = compile_items(tuple(items))
            assert compiled.ready
            (columns,) = mailbox.chunks(mailbox.everything(), compiled.columns)
            expected = b""
            for seq, (header,) in enumerate(headers, 1):
                assert isinstance(header, bytes)
                first = b"UID %d " % seq if len(items) > 1 else b""
                if FlagsItem() in items:
                    first += b"FLAGS () "
                text = literal(select_fields_plainly(header, names))
                expected += b"* %d FETCH (%b%b%b)\r\n" % (seq, first, label, text)
            assert compiled.lines(room.account, range(1, len(headers) + 1), columns, flags) == expected
        assert not compile_items((SectionItem(fields.section, (0, 5), True),)).ready
        mailbox.release()

    run(check)


@pytest.mark.parametrize(
    "items",
    ["BODY.PEEK[]", "UID BODY.PEEK[2]", "FLAGS BODY.PEEK[1.MIME]<2.9>", "EMAILID BODY.PEEK[HEADER]",
     "BODY.PEEK[2.HEADER.FIELDS (subject)]"],
)  # fmt: skip
def test_bodies_of_many_give_the_octets_of_the_plain_way(items: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages of all sizes in groups, against one piece after the other."""
    sizes = (0, 1, 100_000, 262_124, 262_125, 262_126, 100_000, 300_000, 100_000, 200_000, 5)
    mails = [NESTED, *[b"Subject: %d\r\n\r\n" % size + b"z" * size for size in sizes], PLAIN, NESTED]

    def plain(items: tuple[FetchItem, ...]) -> Compiled:
        compiled = Compiled(compile_items(items).pieces)
        compiled.ready, compiled.body = False, None
        return compiled

    async def check(room: Room) -> None:
        talk = await room.talk()
        assert compile_items((UidItem(), SectionItem(Section((2,)), peek=True))).body is not None
        for numbers in ("1:*", "3", "2:4,9,13"):
            quick = await talk.good(f"FETCH {numbers} ({items})")
            with monkeypatch.context() as patch:
                patch.setattr(fetch_plan, "compile_items", plain)
                slow = await talk.good(f"FETCH {numbers} ({items})")
            assert quick.raw.rpartition(b"\r\nT")[0] == slow.raw.rpartition(b"\r\nT")[0]
            assert len(quick.fetched) == len(slow.fetched) > 0

    run(check, tuple(mails))


def _plain_line(
    seq: int,
    row: tuple[object, ...],
    items: tuple[FetchItem, ...],
    columns: tuple[object, ...],
    flags: FlagTexts,
) -> bytes:
    texts: list[tuple[int, bytes]] = []
    for item in items:
        piece = item.piece()
        value = row[columns.index(piece.columns[0])]
        if isinstance(item, FlagsItem):
            texts.append((1, b"FLAGS " + flags.of(value, row[0])))
        else:
            form = piece.format  # type: ignore[union-attr]
            texts.append((0 if isinstance(item, UidItem) else 2, piece.label + form % value))
    texts.sort(key=lambda text: text[0])
    return b"* %d FETCH (%b)\r\n" % (seq, b" ".join(text for _, text in texts))


def test_numbers_of_messages_that_are_gone_are_passed_over() -> None:
    """Another session expunged message 2: its number stays, its data is gone, and the answer says so."""

    async def check(room: Room) -> None:
        talk, other = await room.talk(), await room.talk()
        await other.good("STORE 2 +FLAGS.SILENT (\\Deleted)")
        await other.good("EXPUNGE")
        answer = await talk.good("FETCH 1:4 (UID)")
        assert [(item.seq, item.uid) for item in answer.fetched if item.flags is None] == [
            (1, 1),
            (3, 3),
            (4, 4),
        ]
        assert answer.status.code_name == "EXPUNGEISSUED"
        answer = await talk.good("UID FETCH 1:* (FLAGS)")
        assert b"* 2 EXPUNGE" in answer.raw
        answer = await talk.good("FETCH 1:* (UID)")
        assert [(item.seq, item.uid) for item in answer.fetched] == [(1, 1), (2, 3), (3, 4)]
        assert answer.status.code is None

    run(check)


def test_sets_that_name_nothing() -> None:
    async def check(room: Room) -> None:
        talk = await room.talk()
        assert (await talk.good("UID FETCH 99:200 (FLAGS)")).fetched == []
        answer = await talk("FETCH 5 (FLAGS)")
        assert answer.status.kind is Kind.BAD and "5" in answer.status.text
        assert [item.uid for item in (await talk.good("UID FETCH 99:* (FLAGS)")).fetched] == [4]

    run(check)


def test_uid_fetch_always_tells_the_uid() -> None:
    async def check(room: Room) -> None:
        talk = await room.talk("EXAMINE INBOX")
        answer = await talk.good("UID FETCH 2 RFC822.SIZE")
        assert answer.lines == [b"* 2 FETCH (UID 2 RFC822.SIZE %d)" % len(NESTED)]
        assert (await talk.good("FETCH 2 RFC822.SIZE")).lines == [b"* 2 FETCH (RFC822.SIZE %d)" % len(NESTED)]

    run(check)


def test_reading_a_body_marks_the_message_seen_and_says_so() -> None:
    async def check(room: Room) -> None:
        talk = await room.talk()
        before = room.account.modseq
        answer = await talk.good("FETCH 1:2 (BODY[TEXT])")
        assert room.account.modseq == before + 1, "one change for the command"
        assert all("\\Seen" in (item.flags or ()) for item in answer.fetched) and len(answer.fetched) == 2
        again = await talk.good("FETCH 1:3 (BODY[TEXT])")
        assert [item.flags is None for item in again.fetched] == [True, True, False]
        for item in ("BODY.PEEK[]", "RFC822.HEADER", "BINARY.PEEK[1]", "BINARY.SIZE[1]", "BODY", "ENVELOPE"):
            assert (await talk.good(f"FETCH 4 ({item})")).fetched[0].flags is None
        assert room.account.modseq == before + 2

    run(check)


@pytest.mark.parametrize("item", ["BODY[]", "RFC822", "RFC822.TEXT", "BODY[1]", "BINARY[1]"])
def test_what_marks_seen_does_not_in_a_mailbox_opened_read_only(item: str) -> None:
    async def check(room: Room) -> None:
        looking = await room.talk("EXAMINE INBOX")
        assert (await looking.good(f"FETCH 1 {item}")).fetched[0].flags is None
        assert (await looking.good("FETCH 1 FLAGS")).fetched[0].flags == ("\\Recent",)
        talk = await room.talk()
        assert "\\Seen" in ((await talk.good(f"FETCH 1 {item}")).fetched[0].flags or ())

    run(check, (PLAIN,))


def test_recent_is_shown_to_one_session_and_not_in_rev2() -> None:
    async def check(room: Room) -> None:
        first, second = await room.talk(), await room.talk()
        assert (await first.good("FETCH 1 FLAGS")).lines == [b"* 1 FETCH (FLAGS (\\Recent))"]
        assert (await first.good("FETCH 1 (FLAGS EMAILID)")).fetched[0].flags == ("\\Recent",)
        assert (await second.good("FETCH 1 FLAGS")).lines == [b"* 1 FETCH (FLAGS ())"]
        await first.good("ENABLE IMAP4rev2")
        assert (await first.good("FETCH 1 FLAGS")).lines == [b"* 1 FETCH (FLAGS ())"]

    run(check)


def test_an_item_asked_twice_is_answered_once() -> None:
    assert (
        compile_items((SizeItem(), UidItem(), SizeItem())).form == b"* %d FETCH (UID %d RFC822.SIZE %d)\r\n"
    )
    assert compile_items((SectionItem(peek=True), SectionItem())).marks_seen


def test_compiled_items_are_kept() -> None:
    assert compile_items((UidItem(), EmailIdItem())) is compile_items((UidItem(), EmailIdItem()))


def test_what_was_read_once_is_read_again_the_same() -> None:
    """Lists of items are kept by their text; the other way to read them is a list too long for that."""
    g = full_registry().grammar
    for text in (b"(UID FLAGS)", b"ALL", b"body.peek[header.fields (a)]<1.2>", b"UID (CHANGEDSINCE 9)"):
        read = [Fetch.read(Cursor(b" 1:2 " + text), g, uid=False) for _ in range(2)]
        assert read[0] == read[1] and read[0].items is read[1].items
        assert Fetch.read(Cursor(b" 9 " + text), g, uid=True).uid
    long = b"(" + b" ".join([b"UID"] * 200) + b")"
    first, second = (Fetch.read(Cursor(b" 1 " + long), g, uid=False) for _ in range(2))
    assert first == second and first.items is not second.items
    for _ in range(2):
        with pytest.raises(ParseError, match="fetch item"):
            Fetch.read(Cursor(b" 1 (UID  FLAGS)"), g, uid=False)
    c = Cursor(b" 1 FLAGS rest")
    with pytest.raises(ParseError):
        Fetch.read(c, g, uid=False)


def test_mail_can_be_read_when_the_disk_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*args: object) -> None:
        raise StoreFull("no space")

    async def check(room: Room) -> None:
        talk = await room.talk()
        monkeypatch.setattr(room.account, "store", full)
        (found,) = (await talk.good("FETCH 1 BODY[]")).fetched
        assert found.flags is None and found.section() == HeldLiteral(PLAIN)
        assert (await talk("STORE 1 +FLAGS (\\Seen)")).status.code_name == "OVERQUOTA"

    run(check)


@pytest.mark.parametrize("size", [2_000_000, 100_000, 50_000])
@pytest.mark.parametrize("items", ["BODY.PEEK[]", "BODY.PEEK[] BODY.PEEK[TEXT]<1.1900000>"])
def test_a_slow_reader_does_not_make_the_server_hold_a_mailbox(items: str, size: int) -> None:
    """20 MB or more are asked for and not read: what waits on the server's side stays near its limit."""
    mail = b"Subject: one of many\r\n\r\n" + b"x" * size

    async def check(room: Room) -> None:
        talk = await room.talk()
        tracemalloc.start()
        asking = asyncio.ensure_future(talk.send_only(f"FETCH 1:* ({items})"))
        await asyncio.sleep(0.3)
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        await asking
        assert held < 4_000_000

    run(check, (mail,) * (20_000_000 // size))


# The client


class _Known:
    """A client's session that has what it needs."""

    def need(self, capability: str, why: str) -> None:
        assert capability == "CONDSTORE"


OK = Status(Kind.OK, "done", None, "A1")


def test_the_verb_sends_one_command_and_gathers_what_is_of_one_message() -> None:
    op = fetch(_Known(), NumSet.of(5, 6), [FlagsItem(), SizeItem()], changed_since=7)  # type: ignore[arg-type]
    sent = next(op)
    assert sent == Fetch(NumSet.of(5, 6), (FlagsItem(), SizeItem()), True, (ChangedSince(7),))
    data = [
        FetchData(1, [UidDatum(5), FlagsDatum(("a",))]),
        FetchData(2, [UidDatum(6), SizeDatum(1)]),
        FetchData(1, [SizeDatum(9)]),
        CapabilityData(("X",)),
        FetchData(3, [UidDatum(9), FlagsDatum(())]),
        FetchData(4, [FlagsDatum(("news",))]),
        BrokenResponse("FETCH", 8, 6, b"", "expected x"),
        FetchData(1, [UidDatum(5), ModSeqDatum(3)]),
    ]
    with pytest.raises(StopIteration) as stopped:
        op.send(Completed(OK, list(data)))
    first, second, broken = stopped.value.value
    assert (first.uid, first.flags, first.size, first.modseq) == (5, ("a",), 9, 3)
    assert (second.uid, second.size) == (6, 1)
    assert (broken.uid, broken.error) == (6, "expected x")


def test_gathering_keeps_messages_apart_that_had_one_number_after_the_other() -> None:
    data = [FetchData(1, [UidDatum(5)]), FetchData(1, [UidDatum(6)]), FetchData(1, [SizeDatum(3)])]
    found = gather(Completed(OK, list(data)), ALL)
    assert [(item.uid, item.size) for item in found] == [(5, None), (6, 3)]


def test_a_refused_fetch_reaches_the_caller() -> None:
    op = fetch(_Known(), NumSet.of(1), [FlagsItem()])  # type: ignore[arg-type]
    next(op)
    with pytest.raises(CommandNo):
        op.throw(CommandNo("no"))


def test_items_write_what_they_read() -> None:
    w = Writer()
    SectionItem(Section((1,), "HEADER.FIELDS", (b"a b",)), (1, 2), True).write(w)
    assert w.octets() == b'BODY.PEEK[1.HEADER.FIELDS ("a b")]<1.2>'
