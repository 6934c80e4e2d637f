"""A server in a process of its own whose memory and turns of the event loop are measured.

    with measured_server(tmp_path / "data", {"ann": "secret"}) as server:
        server.start()
        ...
        used = server.stop()        # Used(octets=…, turn=…, what=…)

Octets are those by which the process grew at its largest; a turn is the CPU time of one callback, so that a busy machine changes nothing.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MIB = 1 << 20
CAN_MEASURE = sys.platform == "linux" and Path("/proc/self/clear_refs").exists()


@dataclass(frozen=True)
class Used:
    """What the process needed since ``start``."""

    octets: int
    turn: float
    """Seconds of the longest one."""
    what: str
    cpu: float
    """Seconds of the whole process."""


class MeasuredServer:
    """Where it listens, and its process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.host = "127.0.0.1"
        self.port = int(self._answer())

    def start(self) -> None:
        """Measure from now on."""
        self._ask("start")

    def stop(self) -> Used:
        """What was needed since then."""
        return Used(**json.loads(self._ask("stop")))

    def _ask(self, word: str) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@contextmanager
def measured_server(
    data: Path, users: Mapping[str, str], limits: Mapping[str, int] | None = None
) -> Iterator[MeasuredServer]:
    """``limits``: settings of ``SessionLimits`` that differ from the defaults."""
    arguments = json.dumps({"data": str(data), "users": dict(users), "limits": dict(limits or {})})
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    try:
        yield MeasuredServer(process)
    finally:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.close()
        try:
            process.wait(20)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


# The process


def resident(name: str) -> int:
    """VmRSS or VmHWM of this process, in octets."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(name + ":"))


def main() -> None:
    from imapkit.features.catalogue import registry
    from imapkit.server.options import Options, SessionLimits
    from imapkit.stores.directory.memory import MemoryDirectory
    from imapkit.stores.sqlite import SqliteStore
    from imapkit.tools.embed import Server, in_thread, quick_hasher

    from .loop_blocks import loop_blocks

    given = json.loads(sys.argv[1])
    options = Options(registry=registry(), insecure_plaintext=True, limits=SessionLimits(**given["limits"]))
    store = SqliteStore(Path(given["data"]))
    server = Server(store, MemoryDirectory(), users=given["users"], options=options, hasher=quick_hasher())
    gc.freeze()  # as the supervisor does: what was imported is not looked through again and again
    with loop_blocks() as blocks, in_thread(server):
        print(server.port, flush=True)
        before, since = 0, 0.0
        for line in sys.stdin:
            if line == "start\n":
                time.sleep(0.05)
                Path("/proc/self/clear_refs").write_text("5")
                before = resident("VmRSS")
                blocks.start()
                since = time.process_time()
                print(flush=True)
            else:
                grown = resident("VmHWM") - before
                used = Used(grown, blocks.longest, blocks.what, time.process_time() - since)
                print(json.dumps(used.__dict__), flush=True)


if __name__ == "__main__":
    main()
