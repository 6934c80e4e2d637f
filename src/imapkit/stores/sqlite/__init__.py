"""The mail store on SQLite: one file for each account, written on the event loop, synced together in a thread (STORE.md)."""

from .disk import Disk
from .fsck import fsck
from .store import SqliteStore

__all__ = ["Disk", "SqliteStore", "fsck"]
