"""MULTIAPPEND (RFC 3502): several messages in one APPEND, all or none.

The command and its handler are those of ``append``: this file lets more than one message be read, and has the client's verb. How many
messages and octets a command may have is for the framer's limits to say (``wire.limits``): each message is one literal.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import ImapError, Partial, UsageError
from ..ports.client import ClientSession, Op
from ..protocol.given import MailboxName, all_of, mailbox_name
from ..protocol.numset import NumSet, Range
from ..protocol.registry import Feature, Point
from ..protocol.uid_codes import AppendUid
from .append import MORE, AppendMessage, append_all

feature = Feature(
    "MULTIAPPEND",
    spec=("RFC 3502",),
    summary="Several messages in one APPEND, all or none",
    capabilities=("MULTIAPPEND",),
)

feature.word_reader(Point.APPEND_MORE, MORE.decode("ascii"), AppendMessage.read, AppendMessage)


@feature.op
def multiappend(
    session: ClientSession, mailbox: MailboxName, messages: Sequence[AppendMessage]
) -> Op[AppendUid | None]:
    """Put messages into a mailbox, all or none (RFC 3502); their UIDs in the same order, where the server tells them (RFC 4315).

    A server without MULTIAPPEND gets them one by one: if it refuses one, those before it stay; a note of the error says how many they
    are, its ``partial`` which UIDs they have. ``AppendMessage.of`` makes one of octets. Raises NoSuchMailbox, TooBig, OverQuota,
    LimitReached, CommandFailed.
    """
    messages = all_of(AppendMessage, messages, "messages are a list of AppendMessage.of(octets)")
    if not messages:
        raise UsageError("there is no message to append")
    if any(not message.message.size for message in messages):
        raise UsageError("a message cannot be empty: no server takes it")
    mailbox, messages = mailbox_name(mailbox), [message.checked() for message in messages]
    if len(messages) == 1 or session.has("MULTIAPPEND"):
        return (yield from append_all(session, mailbox, tuple(messages)))
    told: list[AppendUid | None] = []
    for message in messages:
        try:
            told.append((yield from append_all(session, mailbox, (message,))))
        except ImapError as error:
            if told:
                uids = [uid for one in told if one is not None for uid in one.uids.numbers()]
                error.partial = Partial(uids, {}, [], [])
                error.add_note(f"{len(told)} of {len(messages)} messages were appended before")
            raise
    return _joined(told)


def _joined(told: list[AppendUid | None]) -> AppendUid | None:
    """One answer for all; None when one is missing, or the mailbox was made anew in between."""
    known = [one for one in told if one is not None]
    if len(known) < len(told) or len({one.uidvalidity for one in known}) != 1:
        return None
    ranges: list[Range] = []
    for low, high in (pair for one in known for pair in one.uids.ranges):
        if ranges and low == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], high)
        else:
            ranges.append((low, high))
    return AppendUid(known[0].uidvalidity, NumSet(tuple(ranges)))
