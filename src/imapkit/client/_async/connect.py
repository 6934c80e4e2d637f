"""From a URL to a session that is logged in (RFC 8314, RFC 9051 sections 6.2 and 11).

The rules this file must not break: certificates are verified; no password crosses a channel that others can read, unless the
caller allowed it in as many words; what the server said before TLS is not believed.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ...errors import (
    AuthenticationFailed,
    CommandBad,
    CommandFailed,
    ImapError,
    NotSupported,
    ProtocolError,
    SaslError,
    UsageError,
)
from ...features.auth import authenticate, login, starttls
from ...features.base import capability
from ...features.id import id as exchange_identities
from ...protocol.given import fields, plain_text, seconds, secret, words
from ...protocol.states import State
from ...sasl.base import ClientExchange, ClientMechanism, Credentials
from ...sasl.registry import choose
from ..backends.base import Target
from ..tls import default_context
from ..url import Address, parse_url
from .client import AsyncClient
from .connection import AsyncConnection

if TYPE_CHECKING:
    import ssl

IDENTITY: Final[Mapping[str, str | None]] = {"name": "imapkit"}
"""What servers that ask for ID are told."""

_ANOTHER_WAY: Final = ("CANNOT",)
"""With these codes a server refuses the mechanism, not the password (RFC 5530)."""


async def connect_async(
    url: str = "",
    *,
    user: str | None = None,
    password: str | None = None,
    tls: bool | None = None,
    cafile: str | Path | None = None,
    ssl_context: ssl.SSLContext | None = None,
    allow_plaintext: bool = False,
    command: Sequence[str] | None = None,
    timeout: float | None = 60.0,
    connect_timeout: float | None = 30.0,
    identity: Mapping[str, str | None] | None = IDENTITY,
) -> AsyncClient:
    """Connect and log in.

    ``url``: ``imaps://user@host`` (TLS from the first octet), ``imap://user@host`` (TLS by STARTTLS), ``unix:/path``; or
    ``command``: a program that speaks IMAP on its standard input and output. ``user`` goes before the one in the URL. Without a user
    nobody is logged in.

    ``allow_plaintext``: the password may travel without TLS; ``imap://`` then begins none, unless the server disables logins without.
    ``tls``: True, insist on TLS; False, with ``imap://`` and ``allow_plaintext``, never. ``cafile``: authorities to trust instead of
    the system's; ``ssl_context``, in its place, replaces all defaults. ``timeout``: seconds without an octet until the server counts
    as dead; None: for ever.

    Raises ConnectFailed, TlsFailed, ConnectionTimeout, NotAnImapServer, AuthenticationFailed, NotSupported, ConnectionLost, UsageError.
    """
    silence, patience = seconds(timeout, "timeout"), seconds(connect_timeout, "connect_timeout")
    if command is not None:
        address = Address(Target(command=words(command, "command")), tls=False)
    else:
        address = parse_url(url)
    name = plain_text(user, "the user") if user is not None else address.user
    if password is not None:
        secret(password, "the password")
        if name is None:
            raise UsageError("a password needs a user: imaps://user@host, or user=…")
    if identity is not None:
        identity = fields(identity, "identity")
    _check_tls(address, tls, cafile, ssl_context)
    context = ssl_context
    if context is None and (cafile is not None or address.tls):
        context = default_context(cafile)
    private = address.target.unix is not None or address.target.command is not None
    connection = await AsyncConnection.open(
        address.target, context=context, tls=address.tls, connect_timeout=patience, timeout=silence
    )
    try:
        if not address.tls and not private:
            await _protect(connection, _wish(tls, allow_plaintext, context is not None), password is not None)
        await _know_capabilities(connection)
        if connection.state is State.NOT_AUTHENTICATED and name is not None:
            if password is None:
                raise UsageError(f"no password for {name}")
            await _log_in(connection, Credentials(name, password), allow_plaintext or private)
        await _introduce(connection, identity)
    except BaseException:
        await connection.close()
        raise
    return AsyncClient(connection)


def _check_tls(
    address: Address, tls: bool | None, cafile: str | Path | None, ssl_context: ssl.SSLContext | None
) -> None:
    """Raises UsageError for wishes that contradict each other: none is passed over in silence."""
    import ssl

    if ssl_context is not None and not isinstance(ssl_context, ssl.SSLContext):
        raise UsageError(f"ssl_context is an ssl.SSLContext, not {ssl_context!r}")
    if ssl_context is not None and cafile is not None:
        raise UsageError("cafile goes into the ssl_context: context.load_verify_locations(cafile)")
    if tls is False and address.tls:
        raise UsageError(
            "imaps:// begins with TLS: for a connection without it, imap:// and allow_plaintext=True"
        )
    if tls is False and (cafile is not None or ssl_context is not None):
        raise UsageError("tls=False begins no TLS, and cafile and ssl_context are for one")


def _wish(tls: bool | None, allow_plaintext: bool, has_context: bool) -> str:
    """What of STARTTLS: "must", "should", "may", "last" (where the server takes no password otherwise) or "no"."""
    if tls is False:
        return "no"
    if tls:
        return "must"
    if not allow_plaintext:
        return "should"
    return "may" if has_context else "last"


async def _protect(connection: AsyncConnection, wish: str, password: bool) -> None:
    """STARTTLS, strictly: no way back to plain text by a server, or by somebody in between."""
    if wish == "no":
        return
    if connection.state is not State.NOT_AUTHENTICATED:
        if wish in ("may", "last"):
            return
        raise ProtocolError("the greeting is PREAUTH, which leaves no room for the STARTTLS that is required")
    await _know_capabilities(connection)
    if connection.has("STARTTLS") and (wish != "last" or connection.has("LOGINDISABLED")):
        await connection.run(starttls(connection))
        return
    if wish == "must" or (wish == "should" and password):
        raise NotSupported(
            "STARTTLS", "and the password is not sent in the clear; allow_plaintext=True allows it"
        )


async def _know_capabilities(connection: AsyncConnection) -> None:
    if not connection.capabilities:
        words = await connection.run(capability())
        connection.capabilities = frozenset(word.upper() for word in words)


def _nonce() -> str:
    return secrets.token_urlsafe(18)


async def _log_in(connection: AsyncConnection, who: Credentials, allow_plaintext: bool) -> None:
    """The best mechanism first. A server may know SCRAM keys of some users only, so after it one that sends the password is tried."""
    offered = [word.removeprefix("AUTH=") for word in connection.capabilities if word.startswith("AUTH=")]
    protected = connection.tls or allow_plaintext
    tried: list[str] = []
    failure: ImapError | None = None
    while True:
        try:
            mechanism: ClientMechanism = choose(
                offered, who, tls=connection.tls, nonce=_nonce, allow_plaintext=allow_plaintext, tried=tried
            )
        except SaslError as error:
            failure = failure or error
            break
        try:
            await connection.run(authenticate(connection, ClientExchange(mechanism)))
        except AuthenticationFailed as error:
            if mechanism.plaintext and error.code not in _ANOTHER_WAY:
                raise
            failure = error
        except CommandBad as error:
            failure = error  # announced, and not understood
        else:
            return
        tried.append(mechanism.name)
    if connection.has("LOGINDISABLED") or not protected:
        raise failure if not isinstance(failure, SaslError) else NotSupported("a login", str(failure))
    await connection.run(login(connection, who.username, who.password))


async def _introduce(connection: AsyncConnection, identity: Mapping[str, str | None] | None) -> None:
    """Some providers refuse to open mailboxes before ID; none needs to answer it."""
    if identity is None or not connection.has("ID"):
        return
    try:
        await connection.run(exchange_identities(connection, identity))
    except CommandFailed:
        pass  # a courtesy
