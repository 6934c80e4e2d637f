"""Search texts of large messages: reading one takes long, so it is done in a thread and the loop goes on meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Protocol

from .contents import Contents
from .errors import store_errors


class Reading(Protocol):
    """What is asked of an account."""

    path: Path
    threads: Executor
    contents: Contents


async def make_large(account: Reading, numbers: Sequence[int]) -> None:
    """Make the texts of those of ``numbers`` that are large and have none. Raises StoreError."""
    contents = account.contents
    with store_errors(account.path):
        missing = contents.large_without_text(numbers)
    loop = asyncio.get_running_loop()
    for number, file in missing:
        packed = await loop.run_in_executor(account.threads, contents.read_large, file)
        contents.new_texts[number] = packed
