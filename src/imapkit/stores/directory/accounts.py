"""Account ids: random, never names, fit for a file name everywhere (STORE rule 24)."""

from __future__ import annotations

import base64
import re
import secrets

_FORM = re.compile(r"[a-z2-7]{16}")


def random_account() -> str:
    """80 random bits, in letters that differ without case."""
    return base64.b32encode(secrets.token_bytes(10)).decode("ascii").lower()


def is_account(text: str) -> bool:
    """Whether ``text`` has the form of an account id: checked before it becomes a path."""
    return _FORM.fullmatch(text) is not None
