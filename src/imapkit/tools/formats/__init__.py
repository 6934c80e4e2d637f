"""Mail as files: Maildir, mbox and .eml, read message by message and written so that others can read it."""
