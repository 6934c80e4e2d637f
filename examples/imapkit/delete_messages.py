"""Delete messages for good: these, and no others that somebody marked."""

from __future__ import annotations

import argparse

from connection import parser, run

from imapkit import UID, Client, NumSet


def lesson(client: Client, args: argparse.Namespace) -> None:
    box = client.select(args.mailbox)
    wanted = box.search(UID(NumSet.of(*args.uids))).uids()
    box.uids(wanted).delete()
    print(f"deleted {len(wanted)}, {box.all().count()} left in {args.mailbox}")


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("mailbox")
    options.add_argument("uids", type=int, nargs="+", metavar="UID")
    run(lesson, options)
