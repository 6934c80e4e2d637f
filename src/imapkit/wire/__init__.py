"""Bytes to frames, terminals, cursor and writer. Knows no command."""
