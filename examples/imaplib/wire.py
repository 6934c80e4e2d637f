"""What imaplib leaves to its user: quoting, international mailbox names, and taking FETCH replies apart."""

from __future__ import annotations

import base64
import imaplib
import re
from collections.abc import Iterator
from typing import Any

from connection import ok


def quote(text: str) -> str:
    """An IMAP quoted string. imaplib sends arguments as they are, so a space would end the argument."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def encode_mailbox(name: str) -> str:
    """The name in modified UTF-7 (RFC 3501, 5.1.3): `Köln` is `K&APY-ln` on the wire."""

    def encode(match: re.Match[str]) -> str:
        if match[0] == "&":
            return "&-"
        text = base64.b64encode(match[0].encode("utf-16-be")).decode("ascii")
        return "&" + text.rstrip("=").replace("/", ",") + "-"

    return re.sub(r"&|[^\x20-\x7e]+", encode, name)


def decode_mailbox(name: str) -> str:
    """The name behind modified UTF-7."""

    def decode(match: re.Match[str]) -> str:
        if not match[1]:
            return "&"
        text = match[1].replace(",", "/")
        return base64.b64decode(text + "=" * (-len(text) % 4)).decode("utf-16-be")

    return re.sub(r"&([^-]*)-", decode, name)


def mailbox(name: str) -> str:
    """A mailbox name as a command takes it: encoded and quoted."""
    return quote(encode_mailbox(name))


def open_mailbox(client: imaplib.IMAP4, name: str, readonly: bool = True) -> int:
    """SELECT (or EXAMINE, which changes nothing) a mailbox; the number of its messages."""
    return int(ok(client.select(mailbox(name), readonly=readonly))[0])


def has_capability(client: imaplib.IMAP4, name: str) -> bool:
    """Whether the server offers it now. `client.capabilities` is from before the login, when servers tell less."""
    return name in ok(client.capability())[0].decode().upper().split()


def search(client: imaplib.IMAP4, *criteria: str) -> list[int]:
    """The UIDs that match, ascending. UIDs stay; message numbers change with every expunge."""
    return numbers(ok(client.uid("SEARCH", *criteria)))


def numbers(data: list[Any]) -> list[int]:
    """The numbers in a SEARCH reply, ascending; nothing found comes as None or an empty line."""
    return sorted(int(number) for line in data if line for number in line.split())


def uid_set(uids: list[int]) -> str:
    """The UIDs as a command takes them."""
    return ",".join(map(str, uids))


def literals(data: list[Any]) -> Iterator[tuple[int, bytes]]:
    """The UID and the text of each message in a FETCH reply.

    imaplib gives a reply with a literal as the pair (text before, literal), followed by the text behind it. The
    server may send the UID on either side.
    """
    for position, item in enumerate(data):
        if isinstance(item, tuple):
            around = item[0] + b" " + data[position + 1]
            uid = re.search(rb"UID (\d+)", around)
            if uid:
                yield int(uid[1]), item[1]


def fetch_section(client: imaplib.IMAP4, uid: int, section: str = "") -> bytes:
    """A section of one message (the whole message by default); PEEK leaves it unread."""
    data = ok(client.uid("FETCH", str(uid), f"(UID BODY.PEEK[{section}])"))
    return dict(literals(data)).get(uid, b"")
