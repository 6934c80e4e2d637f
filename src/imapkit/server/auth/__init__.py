"""Logging in: hashes off the event loop, remembered for minutes, slowed down for those who guess."""

from imapkit.server.auth.authenticator import Authenticator
from imapkit.server.auth.backoff import Backoff
from imapkit.server.auth.clock import Clock, SystemClock
from imapkit.server.auth.hashing import Hasher, make_user
from imapkit.server.auth.pool import Busy, HashPool

__all__ = ["Authenticator", "Backoff", "Busy", "Clock", "HashPool", "Hasher", "SystemClock", "make_user"]
