"""Reading messages with the email package, forgiving towards what is broken."""

from __future__ import annotations

import email.parser
import email.policy
from collections.abc import Iterator
from email.message import EmailMessage, MIMEPart


def parse(raw: bytes) -> EmailMessage:
    """A message, or its header alone, from the bytes of a FETCH."""
    return email.parser.BytesParser(policy=email.policy.default).parsebytes(raw)


def header(message: EmailMessage, name: str) -> str:
    """A header field decoded, on one line; empty when there is none."""
    return printable(str(message.get(name, "")))


def printable(text: str) -> str:
    """The text on one line. Octets that are not ASCII come out of a header as surrogates, which cannot be printed."""
    return " ".join(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace").split())


def sender(message: EmailMessage) -> str:
    """The name of the sender, or the address, or whatever stands in From."""
    field = message.get("From")
    for address in getattr(field, "addresses", ()):
        if address.display_name or address.username:
            return printable(address.display_name or address.addr_spec)
    return header(message, "From") or "(nobody)"


def text_of(part: MIMEPart) -> str:
    """The text of a part, whatever its charset claims to be."""
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    try:
        text = payload.decode(part.get_content_charset("utf-8"))
    except (LookupError, UnicodeDecodeError):  # a charset that nobody knows, or that the text is not in
        text = payload.decode("latin-1")
    return text.replace("\r\n", "\n")


def parts(message: MIMEPart, prefix: str = "") -> Iterator[tuple[str, MIMEPart]]:
    """Every leaf with its IMAP section number: 1, 2, 2.1 and so on. A forwarded message is a leaf."""
    if message.get_content_maintype() != "multipart":
        yield prefix or "1", message
        return
    for number, part in enumerate(message.iter_parts(), 1):
        section = f"{prefix}.{number}" if prefix else str(number)
        yield from parts(part, section)
