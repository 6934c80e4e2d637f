"""User directories: in memory (tests, demo) and in one SQLite file beside the accounts."""
