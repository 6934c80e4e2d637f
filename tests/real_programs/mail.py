"""The messages these tests deliver, and the account they deliver them to."""

import imaplib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage

from .peer import Peer


@dataclass(frozen=True)
class Account:
    """A new, empty account on the server."""

    peer: Peer
    name: str
    password: str

    @contextmanager
    def imap(self) -> Iterator[imaplib.IMAP4]:
        """A session of the standard library's client: how a test sets up and looks at the mail."""
        with imaplib.IMAP4(self.peer.host, self.peer.port, timeout=30) as session:
            session.login(self.name, self.password)
            yield session

    def deliver(self, messages: Iterable[bytes], mailbox: str = "INBOX", flags: str = "") -> None:
        """Append every message to the mailbox."""
        with self.imap() as session:
            for message in messages:
                status, answer = session.append(mailbox, flags, "", message)
                assert status == "OK", answer

    def subjects(self, mailbox: str = "INBOX") -> list[str]:
        """The subjects in the mailbox, by sequence number."""
        with self.imap() as session:
            assert session.select(mailbox, readonly=True)[0] == "OK"
            data = session.uid("FETCH", "1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1]
            lines = [part[1] for part in data if isinstance(part, tuple)]
            return [line.decode().partition(":")[2].strip() for line in lines]

    def flags(self, mailbox: str = "INBOX") -> dict[str, frozenset[str]]:
        """Subject to flags (\\Recent apart) of every message in the mailbox."""
        with self.imap() as session:
            assert session.select(mailbox, readonly=True)[0] == "OK"
            data = session.uid("FETCH", "1:*", "(FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[1]
        found = {}
        for part in data:
            if isinstance(part, tuple):
                flags = {flag.decode() for flag in imaplib.ParseFlags(part[0])} - {"\\Recent"}
                found[part[1].decode().partition(":")[2].strip()] = frozenset(flags)
        return found


def message(number: int, text: str = "The first line.\nThe second line.\n") -> bytes:
    """A small plain message whose subject holds the number; CRLF line ends."""
    mail = EmailMessage()
    mail["From"] = "Bob Example <bob@example.org>"
    mail["To"] = "ann@example.org"
    mail["Subject"] = f"Message {number}"
    mail["Date"] = f"Mon, {1 + number % 28:02} Jun 2026 10:00:00 +0200"
    mail["Message-ID"] = f"<{number}@example.org>"
    mail.set_content(text)
    return wire(mail)


def multipart() -> bytes:
    """Text and HTML alternatives with an attachment, and a subject in two scripts."""
    mail = EmailMessage()
    mail["From"] = "Zoë Beispiel <zoe@example.org>"
    mail["To"] = "ann@example.org, Bob <bob@example.org>"
    mail["Subject"] = "Grüße und お知らせ"
    mail["Date"] = "Tue, 02 Jun 2026 09:00:00 +0000"
    mail["Message-ID"] = "<multipart@example.org>"
    mail.set_content("Grüße aus Köln.\n")
    mail.add_alternative("<p>Grüße aus <b>Köln</b>.</p>\n", subtype="html")
    mail.add_attachment(bytes(range(256)), maintype="application", subtype="octet-stream", filename="all.bin")
    for number, part in enumerate(part for part in mail.walk() if part.is_multipart()):
        part.set_boundary(f"=-boundary-{number}")  # the same message every time
    return wire(mail)


def wire(mail: EmailMessage) -> bytes:
    """The message as it travels: CRLF line ends."""
    return mail.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
