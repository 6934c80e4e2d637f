"""Internet messages: scanned once, indexed for IMAP, decoded for people. Pure: bytes in, values out."""
