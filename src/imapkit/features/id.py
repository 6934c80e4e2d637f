"""ID (RFC 2971): who the other side is. For statistics and bug reports; never to change behaviour."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice
from typing import Final, Self

from ..errors import LimitExceeded
from ..ports.client import ClientSession, Op
from ..ports.session import SessionContext
from ..protocol import states
from ..protocol.given import fields as checked
from ..protocol.registry import Feature, Grammar
from ..record import record
from ..wire.cursor import Cursor
from ..wire.writer import Writer

feature = Feature("ID", spec=("RFC 2971",), summary="Who the other side is", capabilities=("ID",))

# What we send is within RFC 2971 section 3.3: not more than 30 pairs, names of 30 and values of 1024 octets.
_FIELDS: Final = 30
_NAME: Final = 30
_VALUE: Final = 1024
_WORD: Final = re.compile(rb"[^\x00-\x20(),\"{\x7f]+|\{")

Fields = tuple[tuple[str, str | None], ...]


def _read_fields(c: Cursor) -> Fields | None:
    """id-params-list = "(" *(string SP nstring) ")" / nil.

    ID is for information, so whatever has balanced parentheses is read: atoms, commas, spaces, a name without a value.
    """
    c.sp()
    if c.accept_nil():
        return None
    if not c.accept(b"("):
        raise c.fail("a list of fields or NIL")
    values: list[str | None] = []
    while not c.accept(b")"):
        if c.accept_sp() or c.accept(b","):
            continue
        if len(values) >= c.limits.items:
            raise LimitExceeded("fields of ID", c.limits.items, len(values) + 1)
        values.append(_read_value(c))
    if len(values) % 2:
        values.append(None)
    pairs = zip(values[::2], values[1::2], strict=True)
    return tuple([(name, value) for name, value in pairs if name is not None])


def _read_value(c: Cursor) -> str | None:
    if c.accept_nil():
        return None
    if c.peek_is(b"("):
        found = c.skip_value()
    else:
        found = c.string() if c.at_string() else c.match(_WORD, "a field name or value")
    return found.decode("utf-8", "replace")


def _write_fields(w: Writer, fields: Fields | None) -> None:
    if not fields:
        w.raw(b"NIL")
        return
    flat = [text for pair in fields for text in pair]
    w.list_of(flat, lambda text: w.nstring(None if text is None else text.encode("utf-8")))


@feature.command("ID", states=states.ANY, example='ID ("name" "telnet")')
@record
class Id:
    """id = "ID" SP id-params-list."""

    fields: Fields | None

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        return cls(_read_fields(c))

    def write(self, w: Writer) -> None:
        w.raw(b"ID ")
        _write_fields(w, self.fields)


@feature.response("ID")
@record
class IdData:
    """id-response = "ID" SP id-params-list."""

    fields: Fields | None

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        return cls(_read_fields(c))

    def write(self, w: Writer) -> None:
        w.raw(b"ID ")
        _write_fields(w, self.fields)


@feature.handler(Id)
async def handle_id(ctx: SessionContext, command: Id) -> None:
    ctx.send(IdData(ctx.settings.identity or None))


@feature.op
def id(session: ClientSession, fields: Mapping[str, str | None] | None = None) -> Op[dict[str, str | None]]:
    """Tell the server who we are and learn who it is (RFC 2971). Raises NotSupported, CommandFailed."""
    given = checked({} if fields is None else fields, "an identity")
    session.need("ID", "to exchange identities")
    ours = tuple(
        (name[:_NAME], None if value is None else value[:_VALUE])
        for name, value in islice(given.items(), _FIELDS)
    )
    done = yield Id(ours or None)
    data = done.last(IdData)
    return dict(data.fields) if data and data.fields else {}
