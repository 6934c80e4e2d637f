"""The list of features, in the order in which CAPABILITY and the RFC table name them.

Adding a feature is one new file, and one word here; third parties add theirs by the entry point group ``imapkit.features``,
whose entries name a ``Feature``.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Final

from ..protocol.registry import Feature, Registry

BUILT_IN: Final = (
    "base",
    "auth",
    "enable",
    "rev2",
    "literals",
    "id",
    "select",
    "mailboxes",
    "namespace",
    "status",
    "status_size",
    "appendlimit",
    "list_",
    "lsub",
    "list_status",
    "special_use",
    "append",
    "multiappend",
    "idle",
    "compress",
    "search",
    "esearch",
    "searchres",
    "within",
    "sort",
    "sort_display",
    "thread",
    "expunge",
    "uidplus",
    "copy",
    "move",
    "fetch",
    "binary",
    "store",
    "condstore",
    "qresync",
    "objectid",
)

ENTRY_POINTS: Final = "imapkit.features"


@cache
def built_in() -> tuple[Feature, ...]:
    """The features of this package."""
    return tuple(_load(name) for name in BUILT_IN)


def _load(name: str) -> Feature:
    module = import_module(f"{__package__}.{name}")
    feature = module.feature
    assert isinstance(feature, Feature)
    feature.module = module.__name__
    return feature


@cache
def installed() -> tuple[Feature, ...]:
    """The features that other installed packages bring."""
    found: list[Feature] = []
    for entry in entry_points(group=ENTRY_POINTS):
        feature = entry.load()
        if not isinstance(feature, Feature):
            raise TypeError(f"the entry point {entry.name} of {ENTRY_POINTS} is not a Feature")
        feature.module = entry.module
        found.append(feature)
    return tuple(found)


def registry(*, disabled: Iterable[str] = (), extra: Iterable[Feature] = ()) -> Registry:
    """All features but the ``disabled`` ones (by name, any case) and those that need them.

    Raises ValueError for a name that is no feature or is core.
    """
    unwanted = {name.upper() for name in disabled}
    every = (*built_in(), *installed(), *extra)
    known = {feature.name.upper(): feature for feature in every}
    for name in unwanted:
        if name not in known:
            raise ValueError(f"there is no feature {name} to disable")
        if known[name].core:
            raise ValueError(f"{name} is part of every server and cannot be disabled")
    while (
        more := {name for name, feature in known.items() if unwanted.intersection(feature.needs)} - unwanted
    ):
        unwanted |= more
    on = [feature for feature in every if feature.name.upper() not in unwanted]
    return Registry(on, [feature for feature in every if feature not in on])


@cache
def full_registry() -> Registry:
    """Everything: what a client parses."""
    return registry()
