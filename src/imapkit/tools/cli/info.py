"""``imapkit info``: what SELECT tells of a mailbox."""

from __future__ import annotations

from typing import Final

from .. import words
from ..location import Access
from ..on_server import Json, on_server

_NONE: Final = {"permanent_flags": "(opened read-only)"}
"""EXAMINE takes nothing from the count of recent messages, and tells of no flag that it can be changed."""


@on_server
def run(access: Access, as_json: Json = False) -> None:
    """Say what a mailbox holds: counts, UIDs, flags, and the rights to change it. Nothing in it is changed."""
    with access.session() as client:
        mailbox = access.select(client)
        status = client.status(mailbox.name, *_items(client.has("STATUS=SIZE")))
        fields: dict[str, object] = {
            "mailbox": mailbox.name,
            "messages": mailbox.exists,
            "unseen": status.unseen,
            "first_unseen": mailbox.first_unseen(),
            "recent": mailbox.recent,
            "size": status.size,
            "uidnext": mailbox.uidnext,
            "uidvalidity": mailbox.uidvalidity,
            "highest_modseq": mailbox.highest_modseq,
            "flags": sorted(mailbox.flags),
            "permanent_flags": sorted(mailbox.permanent_flags),
            "server": client.identify({"name": "imapkit"}),
            "capabilities": sorted(client.capabilities),
        }
    if as_json:
        words.print_json(fields)
        return
    width = max(map(len, fields))
    for name, value in fields.items():
        print(f"{name.replace('_', ' '):<{width}}  {_text(name, value)}".rstrip())


def _items(size: bool) -> tuple[str, ...]:
    return ("UNSEEN", "SIZE") if size else ("UNSEEN",)


def _text(name: str, value: object) -> str:
    if value is None:
        return "(all seen)" if name == "first_unseen" else "(not told)"
    if isinstance(value, dict):
        return (
            words.one_line(", ".join(f"{key} {text}" for key, text in value.items() if text)) or "(not told)"
        )
    if isinstance(value, list):
        return words.one_line(" ".join(value)) or _NONE.get(name, "(none)")
    return words.octets(value) if name == "size" and isinstance(value, int) else words.one_line(str(value))
