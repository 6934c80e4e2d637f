"""A stored message's octets as the port hands them out."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Protocol

from .contents import Contents
from .errors import store_errors

_ALL: Final = 1 << 40
"""More octets than a message has."""


class HasContents(Protocol):
    """What is asked of an account."""

    @property
    def path(self) -> Path: ...

    @property
    def contents(self) -> Contents: ...


class SqliteBody:
    """The octets of a stored message; looked up when they are asked for."""

    __slots__ = ("_account", "_number")

    def __init__(self, account: HasContents, number: int) -> None:
        self._account = account
        self._number = number

    @property
    def size(self) -> int:
        with store_errors(self._account.path):
            return self._account.contents.size(self._number)

    def read(self, offset: int = 0, length: int | None = None) -> bytes:
        with store_errors(self._account.path):
            return self._account.contents.octets(self._number, offset, _ALL if length is None else length)
