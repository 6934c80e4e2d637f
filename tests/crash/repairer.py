"""A process that repairs an account and may be killed at it: ``python -m tests.crash.repairer DATA``."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from imapkit.stores.sqlite import SqliteStore

from ..support.crash import KillingDisk


async def work(data: Path) -> None:
    store = SqliteStore(data, disk=KillingDisk())
    print("begun", flush=True)
    await store.repair("ann")
    await store.close()


if __name__ == "__main__":
    asyncio.run(work(Path(sys.argv[1])))
