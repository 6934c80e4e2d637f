"""Our own server as users run it: a subprocess of the command line, stopped by SIGTERM.

    with imapkit_server(tmp_path / "data", users={"ann": "secret"}) as server:
        imaplib.IMAP4(server.host, server.port)

It relies on the command-line contract alone: `serve`, the `listening` line, exit 0 on SIGTERM.
"""

from __future__ import annotations

import asyncio
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from imapkit.server.auth import make_user
from imapkit.tools import accounts
from imapkit.tools.data import open_data
from imapkit.tools.embed import quick_hasher

from .process import stop


@dataclass(frozen=True)
class ImapkitServer:
    """Where a running server listens, its data directory, and its process (for tests that kill it)."""

    host: str
    port: int
    data: Path
    process: subprocess.Popen[str]
    log_path: Path

    @property
    def log(self) -> str:
        """What the server wrote to standard error so far."""
        return self.log_path.read_text(errors="replace")


def command(*arguments: str) -> list[str]:
    """The argument list that runs `imapkit ARGUMENTS` with this interpreter."""
    return [sys.executable, "-m", "imapkit", *arguments]


def add_user(data: Path, name: str, password: str) -> None:
    """What `imapkit user add` does, beside a running server too, without a process for each."""

    async def add() -> None:
        async with open_data(data, make=True) as opened:
            await accounts.add_user(
                opened.store, opened.directory, make_user(name, password, hasher=quick_hasher())
            )

    asyncio.run(add())


def _pump(stream: IO[str], lines: queue.Queue[str]) -> None:
    """Hand every line over, so that the server never blocks on a full pipe; an empty string at the end."""
    for line in stream:
        lines.put(line)
    lines.put("")


def _await_listening(lines: queue.Queue[str], deadline: float) -> tuple[str, int]:
    give_up = time.monotonic() + deadline
    while True:
        try:
            line = lines.get(timeout=max(0.0, give_up - time.monotonic()))
        except queue.Empty:
            raise TimeoutError(f"no `listening` line within {deadline} s") from None
        if not line:
            raise RuntimeError("the server ended before it listened")
        word, _, url = line.strip().partition(" ")
        if word == "listening":
            parts = urlsplit(url)
            if parts.hostname is None or parts.port is None:
                raise RuntimeError(f"not an address: {line!r}")
            return parts.hostname, parts.port


@contextmanager
def imapkit_server(
    data: Path,
    users: Mapping[str, str],
    *,
    arguments: Sequence[str] = ("--listen", "imap://127.0.0.1:0", "--insecure-plaintext"),
    environment: Mapping[str, str] | None = None,
    deadline: float = 20.0,
) -> Iterator[ImapkitServer]:
    """Add *users* (name to password), serve *data* until the block ends, and require exit code 0.

    A server that the block killed itself is not asked for its exit code. It has one worker, so that killing the process
    kills the server; IMAPKIT_WORKERS, in *environment* or outside, asks for more.
    """
    data.mkdir(parents=True, exist_ok=True)
    for name, password in users.items():
        add_user(data, name, password)
    log_path = data.parent / f"{data.name}.log"
    lines: queue.Queue[str] = queue.Queue()
    with (
        log_path.open("ab") as log,
        subprocess.Popen(
            command("serve", "--data", str(data), *arguments),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            env={"IMAPKIT_WORKERS": "1", **os.environ, **(environment or {})},
        ) as process,
    ):
        assert process.stdout is not None
        pump = threading.Thread(target=_pump, args=(process.stdout, lines), daemon=True)
        pump.start()
        try:
            host, port = _await_listening(lines, deadline)
            yield ImapkitServer(host, port, data, process, log_path)
        except BaseException as error:
            error.add_note(f"server log:\n{log_path.read_text(errors='replace')}")
            if process.poll() is None:
                process.kill()
            raise
        finally:
            stopped_here = process.poll() is None
            code = stop(process) if stopped_here else process.returncode
            pump.join(deadline)
        if stopped_here and code != 0:
            raise RuntimeError(f"the server ended with {code}:\n{log_path.read_text(errors='replace')}")
