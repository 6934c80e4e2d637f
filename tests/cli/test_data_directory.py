"""A data directory that is none, in the words of the commands."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from imapkit.server.config import load
from imapkit.stores.sqlite import SqliteStore
from imapkit.tools.data import open_data


@pytest.mark.parametrize("below", [False, True])
@pytest.mark.parametrize(
    "words", [("serve", "--listen", "imap://127.0.0.1:0"), ("user", "add", "ann", "--password-stdin")]
)
def test_a_file_is_no_data_directory(words: tuple[str, ...], below: bool, tmp_path: Path) -> None:
    """In a process of its own: a server sets up the logs of its process."""
    file = tmp_path / "file"
    file.write_text("x")
    data = file / "data" if below else file
    done = subprocess.run(
        [sys.executable, "-m", "imapkit", *words, "--data", str(data)],
        input="secret\n",
        capture_output=True,
        text=True,
        timeout=30,
    )
    told = f"imapkit: {data} is no directory, and none can be made there\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", told)


@pytest.mark.parametrize("wanted", [False, True])
def test_the_setting_for_flags_reaches_the_store(tmp_path: Path, wanted: bool) -> None:
    config = load(None, {"durable_flags": wanted})

    async def main() -> None:
        async with open_data(tmp_path, make=True, durable_flags=config.durable_flags) as data:
            assert isinstance(data.store, SqliteStore) and data.store.flags_durable is wanted

    asyncio.run(main())
