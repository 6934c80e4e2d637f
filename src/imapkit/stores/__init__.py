"""Mail stores: the log model, memory, SQLite."""
