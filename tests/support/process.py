"""Small tools for tests that run servers as subprocesses: free ports, waiting with a deadline, stopping.

Rule: nothing here waits without a deadline, and no process outlives its context manager.
"""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable


def free_port() -> int:
    """A loopback port that was free a moment ago; for servers that cannot choose one and tell us."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_greeting(host: str, port: int, alive: Callable[[], bool], deadline: float = 10.0) -> None:
    """Return once the server greets with `* OK`; raise TimeoutError after *deadline* seconds."""
    give_up = time.monotonic() + deadline
    while time.monotonic() < give_up:
        if not alive():
            raise RuntimeError("the server ended before it greeted")
        try:
            with socket.create_connection((host, port), timeout=1) as conn:
                if conn.recv(64).startswith(b"* OK"):
                    return
        except OSError:
            pass  # not listening yet
        time.sleep(0.05)
    raise TimeoutError(f"no greeting from {host}:{port} within {deadline} s")


def stop(process: subprocess.Popen[bytes] | subprocess.Popen[str], deadline: float = 10.0) -> int:
    """SIGTERM, wait, and give the exit code; SIGKILL and raise when it does not end in time."""
    process.terminate()
    try:
        return process.wait(deadline)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise
