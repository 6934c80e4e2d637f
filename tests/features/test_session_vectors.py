"""Vectors of the features that make a session: base, login, enable, id, select, idle, namespace."""

from __future__ import annotations

import pytest

from imapkit.features.auth import Authenticate, Login, StartTlsCommand
from imapkit.features.base import ALERT, Capability, CapabilityCode, CapabilityData, Logout, Noop
from imapkit.features.enable import Enable, Enabled
from imapkit.features.id import Id, IdData
from imapkit.features.idle import Idle
from imapkit.features.namespace import Namespace, NamespaceData, NamespaceEntry
from imapkit.features.select import (
    READ_WRITE,
    Check,
    Close,
    Examine,
    Exists,
    FlagsData,
    PermanentFlags,
    Recent,
    Select,
    UidNext,
    UidValidity,
    Unseen,
    Unselect,
)
from imapkit.protocol.codes import UnknownCode
from imapkit.protocol.status import Kind, Status
from tests.support.vectors import Row, check_bad, check_command, check_response, ids, response_of

COMMANDS = [
    Row(b"CAPABILITY", Capability()),
    Row(b"noop", Noop(), b"NOOP"),
    Row(b"LOGOUT", Logout()),
    Row(b"STARTTLS", StartTlsCommand()),
    Row(b'LOGIN "ann" "secret"', Login(b"ann", b"secret")),
    Row(
        b"LOGIN SMITH SESAME", Login(b"SMITH", b"SESAME"), b'LOGIN "SMITH" "SESAME"'
    ),  # RFC 9051 section 6.2.3
    Row(b'LOGIN {3+}\r\na"n "p\\"\\\\"', Login(b'a"n', b'p"\\'), b'LOGIN "a\\"n" "p\\"\\\\"'),
    Row(b'LOGIN "ann" {4+}\r\n\xc3\xa4\r\n', Login(b"ann", b"\xc3\xa4\r\n")),
    Row(b"AUTHENTICATE SCRAM-SHA-256", Authenticate("SCRAM-SHA-256")),
    Row(b"AUTHENTICATE PLAIN AGFubgBzZWNyZXQ=", Authenticate("PLAIN", b"\0ann\0secret")),
    Row(b"AUTHENTICATE EXTERNAL =", Authenticate("EXTERNAL", b"")),
    Row(b"ENABLE CONDSTORE IMAP4REV2", Enable(("CONDSTORE", "IMAP4REV2"))),
    Row(b"ID NIL", Id(None)),
    Row(b'ID ("name" "sodr" "version" NIL)', Id((("name", "sodr"), ("version", None)))),
    Row(b'SELECT "Sent Items"', Select("Sent Items")),
    Row(b"SELECT inbox", Select("INBOX"), b"SELECT INBOX"),
    Row(b"SELECT ~peter/mail/&U,BTFw-/&ZeVnLIqe-", Select("~peter/mail/台北/日本語")),
    Row('SELECT "Entwürfe"'.encode(), Select("Entwürfe"), utf8=True),
    Row(b"EXAMINE blurdybloop", Examine("blurdybloop")),  # RFC 9051 section 6.3.3
    Row(b"CLOSE", Close()),
    Row(b"UNSELECT", Unselect()),
    Row(b"CHECK", Check()),
    Row(b"IDLE", Idle()),
    Row(b"NAMESPACE", Namespace()),
]

RESPONSES = [
    Row(
        b"CAPABILITY IMAP4rev2 STARTTLS AUTH=GSSAPI", CapabilityData(("IMAP4rev2", "STARTTLS", "AUTH=GSSAPI"))
    ),
    Row(
        b"OK [CAPABILITY IMAP4rev1 LITERAL+] ready",
        Status(Kind.OK, "ready", CapabilityCode(("IMAP4rev1", "LITERAL+"))),
    ),
    Row(b"OK [ALERT] System shutdown in 10 minutes", Status(Kind.OK, "System shutdown in 10 minutes", ALERT)),
    Row(b"BYE Autologout; idle for too long", Status(Kind.BYE, "Autologout; idle for too long")),
    Row(b"PREAUTH hello", Status(Kind.PREAUTH, "hello")),
    Row(b"ENABLED CONDSTORE", Enabled(("CONDSTORE",))),
    Row(b"ENABLED", Enabled(())),
    Row(b"ID NIL", IdData(None)),
    Row(b'ID ("name" "Cyrus")', IdData((("name", "Cyrus"),))),
    Row(
        rb"FLAGS (\Answered \Flagged \Deleted \Seen \Draft)",
        FlagsData(("\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft")),
    ),
    Row(b"172 EXISTS", Exists(172)),
    Row(b"1 RECENT", Recent(1)),
    Row(
        b"OK [UNSEEN 12] Message 12 is first unseen",
        Status(Kind.OK, "Message 12 is first unseen", Unseen(12)),
    ),
    Row(b"OK [UIDVALIDITY 3857529045] UIDs valid", Status(Kind.OK, "UIDs valid", UidValidity(3857529045))),
    Row(b"OK [UIDNEXT 4392] Predicted next UID", Status(Kind.OK, "Predicted next UID", UidNext(4392))),
    Row(
        rb"OK [PERMANENTFLAGS (\Deleted \Seen \*)] Limited",
        Status(Kind.OK, "Limited", PermanentFlags(("\\Deleted", "\\Seen", "\\*"))),
    ),
    Row(b"OK [READ-WRITE] ok", Status(Kind.OK, "ok", READ_WRITE)),
    Row(
        b'NAMESPACE (("" "/")) (("~" "/")) (("#shared/" "/")("#public/" "/"))',  # RFC 2342 example 5.3
        NamespaceData(
            (NamespaceEntry("", "/"),),
            (NamespaceEntry("~", "/"),),
            (NamespaceEntry("#shared/", "/"), NamespaceEntry("#public/", "/")),
        ),
    ),
    Row(b'NAMESPACE (("" NIL)) NIL NIL', NamespaceData((NamespaceEntry("", None),), (), ())),
    Row(
        b'NAMESPACE (("" "/" "X-PARAM" ("FLAG1" "FLAG2"))) NIL NIL',
        NamespaceData((NamespaceEntry("", "/", (b'"X-PARAM"', b'("FLAG1" "FLAG2")')),), (), ()),
    ),
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
        (b"FROBNICATE", "expected a known command at offset 3"),
        (b"NOOP now", "expected the end of the line at offset 7"),
        (b"LOGIN ann", "expected a space at offset 12"),
        (b"LOGIN (ann) x", "expected a user name at offset 9"),
        (b"AUTHENTICATE PLAIN !", "expected"),
        (b"AUTHENTICATE PLAIN AGF", "expected base64 at offset 22"),
        (b"ENABLE", "expected a space and a capability at offset 9"),
        (b"SELECT", "expected a space at offset 9"),
        (b"SELECT INBOX (FOO)", "expected a known SELECT or EXAMINE parameter at offset 17"),
        (b"UID NOOP", "expected a known command at offset 3"),
    ],
)
def test_bad_commands_say_what_was_expected_where(wire: bytes, expected: str) -> None:
    check_bad(wire, expected)


def test_a_refused_login_never_shows_the_password() -> None:
    from imapkit.protocol.command import BadCommand
    from tests.support.vectors import command_of

    with pytest.raises(BadCommand) as caught:
        command_of(b"LOGIN ann (secret")
    assert "secret" not in caught.value.text


def test_records_never_show_secrets() -> None:
    assert "secret" not in repr(Login(b"ann", b"secret"))
    assert "secret" not in repr(Authenticate("PLAIN", b"\0ann\0secret"))


@pytest.mark.parametrize(
    ("wire", "code"),
    [
        (b'OK [Error="x]y" more] text', UnknownCode('ERROR="X]Y"', b"more")),
        (b"OK [UIDNEXT many] text", UnknownCode("UIDNEXT", b"many")),
        (b"OK [FOO [bar] baz] text", UnknownCode("FOO", b"[bar] baz")),
        (b"OK [X] text", UnknownCode("X", b"")),
    ],
)
def test_codes_that_nobody_knows_are_kept(wire: bytes, code: UnknownCode) -> None:
    assert response_of(wire) == Status(Kind.OK, "text", code)


@pytest.mark.parametrize("wire", [b"OK", b"OK ", b"OK [", b"OK [ALERT", b"OK []x"])
def test_poor_status_lines_are_forgiven(wire: bytes) -> None:
    assert isinstance(response_of(wire), Status)


def test_gmail_keywords_do_not_break_the_code() -> None:
    found = response_of(rb"OK [PERMANENTFLAGS (\Seen OIB-Seen-[Gmail]/All \*)] Flags permitted.")
    assert found == Status(
        Kind.OK, "Flags permitted.", PermanentFlags(("\\Seen", "OIB-Seen-[Gmail]/All", "\\*"))
    )
