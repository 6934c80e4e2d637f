"""Walk the sub-folders as a tree, or list those that match a pattern.

In a pattern `%` matches within one level, `*` across levels: `%` gives the top level, `Archive/%` the children
of Archive, `*` everything.
"""

from __future__ import annotations

import argparse

from connection import parser, run

from imapkit import Client, Folder


def folders(client: Client, pattern: str) -> list[Folder]:
    return sorted(client.folders(pattern), key=lambda folder: folder.name)


def print_tree(client: Client, parent: str = "", depth: int = 0) -> None:
    """Print the folders below *parent* level by level."""
    for folder in folders(client, parent + "%"):
        print("  " * depth + folder.label)
        if folder.has_children and folder.delimiter:
            print_tree(client, folder.name + folder.delimiter, depth + 1)


def lesson(client: Client, args: argparse.Namespace) -> None:
    if args.pattern is None:
        print_tree(client)
    else:
        for folder in folders(client, args.pattern):
            print(folder.name)


if __name__ == "__main__":
    options = parser(__doc__)
    options.add_argument("pattern", nargs="?", help="such as %%, Archive/%% or *; the whole tree without one")
    run(lesson, options)
