"""How much of a client's time and memory one command of a server may take. Silence has a limit of its own, the ``timeout``."""

from __future__ import annotations

from typing import Final

from ..wire.limits import CLIENT

WHOLE: Final = 10
"""A command ends after so many times the ``timeout`` spent waiting, before the login after one; what moves earns more."""
EARNED: Final = 4 * 1024
"""Octets that move, in either direction, and earn a second."""
EARNED_BY_LINES: Final = 5
"""What comes in lines earns no more than so many times what the command had at first; literals and what is sent have sizes."""
KEPT: Final = 1024 * 1024 * 1024
"""Octets of answer to one command that are kept until it is done, unpacked."""
KEPT_EACH: Final = 256
"""A response that is kept counts for so many octets more: small ones are objects larger than themselves."""
KEPT_BETWEEN: Final = CLIENT.frame + CLIENT.line
"""Octets between two messages that are iterated as they come: one of any size fits."""
KEPT_BEFORE_LOGIN: Final = 1024 * 1024
