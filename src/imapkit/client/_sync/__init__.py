# Generated from imapkit/client/_async/__init__.py by scripts/unasync.py; do not edit: the next run overwrites it.
"""The source of both clients: scripts/unasync.py makes the synchronous twin from these files."""
