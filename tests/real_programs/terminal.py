"""A pseudo-terminal for programs that behave as programs only in front of a person: mbsync's counters, mutt."""

import os
import pty
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path


def run_in_terminal(
    arguments: Sequence[str], *, environment: Mapping[str, str], folder: Path, deadline: float = 60.0
) -> tuple[int, str]:
    """Run a program in a terminal of 200 columns until it ends: its exit code and all that it showed."""
    master, slave = pty.openpty()
    shown = bytearray()
    give_up = time.monotonic() + deadline
    settings = {**os.environ, "TERM": "xterm", "COLUMNS": "200", "LINES": "50", **environment}
    try:
        with subprocess.Popen(
            arguments,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=folder,
            env=settings,
            start_new_session=True,
        ) as process:
            os.close(slave)
            try:
                while (left := give_up - time.monotonic()) > 0:
                    if not select.select([master], [], [], min(left, 0.2))[0]:
                        continue
                    try:
                        data = os.read(master, 65536)
                    except OSError:  # EIO: the program closed its terminal
                        break
                    if not data:
                        break
                    shown += data
                code = process.wait(max(0.1, give_up - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                raise TimeoutError(
                    f"{arguments[0]} showed, then hung:\n{shown.decode(errors='replace')}"
                ) from None
    finally:
        os.close(master)
    return code, shown.decode(errors="replace")
