r"""Records as plain data for JSON, and as one readable line.

A record becomes an object: ``type`` is its class, the rest its fields (a field that is called ``type`` itself becomes ``type_``).
Octets become text as in a Python bytes literal: printable ASCII stands for itself, ``\\`` for a backslash, ``\r``, ``\n``, ``\t``
and ``\xNN`` for the rest. A literal above 64 KB becomes its ``size`` and its ``head``.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final, Protocol, runtime_checkable

from ..protocol.numset import NumSet

LARGE: Final = 64 * 1024
HEAD: Final = 1024
_SECRET: Final = frozenset({"password", "base64", "initial"})


@runtime_checkable
class _Literal(Protocol):
    """Any literal (wire.frame)."""

    size: int

    def read(self) -> bytes: ...


@runtime_checkable
class _Headed(Protocol):
    """A literal that can show its beginning without being read whole."""

    size: int

    def head(self, count: int) -> bytes: ...


def octets(data: bytes) -> str:
    """Octets as text that tells them exactly."""
    return data.decode("latin-1").encode("unicode_escape").decode("ascii")


def plain(item: object) -> object:
    """Something that ``json`` can write."""
    if item is None or isinstance(item, bool | int | float | str):
        return item
    if isinstance(item, bytes | bytearray | memoryview):
        return octets(bytes(item))
    if isinstance(item, NumSet):
        return str(item)
    if isinstance(item, enum.Enum):
        return item.name
    if isinstance(item, date):
        return item.isoformat()
    if dataclasses.is_dataclass(item) and not isinstance(item, type):
        return record_fields(item)
    if isinstance(item, Mapping):
        return {_key(key): plain(value) for key, value in item.items()}
    if isinstance(item, _Literal):
        return _literal(item)
    if isinstance(item, frozenset | set):
        return sorted((plain(member) for member in item), key=str)
    if isinstance(item, Iterable):
        return [plain(member) for member in item]
    return repr(item)


def record_fields(item: object) -> dict[str, object]:
    """A record as an object."""
    found: dict[str, object] = {"type": type(item).__name__}
    for field in _fields(item):
        found[field.name + "_" * (field.name in found)] = plain(getattr(item, field.name))
    return found


def _fields(item: object) -> list[dataclasses.Field[object]]:
    """Without what a record works out from its other fields."""
    return [field for field in dataclasses.fields(item) if field.init]  # type: ignore[arg-type]


def _key(key: object) -> str:
    return octets(key) if isinstance(key, bytes) else str(key)


def _literal(item: _Literal) -> object:
    if isinstance(item, _Headed) and item.size > LARGE:
        return {"size": item.size, "head": octets(item.head(HEAD))}
    return octets(item.read())


# For people


def line(item: object, *, limit: int = 60) -> str:
    """A record on one line, long octets shortened, passwords hidden."""
    if isinstance(item, bytes):
        return _short(item, len(item), limit)
    if isinstance(item, enum.Enum):
        return item.name
    if isinstance(item, NumSet | date):
        return str(item)
    if dataclasses.is_dataclass(item) and not isinstance(item, type):
        return _record_line(item, limit)
    if isinstance(item, _Headed):
        return _short(item.head(limit), item.size, limit)
    if isinstance(item, _Literal):
        return _short(item.read(), item.size, limit)
    if isinstance(item, Mapping):
        return "{" + ", ".join(f"{line(key)}: {line(value)}" for key, value in item.items()) + "}"
    if isinstance(item, tuple | list | frozenset | set):
        members = sorted(item, key=str) if isinstance(item, frozenset | set) else item
        return "(" + ", ".join(line(member, limit=limit) for member in members) + ")"
    return repr(item)


def _record_line(item: object, limit: int) -> str:
    parts = []
    for field in _fields(item):
        value = getattr(item, field.name)
        shown = "…" if field.name in _SECRET and value else line(value, limit=limit)
        parts.append(f"{field.name}={shown}")
    return f"{type(item).__name__}({', '.join(parts)})"


def _short(data: bytes, size: int, limit: int) -> str:
    if size <= limit:
        return f"'{octets(data)}'"
    return f"'{octets(data[:limit])}…' ({size} octets)"


__all__ = ["line", "octets", "plain", "record_fields"]
