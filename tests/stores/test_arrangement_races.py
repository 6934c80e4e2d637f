"""SORT and THREAD of several sessions, step by step in any order, while mail comes and goes: every answer is one of its moment."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest

from imapkit.protocol.numset import compress
from imapkit.query.sort import Work
from imapkit.query.thread import Algorithm
from imapkit.stores.sqlite import kept_keys
from imapkit.stores.sqlite.arrangement import Arrangement

from ..store_conformance.mail import message, row
from .test_arrangement import BY, compare, letter_octets, opened

SESSIONS = 5


@pytest.mark.parametrize("seed", range(3))
def test_steps_of_several_sessions_in_any_order(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few arrivals beside many known texts: their places are bisected, which takes steps in which others may change all places."""
    monkeypatch.setattr(kept_keys, "CHUNK", 200)
    rng = random.Random(seed)

    async def scenario() -> None:
        store, account = await opened(tmp_path)
        inbox = await account.open("INBOX")
        numbers = iter(range(100_000))

        async def arrive(count: int) -> None:
            batch = [message(letter_octets(rng, next(numbers))) for _ in range(count)]
            await account.append(row(account, "INBOX").id, batch)

        async def leave(count: int) -> None:
            gone = sorted(rng.sample(list(inbox.uids()), count))
            await account.expunge(inbox, inbox.by_uid(list(compress(gone))))

        await arrive(700)
        arrangement = inbox.arrangement()
        assert isinstance(arrangement, Arrangement)
        works: list[Work[Any]] = []
        for _ in range(700):
            while len(works) < SESSIONS:
                if rng.random() < 0.8:
                    works.append(arrangement.sorted(inbox.everything(), rng.choice(BY)))
                else:
                    works.append(arrangement.threads(inbox.everything(), rng.choice(list(Algorithm))))
            work = rng.choice(works)
            try:
                next(work)
            except StopIteration:
                works.remove(work)
            if rng.random() < 0.04:
                await arrive(rng.choice([1, 5, 9]))
            if rng.random() < 0.03:
                await leave(rng.choice([1, 3, 9]))
        compare(inbox, inbox.everything())
        inbox.release()
        await account.release()
        await store.close()

    asyncio.run(scenario())
