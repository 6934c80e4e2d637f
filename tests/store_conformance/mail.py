"""Messages to put into stores, and what must hold of any account at any time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from imapkit.message.index import index_message
from imapkit.ports.store import Account, Column, Mailbox, MailboxRow, NewMessage
from imapkit.wire.frame import HeldLiteral

WHEN = datetime(2026, 11, 20, 10, 0, 0, tzinfo=UTC)


def octets(
    subject: str = "hello", body: str = "text", sender: str = "ann@a.example", extra: str = ""
) -> bytes:
    return f"From: {sender}\r\nTo: bob@b.example\r\nSubject: {subject}\r\n{extra}\r\n{body}\r\n".encode()


def message(data: bytes | None = None, flags: Iterable[str] = (), when: datetime = WHEN) -> NewMessage:
    data = octets() if data is None else data
    return NewMessage(HeldLiteral(data), index_message(data), frozenset(flags), when)


def row(account: Account, name: str) -> MailboxRow:
    found = account.find(name)
    assert found is not None, name
    return found


async def fill(account: Account, name: str, count: int, flags: Iterable[str] = ()) -> list[int]:
    flags = tuple(flags)
    messages = [message(octets(f"message {number}"), flags) for number in range(count)]
    return (await account.append(row(account, name).id, messages)).uids


def flags_of(mailbox: Mailbox) -> dict[int, frozenset[str]]:
    """All messages with their flags."""
    found: dict[int, frozenset[str]] = {}
    for chunk in mailbox.rows(mailbox.everything(), [Column.UID, Column.FLAGS]):
        for uid, key in chunk:
            assert isinstance(uid, int) and isinstance(key, int)
            found[uid] = frozenset(mailbox.flag_names(key))
    return found


def column(mailbox: Mailbox, wanted: Column) -> dict[int, object]:
    chunks = mailbox.rows(mailbox.everything(), [Column.UID, wanted])
    return {uid: value for chunk in chunks for uid, value in chunk if isinstance(uid, int)}


async def check_counts(account: Account) -> None:
    """The counts in the rows are those of the messages; nothing is above its counter (STORE rule 7)."""
    for state in account.mailboxes():
        mailbox = await account.open(state.name)
        try:
            check_mailbox(mailbox, account.modseq)
        finally:
            mailbox.release()


def check_mailbox(mailbox: Mailbox, highest: int) -> None:
    flags = flags_of(mailbox)
    sizes = column(mailbox, Column.SIZE)
    modseqs = column(mailbox, Column.MODSEQ)
    deleted = [uid for uid, names in flags.items() if "\\Deleted" in names]
    kept = mailbox.row
    assert list(flags) == sorted(flags) == list(mailbox.uids()) == list(mailbox.everything())
    assert kept.messages == len(flags)
    assert kept.unseen == sum("\\Seen" not in names for names in flags.values())
    assert kept.deleted == len(deleted)
    assert kept.size == sum(_number(size) for size in sizes.values())
    assert kept.deleted_size == sum(_number(sizes[uid]) for uid in deleted)
    assert all(uid < kept.uidnext for uid in flags)
    assert all(_number(modseq) <= kept.modseq <= highest for modseq in modseqs.values())


def _number(value: object) -> int:
    assert isinstance(value, int)
    return value
