"""ID (RFC 2971): who the other side is. For statistics and bug reports; never to change behaviour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from ..errors import LimitExceeded
from ..ports.client import ClientSession, Op
from ..ports.session import SessionContext
from ..protocol import states
from ..protocol.registry import Feature, Grammar
from ..record import record
from ..wire.cursor import Cursor
from ..wire.writer import Writer

feature = Feature("ID", spec=("RFC 2971",), summary="Who the other side is", capabilities=("ID",))

_FIELDS = 30  # RFC 2971 section 3.3: not more than 30 pairs, names of 30 and values of 1024 octets
_NAME = 30
_VALUE = 1024

Fields = tuple[tuple[str, str | None], ...]


def _read_fields(c: Cursor) -> Fields | None:
    """id-params-list = "(" *(string SP nstring) ")" / nil."""
    c.sp()
    if c.accept_nil():
        return None
    start = c.pos
    values = c.paren_list(lambda: c.nstring())
    if len(values) % 2 or None in values[::2]:
        c.pos = start
        raise c.fail("pairs of field names and values")
    if len(values) > 2 * _FIELDS and not c.lenient:
        raise LimitExceeded("fields of ID", _FIELDS, len(values) // 2)
    texts = [None if value is None else value.decode("utf-8", "replace") for value in values]
    return tuple((str(name), value) for name, value in zip(texts[::2], texts[1::2], strict=True))


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
    session.need("ID", "to exchange identities")
    ours = tuple(
        (name[:_NAME], None if value is None else value[:_VALUE]) for name, value in (fields or {}).items()
    )
    done = yield Id(ours or None)
    data = done.last(IdData)
    return dict(data.fields) if data and data.fields else {}
