"""IMAPClient: the most used IMAP library for Python, with every method its users call."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import imapclient  # type: ignore[import-untyped]
import pytest
from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError, LoginError  # type: ignore[import-untyped]

from .mail import Account, message, multipart
from .peer import TLS_NAME

pytestmark = pytest.mark.real_program


def connect(account: Account) -> IMAPClient:
    """A connection that is not logged in."""
    return IMAPClient(account.peer.host, account.peer.port, ssl=False, timeout=30)


@pytest.fixture
def client(account: Account) -> Iterator[IMAPClient]:
    """A logged-in client."""
    with connect(account) as session:
        session.login(account.name, account.password)
        yield session


@pytest.fixture
def inbox(account: Account, client: IMAPClient) -> IMAPClient:
    """A client with INBOX selected and four messages in it."""
    account.deliver([*(message(number) for number in (1, 2, 3)), multipart()])
    assert client.select_folder("INBOX")[b"EXISTS"] == 4
    return client


def folders(client: IMAPClient) -> set[str]:
    return {name for _, _, name in client.list_folders()}


def test_over_tls(account: Account) -> None:
    with IMAPClient(TLS_NAME, account.peer.tls_port, ssl_context=account.peer.tls(), timeout=30) as session:
        session.login(account.name, account.password)
        assert session.folder_exists("INBOX")


def test_starttls(account: Account) -> None:
    with IMAPClient(TLS_NAME, account.peer.port, ssl=False, timeout=30) as session:
        session.starttls(account.peer.tls())
        session.login(account.name, account.password)
        assert session.folder_exists("INBOX")


def test_wrong_password(account: Account) -> None:
    with connect(account) as session, pytest.raises(LoginError):
        session.login(account.name, "wrong")


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_sasl(account: Account, mechanism: str) -> None:
    with connect(account) as session:
        if mechanism == "PLAIN":
            session.plain_login(account.name, account.password)
        else:
            answers = {b"Username:": account.name, b"Password:": account.password}
            session.sasl_login("LOGIN", lambda challenge: answers[challenge].encode())
        assert session.folder_exists("INBOX")


def test_capabilities_and_id(client: IMAPClient) -> None:
    assert client.has_capability("IMAP4rev1")
    assert {b"UIDPLUS", b"MOVE", b"IDLE", b"NAMESPACE", b"ID"} <= set(client.capabilities())
    assert client.id_({"name": "imapclient"})


def test_namespace(client: IMAPClient) -> None:
    assert client.namespace().personal == (("", "/"),)


def test_folders_of_a_new_account(client: IMAPClient) -> None:
    assert folders(client) >= {"INBOX", "Drafts", "Sent", "Trash", "Junk", "Archive"}
    flags = {name: flags for flags, _, name in client.list_folders()}
    assert b"\\Sent" in flags["Sent"]
    assert client.find_special_folder(b"\\Trash") == "Trash"
    assert client.list_folders("Nowhere") == []


def test_folders_with_any_name(client: IMAPClient) -> None:
    for name in ("Entwürfe", "日本語/下書き", "Fish & Chips", 'with "quotes"', "back\\slash"):
        client.create_folder(name)
        assert name in folders(client), name
        assert client.select_folder(name)[b"EXISTS"] == 0
        client.close_folder()
    client.rename_folder("Entwürfe", "Projekte/Entwürfe")
    assert client.folder_exists("Projekte/Entwürfe")
    assert not client.folder_exists("Entwürfe")
    client.delete_folder("Fish & Chips")
    assert "Fish & Chips" not in folders(client)
    with pytest.raises(IMAPClientError):
        client.delete_folder("Fish & Chips")


def test_subscriptions(client: IMAPClient) -> None:
    client.create_folder("Größe")
    client.subscribe_folder("Größe")
    assert "Größe" in {name for _, _, name in client.list_sub_folders()}
    client.unsubscribe_folder("Größe")
    assert "Größe" not in {name for _, _, name in client.list_sub_folders()}


def test_folder_status(inbox: IMAPClient, account: Account) -> None:
    account.deliver([message(7)], "Archive")
    status = inbox.folder_status("Archive", ["MESSAGES", "UIDNEXT", "UNSEEN", "UIDVALIDITY"])
    assert (status[b"MESSAGES"], status[b"UIDNEXT"], status[b"UNSEEN"]) == (1, 2, 1)


def test_select(inbox: IMAPClient) -> None:
    answer = inbox.select_folder("INBOX", readonly=True)
    assert answer[b"READ-ONLY"]
    assert answer[b"UIDNEXT"] == 5
    assert b"\\Answered" in answer[b"FLAGS"]
    inbox.unselect_folder()


def test_search(inbox: IMAPClient) -> None:
    assert inbox.search() == [1, 2, 3, 4]
    assert inbox.search(["SUBJECT", "message 2"]) == [2]
    assert inbox.search(["NOT", ["OR", "SUBJECT", "Message 1", "FROM", "zoe"]]) == [2, 3]
    assert inbox.search(["SENTSINCE", date(2026, 6, 3)]) == [2, 3]
    assert inbox.search(["UID", "2:*", "UNSEEN"]) == [2, 3, 4]
    assert inbox.search(["SUBJECT", "GRÜSSE"], charset="UTF-8") == []
    assert inbox.search(["SUBJECT", "grüße"], charset="UTF-8") == [4]
    assert inbox.search(["TEXT", "Köln", "HEADER", "Message-ID", "multipart"], charset="UTF-8") == [4]
    with pytest.raises(IMAPClientError):
        inbox.search(["NOSUCHKEY"])


def test_flags(inbox: IMAPClient) -> None:
    assert set(inbox.add_flags([1, 2], [imapclient.SEEN, "Work"])[1]) >= {b"\\Seen", b"Work"}
    assert b"Work" in inbox.get_flags([2])[2]
    assert b"Work" not in inbox.remove_flags([2], ["Work"])[2]
    assert inbox.set_flags([3], [imapclient.FLAGGED], silent=True) is None
    assert imapclient.FLAGGED in inbox.get_flags([3])[3]


def test_fetch_envelope(inbox: IMAPClient) -> None:
    envelope = inbox.fetch([4], ["ENVELOPE"])[4][b"ENVELOPE"]
    assert envelope.date.astimezone(UTC) == datetime(2026, 6, 2, 9, 0, tzinfo=UTC)
    assert envelope.message_id == b"<multipart@example.org>"
    assert (envelope.from_[0].mailbox, envelope.from_[0].host) == (b"zoe", b"example.org")
    assert [str(address) for address in envelope.to] == ["ann@example.org", "Bob <bob@example.org>"]
    assert envelope.subject.startswith(b"=?utf-8?")


def test_fetch_bodystructure(inbox: IMAPClient) -> None:
    structure = inbox.fetch([4], ["BODYSTRUCTURE"])[4][b"BODYSTRUCTURE"]
    parts, subtype = structure[0], structure[1]
    assert structure.is_multipart
    assert subtype.lower() == b"mixed"
    alternative, attachment = parts
    assert [part[1].lower() for part in alternative[0]] == [b"plain", b"html"]
    assert attachment[0].lower() == b"application"
    assert attachment[5].lower() == b"base64"


def test_fetch_bodies(inbox: IMAPClient) -> None:
    data = inbox.fetch([1, 2, 3, 4], ["RFC822.SIZE", "INTERNALDATE", "BODY.PEEK[]", "FLAGS"])
    assert [data[uid][b"BODY[]"] for uid in (1, 2, 3, 4)] == [message(1), message(2), message(3), multipart()]
    assert data[1][b"RFC822.SIZE"] == len(message(1))
    assert abs((data[1][b"INTERNALDATE"] - datetime.now()).total_seconds()) < 300
    part = inbox.fetch([1], ["BODY.PEEK[HEADER.FIELDS (FROM SUBJECT)]"])[1]
    assert b"Bob Example" in part[b"BODY[HEADER.FIELDS (FROM SUBJECT)]"]
    assert inbox.fetch([1], ["BODY.PEEK[TEXT]<4.5>"])[1][b"BODY[TEXT]<4>"] == b"first"
    assert inbox.fetch([99], ["FLAGS"]) == {}
    assert imapclient.SEEN not in inbox.get_flags([1])[1]
    inbox.fetch([1], ["RFC822"])
    assert imapclient.SEEN in inbox.get_flags([1])[1]


def test_append(client: IMAPClient) -> None:
    when = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
    answer = client.append("Drafts", message(1), [imapclient.DRAFT], when)
    assert b"APPENDUID" in answer
    client.select_folder("Drafts")
    data = client.fetch([1], ["FLAGS", "INTERNALDATE"])[1]
    assert imapclient.DRAFT in data[b"FLAGS"]
    assert data[b"INTERNALDATE"].timestamp() == when.timestamp()
    with pytest.raises(IMAPClientError, match="TRYCREATE"):
        client.append("Nowhere", message(1))


def test_copy_move_and_expunge(inbox: IMAPClient, account: Account) -> None:
    inbox.copy([1, 2], "Archive")
    inbox.move([3], "Trash")
    assert account.subjects("Archive") == ["Message 1", "Message 2"]
    assert account.subjects("Trash") == ["Message 3"]
    inbox.delete_messages([1, 2])
    inbox.uid_expunge([1])
    assert inbox.search() == [2, 4]
    text, gone = inbox.expunge()
    assert [news for news in gone if news[1] == b"EXPUNGE"] == [(1, b"EXPUNGE")]
    assert inbox.search() == [4]
    inbox.delete_messages([4])
    inbox.close_folder()
    assert account.subjects() == []


def test_idle(inbox: IMAPClient, account: Account) -> None:
    inbox.idle()
    assert inbox.idle_check(timeout=0.1) in ([], [(b"OK", b"Still here")])
    account.deliver([message(5)])
    assert (5, b"EXISTS") in inbox.idle_check(timeout=10)
    with account.imap() as other:
        other.select()
        other.store("1", "+FLAGS", r"(\Flagged)")
        other.store("2", "+FLAGS", r"(\Deleted)")
        other.expunge()
    events: list[tuple[Any, ...]] = []
    while (2, b"EXPUNGE") not in events:
        news = inbox.idle_check(timeout=10)
        assert news, events
        events += news
    inbox.idle_done()
    assert any(event[:2] == (1, b"FETCH") and b"\\Flagged" in event[2][1] for event in events)
    assert inbox.search() == [1, 3, 4, 5]


def test_several_clients_see_each_other(inbox: IMAPClient, account: Account) -> None:
    with connect(account) as other:
        other.login(account.name, account.password)
        other.select_folder("INBOX")
        other.add_flags([2], [imapclient.ANSWERED])
        other.delete_messages([1])
        other.expunge()
    _, news = inbox.noop()
    assert (1, b"EXPUNGE") in news
    assert inbox.search(["ANSWERED"]) == [2]


def test_enable_and_condstore(inbox: IMAPClient) -> None:
    inbox.close_folder()
    assert b"CONDSTORE" in inbox.enable("CONDSTORE")
    modseq = inbox.select_folder("INBOX")[b"HIGHESTMODSEQ"]
    assert 0 < inbox.fetch([2], ["MODSEQ"])[2][b"MODSEQ"][0] <= modseq
    inbox.add_flags([2], ["Later"])
    changed = inbox.fetch([1, 2, 3, 4], ["FLAGS"], [f"CHANGEDSINCE {modseq}"])
    assert list(changed) == [2]
