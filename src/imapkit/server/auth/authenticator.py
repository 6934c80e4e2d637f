"""Who is this? The one place where the server decides about a password or a SASL exchange.

Rules it must not break:
- One failure: a wrong name, a wrong password, a disabled user, a password that cannot exist have the same answer, the same
  work (one hash) and the same delays.
- The user's row is read at each login and once more after the hash, so passwd, disable and delete bite at once.
- Hashes run off the loop, one a core; when too many wait, Busy says so and nothing grows.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from imapkit.errors import AuthenticationFailed, SaslError, UsageError
from imapkit.ports.directory import Directory, UserRow, user_name
from imapkit.sasl.base import (
    Answer,
    Authenticated,
    Challenge,
    CheckPassword,
    ScramKeys,
    ServerMechanism,
    failed,
)
from imapkit.server.auth.backoff import Backoff, BackoffLimits
from imapkit.server.auth.cache import VerifiedCache
from imapkit.server.auth.clock import Clock, SystemClock
from imapkit.server.auth.hashing import SALT_OCTETS, SCRAM_ITERATIONS, Hasher, prepare_presented
from imapkit.server.auth.pool import HashPool
from imapkit.server.cores import cores

QUEUE = 100


@dataclass(slots=True)
class _Check:
    """One hash, and how many logins wait for it."""

    hashing: asyncio.Future[bool]
    waiting: int = 0


class Authenticator:
    """One per worker process. Make it at the start: it hashes once, for the users that do not exist."""

    def __init__(
        self,
        directory: Directory,
        clock: Clock | None = None,
        workers: int | None = None,
        *,
        queue: int = QUEUE,
        hasher: Hasher | None = None,
        limits: BackoffLimits | None = None,
    ) -> None:
        self._directory = directory
        self._clock = clock or SystemClock()
        self._hasher = hasher or Hasher()
        self._dummy = self._hasher.dummy()
        self._pool = HashPool(workers or cores(), queue)
        self._cache = VerifiedCache(secrets.token_bytes(32), self._clock.now)
        self._backoff = Backoff(self._clock.now, limits)
        self._secret = directory.secret()
        self._checks: dict[bytes, _Check] = {}
        """Passwords that are hashed at the moment, by the digest of row and password."""

    def close(self) -> None:
        """Wait for the hashes that run. The directory stays the caller's."""
        self._pool.close()

    @property
    def offers_scram(self) -> bool:
        """Whether to announce SCRAM: not before a user has keys, for clients that see it try nothing else."""
        return self._directory.has_scram()

    async def check_password(self, name: str, password: str, address: str) -> UserRow | None:
        """The user's row if this is the password, else None. Raises Busy, and StoreError if the directory fails."""
        normal = _normal(name)
        await self._take_turn(address, normal)
        row = await self._verify(normal, password)
        self._record(address, normal, row is not None)
        return row

    async def scram(self, name: str) -> ScramKeys:
        """The keys to go on with. For those who have none: steady salt and rounds, and keys that nothing fits."""
        normal = _normal(name)
        row = self._directory.find(normal)
        if row is None or row.scram is None:
            salt = self._derive(b"salt", normal)[:SALT_OCTETS]
            return self._unmatchable(normal, salt, SCRAM_ITERATIONS)
        if row.disabled:
            return self._unmatchable(normal, row.scram.salt, row.scram.iterations)
        return row.scram

    async def login(
        self,
        mechanism: ServerMechanism,
        initial: bytes | None,
        ask: Callable[[bytes], Awaitable[bytes]],
        address: str,
    ) -> UserRow:
        """Run a whole SASL exchange. ``ask`` sends a challenge and returns the response, both decoded.

        Raises AuthenticationFailed (``code`` tells NO's response code), SaslError for a malformed message, Busy, and
        whatever ``ask`` raises (a cancelled exchange, a lost connection).
        """
        steps = mechanism.exchange(initial)
        row: UserRow | None = None
        keys: ScramKeys | None = None
        user = ""
        try:
            request = next(steps)
            while True:
                answer: Answer
                if isinstance(request, Challenge):
                    answer = await ask(request.data)
                elif isinstance(request, CheckPassword):
                    row = await self.check_password(request.authcid, request.password, address)
                    answer = row is not None
                else:
                    user = _normal(request.user)
                    await self._take_turn(address, user)
                    answer = keys = await self.scram(user)
                request = steps.send(answer)
        except StopIteration as end:
            proven: Authenticated = end.value
        except (AuthenticationFailed, SaslError):
            if keys is not None:
                self._record(address, user, False)
            raise
        finally:
            steps.close()
        if keys is not None:
            row = self._still_valid(user, keys)
            self._record(address, user, row is not None)
        return _authorize(row, proven)

    async def _take_turn(self, address: str, name: str) -> None:
        wait = self._backoff.reserve(address, name)
        if wait > 0:
            await self._clock.sleep(wait)

    def _record(self, address: str, name: str, success: bool) -> None:
        if success:
            self._backoff.succeeded(address, name)
        else:
            self._backoff.failed(address, name)

    async def _verify(self, name: str, password: str) -> UserRow | None:
        row = self._directory.find(name)
        prepared = prepare_presented(password)
        if row is not None and not row.disabled and prepared and self._cache.knows(row, prepared):
            return row
        # The same work for all: whoever cannot log in gets a hash checked that nothing fits.
        if row is None or not prepared:
            password_hash = self._dummy if row is None else row.password
            right = await self._pool.run(self._hasher.verify, password_hash, prepared or "")
        else:
            right = await self._checked_once(row, prepared)
        now = self._directory.find(name)
        if not right or not prepared or row is None or now is None:
            return None
        if now.disabled or now.version != row.version:
            return None
        self._cache.remember(now, prepared)
        return now

    async def _checked_once(self, row: UserRow, prepared: str) -> bool:
        """Whether it is the password. Mail programs open several connections at once, which wait for one hash together."""
        key = self._cache.digest(row, prepared)
        check = self._checks.get(key)
        if check is None:
            hashing = self._pool.run(self._hasher.verify, row.password, prepared)
            check = self._checks[key] = _Check(asyncio.ensure_future(hashing))
        check.waiting += 1
        try:
            return await asyncio.shield(check.hashing)
        finally:
            check.waiting -= 1
            if not check.waiting:
                check.hashing.cancel()  # nobody wants to know any more, unless it is done
                if self._checks.get(key) is check:
                    del self._checks[key]

    def _still_valid(self, name: str, keys: ScramKeys) -> UserRow | None:
        """The row after a SCRAM exchange, if it still holds the keys that the exchange began with."""
        row = self._directory.find(name)
        if row is None or row.disabled or row.scram is None:
            return None
        return row if hmac.compare_digest(row.scram.stored_key, keys.stored_key) else None

    def _unmatchable(self, name: str, salt: bytes, iterations: int) -> ScramKeys:
        return ScramKeys(salt, iterations, self._derive(b"stored", name), self._derive(b"server", name))

    def _derive(self, purpose: bytes, name: str) -> bytes:
        return hmac.digest(self._secret, purpose + b"\0" + name.encode("utf-8", "surrogatepass"), "sha256")


def _normal(name: str) -> str:
    """The normal form, or for what cannot be a user name one stand-in: such names share a delay, and are never found."""
    try:
        return user_name(name)
    except UsageError:
        return ""


def _authorize(row: UserRow | None, proven: Authenticated) -> UserRow:
    """Everybody may act as himself; acting for others is not offered."""
    if row is None:
        raise failed()
    if proven.authzid and _normal(proven.authzid) != row.name:
        raise AuthenticationFailed("you may not act for that user", "AUTHORIZATIONFAILED")
    return row
