"""A message's content as stores keep it: made once when it arrives, from the ``MessageIndex``."""

from __future__ import annotations

from datetime import UTC

from imapkit.message.index import MessageIndex
from imapkit.ports.store import NewMessage
from imapkit.protocol.dates import format_date_time
from imapkit.record import record


@record
class NewContent:
    """A content row before it has an id. ``blob`` is whatever the store keeps the octets by."""

    index: MessageIndex
    size: int
    internaldate: bytes
    """Ready for the wire, without quotes."""
    date: int
    """INTERNALDATE in seconds since 1970."""
    zone: int
    """Its zone, in minutes east."""
    sent: int
    """The Date field's day as an ordinal; 0 where there is none."""
    sent_time: int
    """The Date field in seconds since 1970, or ``date``."""
    email_id: str | None
    blob: object


def new_content(message: NewMessage, blob: object) -> NewContent:
    when = message.internaldate
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    offset = when.utcoffset()
    date = int(when.timestamp())
    return NewContent(
        index=message.index,
        size=message.content.size,
        internaldate=format_date_time(when),
        date=date,
        zone=int(offset.total_seconds()) // 60 if offset is not None else 0,
        sent=message.index.sent_date.toordinal() if message.index.sent_date is not None else 0,
        sent_time=date if message.index.sent is None else message.index.sent,
        email_id=message.email_id,
        blob=blob,
    )


def ancestors(index: MessageIndex) -> str:
    """The message's ancestors as THREAD takes them (RFC 5256 section 3): References, else the first id of In-Reply-To."""
    return " ".join(index.references or index.in_reply_to[:1])


def thread_keys(index: MessageIndex) -> list[str]:
    """The message ids that tie a message to its thread, oldest first, its own last."""
    ids = [*index.references, *index.in_reply_to]
    if index.message_id is not None:
        ids.append(index.message_id)
    return list(dict.fromkeys(ids))
