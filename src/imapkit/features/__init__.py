"""One file per RFC or command group: ls here is the list of what is supported."""
