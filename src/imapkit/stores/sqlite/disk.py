"""The few things a store asks of the operating system to make data durable. Tests put a failing disk in its place.

The rule it must not break: when a sync function returns, the octets written before it was called survive a power cut.
"""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


class Disk:
    """A real disk."""

    vfs: str | None = None
    """The SQLite VFS to use; None: the default."""

    def reached(self, point: str) -> None:
        """Called at named points of a commit ("begin", "written", "committed", "syncing", "synced"), and between two transactions of
        upkeep ("upkeep", "aside"): nothing to do."""

    def sync_data(self, fd: int, path: Path) -> None:
        """Make a file's octets and size durable."""
        if sys.platform == "linux":
            os.fdatasync(fd)
        else:
            self.sync_file(fd, path)

    def sync_file(self, fd: int, path: Path) -> None:
        if sys.platform == "darwin":
            import fcntl

            fcntl.fcntl(fd, fcntl.F_FULLFSYNC)  # fsync leaves octets in the drive's cache there
        else:
            os.fsync(fd)

    def sync_directory(self, path: Path) -> None:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def boot_id(self) -> str:
        """The same as long as the machine runs; empty when nobody knows (then every unclean close counts as a power cut)."""
        return _boot_id()


@cache
def _boot_id() -> str:
    """Looked up once: the machine runs as long as this process does."""
    if _BOOT_ID.exists():
        return _BOOT_ID.read_text().strip()
    if sys.platform == "darwin":
        done = subprocess.run(
            ["/usr/sbin/sysctl", "-n", "kern.bootsessionuuid"],
            capture_output=True, text=True, check=False, timeout=5,
        )  # fmt: skip
        return done.stdout.strip()
    return ""
