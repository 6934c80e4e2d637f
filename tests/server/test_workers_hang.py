"""Workers that give no sign of life: told of, replaced, and named with the command they are at; a pause of the whole server is none."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .crew import crew, eventually, session, workers
from .test_serve_process import Talk

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

SOON = {"IMAPKIT_TIMEOUTS__WORKER_LATE_SECONDS": "1", "IMAPKIT_TIMEOUTS__WORKER_HANGS_SECONDS": "3"}


def events(log: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in log.splitlines() if line.startswith("{")]


def test_a_worker_that_stands_still_is_replaced_and_its_connections_served(tmp_path: Path) -> None:
    with crew(tmp_path / "data", **SOON) as server:
        first, second = workers(server)
        os.kill(first, signal.SIGSTOP)
        waiting = [Talk(socket.create_connection((server.host, server.port), timeout=15)) for _ in range(20)]
        eventually(lambda: first not in workers(server) and len(workers(server)) == 2, "another worker")
        # Those that the kernel had given to the one that stood still, and that it had not taken, wait in its socket.
        for talking in waiting:
            assert talking.line().startswith(b"* OK ")
            talking.close()
        assert second in workers(server)
        told = events(server.log)
        late, killed, ended = [
            next(entry for entry in told if entry["event"] == event)
            for event in ("a worker gives no sign of life", "a worker hangs and is killed", "a worker ended")
        ]
        assert late["pid"] == killed["pid"] == ended["pid"] == first
        assert ended["reason"] == "SIGKILL"
        new = (set(workers(server)) - {second}).pop()
        with session(server, at=new) as ann:
            assert ann.command(b"a1 NOOP")[-1].startswith(b"a1 OK")


def test_a_worker_that_comes_back_in_time_keeps_its_sessions(tmp_path: Path) -> None:
    patience = {**SOON, "IMAPKIT_TIMEOUTS__WORKER_HANGS_SECONDS": "60"}
    with crew(tmp_path / "data", **patience) as server:
        first, _ = workers(server)
        with session(server, at=first) as ann:
            os.kill(first, signal.SIGSTOP)
            try:
                eventually(lambda: "gives no sign of life" in server.log, "a complaint")
            finally:
                os.kill(first, signal.SIGCONT)
            eventually(lambda: f'{first}, "event": "a worker is back' in server.log, "all is well")
            assert ann.command(b"a1 NOOP")[-1].startswith(b"a1 OK")
        assert "killed" not in server.log


def test_a_pause_of_the_whole_server_is_nobodys_fault(tmp_path: Path) -> None:
    with crew(tmp_path / "data", **SOON) as server:
        before = workers(server)
        with session(server) as ann:
            everybody = [server.process.pid, *before]
            for pid in everybody:
                os.kill(pid, signal.SIGSTOP)
            try:
                time.sleep(3.5)
            finally:
                for pid in everybody:
                    os.kill(pid, signal.SIGCONT)
            assert ann.command(b"a1 NOOP")[-1].startswith(b"a1 OK")
        assert workers(server) == before
        assert "killed" not in server.log


SPINS = """
import asyncio, signal, sys
from pathlib import Path
from imapkit.server import log
from imapkit.server.slow import watched
from imapkit.server.workers import Patience, Supervisor

async def spin():
    while True:
        pass

class Work:
    patience = Patience(0.2, 0.6)
    def run(self, worker):
        worker.ready()
        if not Path(sys.argv[1]).exists():
            Path(sys.argv[1]).touch()
            asyncio.run(run(watched(spin(), "XSPIN", 1.0, log.get("worker"))))
        signal.raise_signal(signal.SIGTERM)
    def reload(self):
        return True
    def ready(self):
        pass
    def stop(self):
        return 1.0

async def run(work):
    await work

log.configure("info", "json")
Supervisor(1, Work()).run()
"""


def test_the_command_that_never_returns_is_named(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SPINS, str(tmp_path / "ran")], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        told: list[dict[str, object]] = []
        for line in process.stderr:
            told.append(json.loads(line))
            if told[-1]["event"] == "a worker ended":
                process.terminate()
                break
        process.stderr.read()
        assert process.wait(10) == 0
    assert [(entry["event"], entry.get("command")) for entry in told] == [
        ("a worker gives no sign of life", "XSPIN"),
        ("a worker hangs and is killed", "XSPIN"),
        ("a worker ended", None),
    ]
