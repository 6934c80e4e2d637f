"""Walk the sub-folders as a tree, or list those that match a pattern.

In a pattern `%` matches within one level, `*` across levels: `%` gives the top level, `Archive/%` the children
of Archive, `*` everything.
"""

from __future__ import annotations

import argparse
import imaplib

from connection import parser, run
from parse_list import list_folders


def print_tree(client: imaplib.IMAP4, parent: str = "", depth: int = 0) -> None:
    """Print the folders below *parent* level by level."""
    for folder in list_folders(client, parent + "%"):
        print("  " * depth + folder.name.removeprefix(parent))
        if "\\HasNoChildren" not in folder.flags and "\\Noinferiors" not in folder.flags:
            print_tree(client, folder.name + folder.delimiter, depth + 1)


def lesson(client: imaplib.IMAP4, args: argparse.Namespace) -> None:
    if args.pattern is None:
        print_tree(client)
    else:
        for folder in list_folders(client, args.pattern):
            print(folder.name)


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("pattern", nargs="?", help="such as %%, Archive/%% or *; the whole tree without one")
    run(lesson, options)
