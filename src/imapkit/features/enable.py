"""ENABLE (RFC 5161, RFC 9051 section 6.3.1): switch on what changes the meaning of later responses."""

from __future__ import annotations

from typing import Self

from ..errors import ParseError
from ..ports.client import ClientSession, Op
from ..ports.session import SessionContext
from ..protocol import states
from ..protocol.given import plain_text
from ..protocol.registry import Feature, Grammar
from ..record import record
from ..wire.cursor import Cursor
from ..wire.writer import Writer

feature = Feature(
    "ENABLE",
    spec=("RFC 5161", "RFC 9051"),
    summary="Switch on extensions",
    capabilities=("ENABLE",),
    rev2=True,
    core=True,
)


def _read_names(c: Cursor) -> tuple[str, ...]:
    names: list[str] = []
    while c.accept_sp():
        if c.at_end:
            break
        names.append(c.word("a capability").decode("ascii", "replace"))
    return tuple(names)


@feature.command("ENABLE", states=states.AUTHENTICATED, example="ENABLE IMAP4rev2")
@record
class Enable:
    """enable = "ENABLE" 1*(SP capability)."""

    names: tuple[str, ...]

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        names = _read_names(c)
        if not names:
            raise ParseError(c.pos, "a space and a capability")
        return cls(names)

    def write(self, w: Writer) -> None:
        w.raw(b"ENABLE")
        for name in self.names:
            w.sp().atom(name.encode("ascii"))


@feature.response("ENABLED")
@record
class Enabled:
    """enable-data = "ENABLED" *(SP capability)."""

    names: tuple[str, ...]

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        return cls(_read_names(c))

    def write(self, w: Writer) -> None:
        w.raw(b"ENABLED")
        for name in self.names:
            w.sp().atom(name.encode("ascii"))


@feature.observes(Enabled)
def learn_enabled(session: ClientSession, data: Enabled) -> None:
    session.enabled.update(name.upper() for name in data.names)


@feature.handler(Enable)
async def handle_enable(ctx: SessionContext, command: Enable) -> None:
    """Names that are unknown, or on already, are left out of the answer (RFC 5161 section 3.1); the rest as CAPABILITY spells them."""
    spelled = {word.upper(): word for word in ctx.registry.capabilities(ctx.announce)}
    taken: list[str] = []
    for name in command.names:
        effect = ctx.registry.enables.get(name)
        if effect is not None and name not in ctx.modes.enabled:
            ctx.modes.enabled.add(name)
            effect(ctx)
            taken.append(spelled.get(name, name))
    ctx.send(Enabled(tuple(taken)))


@feature.op
def enable(session: ClientSession, *names: str) -> Op[tuple[str, ...]]:
    """Switch on extensions; gives the names the server took (RFC 5161). Raises NotSupported, CommandFailed."""
    for name in names:
        plain_text(name, "the name of an extension")
    session.need("ENABLE", "to switch on " + ", ".join(names))
    done = yield Enable(tuple(name.upper() for name in names))
    taken = tuple(name for data in done.of(Enabled) for name in data.names)
    session.enabled.update(taken)
    return taken
