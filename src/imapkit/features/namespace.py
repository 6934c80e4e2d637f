"""NAMESPACE (RFC 2342, RFC 9051 section 6.3.10): where a user's own, other users' and shared mailboxes are."""

from __future__ import annotations

from typing import Self

from ..ports.client import ClientSession, Op
from ..ports.session import SessionContext
from ..protocol import states
from ..protocol.mailbox import DELIMITER, from_wire
from ..protocol.registry import Feature, Grammar
from ..record import record
from ..wire.cursor import Cursor
from ..wire.writer import Writer

feature = Feature(
    "NAMESPACE",
    spec=("RFC 2342", "RFC 9051"),
    summary="Personal, other users' and shared namespaces",
    capabilities=("NAMESPACE",),
    rev2=True,
)


@record
class NamespaceEntry:
    """namespace-descr = "(" string SP (DQUOTE QUOTED-CHAR DQUOTE / nil) [namespace-response-extensions] ")"."""

    prefix: str
    delimiter: str | None
    extensions: tuple[bytes, ...] = ()
    """Raw names and values of extensions, in turn."""

    @classmethod
    def read(cls, c: Cursor) -> Self:
        c.expect(b"(")
        if c.lenient:
            c.skip_spaces()
        prefix = from_wire(c.string("a namespace prefix"), utf8=c.utf8)
        c.sp()
        delimiter = c.nstring()
        extensions: list[bytes] = []
        while not c.accept(b")"):
            c.sp()
            if not c.peek_is(b")"):
                extensions.append(c.skip_value())
        return cls(prefix, delimiter.decode("ascii", "replace") if delimiter else None, tuple(extensions))

    def write(self, w: Writer) -> None:
        w.raw(b"(").string(w.mailbox_octets(self.prefix)).sp()
        w.nstring(self.delimiter.encode("ascii") if self.delimiter else None)
        for extension in self.extensions:
            w.sp().raw(extension)
        w.raw(b")")


@feature.command("NAMESPACE", states=states.AUTHENTICATED)
@record
class Namespace:
    """namespace-command = "NAMESPACE"."""

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        return cls()

    def write(self, w: Writer) -> None:
        w.raw(b"NAMESPACE")


@feature.response("NAMESPACE")
@record
class NamespaceData:
    """namespace-response = "NAMESPACE" SP namespace SP namespace SP namespace."""

    personal: tuple[NamespaceEntry, ...]
    others: tuple[NamespaceEntry, ...]
    shared: tuple[NamespaceEntry, ...]

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        kinds: list[tuple[NamespaceEntry, ...]] = []
        for _ in range(3):
            c.sp()
            kinds.append(() if c.accept_nil() else _read_entries(c))
        return cls(*kinds)

    def write(self, w: Writer) -> None:
        w.raw(b"NAMESPACE")
        for entries in (self.personal, self.others, self.shared):
            w.sp()
            if not entries:
                w.raw(b"NIL")
                continue
            w.raw(b"(")
            for entry in entries:
                entry.write(w)
            w.raw(b")")


def _read_entries(c: Cursor) -> tuple[NamespaceEntry, ...]:
    """ "(" 1*namespace-descr ")"."""
    c.expect(b"(")
    entries: list[NamespaceEntry] = []
    if c.lenient:
        c.skip_spaces()
    while not c.accept(b")"):
        if len(entries) >= c.limits.items:
            raise c.fail("fewer namespaces")
        entries.append(NamespaceEntry.read(c))
        c.skip_spaces()
    return tuple(entries)


@feature.handler(Namespace)
async def handle_namespace(ctx: SessionContext, command: Namespace) -> None:
    ctx.send(NamespaceData((NamespaceEntry("", DELIMITER),), (), ()))


@feature.op
def namespace(session: ClientSession) -> Op[NamespaceData]:
    """The server's namespaces (RFC 2342). Raises NotSupported, CommandFailed."""
    session.need("NAMESPACE", "to list namespaces")
    done = yield Namespace()
    return done.last(NamespaceData) or NamespaceData((), (), ())
