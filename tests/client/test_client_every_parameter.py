"""Every parameter of every public method of both clients, filled with odd values while the others are right.

An ImapError with a sentence or a result; after a UsageError the connection is as it was: logged in, the same mailbox open, in step.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

import imapkit
from imapkit import FROM, Flags, ImapError, UsageError
from imapkit.client._async.client import AsyncClient
from imapkit.client._async.mailbox import AsyncMailbox
from imapkit.client._async.message import AsyncMessage, AsyncPart
from imapkit.client._async.query import AsyncQuery
from imapkit.features.append import AppendMessage
from imapkit.features.base import noop
from imapkit.features.condstore import CondstoreParam
from imapkit.features.esearch import COUNT
from imapkit.features.fetch_section import WHOLE
from imapkit.features.qresync import QresyncParam
from imapkit.features.sort import SUBJECT
from imapkit.ports.store import FlagAction
from imapkit.protocol.numset import NumSet
from imapkit.query.thread import Algorithm
from imapkit.sasl.base import ClientExchange, Credentials
from imapkit.sasl.plain import PlainClient

from .twins import Twin

MESSAGE = b"From: bob@example.org\r\nSubject: Hi\r\n\r\nHello\r\n"
ODD: list[Any] = [
    None, True, -1, 1 << 40, 10**400, 1.5, math.nan, "", "bob", "\udc80", "\ud800", "a\0b", "a\r\nb", "\\Seen", "1:*", "ä" * 300,
    b"x", bytearray(b"1 2"), (), {1: 2}, [None], ["\ud800"], object(), Flags, FROM, FROM("bob"), date(2024, 1, 1), datetime(1, 1, 1),
    NumSet.parse("5:*"), AppendMessage, CondstoreParam, COUNT,
]  # fmt: skip

ONE = NumSet.of(1)
KEY = FROM("bob")
RIGHT: dict[str, dict[str, Any]] = {
    "Client.append": {"mailbox": "INBOX", "message": MESSAGE, "flags": (), "date": None},
    "Client.authenticate": {"exchange": ClientExchange(PlainClient(Credentials("ann", "x")))},
    "Client.copy": {"numset": ONE, "mailbox": "INBOX", "uid": True},
    "Client.create": {"mailbox": "New", "params": None},
    "Client.delete": {"mailbox": "Old"},
    "Client.enable": {"names": None},
    "Client.examine": {"mailbox": "INBOX"},
    "Client.expunge": {"numset": ONE},
    "Client.fetch": {"numset": ONE, "items": [Flags], "uid": True, "changed_since": 1},
    "Client.fetch_changes": {"numset": ONE, "since": 1, "items": ()},
    "Client.folder": {"name": "INBOX", "role": "sent"},
    "Client.folders": {"pattern": "*", "status": True},
    "Client.has": {"capability": "IDLE"},
    "Client.id": {"fields": None},
    "Client.identify": {"fields": {"name": "x"}},
    "Client.list_mailboxes": {"pattern": "*", "reference": "", "selection": (), "returns": ()},
    "Client.list_status": {"pattern": "*", "items": None},
    "Client.login": {"user": "ann", "password": "secret"},
    "Client.lsub": {"pattern": "*", "reference": ""},
    "Client.move": {"numset": ONE, "mailbox": "INBOX", "uid": True, "plain_expunge": False},
    "Client.multiappend": {"mailbox": "INBOX", "messages": [AppendMessage.of(MESSAGE)]},
    "Client.rename": {"old": "Old", "new": "New"},
    "Client.resync": {"mailbox": "INBOX", "known": QresyncParam(1, 1), "read_only": False},
    "Client.run": {"op": noop()},
    "Client.search": {"key": KEY, "uid": True},
    "Client.search_return": {"key": KEY, "options": None, "uid": True},
    "Client.search_save": {"key": KEY},
    "Client.select": {"mailbox": "INBOX", "params": None, "read_only": False},
    "Client.sort": {"by": [SUBJECT], "key": KEY, "uid": True},
    "Client.status": {"mailbox": "INBOX", "items": None},
    "Client.store": {"numset": ONE, "action": FlagAction.ADD, "flags": ["\\Seen"], "uid": True, "silent": False, "unchanged_since": 1},
    "Client.subscribe": {"mailbox": "INBOX"},
    "Client.thread": {"key": KEY, "algorithm": Algorithm.REFERENCES, "uid": True},
    "Client.unsubscribe": {"mailbox": "INBOX"},
    "Mailbox.append": {"message": MESSAGE, "flags": (), "date": None},
    "Mailbox.fetch": {"uids": 1, "items": None},
    "Mailbox.idle": {"timeout": 1.0, "renew": 9.0},
    "Mailbox.message": {"uid": 1, "items": None},
    "Mailbox.search": {"keys": None},
    "Mailbox.uids": {"uids": None},
    "Mailbox.watch": {"timeout": 1.0, "renew": 9.0},
    "Query.copy": {"mailbox": "INBOX"},
    "Query.fetch": {"items": None},
    "Query.first": {"items": None},
    "Query.flag": {"add": (), "remove": (), "seen": None, "flagged": None, "answered": None, "deleted": None, "draft": None},
    "Query.last": {"items": None},
    "Query.move": {"mailbox": "INBOX"},
    "Query.set_flags": {"flags": ()},
    "Message.header": {"name": "Subject"},
    "Message.part": {"number": "1"},
    "Message.save": {"target": "in/", "overwrite": False, "progress": None, "check_size": True},
    "Message.section": {"section": WHOLE, "origin": None},
    "Message.stream": {"progress": None, "check_size": True},
    "Message.stream_section": {"section": WHOLE, "progress": None, "check_size": True},
    "Part.read": {"decode": True, "check_size": True},
    "Part.save": {"target": "in/", "overwrite": False, "progress": None, "check_size": True},
    "Part.stream": {"decode": True, "progress": None, "check_size": True},
    "Part.text": {"check_size": True},
}  # fmt: skip
"""Right values of the parameters; None for those of any number (``*names``)."""

NOT_FOR_CALLERS = {"Mailbox.observe"}
"""What the session tells its mailbox."""

CLASSES = {"Client": AsyncClient, "Mailbox": AsyncMailbox, "Query": AsyncQuery, "Message": AsyncMessage, "Part": AsyncPart}  # fmt: skip


def parameters(name: str) -> list[inspect.Parameter]:
    owner, _, method = name.partition(".")
    found = list(inspect.signature(getattr(CLASSES[owner], method)).parameters.values())[1:]
    return [one for one in found if one.kind is not inspect.Parameter.VAR_KEYWORD]


def test_the_table_has_every_parameter() -> None:
    there = {
        f"{owner}.{name}"
        for owner, kind in CLASSES.items()
        for name, _ in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_") and parameters(f"{owner}.{name}")
    }
    assert there - NOT_FOR_CALLERS == set(RIGHT)
    assert {name: [one.name for one in parameters(name)] for name in RIGHT} == {
        name: list(right) for name, right in RIGHT.items()
    }


@pytest.fixture(scope="module")
def where() -> Iterator[str]:
    with imapkit.serve_in_thread(users={"ann": "secret"}) as server:
        yield server.url


class Session:
    """A connection with INBOX open and one message at least in it."""

    def __init__(self, mail: Any) -> None:
        self.mail = mail
        mail.append("INBOX", MESSAGE)
        self.inbox = mail.select("INBOX")

    def refreshed(self) -> None:
        if not self.inbox.is_open:
            self.inbox = self.mail.select("INBOX")
        if self.inbox.exists == 0:
            self.mail.append("INBOX", MESSAGE)
            self.inbox.refresh()

    def owner(self, name: str) -> Any:
        if name == "Client":
            return self.mail
        if name == "Mailbox":
            return self.inbox
        if name == "Query":
            return self.inbox.all()
        message = self.inbox.all().first(imapkit.Structure, imapkit.Header)
        return message if name == "Message" else message.part("1")


def call(session: Session, name: str, odd: str, value: Any) -> None:
    owner, _, method = name.partition(".")
    target: Callable[..., Any] = getattr(session.owner(owner), method)
    given = {**RIGHT[name], odd: value}
    placed: list[Any] = []
    named: dict[str, Any] = {}
    for one in parameters(name):
        if one.kind is inspect.Parameter.VAR_POSITIONAL:
            placed += [value] if one.name == odd else []
        elif one.kind is inspect.Parameter.KEYWORD_ONLY:
            named[one.name] = given[one.name]
        else:
            placed.append(given[one.name])
    used(target(*placed, **named))


def used(result: Any) -> None:
    """Lazy results do what they are for."""
    if hasattr(result, "uidset"):
        result.count()
    elif type(result).__name__ not in ("Events", "Wrapped") and isinstance(result, Iterator):
        for _ in result:
            pass


@pytest.mark.parametrize("name", RIGHT)
def test_every_parameter_of_every_method(
    twin: Twin, where: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with twin.connect(where, user="ann", password="secret", allow_plaintext=True) as mail:
        session = Session(mail)
        for odd in RIGHT[name]:
            for value in ODD:
                session.refreshed()
                before = mail.connection.state
                try:
                    call(session, name, odd, value)
                except UsageError as error:
                    told = str(error)
                    assert told and "object has no attribute" not in told, (odd, value, told)
                    assert session.inbox.is_open and mail.connection.state is before, (odd, value)
                except ImapError as error:
                    assert str(error), (odd, value)
                except TypeError as error:
                    # a search key has no truth value, which is told in a sentence; a callable's own complaint is its own
                    called = odd == "progress" and callable(value)
                    assert called or "search keys combine by & | and ~" in str(error), (odd, value, error)
                assert not mail.connection.closed, f"{name}({odd}={value!r}) closed the connection"
        with suppress(ImapError):
            mail.delete("New")
        mail.noop()


@pytest.mark.parametrize(
    ("do", "told"),
    [
        (lambda mail: mail.login("ann", "geheim\ud800"), "the password holds half of a surrogate pair"),
        (lambda mail: mail.login(b"ann", "x"), "the user is text, not b'ann'"),
        (lambda mail: mail.search("UNSEEN"), r'as FROM\("bob"\)'),
        (lambda mail: mail.sort("SUBJECT", KEY), r"as \[SUBJECT, -DATE\], not 'SUBJECT'"),
        (lambda mail: mail.sort([], KEY), "at least one sort key"),
        (lambda mail: mail.thread(KEY, algorithm="REFS"), "as Algorithm.REFERENCES, not 'REFS'"),
        (lambda mail: mail.store(ONE, "+FLAGS", ["\\Seen"]), r"FlagAction.ADD, REMOVE or REPLACE"),
        (lambda mail: mail.multiappend("INBOX", [MESSAGE]), r"AppendMessage.of\(octets\)"),
        (lambda mail: mail.fetch(ONE, "FLAGS"), r"as \[Flags, Envelope\], not 'FLAGS'"),
        (lambda mail: mail.search_return(KEY, "COUNT"), "as COUNT or MIN, not 'COUNT'"),
        (lambda mail: mail.select("INBOX", CondstoreParam), r"as CondstoreParam\(\), not the class"),
        (lambda mail: FROM("bob") & "x", "not by 'x'"),
        (lambda mail: mail.selected.all().flag(seen="no"), "seen is True, False or None, not 'no'"),
        (lambda mail: mail.selected.all().first(imapkit.Structure).save(5), "where to save is a path"),
    ],
)
def test_the_right_form(twin: Twin, where: str, do: Callable[[Any], Any], told: str) -> None:
    with twin.connect(where, user="ann", password="secret", allow_plaintext=True) as mail:
        Session(mail)
        with pytest.raises(UsageError, match=told) as caught:
            do(mail)
        assert "geheim" not in str(caught.value)
