"""How a session logs in: the authenticator's answers as IMAP's (RFC 9051 sections 6.2.2 and 6.2.3, RFC 5530).

The rule this file must not break: the answer does not tell a wrong user from a wrong password.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import Protocol

from ..errors import AuthenticationFailed, Bad, No, SaslError
from ..features.base import UNAVAILABLE
from ..ports.directory import UserRow
from ..protocol.codes import SimpleCode
from ..sasl import registry as sasl
from ..sasl.base import failed
from .auth import Authenticator, Busy

PRIVACY_REQUIRED = SimpleCode("PRIVACYREQUIRED")


class Door(Protocol):
    """The part of a session that a login needs."""

    @property
    def address(self) -> str: ...

    @property
    def private(self) -> bool:
        """Whether a password may travel here."""
        ...

    async def enter(self, user: UserRow) -> None:
        """Go on as ``user``. Raises No."""
        ...


def mechanisms(authenticator: Authenticator, *, private: bool) -> tuple[str, ...]:
    """The SASL mechanisms to announce."""
    return sasl.offered(tls=private, use_scram=authenticator.offers_scram)


class SessionLogin:
    """Implements ``ports.session.Login``."""

    __slots__ = ("_authenticator", "_door")

    def __init__(self, authenticator: Authenticator, door: Door) -> None:
        self._authenticator = authenticator
        self._door = door

    async def password(self, user: str, password: str) -> None:
        self._need_privacy()
        try:
            row = await self._authenticator.check_password(user, password, self._door.address)
        except Busy as error:
            raise No(str(error), UNAVAILABLE) from error
        if row is None:
            raise _refusal(failed())
        await self._door.enter(row)

    async def mechanism(
        self, name: str, initial: bytes | None, challenge: Callable[[bytes], Awaitable[bytes]]
    ) -> None:
        if name.upper() not in mechanisms(self._authenticator, private=self._door.private):
            self._need_privacy()
            raise No(f"the mechanism {name} is not offered here")
        chosen = sasl.server_mechanism(name, _nonce)
        try:
            row = await self._authenticator.login(chosen, initial, challenge, self._door.address)
        except AuthenticationFailed as error:
            raise _refusal(error) from error
        except SaslError as error:
            raise Bad(str(error)) from error
        except Busy as error:
            raise No(str(error), UNAVAILABLE) from error
        await self._door.enter(row)

    def _need_privacy(self) -> None:
        if not self._door.private:
            raise No("passwords are taken under TLS only: use STARTTLS or the imaps port", PRIVACY_REQUIRED)


def _nonce() -> str:
    return secrets.token_urlsafe(24)


def _refusal(error: AuthenticationFailed) -> No:
    return No(error.text, SimpleCode(error.code) if error.code else None)
