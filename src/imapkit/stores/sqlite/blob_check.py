"""Whether the file of a message is what was stored: one regular file, as long as it was, with the octets that it is named after."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from typing import Final

from imapkit.record import record

from .blobs import DIGEST_OCTETS

_CHUNK: Final = 1 << 20


@record
class Verdict:
    """``fault``: what is wrong, in words behind "the file … of a message"; empty where nothing is. ``digest``: what its octets are named
    after, where they could be read."""

    fault: str
    digest: str = ""
    size: int = 0


def check_file(path: Path | str, name: str, size: int) -> Verdict:
    """Reads all of it. Links are not followed, and nothing is waited for."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return Verdict(_unopened(path, error))
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode):
            return Verdict("is no file")
        digest = digest_of(fd)
    except OSError as error:
        return Verdict(f"cannot be read: {error.strerror}")
    finally:
        os.close(fd)
    if found.st_size != size:
        return Verdict(f"has {found.st_size} octets instead of {size}", digest, found.st_size)
    return Verdict("" if digest == name else "has other octets than were stored", digest, size)


def _unopened(path: Path | str, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return "is missing"
    return "is a link" if os.path.islink(path) else f"cannot be read: {error.strerror}"


def digest_of(fd: int) -> str:
    """Of all octets of an open file. Raises OSError."""
    found = hashlib.blake2b(digest_size=DIGEST_OCTETS)
    at = 0
    while data := os.pread(fd, _CHUNK, at):
        found.update(data)
        at += len(data)
    return found.hexdigest()
