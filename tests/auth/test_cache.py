"""The memory of verified passwords: how long, for which row, how much, and that it holds no password."""

from __future__ import annotations

import pickle
from dataclasses import replace

from imapkit.ports.directory import UserRow
from imapkit.server.auth.cache import VerifiedCache
from tests.auth.support import FakeClock

ANN = UserRow("ann", "a" * 16, "$hash", None, 7, False, 0)


def test_kept_for_five_minutes_from_the_check() -> None:
    clock = FakeClock()
    cache = VerifiedCache(b"k" * 32, clock.now)
    assert not cache.knows(ANN, "secret")
    cache.remember(ANN, "secret")
    for _ in range(2):
        clock.advance(149.9)
        assert cache.knows(ANN, "secret")
    clock.advance(0.3)
    assert not cache.knows(ANN, "secret")
    assert len(cache) == 0


def test_another_password_version_or_name_misses() -> None:
    cache = VerifiedCache(b"k" * 32, FakeClock().now)
    cache.remember(ANN, "secret")
    assert not cache.knows(ANN, "Secret")
    assert not cache.knows(ANN, "")
    assert not cache.knows(replace(ANN, version=8), "secret")
    assert not cache.knows(replace(ANN, name="bob"), "secret")
    assert cache.knows(ANN, "secret")


def test_bounded_by_forgetting_the_least_used() -> None:
    cache = VerifiedCache(b"k" * 32, FakeClock().now, capacity=3)
    rows = [replace(ANN, name=f"user{n}") for n in range(4)]
    for row in rows[:3]:
        cache.remember(row, "secret")
    assert cache.knows(rows[0], "secret")
    cache.remember(rows[3], "secret")
    assert [cache.knows(row, "secret") for row in rows] == [True, False, True, True]
    assert len(cache) == 3


def test_no_password_is_kept_and_another_secret_gives_another_digest() -> None:
    digests = []
    for secret in (b"k" * 32, b"l" * 32):
        cache = VerifiedCache(secret, FakeClock().now)
        cache.remember(ANN, "hunter2hunter2")
        entry = cache._entries.get("ann")
        assert entry is not None and b"hunter2" not in pickle.dumps(entry.digest)
        digests.append(entry.digest)
    assert digests[0] != digests[1] and len(digests[0]) == 32
