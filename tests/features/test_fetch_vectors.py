"""FETCH, STORE, BINARY, CONDSTORE and OBJECTID on the wire: commands and responses, well-formed and as broken servers send them."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from imapkit.errors import ParseError
from imapkit.features.binary import BinaryItem, BinarySizeDatum, BinarySizeItem
from imapkit.features.condstore import (
    CondstoreParam,
    HighestModSeq,
    ModSeqDatum,
    ModSeqItem,
    ModSeqKey,
)
from imapkit.features.fetch import ChangedSince, Fetch
from imapkit.features.fetch_data import BinarySection, BodySection, FetchData, RawDatum
from imapkit.features.fetch_datum import (
    BodyDatum,
    EnvelopeDatum,
    FlagsDatum,
    InternalDateDatum,
    Rfc822Datum,
    SizeDatum,
    UidDatum,
)
from imapkit.features.fetch_items import (
    ALL,
    FAST,
    FULL,
    BodyItem,
    BodyStructureItem,
    EnvelopeItem,
    FlagsItem,
    InternalDateItem,
    Rfc822Item,
    SectionItem,
    SizeItem,
    UidItem,
)
from imapkit.features.fetch_section import Section
from imapkit.features.objectid import (
    EmailIdDatum,
    EmailIdItem,
    EmailIdKey,
    MailboxId,
    ThreadIdDatum,
    ThreadIdItem,
    ThreadIdKey,
)
from imapkit.features.search import Search
from imapkit.features.select import Select
from imapkit.features.store import Modified, Store, UnchangedSince
from imapkit.ports.store import FlagAction
from imapkit.protocol.body import TextPart
from imapkit.protocol.envelope import Address, Envelope
from imapkit.protocol.numset import STAR, NumSet
from imapkit.protocol.response import BrokenResponse, Response, literal_allowed, read_response
from imapkit.protocol.status import Kind, Status
from imapkit.wire.frame import HeldLiteral, whole_frames
from imapkit.wire.limits import CLIENT
from tests.support.vectors import (
    Row,
    check_bad,
    check_command,
    check_response,
    grammar,
    ids,
    response_of,
    responses_of,
)

ONE = NumSet.of(1)
SOME = NumSet(((2, 4), (7, STAR)))

COMMANDS = [
    Row(b"FETCH 1 FLAGS", Fetch(ONE, (FlagsItem(),))),
    Row(b"FETCH 2:4,7:* (UID FLAGS)", Fetch(SOME, (UidItem(), FlagsItem()))),
    Row(b"UID FETCH 1 ALL", Fetch(ONE, ALL, True), b"UID FETCH 1 (FLAGS INTERNALDATE RFC822.SIZE ENVELOPE)"),
    Row(b"FETCH 1 fast", Fetch(ONE, FAST), b"FETCH 1 (FLAGS INTERNALDATE RFC822.SIZE)"),
    Row(b"FETCH 1 FULL", Fetch(ONE, FULL), b"FETCH 1 (FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY)"),
    Row(
        b"FETCH 1 (BODY BODYSTRUCTURE ENVELOPE INTERNALDATE RFC822.SIZE)",
        Fetch(ONE, (BodyItem(), BodyStructureItem(), EnvelopeItem(), InternalDateItem(), SizeItem())),
    ),
    Row(
        b"FETCH 1 (RFC822 RFC822.HEADER RFC822.TEXT)",
        Fetch(ONE, (Rfc822Item(), Rfc822Item("HEADER"), Rfc822Item("TEXT"))),
    ),
    Row(b"FETCH 1 BODY[]", Fetch(ONE, (SectionItem(),))),
    Row(
        b"FETCH 1 body.peek[text]<0.2048>",
        Fetch(ONE, (SectionItem(Section((), "TEXT"), (0, 2048), True),)),
        b"FETCH 1 BODY.PEEK[TEXT]<0.2048>",
    ),
    Row(
        b"FETCH 1 (BODY[1.2.MIME] BODY[3.HEADER] BODY[4])",
        Fetch(
            ONE,
            (
                SectionItem(Section((1, 2), "MIME")),
                SectionItem(Section((3,), "HEADER")),
                SectionItem(Section((4,))),
            ),
        ),
    ),
    Row(
        b"FETCH 1 BODY.PEEK[HEADER.FIELDS (Date From)]",
        Fetch(ONE, (SectionItem(Section((), "HEADER.FIELDS", (b"Date", b"From")), None, True),)),
    ),
    Row(
        b'FETCH 1 BODY[2.HEADER.FIELDS.NOT ("X-Spam" {3+}\r\nBcc)]',
        Fetch(ONE, (SectionItem(Section((2,), "HEADER.FIELDS.NOT", (b"X-Spam", b"Bcc"))),)),
        b"FETCH 1 BODY[2.HEADER.FIELDS.NOT (X-Spam Bcc)]",
    ),
    Row(
        b"FETCH 1 (BINARY[1] BINARY.PEEK[2.1]<5.10> BINARY.SIZE[3] BINARY[])",
        Fetch(
            ONE,
            (BinaryItem((1,)), BinaryItem((2, 1), (5, 10), True), BinarySizeItem((3,)), BinaryItem()),
        ),
    ),
    Row(
        b"UID FETCH 1 (FLAGS MODSEQ) (CHANGEDSINCE 12345)",
        Fetch(ONE, (FlagsItem(), ModSeqItem()), True, (ChangedSince(12345),)),
    ),
    Row(b"FETCH 1 (EMAILID THREADID)", Fetch(ONE, (EmailIdItem(), ThreadIdItem()))),
    Row(b"FETCH $ UID", Fetch(NumSet((), saved=True), (UidItem(),))),
    Row(b"STORE 1 FLAGS ()", Store(ONE, FlagAction.REPLACE, ())),
    Row(b"STORE 1 +FLAGS (\\Deleted foo)", Store(ONE, FlagAction.ADD, ("\\Deleted", "foo"))),
    Row(
        b"UID STORE 1 -flags.silent \\seen Bar",
        Store(ONE, FlagAction.REMOVE, ("\\Seen", "Bar"), True, True),
        b"UID STORE 1 -FLAGS.SILENT (\\Seen Bar)",
    ),
    Row(
        b"STORE 1 (UNCHANGEDSINCE 0) +FLAGS.SILENT ($MDNSent)",
        Store(ONE, FlagAction.ADD, ("$MDNSent",), False, True, (UnchangedSince(0),)),
    ),
    Row(b"SELECT INBOX (CONDSTORE)", Select("INBOX", (CondstoreParam(),))),
    Row(b"SEARCH MODSEQ 620162338", Search(ModSeqKey(620162338), uid=False)),
    Row(
        b'SEARCH MODSEQ "/flags/\\\\draft" all 620162338',
        Search(ModSeqKey(620162338, "/flags/\\draft", "all"), uid=False),
    ),
    Row(b"UID SEARCH EMAILID M6d99ac3275bb4e", Search(EmailIdKey("M6d99ac3275bb4e"))),
    Row(b"UID SEARCH THREADID T64b478a75b7ea9", Search(ThreadIdKey("T64b478a75b7ea9"))),
]


@pytest.mark.parametrize("row", COMMANDS, ids=ids(COMMANDS))
def test_commands(row: Row) -> None:
    check_command(row)


BAD = [
    (b"FETCH 1", "expected a space at offset 10"),
    (b"FETCH x FLAGS", "a set of message numbers at offset 9"),
    (b"FETCH 1 ()", "a list of at least one fetch item at offset 11"),
    (b"FETCH 1 (FLAGS NOSUCH)", "a known fetch item, asked by the client at offset 18"),
    (b"FETCH 1 (FLAGS UID", "a space at offset 21"),
    (b"FETCH 1 BODY[", "a section"),
    (b"FETCH 1 BODY[HEADERS]", "a section: a part number, HEADER, TEXT or MIME at offset 16"),
    (b"FETCH 1 BODY[0]", "a section"),
    (b"FETCH 1 BODY[1.]", "a section"),
    (b"FETCH 1 BODY[MIME]", "a section"),
    (b"FETCH 1 BODY[1 ]", "']'"),
    (b"FETCH 1 BODY[HEADER.FIELDS]", "a space and a list of header fields"),
    (b"FETCH 1 BODY[HEADER.FIELDS ()]", "a list of at least one header field"),
    (b"FETCH 1 BODY[]<1>", "'.'"),
    (b"FETCH 1 BODY[]<1.0>", "a number of octets above zero"),
    (b"FETCH 1 BODY.PEEK", "'['"),
    (b"FETCH 1 BINARY[1.MIME]", "']'"),
    (b"FETCH 1 BINARY", "'['"),
    (b"FETCH 1 (FLAGS) (NOSUCH 1)", "a known FETCH modifier"),
    (b"FETCH 1 (FLAGS) ()", "at least one FETCH modifier"),
    (b"FETCH 1 FLAGS UID", "'('"),
    (b"STORE 1 NOFLAGS (a)", "FLAGS, +FLAGS or -FLAGS"),
    (b"STORE 1 +FLAGS", "a space"),
    (b"STORE 1 +FLAGS (", "a flag"),
    (b"SEARCH MODSEQ x", "a MODSEQ or the name of an entry"),
    (b'SEARCH MODSEQ "/nope/x" all 1', "an entry like"),
    (b'SEARCH MODSEQ "/flags/x" some 1', "priv, shared or all"),
]


@pytest.mark.parametrize(("wire", "expected"), BAD, ids=[wire.decode() for wire, _ in BAD])
def test_malformed_commands_say_what_was_expected(wire: bytes, expected: str) -> None:
    check_bad(wire, expected)


HEADERS = Section((), "HEADER.FIELDS", (b"From",))

RESPONSES = [
    Row(b"5 FETCH (FLAGS (\\Seen foo) UID 9)", FetchData(5, [FlagsDatum(("\\Seen", "foo")), UidDatum(9)])),
    Row(b"5 FETCH ()", FetchData(5, [])),
    Row(
        b'5 FETCH (INTERNALDATE " 1-Nov-2026 10:00:00 +0000" RFC822.SIZE 99)',
        FetchData(5, [InternalDateDatum(datetime(2026, 11, 1, 10, tzinfo=UTC)), SizeDatum(99)]),
    ),
    Row(
        b'5 FETCH (ENVELOPE (NIL "hi" ((NIL NIL "a" "b")) NIL NIL NIL NIL NIL NIL "<m>"))',
        FetchData(
            5, [EnvelopeDatum(Envelope(None, b"hi", (Address(None, None, b"a", b"b"),), message_id=b"<m>"))]
        ),
    ),
    Row(
        b'5 FETCH (BODY ("text" "plain" NIL NIL NIL "7bit" 5 1))',
        FetchData(5, [BodyDatum(TextPart(b"plain", encoding=b"7bit", octets=5, lines=1))]),
    ),
    Row(
        b"5 FETCH (BODY[] {7}\r\na\r\n)\r\nb BODY[HEADER.FIELDS (From)]<0> {2}\r\nFr BODY[9] NIL UID 1)",
        FetchData(
            5,
            [
                BodySection(Section(), HeldLiteral(b"a\r\n)\r\nb")),
                BodySection(HEADERS, HeldLiteral(b"Fr"), 0),
                BodySection(Section((9,)), None),
                UidDatum(1),
            ],
        ),
    ),
    Row(
        b"5 FETCH (RFC822.HEADER {4}\r\na:b\n)", FetchData(5, [Rfc822Datum("HEADER", HeldLiteral(b"a:b\n"))])
    ),
    Row(
        b"5 FETCH (BINARY[1] ~{3}\r\na\x00b BINARY.SIZE[1] 3 BINARY[2]<1> {1}\r\nx)",
        FetchData(
            5,
            [
                BinarySection((1,), HeldLiteral(b"a\0b")),
                BinarySizeDatum((1,), 3),
                BinarySection((2,), HeldLiteral(b"x"), 1),
            ],
        ),
    ),
    Row(b"5 FETCH (MODSEQ (624140003))", FetchData(5, [ModSeqDatum(624140003)])),
    Row(b"5 FETCH (EMAILID (M1) THREADID (T1))", FetchData(5, [EmailIdDatum("M1"), ThreadIdDatum("T1")])),
    Row(b"5 FETCH (EMAILID (M1) THREADID NIL)", FetchData(5, [EmailIdDatum("M1"), ThreadIdDatum(None)])),
    Row(
        b'5 FETCH (X-GM-LABELS ("\\\\Inbox" foo) UID 1)',
        FetchData(5, [RawDatum("X-GM-LABELS", b'("\\\\Inbox" foo)'), UidDatum(1)]),
    ),
    Row(b"OK [HIGHESTMODSEQ 715194045007] x", Status(Kind.OK, "x", HighestModSeq(715194045007))),
    Row(b"OK [MODIFIED 7,9] x", Status(Kind.OK, "x", Modified(NumSet.parse("7,9")))),
    Row(b"OK [MAILBOXID (F2212ea87)] x", Status(Kind.OK, "x", MailboxId("F2212ea87"))),
    # as real servers send them
    Row(b"5 FETCH (UID 9 )", FetchData(5, [UidDatum(9)]), b"5 FETCH (UID 9)"),
    Row(
        b"5 FETCH (UID 9FLAGS (a)RFC822.SIZE 3)",
        FetchData(5, [UidDatum(9), FlagsDatum(("a",)), SizeDatum(3)]),
        b"5 FETCH (UID 9 FLAGS (a) RFC822.SIZE 3)",
    ),
    Row(
        b"5 FETCH (UID 9 (RFC822.SIZE 3) FLAGS ())",
        FetchData(5, [UidDatum(9), SizeDatum(3), FlagsDatum(())]),
        b"5 FETCH (UID 9 RFC822.SIZE 3 FLAGS ())",
    ),
    Row(b"5 FETCH (BODY[2] )", FetchData(5, [BodySection(Section((2,)), None)]), b"5 FETCH (BODY[2] NIL)"),
    Row(
        b'5 FETCH (BODY[2]<0.99> "abc")',
        FetchData(5, [BodySection(Section((2,)), HeldLiteral(b"abc"), 0)]),
        b"5 FETCH (BODY[2]<0> {3}\r\nabc)",
    ),
    Row(
        b"5 FETCH (UID 7) FLAGS (a) RFC822.SIZE 5",
        FetchData(5, [UidDatum(7), FlagsDatum(("a",)), SizeDatum(5)]),
        b"5 FETCH (UID 7 FLAGS (a) RFC822.SIZE 5)",
    ),
    Row(b"5 FETCH (UID 7) junk", FetchData(5, [UidDatum(7)]), b"5 FETCH (UID 7)"),
    Row(
        b'5 FETCH (INTERNALDATE "00-Jan-0000 00:00:00 +0000")',
        FetchData(5, [InternalDateDatum(None)]),
        b"5 FETCH (INTERNALDATE NIL)",
    ),
]


@pytest.mark.parametrize("row", RESPONSES, ids=ids(RESPONSES))
def test_responses(row: Row) -> None:
    check_response(row)


def test_attributes_are_read_from_the_items() -> None:
    found = response_of(
        b'5 FETCH (UID 9 FLAGS (a) FLAGS (b) BODY[] {2}\r\nhi RFC822.TEXT "t" BINARY.SIZE[1] 4 MODSEQ (7) '
        b"EMAILID (M) THREADID (T) X-NEW 5)"
    )
    assert isinstance(found, FetchData)
    assert (found.uid, found.flags, found.modseq) == (9, ("b",), 7)
    assert (found.email_id, found.thread_id, found.extra) == ("M", "T", {"X-NEW": b"5"})
    assert found.section() == HeldLiteral(b"hi")
    assert found.section(Section((), "TEXT")) == HeldLiteral(b"t")
    assert found.section(Section((1,))) is None
    assert found.binary_sizes == {(1,): 4}
    assert found.get(ModSeqDatum) == ModSeqDatum(7)


def test_a_response_that_cannot_be_read_costs_only_itself() -> None:
    broken, fine = responses_of(b"* 5 FETCH (UID 9 ENVELOPE nonsense)\r\n* 6 FETCH (UID 10)\r\n")
    assert isinstance(broken, BrokenResponse) and broken.uid == 9
    assert fine == FetchData(6, [UidDatum(10)])


# What broke other clients, where the collection is at hand

_HOSTILE = Path(__file__).parents[3] / "shared" / "data" / "hostile_responses.jsonl"


def _hostile() -> list[dict[str, object]]:
    if not _HOSTILE.exists():
        return []
    entries = [json.loads(line) for line in _HOSTILE.read_text().splitlines()]
    return [entry for entry in entries if b" FETCH " in base64.b64decode(entry["bytes"])]


def _responses(wire: bytes) -> list[Response]:
    """All that can be read as responses; the rest must fail as documented."""
    found: list[Response] = []
    for frame in whole_frames(wire, CLIENT, literal_allowed=literal_allowed):
        try:
            found.append(read_response(frame, grammar()))
        except ParseError:
            continue
    return found


def _attributes(found: list[FetchData]) -> dict[str, list[object]]:
    """What the collection's hints can be compared with."""
    bodies = [part.data.read() for item in found for part in item.sections if part.data is not None]
    return {
        "uid": [item.uid for item in found],
        "seq": [item.seq for item in found],
        "size": [item.size for item in found],
        "modseq": [item.modseq for item in found],
        "body": [body.decode("latin-1") for body in bodies],
        "subject": [(item.envelope.subject or b"").decode() for item in found if item.envelope],
    }


def test_hostile_responses() -> None:
    """Every one is read or reported as broken, and the stream goes on after it. Nothing to do where the collection is not there."""
    for entry in _hostile():
        wire = base64.b64decode(str(entry["bytes"]))
        hints = entry["what_should_come_out"].get("assert") or {}  # type: ignore[attr-defined]
        if hints.get("fatal"):
            continue
        responses = _responses(wire + b"* 7777 EXISTS\r\nA9 OK\r\n")
        assert isinstance(responses[-1], Status), entry["id"]
        assert responses[-2] == response_of(b"7777 EXISTS"), entry["id"]
        found = [item for item in responses if isinstance(item, FetchData)]
        if entry["class"] not in ("dos",) and not hints.get("resync"):
            assert not any(isinstance(item, BrokenResponse) for item in responses), (entry["id"], responses)
        have = _attributes(found)
        for key in have.keys() & hints.keys():
            wanted = hints[key] if isinstance(hints[key], list) else [hints[key]]
            assert any(value in wanted for value in have[key]), (entry["id"], key, have[key])
