"""A server whose files are not in memory: stopped, its pages dropped, and started again.

As root all clean pages of the machine are dropped, directory entries with them; another user's kernel drops what this process can ask it
to (posix_fadvise on each file of the server).
"""

from __future__ import annotations

import os
from pathlib import Path

from bench.server import Server

_DROP = Path("/proc/sys/vm/drop_caches")


def restart_cold(server: Server) -> None:
    """Stop it, make it forget its files, start it, and let it load its program: a session on INBOX is over when this returns."""
    server.stop()
    server.forget()
    os.sync()
    drop(server.home)
    server.pid = server.start()
    with server.connect() as conn:
        conn.ok(b"SELECT INBOX")
        conn.ok(b"LOGOUT")


def drop(home: Path | None) -> None:
    """Take the files below ``home`` out of the page cache."""
    try:
        _DROP.write_text("3")
    except OSError:  # not root, or a container without it
        for path in home.rglob("*") if home else ():
            if path.is_file() and not path.is_symlink():
                _forget(path)


def _forget(path: Path) -> None:
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return  # it was a temporary file of the server's
    try:
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(file)
