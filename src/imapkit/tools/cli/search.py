"""``imapkit search``: messages that match."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import typer

from ...errors import LimitExceeded, ParseError, UsageError
from ...query.key import SearchKey
from .. import lines, words
from ..location import Access
from ..on_server import Json, on_server
from ..table import Table

Text = Annotated[str | None, typer.Option(metavar="TEXT")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD")]
Octets = Annotated[int | None, typer.Option(metavar="OCTETS", min=0)]


@on_server
def run(
    access: Access,
    sender: Annotated[str | None, typer.Option("--from", metavar="TEXT")] = None,
    to: Text = None,
    cc: Text = None,
    subject: Text = None,
    body: Text = None,
    text: Annotated[str | None, typer.Option(metavar="TEXT", help="Anywhere in header and body.")] = None,
    header: Annotated[list[str] | None, typer.Option(metavar="NAME:TEXT", help="May be repeated.")] = None,
    since: Day = None,
    before: Day = None,
    on: Day = None,
    seen: Annotated[bool | None, typer.Option("--seen/--unseen")] = None,
    flagged: Annotated[bool | None, typer.Option("--flagged/--unflagged")] = None,
    answered: Annotated[bool | None, typer.Option("--answered/--unanswered")] = None,
    deleted: Annotated[bool | None, typer.Option("--deleted/--undeleted")] = None,
    keyword: Text = None,
    larger: Octets = None,
    smaller: Octets = None,
    raw: Annotated[
        str | None, typer.Option(metavar="KEYS", help="In IMAP's words: 'OR FROM bob SUBJECT \"new moon\"'.")
    ] = None,
    limit: Annotated[int | None, typer.Option("--limit", "-n", min=1, help="The newest N alone.")] = None,
    uids: Annotated[bool, typer.Option("--uids", help="Print the UIDs alone.")] = False,
    as_json: Json = False,
) -> None:
    """Find messages; all that is asked for must match. Texts are found in any case, days are those of arrival.

    Prints a line for each message. Exit code 0 also when nothing is found.
    """
    given = {
        "from_": sender, "to": to, "cc": cc, "subject": subject, "body": body, "text": text, "since": _day(since),
        "before": _day(before), "on": _day(on), "seen": seen, "flagged": flagged, "answered": answered,
        "deleted": deleted, "keyword": keyword, "larger": larger, "smaller": smaller,
    }  # fmt: skip
    keys = _keys({name: value for name, value in given.items() if value is not None}, header or [], raw)
    table = Table(lines.HEAD, numbers=frozenset({0}))
    with access.open() as mailbox:
        found = lines.newest(mailbox.search(*keys).uidset(), limit)
        if uids:
            for uid in found.numbers():
                print(uid)
            return
        for batch in lines.batches(found):
            messages = lines.messages(mailbox, batch)
            if as_json:
                for message in messages:
                    words.print_json(lines.fields(message))
            else:
                table.add(map(lines.row, messages))


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment is not None else None


def _keys(given: dict[str, object], header: list[str], raw: str | None) -> list[SearchKey]:
    from ... import HEADER
    from ...client.criteria import build

    found = [build((), {name: value}) for name, value in given.items()]
    for one in header:
        name, colon, value = one.partition(":")
        if not colon or not name.strip():
            raise UsageError(f"--header {one!r}: it looks like Reply-To:bob")
        found.append(HEADER(name.strip(), value.strip()))
    if raw is not None:
        found.append(_read(raw))
    return found


def _read(raw: str) -> SearchKey:
    """Keys as IMAP writes them. Raises UsageError with the place of the fault."""
    from ...features.catalogue import full_registry
    from ...query.key import read_program
    from ...wire.cursor import Cursor

    c = Cursor(raw.encode("utf-8", "surrogateescape"), lenient=True, utf8=True)
    try:
        key = read_program(c, full_registry().grammar)
        c.finish()
    except (ParseError, LimitExceeded) as error:
        raise UsageError(f"--raw {raw!r}: {error}") from error
    return key
