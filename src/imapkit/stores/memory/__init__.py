"""The mail store in memory: the whole port, for tests and for trying things out. Nothing survives the process."""

from .store import MemoryStore

__all__ = ["MemoryStore"]
