"""The mail store on SQLite: one file for each account, written on the event loop, synced together in a thread (STORE.md)."""

from .store import SqliteStore

__all__ = ["SqliteStore"]
