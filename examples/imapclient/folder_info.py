"""Open a mailbox and print what the server tells about it."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from connection import parser, run
from imapclient import IMAPClient


def flag_list(flags: Iterable[bytes]) -> str:
    """The flags, sorted: servers give them in any order."""
    return " ".join(sorted(flag.decode() for flag in flags))


def lesson(client: IMAPClient, args: argparse.Namespace) -> None:
    info = client.select_folder(args.mailbox, readonly=args.readonly)
    print(f"mailbox: {args.mailbox}")
    print(f"messages: {info[b'EXISTS']}")
    print(f"access: {'read-only' if info.get(b'READ-ONLY') is not None else 'read-write'}")
    print(f"flags: {flag_list(info[b'FLAGS'])}")
    print(f"permanent flags: {flag_list(info.get(b'PERMANENTFLAGS', ()))}")
    print(f"UID validity: {info[b'UIDVALIDITY']}")
    print(f"next UID: {info[b'UIDNEXT']}")


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("mailbox", nargs="?", default="INBOX")
    options.add_argument("--readonly", action="store_true", help="EXAMINE instead of SELECT")
    run(lesson, options)
