"""IMAP for Python, both ends."""
