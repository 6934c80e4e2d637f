"""How much of a client's time and memory one command of a server may take. Silence has a limit of its own, the ``timeout``."""

from __future__ import annotations

from typing import Final

WHOLE: Final = 10
"""A command ends after so many times the ``timeout`` spent waiting, before the login after one; what moves earns more."""
EARNED: Final = 4 * 1024
"""Octets that move, in either direction, and earn a second."""
KEPT: Final = 1024 * 1024 * 1024
"""Octets of answer to one command that are kept until it is done. What is iterated as it comes has no such bound."""
KEPT_BEFORE_LOGIN: Final = 1024 * 1024
