"""What every server and client has in every state: CAPABILITY, NOOP, LOGOUT (RFC 9051 section 6.1, RFC 3501 section 6.1)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, Self

from .. import errors
from ..ports.client import ClientSession, Op
from ..ports.session import SessionContext
from ..protocol import states
from ..protocol.capability import Announce
from ..protocol.codes import simple_code
from ..protocol.registry import Feature, Grammar, Point, Sync
from ..protocol.status import Kind, Status
from ..record import record
from ..wire.cursor import Cursor
from ..wire.writer import Writer


def _capabilities(announce: Announce) -> Iterator[str]:
    if announce.rev1:
        yield "IMAP4rev1"
    if announce.rev2:
        yield "IMAP4rev2"


feature = Feature(
    "BASE",
    spec=("RFC 3501", "RFC 9051"),
    summary="IMAP4rev1 and IMAP4rev2: CAPABILITY, NOOP, LOGOUT and the general response codes",
    capabilities=_capabilities,
    rev2=True,
    core=True,
)
feature.reads(Point.CODE)
for _refusal in (
    errors.AuthenticationFailed,
    errors.PrivacyRequired,
    errors.NoSuchMailbox,
    errors.MailboxExists,
    errors.OverQuota,
    errors.TooBig,
    errors.LimitReached,
    errors.PermissionDenied,
    errors.NotAllowed,
    errors.InUse,
    errors.Unavailable,
    errors.BadCharset,
    errors.UnknownCte,
):
    feature.error(_refusal)

# RFC 9051 section 7.1, RFC 5530; the codes of one command stand in that command's file.
ALERT = simple_code(feature, "ALERT")
PARSE = simple_code(feature, "PARSE")
UNAVAILABLE = simple_code(feature, "UNAVAILABLE")
CONTACTADMIN = simple_code(feature, "CONTACTADMIN")
NOPERM = simple_code(feature, "NOPERM")
INUSE = simple_code(feature, "INUSE")
EXPUNGEISSUED = simple_code(feature, "EXPUNGEISSUED")
CORRUPTION = simple_code(feature, "CORRUPTION")
SERVERBUG = simple_code(feature, "SERVERBUG")
CLIENTBUG = simple_code(feature, "CLIENTBUG")
CANNOT = simple_code(feature, "CANNOT")
LIMIT = simple_code(feature, "LIMIT")
OVERQUOTA = simple_code(feature, "OVERQUOTA")
ALREADYEXISTS = simple_code(feature, "ALREADYEXISTS")
NONEXISTENT = simple_code(feature, "NONEXISTENT")
TRYCREATE = simple_code(feature, "TRYCREATE")
TOOBIG = simple_code(feature, "TOOBIG")
HASCHILDREN = simple_code(feature, "HASCHILDREN")


_WORD: Final = re.compile(rb"[^\x00-\x20\]\x7f]+")


def read_capabilities(c: Cursor) -> tuple[str, ...]:
    """capability-data behind the word CAPABILITY, up to ``]`` or the end."""
    words: list[str] = []
    while not c.at_end and not c.peek_is(b"]"):
        c.skip_spaces()
        found = _WORD.match(c.buf, c.pos)
        if found is None:
            break
        c.pos = found.end()
        words.append(found[0].decode("ascii", "replace"))
    return tuple(words)


@feature.response("CAPABILITY")
@record
class CapabilityData:
    """capability-data = "CAPABILITY" *(SP capability)."""

    capabilities: tuple[str, ...]

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        return cls(read_capabilities(c))

    def write(self, w: Writer) -> None:
        w.raw(" ".join(("CAPABILITY", *self.capabilities)).encode("ascii"))


@feature.word(Point.CODE, "CAPABILITY")
@record
class CapabilityCode:
    """``[CAPABILITY …]`` in the greeting and the answer to a login."""

    capabilities: tuple[str, ...]
    name: str = "CAPABILITY"

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        return cls(read_capabilities(c))

    def write(self, w: Writer) -> None:
        w.raw(" ".join(("CAPABILITY", *self.capabilities)).encode("ascii"))


@feature.observes(CapabilityData, early=True)
def learn_capabilities(session: ClientSession, data: CapabilityData) -> None:
    session.capabilities = frozenset(word.upper() for word in data.capabilities)


@feature.observes_code("CAPABILITY", early=True)
def learn_from_code(session: ClientSession, status: Status) -> None:
    if isinstance(status.code, CapabilityCode):
        session.capabilities = frozenset(word.upper() for word in status.code.capabilities)


@feature.observes_code("ALERT", early=True)
def take_alert(session: ClientSession, status: Status) -> None:
    session.alert(status.text)


@feature.command("CAPABILITY", states=states.ANY)
@record
class Capability:
    """capability = "CAPABILITY"."""

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        return cls()

    def write(self, w: Writer) -> None:
        w.raw(b"CAPABILITY")


@feature.command("NOOP", states=states.ANY)
@record
class Noop:
    """noop = "NOOP"."""

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        return cls()

    def write(self, w: Writer) -> None:
        w.raw(b"NOOP")


@feature.command("LOGOUT", states=states.ANY, sync=Sync.NONE)
@record
class Logout:
    """logout = "LOGOUT"."""

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        return cls()

    def write(self, w: Writer) -> None:
        w.raw(b"LOGOUT")


@feature.handler(Capability)
async def handle_capability(ctx: SessionContext, command: Capability) -> None:
    ctx.send(CapabilityData(ctx.registry.capabilities(ctx.announce)))


@feature.handler(Noop)
async def handle_noop(ctx: SessionContext, command: Noop) -> None:
    """The dispatcher sends the updates of the selected mailbox after every command."""


@feature.handler(Logout)
async def handle_logout(ctx: SessionContext, command: Logout) -> None:
    ctx.send_status(Status(Kind.BYE, "Until next time"))
    ctx.close_after_completion()


@feature.op
def capability() -> Op[tuple[str, ...]]:
    """Ask what the server offers (RFC 9051 section 6.1.1). Raises CommandFailed."""
    done = yield Capability()
    found = done.last(CapabilityData)
    return found.capabilities if found else ()


@feature.op
def noop() -> Op[None]:
    """Do nothing but let the server tell what changed (RFC 9051 section 6.1.2). Raises CommandFailed."""
    yield Noop()


@feature.op
def logout() -> Op[None]:
    """End the session politely (RFC 9051 section 6.1.3). The connection is closed afterwards."""
    yield Logout()
