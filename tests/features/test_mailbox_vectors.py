"""Vectors of the features that deal with mailboxes: CREATE and its kin, LIST, LSUB, STATUS, SPECIAL-USE, APPEND."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from imapkit.features.append import Append, AppendMessage
from imapkit.features.catalogue import full_registry
from imapkit.features.list_ import (
    List,
    ListData,
    ReturnChildren,
    ReturnSubscribed,
    SelectRecursive,
    SelectRemote,
    SelectSubscribed,
)
from imapkit.features.list_status import ReturnStatus
from imapkit.features.lsub import Lsub, LsubData
from imapkit.features.mailboxes import Create, Delete, Rename, Subscribe, Unsubscribe
from imapkit.features.special_use import ReturnSpecialUse, SelectSpecialUse, Use
from imapkit.features.status import StatusAtt, StatusCommand, StatusData, mailbox_status
from imapkit.wire.frame import HeldLiteral
from tests.support.vectors import Row, check_bad, check_command, check_response, ids, response_of

COMMANDS = [
    Row(b"CREATE owatagusiam/", Create("owatagusiam/")),  # RFC 9051 section 6.3.4
    Row(rb"CREATE MySpecial (USE (\Drafts \Sent))", Create("MySpecial", (Use(("\\Drafts", "\\Sent")),))),
    Row(b"DELETE blurdybloop", Delete("blurdybloop")),
    Row(b"RENAME blurdybloop sarasoop", Rename("blurdybloop", "sarasoop")),
    Row(b"RENAME INBOX old-mail", Rename("INBOX", "old-mail")),
    Row(b"SUBSCRIBE #news.comp.mail.mime", Subscribe("#news.comp.mail.mime")),
    Row(b"UNSUBSCRIBE #news.comp.mail.mime", Unsubscribe("#news.comp.mail.mime")),
    Row(b'LIST "" ""', List("", ("",))),
    Row(b'LIST "" *', List("", ("*",)), b'LIST "" "*"'),
    Row(b"LIST ~/Mail/ %", List("~/Mail/", ("%",)), b'LIST ~/Mail/ "%"'),  # RFC 9051 section 6.3.9
    Row(b'LIST (SUBSCRIBED) "" "*"', List("", ("*",), (SelectSubscribed(),), extended=True)),
    Row(
        b'LIST (SUBSCRIBED RECURSIVEMATCH REMOTE) "" "%"',
        List("", ("%",), (SelectSubscribed(), SelectRecursive(), SelectRemote()), extended=True),
    ),
    Row(
        b'LIST "" ("INBOX" "Drafts" "Sent/%") RETURN (CHILDREN SUBSCRIBED)',
        List("", ("INBOX", "Drafts", "Sent/%"), (), (ReturnChildren(), ReturnSubscribed()), extended=True),
    ),
    Row(
        b'LIST (SPECIAL-USE) "" "*" RETURN (SPECIAL-USE STATUS (MESSAGES UNSEEN))',
        List(
            "",
            ("*",),
            (SelectSpecialUse(),),
            (ReturnSpecialUse(), ReturnStatus(("MESSAGES", "UNSEEN"))),
            extended=True,
        ),
    ),
    Row(b'LSUB "#news." "comp.mail.*"', Lsub("#news.", "comp.mail.*"), b'LSUB #news. "comp.mail.*"'),
    Row(b"STATUS blurdybloop (UIDNEXT MESSAGES)", StatusCommand("blurdybloop", ("UIDNEXT", "MESSAGES"))),
    Row(b"STATUS x (SIZE APPENDLIMIT)", StatusCommand("x", ("SIZE", "APPENDLIMIT"))),
    Row(
        b"APPEND saved-messages (\\Seen) {5+}\r\na\r\nb\n",
        Append("saved-messages", (AppendMessage(HeldLiteral(b"a\r\nb\n"), ("\\Seen",)),)),
    ),
    Row(
        b'APPEND x (\\Flagged $Work) " 7-Feb-1994 21:52:25 -0800" {1+}\r\nx',
        Append(
            "x",
            (
                AppendMessage(
                    HeldLiteral(b"x"),
                    ("\\Flagged", "$Work"),
                    datetime(1994, 2, 7, 21, 52, 25, tzinfo=timezone(timedelta(hours=-8))),
                ),
            ),
        ),
    ),
    Row(
        b'APPEND x "17-Jul-1996 02:44:25 +0000" ~{2+}\r\n\0x',
        Append(
            "x",
            (
                AppendMessage(
                    HeldLiteral(b"\0x"), (), datetime(1996, 7, 17, 2, 44, 25, tzinfo=UTC), binary=True
                ),
            ),
        ),
    ),
]

RESPONSES = [
    Row(rb'LIST (\Noselect) "/" ""', ListData(("\\Noselect",), "/", "")),
    Row(
        rb'LIST (\Marked \NoInferiors) "/" "inbox"',
        ListData(("\\Marked", "\\NoInferiors"), "/", "INBOX"),
        rb'LIST (\Marked \NoInferiors) "/" "INBOX"',
    ),
    Row(b'LIST () NIL "Entw&APw-rfe"', ListData((), None, "Entwürfe")),
    Row(
        b'LIST () "/" "Foo" ("CHILDINFO" ("SUBSCRIBED"))',  # RFC 5258 section 5
        ListData((), "/", "Foo", ("SUBSCRIBED",)),
    ),
    Row(
        b'LIST () "/" "NewMailbox" ("OLDNAME" ("OldMailbox"))',  # RFC 9051 section 6.3.9.7
        ListData((), "/", "NewMailbox", (), "OldMailbox"),
    ),
    Row(
        b'LIST () "." "a" (TABLECLOTH (("edge" "lacy") ("color" "red")))',
        ListData((), ".", "a", (), None, (("TABLECLOTH", b'(("edge" "lacy") ("color" "red"))'),)),
    ),
    Row(b'LSUB () "." "#news.comp.mail.mime"', LsubData((), ".", "#news.comp.mail.mime")),
    Row(
        b"STATUS blurdybloop (MESSAGES 231 UIDNEXT 44292)",
        StatusData("blurdybloop", (StatusAtt("MESSAGES", 231), StatusAtt("UIDNEXT", 44292))),
    ),
    Row(
        b"STATUS x (SIZE 18446744073 APPENDLIMIT NIL)",
        StatusData("x", (StatusAtt("SIZE", 18446744073), StatusAtt("APPENDLIMIT", None))),
    ),
    Row(b"STATUS x ()", StatusData("x", ())),
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
        (b"CREATE", "expected a space"),
        (b"CREATE x (FOO)", "expected a known CREATE parameter at offset 13"),
        (b"RENAME x", "expected a space at offset 11"),
        (b'LIST (FOO) "" "*"', "expected a known LIST selection option at offset 9"),
        (b'LIST (RECURSIVEMATCH) "" "*"', "that RECURSIVEMATCH can go with"),
        (b'LIST (RECURSIVEMATCH REMOTE) "" "*"', "that RECURSIVEMATCH can go with"),
        (b'LIST "" "*" RETURN (FOO)', "expected a known LIST return option at offset 23"),
        (b'LIST "" "*" BACK', "expected RETURN at offset 15"),
        (b"STATUS x ()", "expected at least one STATUS item at offset 12"),
        (b"STATUS x (FOO)", "expected a known STATUS item at offset 13"),
        (b"STATUS x MESSAGES", "expected '(' at offset 12"),
        (b"APPEND x hello", "expected a message as a literal at offset 12"),
        (b"APPEND x (\\Recent) {1+}\r\nx", "expected flags without \\Recent at offset 12"),
        (b'APPEND x "17-Foo-1996 02:44:25 +0000" {1+}\r\nx', "expected a date-time"),
        (b'APPEND x "31-Feb-1996 02:44:25 +0000" {1+}\r\nx', "expected a date-time"),
    ],
)
def test_bad_commands_say_what_was_expected_where(wire: bytes, expected: str) -> None:
    check_bad(wire, expected)


@pytest.mark.parametrize(
    ("wire", "name"),
    [
        (rb'LIST (\HasNoChildren) "/" Sent Items', "Sent Items"),
        (rb'LIST (\HasNoChildren)  "/"  INBOX', "INBOX"),
        (b'LIST (\\HasNoChildren)\t"/"\t"A"', "A"),
        (b'LIST () "/" {5}\r\na"b\\c', 'a"b\\c'),
        (b'LIST () "/" "&broken"', "\udc26broken"),
    ],
)
def test_names_as_servers_send_them(wire: bytes, name: str) -> None:
    found = response_of(wire)
    assert isinstance(found, ListData) and found.name == name


def test_status_with_an_unquoted_name_that_has_spaces() -> None:
    found = response_of(b"STATUS Sent Items (MESSAGES 3 FOO (a b) X-Y 7)")
    assert found == StatusData(
        "Sent Items", (StatusAtt("MESSAGES", 3), StatusAtt("FOO", "(a b)"), StatusAtt("X-Y", 7))
    )
    status = mailbox_status(found, full_registry().grammar)
    assert (status.messages, status.unseen, len(status.others)) == (3, None, 2)
