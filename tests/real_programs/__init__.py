"""Programs that nobody here wrote, against a real server process."""
