"""The client library: connection, verbs, mailbox views."""
