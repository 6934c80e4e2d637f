"""Arguments that make no sense: a sentence that shows the right form, nothing sent, and a session that goes on."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

import imapkit
from imapkit import Flags, Folder, NumSet
from imapkit.features.append import AppendMessage
from imapkit.features.qresync import QresyncParam
from imapkit.ports.store import FlagAction

from .twins import Script, Twin, logged_in, server, url

NAMES: list[Any] = [None, 5, b"INBOX", ["INBOX"], Path("a/INBOX"), "half \ud83d", "\udfff", object()]
FLAGS: list[Any] = ["\\Seen", b"\\Seen", 5, None, [b"\\Seen"], ["a b"], [""], ["half \ud83d"], ["a("], [None]]
MAIL = b"Subject: x\r\n\r\n"
ONE = NumSet.of(1)
ALL = "* PREAUTH [CAPABILITY IMAP4rev1 LITERAL+ UIDPLUS MOVE MULTIAPPEND QRESYNC ENABLE UNSELECT LIST-STATUS] hi"

BY_NAME: dict[str, Callable[[Any, Any], Any]] = {
    "select": lambda mail, name: mail.select(name),
    "examine": lambda mail, name: mail.examine(name),
    "resync": lambda mail, name: mail.resync(name, QresyncParam(1, 1)),
    "create": lambda mail, name: mail.create(name),
    "delete": lambda mail, name: mail.delete(name),
    "rename": lambda mail, name: mail.rename(name, "x"),
    "rename to": lambda mail, name: mail.rename("x", name),
    "subscribe": lambda mail, name: mail.subscribe(name),
    "unsubscribe": lambda mail, name: mail.unsubscribe(name),
    "status": lambda mail, name: mail.status(name),
    "append": lambda mail, name: mail.append(name, MAIL),
    "multiappend": lambda mail, name: mail.multiappend(name, [AppendMessage.of(MAIL)]),
    "copy": lambda mail, name: mail.copy(ONE, name),
    "move": lambda mail, name: mail.move(ONE, name),
    "list_status": lambda mail, name: mail.list_status(name),
    "list_mailboxes": lambda mail, name: mail.list_mailboxes(name),
    "lsub": lambda mail, name: mail.lsub(name),
    "query.copy": lambda mail, name: mail.selected.uids(1).copy(name),
    "query.move": lambda mail, name: mail.selected.uids(1).move(name),
}
BY_FLAGS: dict[str, Callable[[Any, Any], Any]] = {
    "store": lambda mail, flags: mail.store(ONE, FlagAction.ADD, flags),
    "append": lambda mail, flags: mail.append("x", MAIL, flags=flags),
    "mailbox.append": lambda mail, flags: mail.selected.append(MAIL, flags=flags),
    "multiappend": lambda mail, flags: mail.multiappend("x", [AppendMessage.of(MAIL, flags)]),
    "later of several": lambda mail, flags: mail.multiappend(
        "x", [AppendMessage.of(MAIL), AppendMessage(AppendMessage.of(MAIL).message, flags)]
    ),
    "flag": lambda mail, flags: mail.selected.uids(1).flag(flags),
    "flag and take away": lambda mail, flags: mail.selected.uids(1).flag(["\\Seen"], flags),
    "set_flags": lambda mail, flags: mail.selected.all().set_flags(flags),
}
OTHERS: dict[str, Callable[[Any], Any]] = {
    "a day for a moment": lambda mail: mail.append("x", MAIL, date=date(2026, 1, 1)),
    "text for a moment": lambda mail: mail.append("x", MAIL, date="today"),
    "the same": lambda mail: mail.multiappend("x", [AppendMessage.of(MAIL, date=date(2026, 1, 1))]),  # type: ignore[arg-type]
    "a text for a message": lambda mail: mail.append("x", "Subject: x"),
    "items that are none": lambda mail: mail.fetch(ONE, ["FLAGS"]),
    "a keyword": lambda mail: mail.search(imapkit.KEYWORD("half \ud83d")),
    "a text": lambda mail: mail.search(imapkit.SUBJECT("half \ud83d")),
    "a query's text": lambda mail: mail.selected.search(subject="half \ud83d").uids(),
}


def _play(s: Script) -> None:
    s.select()
    s.answer("NOOP", "* 4 EXISTS")
    s.goodbye()


def _refused(twin: Twin, calls: list[Callable[[Any], Any]], match: str | None = None) -> None:
    with (
        server(logged_in(_play, ALL)) as port,
        twin.connect(url(port), allow_plaintext=True, timeout=5.0) as mail,
    ):
        box = mail.select()
        for call in calls:
            with pytest.raises(imapkit.UsageError, match=match):
                call(mail)
        assert box.is_open, "the mailbox is still the open one"
        mail.noop()
        assert box.exists == 4


@pytest.mark.parametrize("way", BY_NAME)
def test_names_of_mailboxes(twin: Twin, way: str) -> None:
    _refused(twin, [lambda mail, name=name: BY_NAME[way](mail, name) for name in NAMES])  # type: ignore[misc]


@pytest.mark.parametrize("way", BY_FLAGS)
def test_flags(twin: Twin, way: str) -> None:
    _refused(twin, [lambda mail, flags=flags: BY_FLAGS[way](mail, flags) for flags in FLAGS], "Seen")  # type: ignore[misc]


@pytest.mark.parametrize("what", OTHERS)
def test_other_arguments(twin: Twin, what: str) -> None:
    _refused(twin, [OTHERS[what]])


@pytest.mark.parametrize("way", BY_NAME)
def test_a_folder_is_taken_wherever_a_name_is(twin: Twin, way: str) -> None:
    folder = Folder("Köln", "/", ())

    def play(s: Script) -> None:
        s.select()
        while b"K&APY-ln" not in (line := s.line()):
            s.send(line.split()[0] + b" OK done")
        if b"APPEND" in line:
            s.line(), s.line(), s.line()
        s.send(line.split()[0] + b" NO no")
        s.goodbye()

    with server(logged_in(play, ALL)) as port, twin.connect(url(port), allow_plaintext=True) as mail:
        box = mail.select()
        with pytest.raises(imapkit.CommandNo):
            BY_NAME[way](mail, folder)
        assert box.name == "INBOX"


def test_an_open_mailbox_is_one_too(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.select()
        s.answer("STATUS INBOX", '* STATUS "INBOX" (MESSAGES 3)')
        s.goodbye()

    with server(logged_in(play)) as port, twin.connect(url(port), allow_plaintext=True) as mail:
        box = mail.select()
        assert mail.status(getattr(box, "_inner", box)).messages == 3


def test_flags_and_names_that_servers_tell_can_be_sent_back(twin: Twin) -> None:
    """Octets that are no text stand in it as halves of surrogate pairs."""

    def play(s: Script) -> None:
        s.select()
        s.answer("UID FETCH 1", b"* 1 FETCH (UID 1 FLAGS (\xe9t\xe9))")
        line = s.line()
        assert line.endswith(b"UID STORE 1 +FLAGS.SILENT (\xe9t\xe9)")
        s.send(line.split()[0] + b" OK")
        s.answer("LIST", b'* LIST () "/" "K\xf6ln &"')
        line = s.line()
        size = re.fullmatch(rb".* DELETE \{(\d+)\+\}", line)
        assert size is not None, line
        told.append(s.take(int(size[1])))
        assert s.line() == b""
        s.send(line.split()[0] + b" OK")
        s.goodbye()

    told: list[bytes] = []
    with server(logged_in(play)) as port, twin.connect(url(port), allow_plaintext=True) as mail:
        box = mail.select()
        message = box.message(1, Flags)
        assert message.flags == {"\udce9t\udce9"}
        box.uids(1).flag(message.flags)
        (folder,) = mail.folders()
        mail.delete(folder)
    assert told == [b"K\xf6ln &"]


def test_a_date_without_zone_is_in_that_of_this_machine(twin: Twin) -> None:
    naive = datetime(2026, 11, 2, 8, 30)
    told: list[bytes] = []

    def play(s: Script) -> None:
        for _ in range(3):
            line = s.line()
            told.append(line.partition(b'"')[2].partition(b'"')[0])
            s.line(), s.line(), s.line()
            s.send(line.split()[0] + b" OK")
        s.goodbye()

    with server(logged_in(play)) as port, twin.connect(url(port), allow_plaintext=True) as mail:
        mail.append("x", MAIL, date=naive)
        mail.multiappend("x", [AppendMessage.of(MAIL, date=naive)])
        mail.multiappend("x", [AppendMessage(AppendMessage.of(MAIL).message, (), naive)])
    assert {datetime.strptime(one.decode().strip(), "%d-%b-%Y %H:%M:%S %z") for one in told} == {
        naive.astimezone()
    }
