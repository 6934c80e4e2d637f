"""Processes that die in the middle of their work, disks that forget, and the book of what was promised.

``Ledger`` reads what a writer said (a line before each change, a line after it was acknowledged) and knows which states of its messages
are right afterwards: all that was acknowledged, and of what was under way all or nothing.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from imapkit.stores.sqlite import Disk

KILL = "IMAPKIT_TEST_KILL"
ROOT = Path(__file__).parents[2]
Where = dict[str, tuple[str, frozenset[str]]]
"""Subject to (mailbox, flags)."""


class KillingDisk(Disk):
    """Kills its process when the point named in the environment (``point:count``) is reached for the count-th time."""

    def __init__(self) -> None:
        self.point, _, count = os.environ.get(KILL, "").partition(":")
        self.left = int(count or 0)

    def reached(self, point: str) -> None:
        if point == self.point:
            self.left -= 1
            if self.left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


@dataclass
class Task:
    """One task's messages as acknowledged, and with the change that was under way."""

    sure: Where = field(default_factory=dict)
    perhaps: Where | None = None


@dataclass
class Ledger:
    """What writers promised, over many rounds."""

    tasks: dict[str, Task] = field(default_factory=dict)
    uids: dict[tuple[str, int], str] = field(default_factory=dict)
    """(mailbox, UID) to the subject of the only message that may ever have it."""
    modseqs: list[int] = field(default_factory=list)
    acknowledged: int = 0

    def read(self, lines: Iterable[str]) -> None:
        for line in lines:
            if line.endswith("\n"):
                self._note(json.loads(line))
        assert len(self.modseqs) == len(set(self.modseqs)), "a MODSEQ was used twice"

    def _note(self, said: dict[str, Any]) -> None:
        task = self.tasks.setdefault(said["task"], Task())
        if said["say"] == "try":
            task.perhaps = apply(task.sure, said["changes"])
            return
        assert task.perhaps is not None
        task.sure, task.perhaps = task.perhaps, None
        self.acknowledged += 1
        if said["modseq"] is not None:
            self.modseqs.append(said["modseq"])
        for mailbox, uid, subject in said["uids"]:
            assert self.uids.setdefault((mailbox, uid), subject) == subject, "a UID was used twice"

    def check(self, found: Where, uids: dict[tuple[str, int], str]) -> None:
        """``found`` is what the store holds now, ``uids`` which UID has which message."""
        for place, subject in uids.items():
            assert self.uids.setdefault(place, subject) == subject, "a UID was used twice"
        for name, task in self.tasks.items():
            here = {subject: where for subject, where in found.items() if subject.startswith(name + " ")}
            assert here in (task.sure, task.perhaps), (
                f"{name}: {here} is neither {task.sure} nor {task.perhaps}"
            )
            task.sure, task.perhaps = here, None
        known = {subject for task in self.tasks.values() for subject in task.sure}
        assert found.keys() <= known, "messages that nobody wrote"


def apply(where: Where, changes: list[list[Any]]) -> Where:
    """``where`` after [subject, mailbox or None, flags or None] for each message concerned."""
    after = dict(where)
    for subject, mailbox, flags in changes:
        if mailbox is None:
            del after[subject]
        else:
            kept = after[subject][1] if flags is None else frozenset(flags)
            after[subject] = (mailbox, kept)
    return after


def run_and_kill(module: str, args: list[str], point: str = "", after: float = 1.0) -> list[str]:
    """Run ``python -m module``; it dies at ``point`` or, without one, some time after its first line. Gives its lines."""
    environment = {**os.environ, KILL: point}
    with subprocess.Popen(
        [sys.executable, "-m", module, *args],
        stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        first = process.stdout.readline()
        timer = None
        if not point:
            time.sleep(after)
            process.send_signal(signal.SIGKILL)
        else:
            timer = threading.Timer(20, process.kill)
            timer.start()
        lines = [first, *process.stdout.readlines()]
        process.wait(20)
        if timer is not None:
            timer.cancel()
        assert process.returncode == -signal.SIGKILL, f"{module} ended with {process.returncode} at {point!r}"
    return lines
