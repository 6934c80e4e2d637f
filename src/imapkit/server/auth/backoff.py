"""Slowing down those who guess passwords, without ever locking out the owner.

- An *address* (IPv6: its /64) that fails waits longer and longer, and its attempts go one after the other. One that would have
  to wait too long is turned away at once (Busy), so that nobody collects waiting sessions.
- An *account* that is guessed from many addresses adds a delay of 2 s at most, and attempts do not queue behind
  each other: no number of strangers can keep the owner waiting longer than that.
- An address from which this very user logged in lately is *trusted* for that user: no account delay, no queue, and no delay at
  all until ten failures in a row; then one that grows like an address's.
- A local peer (loopback, a unix socket) is often a proxy or webmail that speaks for everybody: it has no address delay.

Unknown names are counted like known ones. A success does not pardon the address: an attacker may have an account too.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from imapkit.record import record
from imapkit.server.auth.lru import Lru
from imapkit.server.auth.pool import Busy

LOCAL = "local"
"""What stands for loopback addresses and for peers without one (unix sockets, pipes)."""


@record
class BackoffLimits:
    """Seconds, and numbers of failures."""

    address_free: int = 3
    address_first: float = 0.5
    address_most: float = 8.0
    account_free: int = 5
    account_first: float = 0.25
    account_most: float = 2.0
    longest_wait: float = 20.0
    forget_after: float = 900.0
    trust_for: float = 7 * 86_400.0
    trust_failures: int = 10
    capacity: int = 20_000


@dataclass(slots=True)
class _Tally:
    failures: int = 0
    last: float = 0.0
    next_free: float = 0.0


@dataclass(slots=True)
class _Trust:
    since: float
    failures: int = 0


class Backoff:
    def __init__(self, now: Callable[[], float], limits: BackoffLimits | None = None) -> None:
        self._now = now
        self._limits = limits or BackoffLimits()
        self._addresses: Lru[str, _Tally] = Lru(self._limits.capacity)
        self._accounts: Lru[str, _Tally] = Lru(self._limits.capacity)
        self._trusts: Lru[tuple[str, str], _Trust] = Lru(self._limits.capacity)

    def reserve(self, address: str, name: str) -> float:
        """Seconds this attempt has to wait. An address with failures behind it takes a turn; Busy if that is too far off."""
        limits, now = self._limits, self._now()
        key = address_key(address)
        trust = self._trust(key, name, now)
        if trust is not None:
            return _delay(trust.failures, limits.trust_failures, limits.address_first, limits.address_most)
        tally = self._tally(self._accounts, name, now)
        failures = tally.failures if tally else 0
        wait = _delay(failures, limits.account_free, limits.account_first, limits.account_most)
        return max(wait, 0.0 if key == LOCAL else self._address_turn(key, now))

    def failed(self, address: str, name: str) -> None:
        """Wrong name or password."""
        now, key = self._now(), address_key(address)
        self._count(self._accounts, name, now)
        tally = self._count(self._addresses, key, now)
        tally.next_free = max(tally.next_free, now + self._address_delay(tally))
        trust = self._trust(key, name, now)
        if trust is not None:
            trust.failures += 1

    def succeeded(self, address: str, name: str) -> None:
        """The right password for ``name``, which exists."""
        self._trusts.put((address_key(address), name), _Trust(self._now()))

    def _address_turn(self, key: str, now: float) -> float:
        tally = self._tally(self._addresses, key, now)
        if tally is None:
            return 0.0
        turn = max(now, tally.next_free)
        if turn - now > self._limits.longest_wait:
            raise Busy("too many failed logins from this address; try again later")
        tally.next_free = turn + self._address_delay(tally)
        return turn - now

    def _address_delay(self, tally: _Tally) -> float:
        limits = self._limits
        return _delay(tally.failures, limits.address_free, limits.address_first, limits.address_most)

    def _trust(self, key: str, name: str, now: float) -> _Trust | None:
        trust = self._trusts.get((key, name))
        return trust if trust is not None and now - trust.since < self._limits.trust_for else None

    def _tally(self, tallies: Lru[str, _Tally], key: str, now: float) -> _Tally | None:
        tally = tallies.get(key)
        if tally is None or now - tally.last > self._limits.forget_after:
            return None
        return tally

    def _count(self, tallies: Lru[str, _Tally], key: str, now: float) -> _Tally:
        tally = self._tally(tallies, key, now) or _Tally()
        tally.failures += 1
        tally.last = now
        tallies.put(key, tally)
        return tally


@lru_cache(1024)
def address_key(address: str) -> str:
    """What counts as one address: an IPv4 address, an IPv6 /64 (one customer has at least that), LOCAL, or other text as it is."""
    if not address:
        return LOCAL
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    if parsed.is_loopback:
        return LOCAL
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    return str(ipaddress.IPv6Network((parsed, 64), strict=False))


def _delay(failures: int, free: int, first: float, most: float) -> float:
    """Nothing for the first ``free`` failures, then doubling from ``first`` up to ``most``."""
    if failures <= free:
        return 0.0
    return min(most, first * float(2 ** min(failures - free - 1, 30)))
