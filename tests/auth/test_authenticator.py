"""The authenticator with real (cheap) argon2: one failure for all, changes bite at once, nothing grows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from imapkit.ports.directory import NewUser
from imapkit.sasl.base import ScramKeys
from imapkit.server.auth import Authenticator, Busy
from imapkit.server.auth.hashing import hash_password
from imapkit.stores.directory.memory import MemoryDirectory
from tests.auth.support import CountingHasher, FakeClock, run, user

HOME = "198.51.100.1"


class Scene:
    """A directory with ann (secret) and disabled bob (secret), and an authenticator for it."""

    def __init__(self, workers: int = 2, queue: int = 10) -> None:
        self.directory = MemoryDirectory()
        self.directory.add(user("ann"))
        self.directory.add(user("bob"))
        self.directory.disable("bob")
        self.clock, self.hasher = FakeClock(), CountingHasher()
        self.auth = Authenticator(self.directory, self.clock, workers, queue=queue, hasher=self.hasher)

    def check(self, name: str, password: str, address: str = HOME) -> str | None:
        row = run(self.auth.check_password(name, password, address))
        return row.name if row else None

    @property
    def hashes(self) -> int:
        return len(self.hasher.checked)


@pytest.fixture
def scene() -> object:
    made = Scene()
    yield made
    made.auth.close()


def test_right_and_wrong(scene: Scene) -> None:
    assert scene.check("ann", "secret") == "ann"
    assert scene.check("ANN", "secret") == "ann"
    assert scene.check("ann", "wrong") is None


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("ann", "wrong"),
        ("ann", ""),
        ("ann", "\x07"),
        ("ann", "x" * 60_000),
        ("bob", "secret"),
        ("bob", "wrong"),
        ("nobody", "secret"),
        ("no/body", "secret"),
        ("", "secret"),
        ("x" * 300, "secret"),
        ("\ud800", "secret"),
    ],
)
def test_every_failure_costs_one_hash(scene: Scene, name: str, password: str) -> None:
    assert scene.check(name, password) is None
    assert scene.hashes == 1
    assert scene.check(name, password) is None
    assert scene.hashes == 2


def test_a_verified_password_is_remembered_for_five_minutes(scene: Scene) -> None:
    assert scene.check("ann", "secret") == "ann"
    scene.clock.advance(299)
    assert scene.check("ann", "secret", "203.0.113.1") == "ann"
    assert scene.hashes == 1
    scene.clock.advance(2)
    assert scene.check("ann", "secret") == "ann"
    assert scene.hashes == 2


def test_a_wrong_password_is_not_remembered_and_does_not_displace(scene: Scene) -> None:
    assert scene.check("ann", "secret") == "ann"
    assert scene.check("ann", "wrong") is None
    assert scene.check("ann", "wrong") is None
    assert scene.check("ann", "secret") == "ann"
    assert scene.hashes == 3


def change_password(directory: MemoryDirectory) -> None:
    fresh = user("ann", "new")
    directory.set_password("ann", fresh.password, None)


def delete_and_add(directory: MemoryDirectory) -> None:
    directory.delete("ann")
    directory.add(user("ann", "new"))


CHANGES: list[Callable[[MemoryDirectory], object]] = [
    change_password,
    delete_and_add,
    lambda directory: directory.disable("ann"),
    lambda directory: directory.delete("ann"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_changes_bite_at_once_though_remembered(
    scene: Scene, change: Callable[[MemoryDirectory], object]
) -> None:
    assert scene.check("ann", "secret") == "ann"
    assert scene.check("ann", "secret") == "ann"
    change(scene.directory)
    assert scene.check("ann", "secret") is None
    assert scene.hashes == 2


def test_enabled_again(scene: Scene) -> None:
    assert scene.check("bob", "secret") is None
    scene.directory.disable("bob", False)
    assert scene.check("bob", "secret") == "bob"


@pytest.mark.parametrize("change", CHANGES)
def test_changes_during_the_hash_bite_too(change: Callable[[MemoryDirectory], object]) -> None:
    async def play() -> None:
        scene = Scene()
        scene.hasher.gate.clear()
        task = asyncio.create_task(scene.auth.check_password("ann", "secret", HOME))
        await asyncio.to_thread(scene.hasher.started.acquire)
        change(scene.directory)
        scene.hasher.gate.set()
        assert await task is None
        scene.auth.close()

    run(play())


def test_a_full_queue_is_busy_for_everybody_alike() -> None:
    async def play() -> None:
        scene = Scene(workers=1, queue=1)
        scene.hasher.gate.clear()
        passwords = ("secret", "one that waits")
        tasks = [asyncio.create_task(scene.auth.check_password("ann", each, HOME)) for each in passwords]
        await asyncio.to_thread(scene.hasher.started.acquire)
        await asyncio.sleep(0)
        for name in ("ann", "nobody", "bob"):
            with pytest.raises(Busy):
                await scene.auth.check_password(name, "another", HOME)
        scene.hasher.gate.set()
        assert [row.name for row in await asyncio.gather(*tasks) if row] == ["ann"]
        assert (await scene.auth.check_password("ann", "secret", HOME)) is not None
        scene.auth.close()

    run(play())


def test_a_cancelled_login_leaves_the_server_as_it_was() -> None:
    async def play() -> None:
        scene = Scene(workers=1, queue=1)
        scene.hasher.gate.clear()
        running = asyncio.create_task(scene.auth.check_password("ann", "secret", HOME))
        await asyncio.to_thread(scene.hasher.started.acquire)
        waiting = asyncio.create_task(scene.auth.check_password("ann", "secret", HOME))
        await asyncio.sleep(0)
        for task in (running, waiting):
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        scene.hasher.gate.set()
        row = await scene.auth.check_password("ann", "secret", HOME)
        assert row is not None and len(scene.hasher.checked) == 2
        scene.auth.close()

    run(play())


def test_guessing_is_slowed_down_and_a_known_address_is_not(scene: Scene) -> None:
    assert scene.check("ann", "secret", HOME) == "ann"
    for n in range(12):
        assert scene.check("ann", f"guess{n}", "192.0.2.66") is None
    assert scene.clock.slept[-1] == 8.0
    before = len(scene.clock.slept)
    assert scene.check("ann", "secret", HOME) == "ann"
    assert len(scene.clock.slept) == before
    assert scene.check("ann", "secret", "203.0.113.1") == "ann"
    assert scene.clock.slept[before:] == [2.0]


def test_delays_for_unknown_users_are_the_same() -> None:
    slept = []
    for name in ("ann", "nobody", "bob"):
        scene = Scene()
        for n in range(10):
            assert scene.check(name, f"guess{n}") is None
        slept.append(scene.clock.slept)
        scene.auth.close()
    assert slept[0] == slept[1] == slept[2] != []


def test_scram_keys_of_those_who_have_none_are_steady_and_fit_nothing(scene: Scene) -> None:
    keys = run(scene.auth.scram("nobody"))
    again = Authenticator(scene.directory, scene.clock, 1, hasher=scene.hasher)
    assert run(again.scram("NoBody")) == keys
    again.close()
    assert (keys.iterations, len(keys.salt)) == (100_000, 16)
    assert len(keys.stored_key) == len(keys.server_key) == 32 and keys.stored_key != keys.server_key
    assert run(scene.auth.scram("other")).salt != keys.salt
    assert run(scene.auth.scram("ann")).salt != keys.salt
    elsewhere = Scene()
    assert run(elsewhere.auth.scram("nobody")).salt != keys.salt
    elsewhere.auth.close()


def test_scram_keys_of_a_disabled_user_keep_salt_and_rounds_only(scene: Scene) -> None:
    real = ScramKeys(b"s" * 16, 123_456, b"a" * 32, b"b" * 32)
    scene.directory.add(NewUser("carol", hash_password("pw", hasher=scene.hasher)[0], real))
    assert run(scene.auth.scram("Carol")) == real
    scene.directory.disable("carol")
    keys = run(scene.auth.scram("carol"))
    assert (keys.salt, keys.iterations) == (real.salt, real.iterations)
    assert keys.stored_key != real.stored_key and keys.server_key != real.server_key


def test_scram_is_announced_only_when_somebody_has_keys(scene: Scene) -> None:
    assert not scene.auth.offers_scram
    scene.directory.add(NewUser("carol", "h", ScramKeys(b"s" * 16, 100_000, b"a" * 32, b"b" * 32)))
    assert scene.auth.offers_scram


def test_connections_that_log_in_at_once_wait_for_one_hash() -> None:
    async def play() -> None:
        scene = Scene(workers=2)
        scene.hasher.gate.clear()
        right = [asyncio.create_task(scene.auth.check_password("ann", "secret", HOME)) for _ in range(5)]
        wrong = [
            asyncio.create_task(scene.auth.check_password("ann", "wrong", "192.0.2.1")) for _ in range(2)
        ]
        await asyncio.to_thread(scene.hasher.started.acquire)
        await asyncio.sleep(0)
        right[0].cancel()  # the others do not depend on the first
        await asyncio.sleep(0)
        scene.hasher.gate.set()
        rows = await asyncio.gather(*right, *wrong, return_exceptions=True)
        assert isinstance(rows[0], asyncio.CancelledError)
        assert [row and row.name for row in rows[1:] if not isinstance(row, BaseException)] == ["ann"] * 4 + [
            None,
            None,
        ]
        assert len(scene.hasher.checked) == 2, "one for each password"
        scene.auth.close()

    run(play())


def test_a_user_changed_meanwhile_lets_none_of_them_in() -> None:
    async def play() -> None:
        scene = Scene(workers=1)
        scene.hasher.gate.clear()
        asked = [asyncio.create_task(scene.auth.check_password("ann", "secret", HOME)) for _ in range(3)]
        await asyncio.to_thread(scene.hasher.started.acquire)
        scene.directory.disable("ann")
        scene.hasher.gate.set()
        assert await asyncio.gather(*asked) == [None] * 3
        scene.auth.close()

    run(play())
