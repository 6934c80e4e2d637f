"""How the lessons show messages."""

from __future__ import annotations

from imapkit import Message, Part


def one_line(text: str | None) -> str:
    return " ".join((text or "").split())


def sender(message: Message) -> str:
    """The name of the sender, or the address."""
    for address in message.from_:
        if address.name or address.email:
            return one_line(address.name or address.email)
    return "(nobody)"


def leaves(message: Message) -> list[Part]:
    """The parts that hold something. A forwarded message is one of them, whatever is in it."""
    found: list[Part] = []
    for part in message.parts:
        inside = any(part.path[: len(outer.path)] == outer.path for outer in found)
        if not part.is_multipart and not inside:
            found.append(part)
    return found
