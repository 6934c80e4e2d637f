"""``imapkit show``: one message."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from ...errors import UsageError
from .. import lines, reading, words
from ..location import Access
from ..on_server import AnySize, Json, on_server
from ..selecting import present

if TYPE_CHECKING:
    from imapkit import Message


@on_server
def run(
    access: Access,
    uid: Annotated[str | None, typer.Argument(metavar="UID", help="The message; `*` is the last.")] = None,
    part: Annotated[str | None, typer.Option(metavar="NUMBER", help="One part, decoded: 2 or 1.2.")] = None,
    source: Annotated[bool, typer.Option("--source", help="The message as it is, octet for octet.")] = False,
    structure: Annotated[bool, typer.Option("--structure", help="The tree of parts.")] = False,
    mark_read: Annotated[
        bool, typer.Option("--mark-read", help="Mark it as read; else it stays as it is.")
    ] = False,
    any_size: AnySize = False,
    as_json: Json = False,
) -> None:
    """Show a message: who, when, what about, its text, and what is attached.

    A text is shown without control characters; --source and --part into a file or a pipe give every octet.
    """
    wanted = uid or access.uid
    if wanted is None:
        raise UsageError("which message? give a UID, as `imapkit summary` tells them")
    if sum((part is not None, source, structure)) > 1:
        raise UsageError("--part, --source and --structure exclude each other")
    with access.open(read_only=not mark_read) as mailbox:
        from ... import Envelope, Flags, InternalDate, Size, Structure

        query = present(mailbox, wanted)
        if (several := query.count()) > 1:
            raise UsageError(f"show shows one message, and {wanted} are {several}: give one UID")
        message = query.last(Flags, Envelope, InternalDate, Size, Structure)
        if message is None:
            raise UsageError(f"message {wanted} is gone")
        check = not any_size
        if source:
            _write(message.stream(check_size=check))
        elif part is not None:
            _show_part(message, part, check)
        elif structure:
            for line in reading.part_lines(message):
                print(line)
        elif as_json:
            words.print_json(_fields(message, check))
        else:
            _show(message, check)
        if mark_read:
            query.flag(seen=True)


def _write(pieces: Iterator[bytes]) -> None:
    """Octets as they are; control characters are kept from a terminal."""
    sys.stdout.flush()
    terminal = sys.stdout.isatty()
    for piece in pieces:
        if terminal:
            sys.stdout.write(words.clean(piece.decode("utf-8", "replace")))
        else:
            sys.stdout.buffer.write(piece)
    sys.stdout.flush()


def _show_part(message: Message, number: str, check_size: bool) -> None:
    part = message.part(number)
    if not sys.stdout.isatty():
        _write(part.stream(check_size=check_size))
    elif part.type.startswith("text/"):
        print(reading.part_text(part, check_size))
    else:
        raise UsageError(
            f"part {number} is {part.type}, which is no text: send the output to a file, or use `imapkit save`"
        )


def _show(message: Message, check_size: bool) -> None:
    bold, plain = ("\x1b[1m", "\x1b[0m") if sys.stdout.isatty() else ("", "")
    for name, value in reading.headers(message):
        print(f"{bold}{name}:{plain} {value}")
    print()
    text = reading.body(message, check_size)
    print(text or "(no text)")
    attached = message.attachments
    if attached:
        print()
        for one in attached:
            name = words.one_line(one.filename or one.description or "(no name)")
            print(f"[{one.number}] {one.type}, {words.octets(one.size)}, {name}")


def _fields(message: Message, check_size: bool) -> dict[str, object]:
    found = lines.fields(message)
    found["text"] = reading.body(message, check_size)
    found["parts"] = [
        {
            "number": part.number,
            "type": part.type,
            "size": part.size,
            "filename": part.filename,
            "disposition": part.disposition,
            "charset": part.charset,
        }
        for part in message.parts
        if not part.is_multipart
    ]
    return found
