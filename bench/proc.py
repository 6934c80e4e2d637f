"""CPU time and memory of a server's whole process tree, from /proc.

CPU counts children that ended too, as long as somebody in the tree waited for them. PSS divides shared pages by the number
of processes that share them, so it can be added up; it leaves out kernel memory (sockets, page tables).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def tree(root: int) -> list[int]:
    """``root`` and all its descendants that run now."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [root]
    for pid in found:
        found += children.get(pid, [])
    return found


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the name (state first); empty when the process is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    return text.rpartition(") ")[2].split()


def cpu_seconds(root: int) -> float:
    """User and system time of the tree so far."""
    return sum(sum(map(int, fields[11:15])) for pid in tree(root) if (fields := _stat(pid))) / _TICK


def pss_bytes(root: int) -> int:
    """Proportional set size of the tree."""
    total = 0
    for pid in tree(root):
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total * 1024


def open_files(root: int) -> int:
    """Descriptors that the tree holds open."""
    total = 0
    for pid in tree(root):
        try:
            total += len(os.listdir(f"/proc/{pid}/fd"))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return total


_INSTANCES = Path("/proc/sys/fs/inotify/max_user_instances")
_MANY = 8_192


@contextmanager
def more_inotify() -> Iterator[int]:
    """Let a user have many inotify instances until the block ends, where this process may; how many there are."""
    before = int(_INSTANCES.read_text())
    if before >= _MANY or os.geteuid() != 0:
        yield before
        return
    try:
        _INSTANCES.write_text(str(_MANY))
    except OSError:  # a container that may not
        yield before
        return
    try:
        yield _MANY
    finally:
        _INSTANCES.write_text(str(before))
