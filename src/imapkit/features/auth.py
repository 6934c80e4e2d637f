"""STARTTLS, LOGIN and AUTHENTICATE with SASL-IR (RFC 9051 sections 6.2.1 to 6.2.3, RFC 4959).

The rule this file must not break: no password is asked for, taken or sent over a channel that others can read, unless
the owner of that end allowed it.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Self

from ..errors import (
    AuthenticationFailed,
    Bad,
    CommandFailed,
    CommandNo,
    LoginNeedsPrivacy,
    LoginUnavailable,
    No,
    NotSupported,
    PrivacyRequired,
    SaslError,
    Unavailable,
)
from ..ports.client import ClientSession, Completed, Exchange, Op, StartTls
from ..ports.session import SessionContext
from ..protocol import states
from ..protocol.capability import Announce
from ..protocol.codes import simple_code
from ..protocol.given import one_of, plain_text, secret
from ..protocol.registry import Does, Feature, Grammar, Sync
from ..protocol.status import Ok
from ..record import record
from ..sasl.base import ClientExchange
from ..wire import terminals
from ..wire.cursor import Cursor
from ..wire.writer import Writer
from .base import CLIENTBUG, CapabilityCode, CapabilityData, capability


def _capabilities(announce: Announce) -> Iterator[str]:
    if announce.authenticated:
        return
    yield "SASL-IR"
    if announce.tls_available and not announce.tls:
        yield "STARTTLS"
    if not announce.tls and not announce.plaintext_login:
        yield "LOGINDISABLED"
    for name in announce.mechanisms:
        yield f"AUTH={name}"


feature = Feature(
    "AUTH",
    spec=("RFC 3501", "RFC 9051", "RFC 4959", "RFC 5530"),
    summary="STARTTLS, LOGIN, AUTHENTICATE and SASL-IR",
    capabilities=_capabilities,
    rev2=("SASL-IR",),
    core=True,
)

AUTHENTICATIONFAILED = simple_code(feature, "AUTHENTICATIONFAILED")
AUTHORIZATIONFAILED = simple_code(feature, "AUTHORIZATIONFAILED")
EXPIRED = simple_code(feature, "EXPIRED")
PRIVACYREQUIRED = simple_code(feature, "PRIVACYREQUIRED")


@feature.command("STARTTLS", states=states.NOT_AUTHENTICATED, sync=Sync.NONE, does=Does.TURNS)
@record
class StartTlsCommand:
    """starttls = "STARTTLS"."""

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        return cls()

    def write(self, w: Writer) -> None:
        w.raw(b"STARTTLS")


@feature.command(
    "LOGIN", states=states.NOT_AUTHENTICATED, sync=Sync.NONE, does=Does.LOGS_IN, example="LOGIN name password"
)
@record
class Login:
    """login = "LOGIN" SP userid SP password."""

    user: bytes
    password: bytes

    def __repr__(self) -> str:
        return f"Login(user={self.user!r}, password=…)"

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        user = c.astring("a user name")
        c.sp()
        return cls(user, c.astring("a password"))

    def write(self, w: Writer) -> None:
        w.raw(b"LOGIN ").string(self.user).sp().string(self.password)


@feature.command(
    "AUTHENTICATE",
    states=states.NOT_AUTHENTICATED,
    sync=Sync.NONE,
    does=Does.LOGS_IN,
    example="AUTHENTICATE PLAIN",
)
@record
class Authenticate:
    """authenticate = "AUTHENTICATE" SP auth-type [SP initial-resp]."""

    mechanism: str
    initial: bytes | None = None
    """The initial response, decoded (RFC 4959)."""

    def __repr__(self) -> str:
        return (
            f"Authenticate(mechanism={self.mechanism!r}, initial={'…' if self.initial else self.initial!r})"
        )

    @classmethod
    def read(cls, c: Cursor, g: Grammar) -> Self:
        c.sp()
        mechanism = c.word("a SASL mechanism").decode("ascii", "replace")
        if not c.accept_sp():
            return cls(mechanism)
        if c.accept(b"="):
            return cls(mechanism, b"")
        start = c.pos
        text = c.match(terminals.BASE64, "base64")
        try:
            return cls(mechanism, base64.b64decode(text, validate=True))
        except binascii.Error:
            c.pos = start
            raise c.fail("base64") from None

    def write(self, w: Writer) -> None:
        w.raw(b"AUTHENTICATE ").atom(self.mechanism.encode("ascii"))
        if self.initial is not None:
            w.sp().raw(base64.b64encode(self.initial) or b"=")


# The server


@feature.handler(StartTlsCommand)
async def handle_starttls(ctx: SessionContext, command: StartTlsCommand) -> Ok:
    if ctx.announce.tls:
        raise Bad("TLS is on already", CLIENTBUG)
    if not ctx.announce.tls_available:
        raise No("this listener has no TLS certificate")
    ctx.after_completion(ctx.start_tls)
    return Ok("Begin the TLS negotiation now")


def _refuse_in_the_clear(ctx: SessionContext) -> None:
    announce = ctx.announce
    if not announce.tls and not announce.plaintext_login:
        raise No("passwords are taken under TLS only: use STARTTLS or the imaps port", PRIVACYREQUIRED)


def _logged_in(ctx: SessionContext) -> Ok:
    return Ok("Logged in", CapabilityCode(ctx.registry.capabilities(ctx.announce)))


@feature.handler(Login)
async def handle_login(ctx: SessionContext, command: Login) -> Ok:
    try:
        user, password = command.user.decode("utf-8"), command.password.decode("utf-8")
    except UnicodeDecodeError:
        raise No("user name and password are UTF-8", AUTHENTICATIONFAILED) from None
    await ctx.login.password(user, password)
    return _logged_in(ctx)


@feature.handler(Authenticate)
async def handle_authenticate(ctx: SessionContext, command: Authenticate) -> Ok:
    if command.mechanism not in ctx.announce.mechanisms:
        if not ctx.announce.tls and command.mechanism in ("PLAIN", "LOGIN"):
            _refuse_in_the_clear(ctx)
        raise No(f"the mechanism {command.mechanism} is not offered here")

    async def challenge(data: bytes) -> bytes:
        line = await ctx.continue_line(base64.b64encode(data))
        if line == b"*":
            raise Bad("AUTHENTICATE was cancelled")
        try:
            return base64.b64decode(line, validate=True)
        except binascii.Error:
            raise Bad("expected base64") from None

    await ctx.login.mechanism(command.mechanism, command.initial, challenge)
    return _logged_in(ctx)


# The client


def _learn_capabilities(session: ClientSession, done: Completed | None = None) -> Op[None]:
    """Those of before are void (RFC 9051 sections 6.2.1 and 6.2.2); what the server does not tell with its answer is asked for."""
    code = done.code(CapabilityCode) if done is not None else None
    data = done.last(CapabilityData) if done is not None else None
    words = code.capabilities if code else data.capabilities if data else ()
    session.capabilities = frozenset()
    if not words:
        words = yield from capability()
    session.capabilities = frozenset(word.upper() for word in words)


def _login_error(error: CommandFailed) -> CommandFailed:
    """Any NO to a login refuses it, whatever the code says besides."""
    if isinstance(error, AuthenticationFailed) or not isinstance(error, CommandNo):
        return error
    cls = AuthenticationFailed
    if isinstance(error, Unavailable):
        cls = LoginUnavailable
    elif isinstance(error, PrivacyRequired):
        cls = LoginNeedsPrivacy
    return cls(error.text, error.code, error.command, detail=error.detail)


@feature.op
def starttls(session: ClientSession) -> Op[None]:
    """Protect the connection (RFC 9051 section 6.2.1); what the server said before is forgotten.

    Raises NotSupported, CommandFailed, TlsFailed.
    """
    session.need("STARTTLS", "to protect the connection")
    yield StartTlsCommand()
    yield StartTls()
    yield from _learn_capabilities(session)


@feature.op
def login(session: ClientSession, user: str, password: str) -> Op[None]:
    """Log in with the LOGIN command (RFC 9051 section 6.2.3). Raises AuthenticationFailed, NotSupported, CommandFailed, UsageError."""
    name, word = plain_text(user, "the user"), secret(password, "the password")
    if session.has("LOGINDISABLED"):
        raise NotSupported("LOGIN", "the server refuses passwords on this connection; use TLS")
    try:
        done = yield Login(name.encode("utf-8"), word.encode("utf-8"))
    except CommandFailed as error:
        raise _login_error(error) from None
    yield from _learn_capabilities(session, done)


@feature.op
def authenticate(session: ClientSession, exchange: ClientExchange) -> Op[None]:
    """Log in by a SASL mechanism (RFC 9051 section 6.2.2). Raises AuthenticationFailed, SaslError, CommandFailed, UsageError."""
    one_of(
        ClientExchange,
        exchange,
        "a login by SASL is a ClientExchange, as ClientExchange(PlainClient(credentials))",
    )
    initial = None
    if exchange.initial is not None and session.has("SASL-IR"):
        initial = exchange.initial
        exchange.initial_sent()
    failure: SaslError | None = None

    def respond(challenge: bytes) -> bytes:
        nonlocal failure
        try:
            return base64.b64encode(exchange.respond(base64.b64decode(challenge)))
        except (SaslError, binascii.Error) as error:
            failure = (
                error if isinstance(error, SaslError) else SaslError(f"the challenge is not base64: {error}")
            )
            return b"*"

    try:
        done = yield Exchange(Authenticate(exchange.mechanism.name, initial), respond)
    except CommandFailed as error:
        if failure is not None:
            raise failure from None
        raise _login_error(error) from None
    exchange.finish()
    yield from _learn_capabilities(session, done)
