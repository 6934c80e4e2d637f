"""The demo's tour: what the client does in everyday life, each step with the Python that does it."""

from __future__ import annotations

import threading
from email.message import EmailMessage
from typing import TYPE_CHECKING, Final

from .. import FROM, SUBJECT, UNSEEN, Arrived, connect
from . import lines, reading, words
from .demo_server import PASSWORD, Running
from .stage import Stage

if TYPE_CHECKING:
    from imapkit import Client, Mailbox

_NEWEST: Final = 8
_PATIENCE: Final = 10.0


def tour(server: Running, stage: Stage) -> None:
    """Raises ImapError when a step fails."""
    stage.title("imapkit: IMAP at both ends")
    stage.say(f"A server runs at 127.0.0.1, with {server.messages} messages written for this tour.")
    stage.step("Connect", f'mail = imapkit.connect("{server.secure_url}", …)')
    with connect(server.secure_url, password=PASSWORD, cafile=server.certificate) as mail:
        name = mail.identify({"name": "imapkit demo"}).get("name") or "somebody"
        stage.say(f"{name} answers over TLS, and offers {len(mail.capabilities)} capabilities.")
        _folders(mail, stage)
        _read(mail.select("INBOX"), stage)
        _search(mail.select("INBOX"), stage)
        _parts(mail.select("INBOX"), stage)
        _flags(mail.select("INBOX"), stage)
        _write(mail, stage)
        _archive(mail, stage)
        _wait(mail, server, stage)


def _folders(mail: Client, stage: Stage) -> None:
    stage.step("List the mailboxes", "mail.folders(status=True)")
    rows = [
        (folder.name, str(folder.status.messages), str(folder.status.unseen), folder.role or "")
        for folder in mail.folders(status=True)
        if folder.status is not None
    ]
    stage.table(("mailbox", "messages", "unseen", "for"), rows, frozenset({1, 2}))


def _read(inbox: Mailbox, stage: Stage) -> None:
    stage.step("Read the newest messages; none is marked as read", 'inbox = mail.select("INBOX")',
               "for message in inbox.all().fetch(Envelope, Flags, Structure): ...")  # fmt: skip
    found = list(lines.messages(inbox, lines.newest(inbox.all().uidset(), _NEWEST), structure=True))
    told = lines.first_words(inbox, found)
    stage.table(
        (*lines.HEAD, "text"), [(*lines.row(one), told.get(one.uid, "")) for one in found], frozenset({0})
    )


def _search(inbox: Mailbox, stage: Stage) -> None:
    stage.step(
        "Search: what is new from Karl, or about a comet",
        'inbox.search((FROM("karl") & UNSEEN) | SUBJECT("comet"))',
    )
    found = inbox.search((FROM("karl") & UNSEEN) | SUBJECT("comet"))
    stage.table(lines.HEAD, [lines.row(one) for one in lines.messages(inbox, found.uidset())], frozenset({0}))


def _parts(inbox: Mailbox, stage: Stage) -> None:
    from .. import Envelope, Structure

    stage.step("Look into a message: its parts, without downloading them",
               'message = inbox.search(SUBJECT("invoice")).first(Envelope, Structure)',
               "message.parts, message.attachments[0].read()")  # fmt: skip
    message = inbox.search(SUBJECT("invoice")).first(Envelope, Structure)
    if message is None:
        return
    stage.say(f"{message.subject}, from {message.from_[0]}", *reading.part_lines(message))
    for part in message.attachments:
        data = part.read()
        stage.say(f"{part.safe_filename}: {words.count(len(data), 'octet')}, beginning with {data[:8]!r}")


def _flags(inbox: Mailbox, stage: Stage) -> None:
    stage.step("Set a flag and a keyword", 'inbox.search(SUBJECT("comet")).flag(["$Sky"], flagged=True)')
    query = inbox.search(SUBJECT("comet"))
    query.flag(["$Sky"], flagged=True)
    for message in lines.messages(inbox, query.uidset()):
        stage.say(f"{message.uid}: {' '.join(sorted(message.flags))}")


def _write(mail: Client, stage: Stage) -> None:
    stage.step(
        "Put a message of Python's email package into Drafts",
        'mail.append("Drafts", message, flags=["\\\\Draft"])',
    )
    message = EmailMessage()
    message["From"] = "Ann Fischer <ann@example.org>"
    message["To"] = "Karl Fischer <karl@example.net>"
    message["Subject"] = "Viele Grüße vom Teleskop 🔭"
    message.set_content("Saturn ist heute besonders schön.\n")
    uid = mail.append("Drafts", message, flags=["\\Draft", "\\Seen"])
    with mail.examine("Drafts") as drafts:
        kept = drafts.message(uid or 0)
        stage.say(f"UID {uid} in Drafts: {kept.subject if kept is not None else 'gone'}")


def _archive(mail: Client, stage: Stage) -> None:
    stage.step("Move to the archive what is read and came before June 2024",
               'inbox.search(seen=True, before=date(2024, 6, 1)).move("Archive")')  # fmt: skip
    from datetime import date

    inbox = mail.select("INBOX")
    before = inbox.exists
    moved = inbox.search(seen=True, before=date(2024, 6, 1)).move("Archive")
    stage.say(
        f"{words.count(len(moved), 'message')} moved; INBOX had {before} messages and has {inbox.exists}."
    )


def _wait(mail: Client, server: Running, stage: Stage) -> None:
    stage.step(
        "Wait for new mail (IDLE), while somebody else sends some", "for event in inbox.idle(timeout=10): ..."
    )
    inbox = mail.select("INBOX")
    inbox.take_events()
    sender = threading.Timer(0.2, _send, [server])
    sender.start()
    try:
        with inbox.idle(timeout=_PATIENCE) as events:
            for event in events:
                if isinstance(event, Arrived):
                    break
    finally:
        sender.join()
    message = inbox.all().last()
    if message is not None:
        stage.say(f"{message.subject} (from {message.from_[0]})")


def _send(server: Running) -> None:
    message = EmailMessage()
    message["From"] = "Ben Carter <ben@example.com>"
    message["To"] = "ann@example.org"
    message["Subject"] = "Look up! The clouds are gone"
    message.set_content("Right now.\n")
    with connect(server.secure_url, password=PASSWORD, cafile=server.certificate) as other:
        other.append("INBOX", message)
