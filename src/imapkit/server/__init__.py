"""The IMAP server: listeners, sessions, logins."""
