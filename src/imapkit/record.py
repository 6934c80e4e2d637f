"""The one way to declare a record: a slotted dataclass that type checkers treat as frozen.

Mutation is a type error, but costs nothing at run time (a really frozen dataclass takes four times as long to make).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar, dataclass_transform

T = TypeVar("T")


@dataclass_transform(frozen_default=True)
def record(cls: type[T]) -> type[T]:
    """Make ``cls`` a slotted dataclass, compared by value, not hashable, frozen to type checkers."""
    return dataclass(slots=True)(cls)


@dataclass_transform(frozen_default=True)
def value(cls: type[T]) -> type[T]:
    """Like ``record``, but really frozen and hashable: for dictionary keys and set members."""
    return dataclass(slots=True, frozen=True)(cls)
