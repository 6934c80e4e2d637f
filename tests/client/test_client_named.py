"""Messages are named by UID: those that somebody named are touched, and no others."""

from __future__ import annotations

import array
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import imapkit
from imapkit import SEQ, UID, Flags, NumSet
from imapkit.client.criteria import build, settled
from imapkit.client.numbers import is_settled, numset_of, within
from imapkit.features.append import AppendMessage
from imapkit.ports.store import FlagAction
from imapkit.protocol.numset import SAVED
from imapkit.query.key import SearchKey, write_program
from imapkit.wire.writer import Writer
from tests.programs import need
from tests.support.dovecot import dovecot
from tests.support.imapkit_server import imapkit_server

from .twins import Script, Twin, logged_in, server, url

USERS = {"ann": "secret"}
_numbers = itertools.count()


@pytest.fixture(scope="module", params=["imapkit", "dovecot"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if request.param == "dovecot":
        need("dovecot")
    data = tmp_path_factory.mktemp("named") / "data"
    with dovecot(USERS) if request.param == "dovecot" else imapkit_server(data, USERS) as where:
        yield f"imap://ann@{where.host}:{where.port}"


@pytest.fixture
def box(place: str, twin: Twin) -> Iterator[Any]:
    """A mailbox of its own with the UIDs 7, 8 and 9."""
    with twin.connect(place, password="secret", allow_plaintext=True, timeout=10) as mail:
        name = f"{twin.name}-{next(_numbers)}"
        mail.create(name)
        mail.multiappend(name, [AppendMessage.of(b"Subject: %d\r\n\r\n" % n) for n in range(1, 10)])
        found = mail.select(name)
        found.uids("1:6").delete()
        if not mail.folders("Archive"):
            mail.create("Archive")
        mail.select("Archive").all().delete()
        yield mail.select(name)


OPEN = ["99:*", "*:99", "10:*", "99:*,20:30", "4294967295:*"]


def named(box: Any, text: str) -> dict[str, Callable[[], Any]]:
    """Every way to name messages by an open range."""
    numset = NumSet.parse(text)
    return {
        "text": lambda: box.uids(text),
        "set": lambda: box.uids(numset),
        "list": lambda: box.uids(*text.split(",")),
        "uid=text": lambda: box.search(uid=text),
        "uid=set": lambda: box.search(uid=numset),
        "UID": lambda: box.search(UID(numset)),
        "SEQ": lambda: box.search(SEQ(numset)),
        "inside": lambda: box.search(UID(numset) & ~imapkit.DELETED | SEQ(numset)),
    }


def test_nobody_named_the_last_message(box: Any) -> None:
    for text in OPEN:
        for way, query in named(box, text).items():
            if "," in text and way in ("SEQ", "inside"):
                continue  # message numbers that are not there are an error (RFC 9051 section 6.4.4)
            assert list(query().fetch(Flags)) == [], (way, text)
            assert (query().uids(), query().count(), query().first(), query().last()) == (
                [],
                0,
                None,
                None,
            ), (way, text)
            assert query().flag(flagged=True) == 0, (way, text)
            assert query().set_flags(["\\Deleted"]) == 0, (way, text)
            assert (query().copy("Archive"), query().move("Archive"), query().delete()) == ({}, {}, 0), (
                way,
                text,
            )
        assert list(box.fetch(text, Flags)) == [] and box.message(text) is None
    found = list(box.all().fetch(Flags))
    assert [message.uid for message in found] == [7, 8, 9]
    assert not any(message.flags & {"\\Flagged", "\\Deleted"} for message in found)
    assert box.client.status("Archive", "MESSAGES").messages == 0


@pytest.mark.parametrize("text", OPEN)
def test_nor_do_the_verbs(box: Any, text: str) -> None:
    mail, numset = box.client, NumSet.parse(text)
    mail.store(numset, FlagAction.ADD, ["\\Deleted"])
    mail.copy(numset, "Archive")
    mail.move(numset, "Archive")
    mail.expunge(numset)
    assert mail.fetch(numset, [Flags]) == []
    assert (box.all().uids(), box.search(deleted=True).uids()) == ([7, 8, 9], [])
    assert mail.status("Archive", "MESSAGES").messages == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8:*", [8, 9]), ("*:8", [8, 9]), ("1:*", [7, 8, 9]), ("*", [9]), ("*:*", [9]), ("*,7", [7, 9]),
        ("99:*,7", [7]), ("99:*,*", [9]), ("1:4294967295", [7, 8, 9]), ("9:*,1:7", [7, 9]),
    ],
)  # fmt: skip
def test_what_is_there_is_reached(box: Any, text: str, expected: list[int]) -> None:
    query = box.uids(text)
    assert (query.uids(), [message.uid for message in query.fetch(Flags)]) == (expected, expected)
    assert (query.first().uid, query.last().uid) == (expected[0], expected[-1])
    assert query.flag(add=["$Work"], flagged=True) == len(expected)
    assert box.search(flagged=True).uids() == expected
    assert set(query.copy("Archive")) == set(expected)
    assert query.delete() == len(expected)
    assert box.all().uids() == [uid for uid in (7, 8, 9) if uid not in expected]


def opened(twin: Twin, port: int) -> Any:
    return twin.connect(url(port), allow_plaintext=True, timeout=5.0)


def test_the_saved_result_is_looked_up_before_anything_changes(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.select()
        s.answer("UID SEARCH RETURN (ALL) UID $", '* ESEARCH (TAG "A2") UID ALL 2:3')
        s.answer("UID STORE 2:3 +FLAGS.SILENT (\\Deleted)")
        s.answer("UID EXPUNGE 2:3")
        s.goodbye()

    greeting = "* PREAUTH [CAPABILITY IMAP4rev1 UIDPLUS ESEARCH SEARCHRES] hi"
    with (
        server(logged_in(play, greeting)) as port,
        twin.connect(url(port), allow_plaintext=True, timeout=5.0) as mail,
    ):
        assert mail.select().uids("$").delete() == 2


def test_a_server_that_names_others_is_not_followed(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.select()
        s.answer("UID SEARCH UID 2:4294967295", "* SEARCH 1 2 3")
        s.answer("UID STORE 2:3 +FLAGS.SILENT (\\Flagged)")
        s.goodbye()

    greeting = "* PREAUTH [CAPABILITY IMAP4rev1] hi"
    with server(logged_in(play, greeting)) as port, opened(twin, port) as mail:
        assert mail.select().uids("2:*").flag(flagged=True) == 2


NOT_UIDS = [
    b"1 2 3", bytearray(b"1 2 3"), memoryview(b"1 2 3"), [b"1", b"2"], ["1", "2"], [b"1 2 3"], {"1": 2},
]  # fmt: skip


@pytest.mark.parametrize("given", NOT_UIDS, ids=range(len(NOT_UIDS)))
def test_octets_and_texts_in_lists_are_no_uids(twin: Twin, given: Any) -> None:
    def play(s: Script) -> None:
        s.select()
        s.goodbye()

    with server(logged_in(play)) as port, opened(twin, port) as mail:
        box = mail.select()
        for refuse in (
            lambda: box.uids(given),
            lambda: box.uids(1, given),
            lambda: box.search(uid=given),
            lambda: list(box.fetch(given)),
            lambda: box.message(given),
        ):
            with pytest.raises(imapkit.UsageError, match="split"):
                refuse()
        if not isinstance(given, list | dict):
            for verb in (
                lambda: UID(given),
                lambda: SEQ(given),
                lambda: NumSet.of(given),
                lambda: NumSet.from_numbers(given),
                lambda: mail.store(given, FlagAction.ADD, ["\\Deleted"]),
                lambda: mail.fetch(given, [Flags]),
                lambda: mail.copy(given, "x"),
                lambda: mail.move(given, "x"),
                lambda: mail.expunge(given),
            ):
                with pytest.raises(imapkit.UsageError, match="split"):
                    verb()


@pytest.mark.parametrize("given", [0, -1, 1 << 32, True, 1.0, None, ..., [0], [1.5], [None], [True], "", "x"])
def test_what_is_no_uid(given: Any) -> None:
    with pytest.raises(imapkit.UsageError):
        numset_of([given])
    with pytest.raises(imapkit.UsageError):
        build((), {"uid": given})


def test_uids_in_every_form() -> None:
    assert str(numset_of([3, "1:2,9", [5, 6], NumSet.of(20)])) == "1:2,3,5:6,9,20"
    assert str(numset_of([array.array("L", [4, 5])])) == "4:5"
    assert numset_of([]) == NumSet() == numset_of([[]])
    assert numset_of(["$"]) == SAVED
    with pytest.raises(imapkit.UsageError, match="stands alone"):
        numset_of(["$", 5])


def test_sets_that_name_certain_messages() -> None:
    for text, exists, settled_ in (("5", 0, True), ("1:3", 3, True), ("1:4", 3, False), ("5:*", 9, False)):
        assert is_settled(NumSet.parse(text), exists) is settled_
    assert not is_settled(SAVED, 9)
    assert within(NumSet.of(1, 2, 3, 9), NumSet.parse("2:3,*")) == NumSet(((2, 3), (9, 9)))


def written(key: SearchKey) -> bytes:
    w = Writer()
    write_program(w, key)
    return w.octets()


@pytest.mark.parametrize(
    ("text", "exists", "expected"),
    [("4:*", 3, b"NOT ALL"), ("4:*,2", 3, b"2"), ("3:*", 3, b"3:*"), ("*", 0, b"*"), ("*:4", 3, b"NOT ALL")],
)
def test_message_numbers_reach_upward_only(text: str, exists: int, expected: bytes) -> None:
    assert written(settled(SEQ(NumSet.parse(text)), exists)) == expected
    inside = settled(~(SEQ(NumSet.parse(text)) | imapkit.SEEN) & imapkit.DRAFT, exists)
    assert written(inside) == b"NOT OR " + expected + b" SEEN DRAFT"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2:*", "2:4294967295"),
        ("*:2", "2:4294967295"),
        ("1:*", "1:*"),
        ("*", "*"),
        ("*:*", "*:*"),
        ("3,5:9", "3,5:9"),
    ],
)
def test_upward(text: str, expected: str) -> None:
    assert str(NumSet.parse(text).upward()) in (expected, "*")
