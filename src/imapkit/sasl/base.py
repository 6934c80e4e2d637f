"""SASL (RFC 4422): what both roles of every mechanism have in common.

Both roles are plain generators, so the same mechanism serves sync, async and tests.

Client: ``ClientMechanism.exchange()`` yields responses and receives challenges. Its *first* yield is the initial
response where ``client_first`` is true; where it is false, the first yield is ``b""``, stands for "waiting for
the first challenge" and is never sent. ``ClientExchange`` keeps these rules for the caller. A tagged OK counts only
when ``complete`` is true: a server that did not prove itself where the mechanism demands it is an impostor.

Server: ``ServerMechanism.exchange(initial)`` yields requests (``Challenge``, ``CheckPassword``, ``FindScram``), receives
the answers (``bytes``, ``bool``, ``ScramKeys``), returns ``Authenticated``. It raises ``SaslError`` for a message that
breaks the mechanism's grammar and ``AuthenticationFailed`` for one that is well-formed and wrong. ``initial`` is None
when the client sent no initial response (RFC 4959) and ``b""`` when it sent an empty one (``=`` on the wire).
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Protocol, TypeAlias

from imapkit.errors import AuthenticationFailed, SaslError
from imapkit.record import record

MAX_MESSAGE = 65_536
"""Octets of one decoded challenge or response, either way."""


@record
class Credentials:
    """What a client logs in with. ``authzid`` is empty unless it wants to act as somebody else."""

    username: str
    password: str
    authzid: str = ""

    def __repr__(self) -> str:
        return f"Credentials(username={self.username!r}, password=…, authzid={self.authzid!r})"


@record
class ChannelBinding:
    """Proof of which TLS channel this is (RFC 5056): its type, such as ``tls-server-end-point``, and its data."""

    kind: str
    data: bytes


@record
class ScramKeys:
    """What a server keeps of a password for SCRAM (RFC 5802 section 3): enough to check it, not to know it."""

    salt: bytes
    iterations: int
    stored_key: bytes
    server_key: bytes

    def __repr__(self) -> str:
        return f"ScramKeys(iterations={self.iterations}, …)"


@record
class Challenge:
    """Send ``data`` to the client; the answer is its response, decoded (``bytes``)."""

    data: bytes


@record
class CheckPassword:
    """Is this the password of ``authcid``? The answer is a ``bool``. Nothing is prepared or normalised yet."""

    authcid: str
    password: str
    authzid: str

    def __repr__(self) -> str:
        return f"CheckPassword(authcid={self.authcid!r}, password=…, authzid={self.authzid!r})"


@record
class FindScram:
    """The answer is the ``ScramKeys`` of ``user``; for an unknown user, keys that no password fits."""

    user: str


@record
class Authenticated:
    """Who proved to be whom, and who that one wants to act as (empty: itself). Whether it may is not decided here."""

    authcid: str
    authzid: str


Request: TypeAlias = Challenge | CheckPassword | FindScram
Answer: TypeAlias = bytes | bool | ScramKeys
ServerSteps: TypeAlias = Generator[Request, Answer, Authenticated]
ClientSteps: TypeAlias = Generator[bytes, bytes, None]


class ClientMechanism(Protocol):
    """One client side exchange; an object serves one login."""

    @property
    def name(self) -> str: ...

    @property
    def client_first(self) -> bool:
        """Whether the client speaks first, so that an initial response exists."""

    @property
    def plaintext(self) -> bool:
        """Whether the password itself crosses the wire: never without TLS."""

    @property
    def complete(self) -> bool:
        """Whether a tagged OK would be believable now."""

    @property
    def server_error(self) -> str:
        """Why the server said it will refuse, where the mechanism can carry that; else empty."""

    def exchange(self) -> ClientSteps: ...


class ServerMechanism(Protocol):
    """One mechanism of a server; an object serves one login."""

    @property
    def name(self) -> str: ...

    def exchange(self, initial: bytes | None) -> ServerSteps: ...


class ClientExchange:
    """Drives a client mechanism: ``initial``, then ``respond`` to each challenge, then ``finish`` at the tagged OK."""

    def __init__(self, mechanism: ClientMechanism) -> None:
        self.mechanism = mechanism
        self._steps = mechanism.exchange()
        first = next(self._steps)
        self._pending: bytes | None = first if mechanism.client_first else None

    @property
    def initial(self) -> bytes | None:
        """The initial response, for SASL-IR; None where the server speaks first."""
        return self._pending

    def initial_sent(self) -> None:
        """Tell that ``initial`` went out with the command."""
        self._pending = None

    def respond(self, challenge: bytes) -> bytes:
        """The response to ``challenge``. If it raises, cancel the exchange with ``*`` (RFC 9051 section 6.2.2)."""
        if self._pending is not None:
            if challenge:
                raise SaslError(
                    f"{self.mechanism.name}: the server sent a challenge before the client's first message"
                )
            response, self._pending = self._pending, None
            return response
        try:
            return self._steps.send(bounded(challenge))
        except StopIteration:
            raise SaslError(f"{self.mechanism.name}: the server sent one challenge too many") from None

    def finish(self) -> None:
        """At the tagged OK: raise if the server has not yet done all that the mechanism asks of it."""
        self._steps.close()
        if not self.mechanism.complete:
            why = self.mechanism.server_error or "the server did not prove that it knows the password"
            raise SaslError(f"{self.mechanism.name}: the login is not to be trusted: {why}")


def bounded(message: bytes) -> bytes:
    """``message``, unless it is over the limit."""
    if len(message) > MAX_MESSAGE:
        raise SaslError(f"a SASL message of {len(message)} octets is over the limit of {MAX_MESSAGE}")
    return message


def failed() -> AuthenticationFailed:
    """The one answer to a wrong name, a wrong password and a disabled account: nobody can tell them apart."""
    return AuthenticationFailed("authentication failed", "AUTHENTICATIONFAILED")


def ask(data: bytes) -> Generator[Request, Answer, bytes]:
    """Server: send a challenge, return the response."""
    answer = yield Challenge(data)
    if not isinstance(answer, bytes):
        raise TypeError(f"a Challenge is answered by bytes, not {type(answer).__name__}")
    return bounded(answer)


def first_message(initial: bytes | None) -> Generator[Request, Answer, bytes]:
    """Server: the client's first message, asked for with an empty challenge unless it came with the command."""
    if initial is None:
        return (yield from ask(b""))
    return bounded(initial)


def check_password(authcid: str, password: str, authzid: str) -> ServerSteps:
    """Server: have a password checked; the last step of each plaintext mechanism."""
    answer = yield CheckPassword(authcid, password, authzid)
    if not isinstance(answer, bool):
        raise TypeError(f"a CheckPassword is answered by bool, not {type(answer).__name__}")
    if not answer:
        raise failed()
    return Authenticated(authcid, authzid)


def find_scram(user: str) -> Generator[Request, Answer, ScramKeys]:
    """Server: look up the keys of ``user``."""
    answer = yield FindScram(user)
    if not isinstance(answer, ScramKeys):
        raise TypeError(f"a FindScram is answered by ScramKeys, not {type(answer).__name__}")
    return answer


def encode_utf8(text: str, what: str) -> bytes:
    """``text`` as UTF-8, refusing what no mechanism can carry: nothing at all, a NUL, half a surrogate pair."""
    if not text:
        raise SaslError(f"the {what} is empty")
    if "\0" in text:
        raise SaslError(f"the {what} contains a NUL character")
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise SaslError(f"the {what} contains a lone surrogate and has no UTF-8 form") from None


def decode_utf8(data: bytes, what: str) -> str:
    """``data`` as text; the error never shows the data, which may be a password."""
    if not data:
        raise SaslError(f"the {what} is empty")
    if b"\0" in data:
        raise SaslError(f"the {what} contains a NUL character")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise SaslError(f"the {what} is not UTF-8") from None
