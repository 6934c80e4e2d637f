"""Which mechanisms there are, which one a client takes, and which ones a server offers.

The rule it must not break: a mechanism that sends the password is used and offered only on a protected channel, unless
the caller allowed it in as many words.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from imapkit.errors import SaslError
from imapkit.record import record
from imapkit.sasl import login, plain, scram
from imapkit.sasl.base import ChannelBinding, ClientMechanism, Credentials, ServerMechanism
from imapkit.sasl.login import LoginClient, LoginServer
from imapkit.sasl.plain import PlainClient, PlainServer
from imapkit.sasl.scram import ScramClient, ScramServer

Nonce = Callable[[], str]
"""Gives a fresh nonce each time: 18 random octets or more, as visible ASCII without a comma."""


@record
class Mechanism:
    """One row of the table. ``binds``: exists only with channel binding data. ``authzid``: can carry one."""

    name: str
    plaintext: bool
    binds: bool
    authzid: bool
    client: Callable[[Credentials, Nonce, ChannelBinding | None], ClientMechanism]
    server: Callable[[Nonce, ChannelBinding | None], ServerMechanism]


MECHANISMS: tuple[Mechanism, ...] = (
    Mechanism(
        scram.PLUS_NAME,
        plaintext=False,
        binds=True,
        authzid=True,
        client=lambda who, nonce, binding: ScramClient(who, nonce, binding, plus=True),
        server=lambda nonce, binding: ScramServer(nonce, binding, plus=True),
    ),
    Mechanism(scram.NAME, plaintext=False, binds=False, authzid=True, client=ScramClient, server=ScramServer),
    Mechanism(
        plain.NAME,
        plaintext=True,
        binds=False,
        authzid=True,
        client=lambda who, nonce, binding: PlainClient(who),
        server=lambda nonce, binding: PlainServer(),
    ),
    Mechanism(
        login.NAME,
        plaintext=True,
        binds=False,
        authzid=False,
        client=lambda who, nonce, binding: LoginClient(who),
        server=lambda nonce, binding: LoginServer(),
    ),
)
"""In the order a client prefers them."""


def choose(
    server_mechanisms: Iterable[str],
    credentials: Credentials,
    *,
    tls: bool,
    nonce: Nonce,
    binding: ChannelBinding | None = None,
    allow_plaintext: bool = False,
    tried: Collection[str] = (),
) -> ClientMechanism:
    """The best mechanism for these credentials among those the server names; SaslError if there is none.

    ``tried``: mechanisms not to take again. A server may know SCRAM keys of some users only, and cannot say of whom
    without telling which users exist: so over TLS a client may go on to the next one after a failure.
    """
    offered = {name.upper() for name in server_mechanisms}
    left = [known for known in MECHANISMS if known.name in offered and known.name not in tried]
    usable = [known for known in left if _fits(known, credentials, binding)]
    # Plain SCRAM with binding data says "the server seems unable to bind": a lie once -PLUS was offered.
    seen = None if scram.PLUS_NAME in offered else binding
    for known in usable:
        if not known.plaintext or tls or allow_plaintext:
            return known.client(credentials, nonce, binding if known.binds else seen)
    if usable:
        names = ", ".join(known.name for known in usable)
        raise SaslError(f"the server takes the password only in the clear ({names}), and there is no TLS")
    names = ", ".join(sorted(offered)) or "none"
    raise SaslError(f"no usable SASL mechanism; the server offers: {names}")


def _fits(known: Mechanism, credentials: Credentials, binding: ChannelBinding | None) -> bool:
    if known.binds and binding is None:
        return False
    return known.authzid or not credentials.authzid


def client_mechanism(
    name: str, credentials: Credentials, nonce: Nonce, binding: ChannelBinding | None = None
) -> ClientMechanism:
    """The mechanism that the user asked for by name. The caller looks at ``plaintext`` before using it."""
    return _named(name).client(credentials, nonce, binding)


def offered(
    *, tls: bool, allow_plaintext: bool = False, use_scram: bool = True, binding: ChannelBinding | None = None
) -> tuple[str, ...]:
    """The names that a server announces as ``AUTH=``."""
    return tuple(
        known.name
        for known in MECHANISMS
        if (binding is not None or not known.binds)
        and (tls or allow_plaintext or not known.plaintext)
        and (use_scram or known.plaintext)
    )


def server_mechanism(name: str, nonce: Nonce, binding: ChannelBinding | None = None) -> ServerMechanism:
    """The server side of ``name``. The caller has looked whether it is among those ``offered``."""
    return _named(name).server(nonce, binding)


def _named(name: str) -> Mechanism:
    for known in MECHANISMS:
        if known.name == name.upper():
            return known
    raise SaslError(f"unknown SASL mechanism {name}")
