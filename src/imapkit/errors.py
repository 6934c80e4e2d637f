"""Every exception of the package, in one tree.

    ImapError
    ├── ProtocolError            bytes that break the protocol
    │   ├── ParseError           … at an offset, where something else was expected
    │   └── LimitExceeded        … or larger than a limit allows
    ├── CommandFailed            the server's tagged answer was not OK
    │   ├── CommandNo            NO: the command was understood and refused
    │   │   ├── AuthenticationFailed     any NO to a login; [AUTHENTICATIONFAILED] [AUTHORIZATIONFAILED] [EXPIRED]
    │   │   │   ├── LoginUnavailable         … that may go well later, also an Unavailable
    │   │   │   └── LoginNeedsPrivacy        … that wants TLS first, also a PrivacyRequired
    │   │   ├── PrivacyRequired          [PRIVACYREQUIRED]
    │   │   ├── NoSuchMailbox            [NONEXISTENT] [TRYCREATE]
    │   │   ├── MailboxExists            [ALREADYEXISTS]
    │   │   ├── OverQuota                [OVERQUOTA]
    │   │   ├── TooBig                   [TOOBIG]
    │   │   ├── LimitReached             [LIMIT]
    │   │   ├── PermissionDenied         [NOPERM]
    │   │   ├── NotAllowed               [CANNOT] [CLIENTBUG]
    │   │   ├── InUse                    [INUSE]
    │   │   ├── Unavailable              [UNAVAILABLE] [SERVERBUG] [CONTACTADMIN]
    │   │   ├── BadCharset               [BADCHARSET]
    │   │   └── UnknownCte               [UNKNOWN-CTE]
    │   └── CommandBad           BAD: the server did not understand the command
    ├── ConnectionLost           the connection ended, with the BYE that announced it if there was one
    │   ├── ConnectFailed        … before there was one: name look-up, refused, unreachable
    │   ├── TlsFailed            … certificate or handshake
    │   └── ConnectionTimeout    … nothing came within the deadline
    ├── NotAnImapServer          the greeting was not IMAP
    ├── NotSupported             the server lacks a capability that the call needs
    ├── Incomplete               content that was read in pieces is not whole
    ├── UnknownOutcome           a step was cut off after its last byte was sent; ``done`` lists the steps that are certain
    ├── SaslError                a SASL exchange went wrong on our side or the server's
    ├── StoreError               a mail store could not do its work
    │   ├── StoreFull            … no space left
    │   ├── StoreBroken          … damaged or unreadable
    │   ├── AccountGone          … the account was taken from those who have it open
    │   ├── MailboxMissing       … there is no mailbox of that name
    │   ├── MailboxTaken         … there is one already
    │   ├── TooManyKeywords      … the mailbox has all the keywords it can have
    │   ├── StoreTooNew          … written by a newer version
    │   ├── UserExists           a user of that name is there already
    │   └── NoSuchUser           … or is not there
    └── UsageError               the caller's arguments make no sense (also a ValueError)

Server handlers raise ``No`` and ``Bad`` (below): they become the tagged answer and never reach a client's caller.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import ClassVar


@dataclass(slots=True)
class Partial:
    """What is certain of a change in several parts that failed in the middle."""

    uids: list[int]
    """All was done for these messages."""
    pairs: dict[int, int]
    """UIDs in the mailbox that messages went to, by those they had; as far as the server told."""
    begun: list[int]
    """These were under way: ``steps`` were done for them, and nothing else is certain."""
    steps: list[str]

    def __str__(self) -> str:
        whole = f"{len(self.uids)} message{'' if len(self.uids) == 1 else 's'}" if self.uids else ""
        steps = ", ".join(self.steps)
        return f"{whole}, and {steps} of {len(self.begun)} more" if whole and steps else whole or steps


class ImapError(Exception):
    """The root of all errors that imapkit raises on purpose. ``partial``: what a change in several parts did before it failed."""

    partial: Partial | None = None


class ProtocolError(ImapError):
    """The peer's bytes break the protocol."""


class ParseError(ProtocolError):
    """``expected`` was wanted at byte ``offset`` of the frame."""

    def __init__(self, offset: int, expected: str, found: bytes = b"") -> None:
        shown = repr(found[:24])[1:] if found else "the end"
        super().__init__(f"expected {expected} at offset {offset}, found {shown}")
        self.offset = offset
        self.expected = expected
        self.found = found


class LimitExceeded(ProtocolError):
    """Something the peer chose is larger than ``limit`` (octets, depth or count, by ``kind``)."""

    def __init__(self, kind: str, limit: int, size: int) -> None:
        super().__init__(f"{kind} of {size} is over the limit of {limit}")
        self.kind = kind
        self.limit = limit
        self.size = size


class CommandFailed(ImapError):
    """A tagged NO or BAD. ``code`` is the response code's name (``"OVERQUOTA"``) or None; ``text`` the server's words."""

    codes: ClassVar[tuple[str, ...]] = ()
    """Response codes that a subclass stands for; the feature that declares one says so (``Feature.error``)."""

    def __init__(self, text: str, code: str | None = None, command: str = "", *, detail: str = "") -> None:
        shown = f"[{code}{f' {detail}' if detail else ''}] {text}" if code else text
        super().__init__(f"{command}: {shown}" if command else shown)
        self.text = text
        self.code = code
        self.command = command
        self.detail = detail
        """What stands behind the name of a code that nobody knows, as the address in [WEBALERT https://…]."""
        self.data: list[object] = []
        """The untagged data that came before the answer, as records."""


class CommandNo(CommandFailed):
    """NO: understood, and refused."""


class CommandBad(CommandFailed):
    """BAD: not understood."""


class AuthenticationFailed(CommandNo):
    codes: ClassVar[tuple[str, ...]] = ("AUTHENTICATIONFAILED", "AUTHORIZATIONFAILED", "EXPIRED")


class PrivacyRequired(CommandNo):
    codes: ClassVar[tuple[str, ...]] = ("PRIVACYREQUIRED",)


class NoSuchMailbox(CommandNo):
    codes = ("NONEXISTENT", "TRYCREATE")


class MailboxExists(CommandNo):
    codes = ("ALREADYEXISTS",)


class OverQuota(CommandNo):
    codes = ("OVERQUOTA",)


class TooBig(CommandNo):
    codes = ("TOOBIG",)


class LimitReached(CommandNo):
    codes = ("LIMIT",)


class PermissionDenied(CommandNo):
    codes = ("NOPERM",)


class NotAllowed(CommandNo):
    codes = ("CANNOT", "CLIENTBUG")


class InUse(CommandNo):
    codes = ("INUSE",)


class Unavailable(CommandNo):
    codes: ClassVar[tuple[str, ...]] = ("UNAVAILABLE", "SERVERBUG", "CONTACTADMIN")


class LoginUnavailable(AuthenticationFailed, Unavailable):
    """A login was refused for a reason that has nothing to do with the password."""

    codes = ()


class LoginNeedsPrivacy(AuthenticationFailed, PrivacyRequired):
    """A login was refused because others could read the password."""

    codes = ()


class BadCharset(CommandNo):
    codes = ("BADCHARSET",)


class UnknownCte(CommandNo):
    codes = ("UNKNOWN-CTE",)


class ConnectionLost(ImapError):
    """The connection ended. ``bye`` is the text of the server's BYE, if one came."""

    def __init__(self, text: str, bye: str | None = None) -> None:
        super().__init__(f"{text}: {bye}" if bye else text)
        self.bye = bye


class ConnectFailed(ConnectionLost):
    """No connection could be made."""


class TlsFailed(ConnectionLost):
    """The TLS handshake or the certificate check failed."""


class ConnectionTimeout(ConnectionLost):
    """Nothing came within the deadline."""


class NotAnImapServer(ImapError):
    """The greeting was not one of OK, PREAUTH and BYE. ``text`` is what came."""

    def __init__(self, text: str) -> None:
        super().__init__(f"not an IMAP server: {text}")
        self.text = text


class NotSupported(ImapError):
    """The server does not announce ``capability``."""

    def __init__(self, capability: str, why: str) -> None:
        super().__init__(f"the server does not offer {capability}: {why}")
        self.capability = capability


class UnknownOutcome(ImapError):
    """A command was cut off after its last byte was sent: it may have run. ``done`` names the steps that surely did."""

    def __init__(self, command: str, done: Sequence[str] = ()) -> None:
        after = f" (done before: {', '.join(done)})" if done else ""
        super().__init__(f"{command} was cut off after it was sent; the server may have run it{after}")
        self.command = command
        self.done = tuple(done)


class Incomplete(ImapError):
    """Content that was read in pieces is not whole. ``received`` octets came, ``announced`` of them were (None: not known)."""

    def __init__(self, text: str, received: int, announced: int | None = None) -> None:
        super().__init__(text)
        self.received = received
        self.announced = announced


class SaslError(ImapError):
    """A SASL exchange failed: malformed message, wrong signature, no common mechanism."""


class StoreError(ImapError):
    """A mail store could not do its work."""


class StoreFull(StoreError):
    """No space left where the store lives."""


class StoreBroken(StoreError):
    """The store is damaged or cannot be read or written."""


class AccountGone(StoreError):
    """The account was taken from those who have it open (repaired, deleted, …): what they know of it holds no more, and they begin anew."""

    def __init__(self) -> None:
        super().__init__("the account was taken away meanwhile")


class StoreTooNew(StoreError):
    """The store was written by a newer version of imapkit."""


class MailboxMissing(StoreError):
    """There is no mailbox of that name."""


class MailboxTaken(StoreError):
    """There is a mailbox of that name already."""


class TooManyKeywords(StoreError):
    """The mailbox has all the keywords it can have."""


class UserExists(StoreError):
    """The directory has a user of that name already."""


class NoSuchUser(StoreError):
    """The directory has no user of that name."""


class UsageError(ImapError, ValueError):
    """The caller's arguments make no sense."""


class No(Exception):
    """Raised by a server handler: answer ``NO [code] text``. ``code`` is a response code record (protocol.codes) or None."""

    def __init__(self, text: str, code: object = None) -> None:
        super().__init__(text)
        self.text = text
        self.code = code


class Bad(Exception):
    """Raised by a server handler: answer ``BAD [code] text``."""

    def __init__(self, text: str, code: object = None) -> None:
        super().__init__(text)
        self.text = text
        self.code = code
