"""Servers that tests start as subprocesses: our own, and Dovecot as a peer to compare with."""
