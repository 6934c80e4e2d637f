"""Between Python's ``EmailMessage`` and the octets that IMAP carries (RFC 5322 section 2.3: lines end in CRLF)."""

from __future__ import annotations

import email
import email.policy
from email.message import EmailMessage, Message
from typing import Any

from .line_ends import with_crlf


def as_wire(message: Message[Any, Any] | bytes | str) -> bytes:
    """The octets to APPEND: every line end is CRLF; what has CRLF already is left as it is."""
    if isinstance(message, Message):
        data = message.as_bytes(policy=message.policy.clone(linesep="\r\n"))
    elif isinstance(message, str):
        data = message.encode("utf-8", "surrogateescape")
    else:
        data = message
    return with_crlf(data)


def as_email(data: bytes) -> EmailMessage:
    """The message as Python's own type, with the modern policy."""
    return email.message_from_bytes(data, policy=email.policy.default)
