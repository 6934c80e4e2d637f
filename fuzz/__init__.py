"""Mutational fuzzing of every place where bytes from a peer enter (`python -m fuzz`)."""
