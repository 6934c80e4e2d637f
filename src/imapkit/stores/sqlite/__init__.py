"""The mail store on SQLite: one file for each account, written on the event loop, synced together in a thread (STORE.md)."""

from .account import SqliteAccount
from .disk import Disk
from .fsck import fsck
from .quick_check import quick_check
from .repair import Repair, Repaired
from .sort_packs import rebuild_packs
from .store import SqliteStore
from .vacuum import Vacuumed, vacuum

__all__ = [
    "Disk",
    "Repair",
    "Repaired",
    "SqliteAccount",
    "SqliteStore",
    "Vacuumed",
    "fsck",
    "quick_check",
    "rebuild_packs",
    "vacuum",
]
