"""imaplib of the standard library: every method that its users call."""

import imaplib
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from .mail import Account, message, multipart
from .peer import TLS_NAME

pytestmark = pytest.mark.real_program


@pytest.fixture
def session(account: Account) -> Iterator[imaplib.IMAP4]:
    """A logged-in session of a new account."""
    with account.imap() as imap:
        yield imap


@pytest.fixture
def inbox(account: Account, session: imaplib.IMAP4) -> imaplib.IMAP4:
    """A session with INBOX selected and four messages in it."""
    account.deliver([*(message(number) for number in (1, 2, 3)), multipart()])
    assert session.select() == ("OK", [b"4"])
    return session


def ok(answer: tuple[str, Any]) -> Any:
    """The data of an answer that has to be OK: bytes, None, or pairs of them, as imaplib gives them."""
    assert answer[0] == "OK", answer
    return answer[1]


def names(lines: list[Any]) -> set[str]:
    """The mailbox names of LIST lines."""
    return {str(line, "ascii").rsplit(' "/" ', 1)[1].strip('"') for line in lines if isinstance(line, bytes)}


def found(answer: tuple[str, Any]) -> list[int]:
    """The numbers of a SEARCH answer."""
    (line,) = ok(answer)
    assert isinstance(line, bytes)
    return [int(number) for number in line.split()]


def test_login_and_logout(account: Account) -> None:
    session = imaplib.IMAP4(account.peer.host, account.peer.port, timeout=30)
    assert "IMAP4REV1" in session.capabilities
    ok(session.login(account.name, account.password))
    assert session.state == "AUTH"
    assert session.logout()[0] == "BYE"


def test_wrong_password_is_refused_and_a_second_try_works(account: Account) -> None:
    with imaplib.IMAP4(account.peer.host, account.peer.port, timeout=30) as session:
        with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
            session.login(account.name, "wrong")
        ok(session.login(account.name, account.password))


def test_authenticate_plain(account: Account) -> None:
    def answer(challenge: bytes) -> bytes:
        assert challenge == b""
        return f"\0{account.name}\0{account.password}".encode()

    with imaplib.IMAP4(account.peer.host, account.peer.port, timeout=30) as session:
        assert "AUTH=PLAIN" in session.capabilities
        ok(session.authenticate("PLAIN", answer))
        ok(session.select())


def test_starttls(account: Account) -> None:
    with imaplib.IMAP4(TLS_NAME, account.peer.port, timeout=30) as session:
        assert "STARTTLS" in session.capabilities
        ok(session.starttls(account.peer.tls()))
        assert "STARTTLS" not in session.capabilities
        ok(session.login(account.name, account.password))
        ok(session.select())


def test_imaps(account: Account) -> None:
    with imaplib.IMAP4_SSL(
        TLS_NAME, account.peer.tls_port, ssl_context=account.peer.tls(), timeout=30
    ) as session:
        ok(session.login(account.name, account.password))
        ok(session.append("INBOX", "", "", message(1)))
        assert session.select() == ("OK", [b"1"])


def test_list_and_the_mailboxes_of_a_new_account(session: imaplib.IMAP4) -> None:
    assert names(ok(session.list())) >= {"INBOX", "Drafts", "Sent", "Trash", "Junk", "Archive"}
    assert names(ok(session.list(pattern="Dr%"))) == {"Drafts"}
    assert ok(session.list(pattern="nothing*")) == [None]


def test_folders_are_made_renamed_and_deleted(session: imaplib.IMAP4) -> None:
    ok(session.create("Work"))
    ok(session.create("Work/2026/June"))
    assert names(ok(session.list("Work/", "*"))) >= {"Work/2026/June"}
    assert names(ok(session.list('""', "Work/%"))) == {"Work/2026"}
    assert session.create("Work")[0] == "NO"
    ok(session.rename("Work/2026", "Work/Old"))
    assert names(ok(session.list('""', "Work*"))) >= {"Work", "Work/Old", "Work/Old/June"}
    ok(session.delete("Work/Old/June"))
    assert session.delete("Work/Old/June")[0] == "NO"
    assert session.select("Work/Old/June")[0] == "NO"


def test_a_name_in_modified_utf7(session: imaplib.IMAP4) -> None:
    ok(session.create("Entw&APw-rfe"))
    assert "Entw&APw-rfe" in names(ok(session.list()))
    assert session.select("Entw&APw-rfe") == ("OK", [b"0"])


def test_subscriptions(session: imaplib.IMAP4) -> None:
    ok(session.create("Work"))
    ok(session.subscribe("Work"))
    ok(session.subscribe("Drafts"))
    assert names(ok(session.lsub())) >= {"Work", "Drafts"}
    ok(session.unsubscribe("Drafts"))
    assert "Drafts" not in names(ok(session.lsub()))


def test_namespace(session: imaplib.IMAP4) -> None:
    assert ok(session.namespace()) == [b'(("" "/")) NIL NIL']


def test_status(inbox: imaplib.IMAP4, account: Account) -> None:
    account.deliver([message(9)], "Archive", r"(\Seen)")
    (line,) = ok(inbox.status("Archive", "(MESSAGES UNSEEN UIDNEXT UIDVALIDITY RECENT)"))
    assert isinstance(line, bytes)
    assert line.startswith(b"Archive (")
    items = dict(re.findall(rb"([A-Z]+) (\d+)", line))
    assert (items[b"MESSAGES"], items[b"UNSEEN"], items[b"UIDNEXT"]) == (b"1", b"0", b"2")
    assert int(items[b"UIDVALIDITY"]) > 0
    assert inbox.status("Nowhere", "(MESSAGES)")[0] == "NO"


def test_select_examine_and_untagged_data(inbox: imaplib.IMAP4) -> None:
    assert inbox.response("UIDVALIDITY")[1][0].isdigit()
    assert inbox.response("UIDNEXT") == ("UIDNEXT", [b"5"])
    assert b"\\Deleted" in inbox.response("FLAGS")[1][0]
    assert inbox.select("INBOX", readonly=True) == ("OK", [b"4"])
    assert inbox.response("READ-ONLY")[1] == [b""]
    assert inbox.select("Nowhere")[0] == "NO"


def test_append_with_flags_and_date(session: imaplib.IMAP4) -> None:
    when = datetime(2026, 6, 1, 8, 30, tzinfo=UTC)
    ok(session.append("INBOX", r"(\Flagged $Later)", imaplib.Time2Internaldate(when), message(1)))
    assert session.select() == ("OK", [b"1"])
    (line,) = ok(session.fetch("1", "(FLAGS INTERNALDATE RFC822.SIZE)"))
    assert isinstance(line, bytes)
    assert {b"\\Flagged", b"$Later"} <= set(imaplib.ParseFlags(line))
    moment = imaplib.Internaldate2tuple(line)
    assert moment is not None
    assert time.mktime(moment) == when.timestamp()
    assert b"RFC822.SIZE %d" % len(message(1)) in line


def test_append_to_a_missing_mailbox_says_trycreate(session: imaplib.IMAP4) -> None:
    status, (text,) = session.append("Nowhere", "", "", message(1))
    assert status == "NO"
    assert text.startswith(b"[TRYCREATE]")


def test_fetch_bodies(inbox: imaplib.IMAP4) -> None:
    (whole, _) = ok(inbox.fetch("2", "(RFC822)"))
    assert whole[1] == message(2)
    (_, flags) = ok(inbox.fetch("2", "(UID BODY[TEXT])"))
    assert flags in {b")", b" FLAGS (\\Seen))"} or b"\\Seen" in flags
    (part, _) = ok(inbox.fetch("4", "(BODY.PEEK[1.1.MIME])"))
    assert part[1].lower().startswith(b"content-type: text/plain")
    (piece, _) = ok(inbox.fetch("1", "(BODY.PEEK[]<10.20>)"))
    assert piece[1] == message(1)[10:30]
    (line,) = ok(inbox.fetch("4", "(BODYSTRUCTURE)"))
    assert b'"octet-stream"' in line.lower()
    (line,) = ok(inbox.fetch("1", "(ENVELOPE)"))
    assert b'"Message 1"' in line
    assert b'"bob" "example.org"' in line


def test_fetch_peek_leaves_a_message_unread(inbox: imaplib.IMAP4) -> None:
    ok(inbox.fetch("1", "(BODY.PEEK[])"))
    ok(inbox.fetch("2", "(BODY[])"))
    assert found(inbox.search(None, "SEEN")) == [2]


def test_search(inbox: imaplib.IMAP4) -> None:
    assert found(inbox.search(None, "ALL")) == [1, 2, 3, 4]
    assert found(inbox.search(None, "SUBJECT", '"message 2"')) == [2]
    assert found(inbox.search(None, "FROM", "zoe", "NOT", "DELETED")) == [4]
    assert found(inbox.search(None, "OR", "SUBJECT", '"Message 1"', "SUBJECT", '"Message 3"')) == [1, 3]
    assert found(inbox.search(None, "SENTBEFORE", "3-Jun-2026")) == [1, 4]
    assert found(inbox.search(None, "LARGER", "600")) == [4]
    assert found(inbox.search(None, "BODY", '"second line"')) == [1, 2, 3]
    assert found(inbox.search("UTF-8", "UNSEEN", "KEYWORD", "nothing")) == []


def test_search_with_a_charset_and_a_literal(inbox: imaplib.IMAP4) -> None:
    inbox.literal = "Grüße".encode()  # type: ignore[assignment]
    assert found(inbox.search("UTF-8", "SUBJECT")) == [4]
    inbox.literal = "KÖLN".encode()  # type: ignore[assignment]
    assert found(inbox.search("UTF-8", "TEXT")) == [4]


def test_an_unknown_charset_is_refused(inbox: imaplib.IMAP4) -> None:
    status, (text,) = inbox.search("X-UNKNOWN", "SUBJECT", "a")
    assert status == "NO"
    assert text.startswith(b"[BADCHARSET")


def test_store(inbox: imaplib.IMAP4) -> None:
    (line,) = ok(inbox.store("1", "+FLAGS", r"(\Seen \Flagged)"))
    assert {b"\\Seen", b"\\Flagged"} <= set(imaplib.ParseFlags(line))
    (line,) = ok(inbox.store("1", "-FLAGS", r"(\Seen)"))
    assert b"\\Seen" not in imaplib.ParseFlags(line)
    assert ok(inbox.store("2:3", "+FLAGS.SILENT", r"\Deleted")) in ([None], [b""])
    ok(inbox.store("4", "FLAGS", "(Work $Forwarded)"))
    assert found(inbox.search(None, "KEYWORD", "$Forwarded")) == [4]
    assert found(inbox.search(None, "DELETED")) == [2, 3]


def test_copy_and_expunge(inbox: imaplib.IMAP4, account: Account) -> None:
    ok(inbox.copy("1,3", "Archive"))
    _, source, target = inbox.response("COPYUID")[1][0].split()
    assert (source, target) == (b"1,3", b"1:2")
    ok(inbox.store("1,3", "+FLAGS", r"\Deleted"))
    # 1 then 2, or 3 then 1: every number is counted after the one before it is gone.
    assert ok(inbox.expunge()) in ([b"1", b"2"], [b"3", b"1"])
    assert found(inbox.search(None, "ALL")) == [1, 2]
    assert account.subjects("Archive") == ["Message 1", "Message 3"]
    assert inbox.copy("1", "Nowhere")[0] == "NO"


def test_uid_commands(inbox: imaplib.IMAP4, account: Account) -> None:
    ok(inbox.store("1", "+FLAGS", r"\Deleted"))
    ok(inbox.expunge())
    assert found(inbox.uid("SEARCH", "ALL")) == [2, 3, 4]
    (line,) = ok(inbox.uid("FETCH", "3", "(FLAGS)"))
    assert b"UID 3" in line
    ok(inbox.uid("STORE", "3", "+FLAGS", r"(\Answered)"))
    ok(inbox.uid("COPY", "3", "Archive"))
    assert account.subjects("Archive") == ["Message 3"]
    ok(inbox.uid("MOVE", "2", "Trash"))
    assert account.subjects("Trash") == ["Message 2"]
    assert found(inbox.uid("SEARCH", "ALL")) == [3, 4]
    ok(inbox.uid("STORE", "3:4", "+FLAGS", r"\Deleted"))
    ok(inbox.uid("EXPUNGE", "4"))
    assert found(inbox.uid("SEARCH", "ALL")) == [3]


def test_partial(inbox: imaplib.IMAP4) -> None:
    """PARTIAL went with RFC 1730: a server of today answers BAD, and the session goes on."""
    with pytest.raises(imaplib.IMAP4.error, match="BAD"):
        inbox.partial("1", "RFC822", "1", "10")
    ok(inbox.noop())


def test_noop_shows_what_another_session_delivered(inbox: imaplib.IMAP4, account: Account) -> None:
    account.deliver([message(5)])
    ok(inbox.noop())
    assert inbox.response("EXISTS")[1][-1] == b"5"


def test_check_close_and_unselect(inbox: imaplib.IMAP4, account: Account) -> None:
    ok(inbox.check())
    ok(inbox.store("1", "+FLAGS", r"\Deleted"))
    ok(inbox.unselect())
    assert inbox.state == "AUTH"
    assert len(account.subjects()) == 4, "UNSELECT expunges nothing"
    ok(inbox.select())
    ok(inbox.close())
    assert len(account.subjects()) == 3, "CLOSE expunges"


def test_enable(session: imaplib.IMAP4) -> None:
    assert "ENABLE" in session.capabilities
    ok(session.enable("CONDSTORE"))


def test_id_by_xatom(session: imaplib.IMAP4) -> None:
    imaplib.Commands.setdefault("ID", ("NONAUTH", "AUTH", "SELECTED"))
    ok(session.xatom("ID", '("name" "imaplib")'))
    assert session.response("ID")[1][0].startswith(b"(")


def test_recent(account: Account, session: imaplib.IMAP4) -> None:
    account.deliver([message(1)])
    session.select()
    assert session.recent() == ("OK", [b"1"])


def test_a_command_that_does_not_exist(session: imaplib.IMAP4) -> None:
    with pytest.raises(imaplib.IMAP4.error, match="BAD"):
        imaplib.Commands.setdefault("XNOSUCH", ("AUTH",))
        session.xatom("XNOSUCH")
    ok(session.noop())


def test_a_message_of_some_megabytes_round_trips(session: imaplib.IMAP4) -> None:
    large = message(1, "0123456789" * 7 + "\n") + b"x" * 70 + b"\r\n" + (b"y" * 76 + b"\r\n") * 50_000
    ok(session.append("INBOX", "", "", large))
    session.select()
    (whole, _) = ok(session.fetch("1", "(BODY[])"))
    assert whole[1] == large
