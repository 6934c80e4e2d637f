"""The source of both clients: scripts/unasync.py makes the synchronous twin from these files."""
