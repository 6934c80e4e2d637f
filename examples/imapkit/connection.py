"""What every lesson needs: the command line, a connection, and errors told in one line."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable

import imapkit


def parser(description: str) -> argparse.ArgumentParser:
    """A parser with the options about the server; a lesson adds its own."""
    options = argparse.ArgumentParser(
        description=description, epilog="The password is read from the environment variable IMAP_PASSWORD."
    )
    options.add_argument("--host", default="localhost")
    options.add_argument("--port", type=int, help="default: 993, without TLS 143")
    options.add_argument("--user", required=True)
    options.add_argument("--tls", action=argparse.BooleanOptionalAction, default=True)
    options.add_argument("--cafile", help="certificate authority to trust, a PEM file")
    return options


def connect(args: argparse.Namespace) -> imapkit.Client:
    """A connection that is logged in. Use it in a `with` block, which logs out."""
    scheme, port = ("imaps", args.port or 993) if args.tls else ("imap", args.port or 143)
    return imapkit.connect(
        f"{scheme}://{args.host}:{port}",
        user=args.user,
        password=os.environ["IMAP_PASSWORD"],
        cafile=args.cafile,
        allow_plaintext=not args.tls,
    )


def run(
    lesson: Callable[[imapkit.Client, argparse.Namespace], None], options: argparse.ArgumentParser
) -> None:
    """Parse the command line, connect, run the lesson, log out."""
    args = options.parse_args()
    if "IMAP_PASSWORD" not in os.environ:
        options.error("set the environment variable IMAP_PASSWORD")
    try:
        with connect(args) as client:
            lesson(client, args)
    except imapkit.ImapError as error:
        sys.exit(f"{options.prog}: {error}")
