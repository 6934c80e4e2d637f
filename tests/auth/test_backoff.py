"""Delays: they grow for an address that fails, stay small for an account, and never lock out the owner."""

from __future__ import annotations

import pytest

from imapkit.server.auth.backoff import Backoff, BackoffLimits, address_key
from imapkit.server.auth.pool import Busy
from tests.auth.support import FakeClock

ATTACKER, HOME, ELSEWHERE = "192.0.2.66", "198.51.100.1", "203.0.113.5"


def make() -> tuple[Backoff, FakeClock]:
    clock = FakeClock()
    return Backoff(clock.now), clock


def guess(backoff: Backoff, clock: FakeClock, address: str = ATTACKER, name: str = "ann") -> float:
    wait = backoff.reserve(address, name)
    clock.advance(wait)
    backoff.failed(address, name)
    return wait


def test_the_first_mistakes_are_free_then_waits_grow_to_a_cap() -> None:
    backoff, clock = make()
    waits = [guess(backoff, clock, name=f"user{n}") for n in range(12)]
    assert waits[:4] == [0, 0, 0, 0]
    assert waits[4:] == sorted(waits[4:]) and waits[4] == 0.5
    assert waits[-1] == 8.0


def test_attempts_of_one_address_go_one_after_the_other() -> None:
    backoff, clock = make()
    for n in range(12):
        guess(backoff, clock, name=f"user{n}")
    waits = []
    with pytest.raises(Busy):
        while True:
            waits.append(backoff.reserve(ATTACKER, "bob"))
    assert waits == [8.0, 16.0]
    assert backoff.reserve(HOME, "bob") == 0


def test_a_guessed_account_costs_a_stranger_two_seconds_at_most() -> None:
    backoff, clock = make()
    for n in range(200):
        guess(backoff, clock, address=f"10.0.{n // 250}.{n % 250}")
    waits = [backoff.reserve(ELSEWHERE, "ann") for _ in range(100)]
    assert set(waits) == {2.0}
    assert backoff.reserve(ELSEWHERE, "bob") == 0


def test_the_owner_at_a_known_address_never_waits_for_the_account() -> None:
    backoff, clock = make()
    backoff.succeeded(HOME, "ann")
    for n in range(200):
        guess(backoff, clock, address=f"10.0.0.{n}")
    assert backoff.reserve(HOME, "ann") == 0
    clock.advance(6 * 86_400)
    assert backoff.reserve(HOME, "ann") == 0


def test_the_owner_behind_the_attackers_address() -> None:
    backoff, clock = make()
    backoff.succeeded(HOME, "ann")
    for n in range(30):
        guess(backoff, clock, address=HOME, name=f"user{n}")
    assert backoff.reserve(HOME, "ann") == 0
    assert backoff.reserve(HOME, "bob") > 0


def test_trust_is_no_licence_to_guess() -> None:
    backoff, clock = make()
    backoff.succeeded(HOME, "ann")
    waits = [guess(backoff, clock, address=HOME) for _ in range(16)]
    assert waits[:11] == [0.0] * 11
    assert waits[11:] == [0.5, 1.0, 2.0, 4.0, 8.0]
    # An attacker beside the owner can slow the owner down, never turn him away.
    assert [backoff.reserve(HOME, "ann") for _ in range(50)] == [8.0] * 50
    clock.advance(30)
    backoff.succeeded(HOME, "ann")
    assert backoff.reserve(HOME, "ann") == 0


def test_a_success_does_not_pardon_the_address() -> None:
    backoff, clock = make()
    for _ in range(20):
        guess(backoff, clock)
        backoff.succeeded(ATTACKER, "mallory")
    assert guess(backoff, clock) == 8.0


def test_unknown_names_count_like_known_ones() -> None:
    backoff, clock = make()
    for n in range(20):
        guess(backoff, clock, address=f"10.0.0.{n}", name="nobody")
    assert backoff.reserve(ELSEWHERE, "nobody") == 2.0


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", ""])
def test_a_local_proxy_is_not_slowed_down_for_all(address: str) -> None:
    backoff, clock = make()
    waits = [guess(backoff, clock, address=address) for _ in range(30)]
    assert waits[-1] == 2.0
    assert [backoff.reserve(address, "bob") for _ in range(100)] == [0.0] * 100


def test_many_at_once_without_failures_do_not_wait() -> None:
    backoff, _ = make()
    assert {backoff.reserve(HOME, f"user{n}") for n in range(500)} == {0.0}


def test_failures_are_forgotten() -> None:
    backoff, clock = make()
    for _ in range(20):
        guess(backoff, clock)
    clock.advance(901)
    assert backoff.reserve(ATTACKER, "ann") == 0


def test_memory_is_bounded() -> None:
    clock = FakeClock()
    backoff = Backoff(clock.now, BackoffLimits(capacity=10))
    for n in range(100):
        backoff.failed(f"10.0.0.{n}", f"user{n}")
        backoff.succeeded(f"10.0.0.{n}", f"user{n}")
    assert len(backoff._addresses) == len(backoff._accounts) == len(backoff._trusts) == 10


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("", "127.0.0.1", True),
        ("::1", "127.8.9.1", True),
        ("::ffff:127.0.0.1", "", True),
        ("", "192.0.2.1", False),
        ("proxy", "proxy", True),
    ],
)
def test_what_counts_as_one_address(one: str, other: str, same: bool) -> None:
    assert (address_key(one) == address_key(other)) is same
