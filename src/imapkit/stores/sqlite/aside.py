"""Copies of what a repair is about to change, under ``DATA/damaged``: the tables in a file of their own, and files of messages.

The rule it must not break: when it returns, what it copied survives a power cut.
"""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Collection
from pathlib import Path
from typing import Final

import apsw

from .blobs import Blobs
from .database import FILE
from .disk import Disk
from .mending import DERIVED

DIRECTORY: Final = "damaged"
_WHOLE: Final = ("meta", "account", "mailbox", "log", "segment", "snapshot", "trash", "subscription")


def make_place(data: Path, account_id: str) -> Path:
    """A new directory for one repair of one account."""
    top = data / DIRECTORY
    top.mkdir(mode=0o700, exist_ok=True)
    when = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    place = top / f"{account_id}-{when}-{secrets.token_hex(2)}"
    place.mkdir(mode=0o700)
    return place


def put_rows_aside(db: apsw.Connection, place: Path, contents: Collection[int], disk: Disk) -> None:
    """All tables but those of contents, and of those the rows of ``contents``. Outside of a transaction."""
    path = place / FILE
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    db.execute("ATTACH ? AS aside", (str(path),))
    try:
        db.execute("PRAGMA aside.journal_mode=OFF").fetchall()
        with db:
            for table in _WHOLE:
                db.execute(f"CREATE TABLE aside.{table} AS SELECT * FROM main.{table}")
            for table in (*DERIVED, "blob"):
                db.execute(f"CREATE TABLE aside.{table} AS SELECT * FROM main.{table} LIMIT 0")
                query = f"INSERT INTO aside.{table} SELECT * FROM main.{table} WHERE id = ?"
                db.executemany(query, [(number,) for number in contents])
    finally:
        db.execute("DETACH aside")
    _sync(path, disk)
    disk.sync_directory(place)


def put_files_aside(blobs: Blobs, names: Collection[str], place: Path, disk: Disk) -> None:
    """What lies in the place of these files, whatever it is: files by a second name for them, links as links."""
    kept = place / "blobs"
    kept.mkdir(mode=0o700)
    for name in names:
        path = blobs.path(name)
        if path.is_symlink():
            os.symlink(os.readlink(path), kept / name)
        elif path.is_file():
            _link(path, kept / name, disk)
        elif path.is_dir():
            shutil.copytree(path, kept / name, symlinks=True)
    disk.sync_directory(kept)
    disk.sync_directory(place)
    disk.sync_directory(place.parent)


def _link(path: Path, place: Path, disk: Disk) -> None:
    try:
        os.link(path, place)
    except OSError:  # not every file system has second names
        shutil.copyfile(path, place)
        _sync(place, disk)


def _sync(path: Path, disk: Disk) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        disk.sync_file(fd, path)
    finally:
        os.close(fd)
