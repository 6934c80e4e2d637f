"""What every lesson needs: the command line, a connection, and errors told in one line."""

from __future__ import annotations

import argparse
import imaplib
import os
import ssl
import sys
from collections.abc import Callable
from typing import Any


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


def connect(args: argparse.Namespace) -> imaplib.IMAP4:
    """A connection that is logged in. Use it in a `with` block, which logs out."""
    client: imaplib.IMAP4
    if args.tls:
        context = ssl.create_default_context(cafile=args.cafile)
        client = imaplib.IMAP4_SSL(args.host, args.port or 993, ssl_context=context)
    else:
        client = imaplib.IMAP4(args.host, args.port or 143)
    try:
        client.login(args.user, os.environ["IMAP_PASSWORD"])
    except BaseException:
        client.shutdown()
        raise
    return client


def ok(reply: tuple[str, list[Any]]) -> list[Any]:
    """The data of a reply. imaplib returns a NO of the server like a success: always look at the status."""
    status, data = reply
    if status != "OK":
        raise imaplib.IMAP4.error(data[0].decode(errors="replace"))
    return data


def run(
    lesson: Callable[[imaplib.IMAP4, argparse.Namespace], None], options: argparse.ArgumentParser
) -> None:
    """Parse the command line, connect, run the lesson, log out."""
    args = options.parse_args()
    if "IMAP_PASSWORD" not in os.environ:
        options.error("set the environment variable IMAP_PASSWORD")
    try:
        with connect(args) as client:
            lesson(client, args)
    except (imaplib.IMAP4.error, OSError) as error:
        text = error.args[0] if error.args else error
        sys.exit(f"{options.prog}: {text.decode() if isinstance(text, bytes) else error}")
