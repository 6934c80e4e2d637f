"""Test helpers that ship with the package: pytest plugin, fault proxy, transcripts."""
