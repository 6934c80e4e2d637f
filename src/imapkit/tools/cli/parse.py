"""``imapkit parse``: what a recorded stream says, and where it first breaks the protocol."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from .. import words
from ..decode import Decoded, Role, StreamDecoder, StreamFault
from ..plain import line, record_fields

_CHUNK = 64 * 1024


def run(
    role: Annotated[
        Role, typer.Option(help="Whose octets they are: what a client sent, or what a server sent.")
    ],
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line, passwords included.")
    ] = False,
) -> int:
    """Decode raw wire octets from standard input: one direction of a connection, TLS taken off.

    Prints the offset, the tag and the decoded form of each command or response. Exit code 1 at the first protocol error,
    with its offset and what was expected there. With --json, octets are written as in a Python bytes literal, and a
    literal over 64 KB as its size and first octets; the error too is then an object on the last line.
    """
    decoder = StreamDecoder(role)
    try:
        while data := os.read(sys.stdin.fileno(), _CHUNK):
            for item in decoder.feed(data):
                _print(item, role, as_json)
            sys.stdout.flush()
        decoder.finish()
    except StreamFault as fault:
        if as_json:
            words.print_json(
                {"offset": fault.offset, "type": "Error", "expected": fault.expected, "text": str(fault)}
            )
        sys.stdout.flush()
        words.complain(str(fault))
        return 1
    finally:
        decoder.close()
    return 0


def _print(item: Decoded, role: Role, as_json: bool) -> None:
    if as_json:
        place: dict[str, object] = {"offset": item.offset, "length": item.size, "tag": item.tag}
        kind = "command" if role is Role.CLIENT else "response"
        words.print_json({**place, kind: item.name, **record_fields(item.value)})
    else:
        print(f"{item.offset:>8}  {item.tag or '-':<8} {words.clean(line(item.value))}")
