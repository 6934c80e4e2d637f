"""What every feature owes (DESIGN section 1): a specification, vectors for all it declares, a row in the documentation, no stray words.

Vectors are module-level lists of ``Row`` in tests/features; the classes inside their records count as covered.
"""

from __future__ import annotations

import dataclasses
import importlib
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

from imapkit.features.catalogue import BUILT_IN, built_in, registry
from imapkit.protocol.capability import Announce
from imapkit.protocol.codes import SimpleCode
from imapkit.protocol.registry import Feature
from tests.support.vectors import Row
from tests.transcripts.files import FILES, load
from tests.transcripts.files import features as shown_features

from .imports import ROOT

FEATURES = built_in()


def _names(feature: Feature) -> str:
    return feature.name


@cache
def vector_modules() -> tuple[ModuleType, ...]:
    paths = sorted((ROOT / "tests" / "features").glob("test_*.py"))
    return tuple(importlib.import_module(f"tests.features.{path.stem}") for path in paths)


def rows() -> Iterator[Row]:
    for module in vector_modules():
        for value in vars(module).values():
            if isinstance(value, list | tuple):
                yield from (row for row in value if isinstance(row, Row))


def parts(value: object) -> Iterator[object]:
    """A record and all that it is made of."""
    yield value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from parts(getattr(value, field.name))
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from parts(item)


@cache
def covered() -> tuple[frozenset[type], frozenset[str]]:
    """Classes and simple codes that stand in some row."""
    found = [part for row in rows() for part in parts(row.record)]
    codes = frozenset(part.name for part in found if isinstance(part, SimpleCode))
    return frozenset(type(part) for part in found), codes


@pytest.mark.parametrize("feature", FEATURES, ids=_names)
def test_it_names_its_specification_and_says_what_it_is(feature: Feature) -> None:
    assert feature.spec and all(re.fullmatch(r"RFC \d{4,5}|draft-[a-z0-9-]+", spec) for spec in feature.spec)
    assert feature.summary
    docstring = importlib.import_module(feature.module).__doc__ or ""
    assert any(spec in docstring for spec in feature.spec), (
        f"{feature.module} does not cite its specification"
    )


@pytest.mark.parametrize("feature", FEATURES, ids=_names)
def test_all_it_declares_has_vectors(feature: Feature) -> None:
    classes, codes = covered()
    missing: list[str] = []
    declared = [entry.cls for entry in (*feature.commands, *feature.responses)]
    missing += [cls.__name__ for cls in declared if cls not in classes]
    for (point, name), cls in feature.word_classes.items():
        if cls is SimpleCode:
            if name.decode() not in codes:
                missing.append(f"{point.name} {name.decode()}")
        elif cls is not None and cls not in classes:
            missing.append(f"{point.name} {name.decode()} ({cls.__name__})")
    assert not missing, f"no vector in tests/features holds {', '.join(missing)}"


@pytest.mark.parametrize("feature", FEATURES, ids=_names)
def test_every_command_has_a_handler(feature: Feature) -> None:
    for entry in feature.commands:
        assert any(entry.cls in other.handlers for other in FEATURES), entry.name


@pytest.mark.parametrize("feature", FEATURES, ids=_names)
def test_verbs_are_documented_and_typed(feature: Feature) -> None:
    for name, verb in feature.ops.items():
        assert verb.__doc__ and "Raises" in verb.__doc__ or name == "logout", (
            f"{name} does not say what it raises"
        )
        assert "return" in verb.__annotations__, name


@pytest.mark.parametrize("feature", FEATURES, ids=_names)
def test_it_has_a_transcript(feature: Feature) -> None:
    """A session in tests/transcripts that names it in its line ``features:``."""
    assert any(feature.name in shown_features(load(path)) for path in FILES)


def test_transcripts_name_features_that_exist() -> None:
    named = {name for path in FILES for name in shown_features(load(path))}
    assert named <= {feature.name for feature in FEATURES}


def test_the_catalogue_and_the_folder_agree() -> None:
    folder = ROOT / "src" / "imapkit" / "features"
    with_feature = {
        path.stem
        for path in folder.glob("*.py")
        if re.search(r"^feature = Feature\(", path.read_text(), re.M)
    }
    assert with_feature == set(BUILT_IN)


def test_there_are_vectors_at_all() -> None:
    assert sum(1 for _ in rows()) > 100
    assert Path(vector_modules()[0].__file__ or "").exists()


def test_every_need_names_a_feature_that_can_be_missing() -> None:
    can_be_missing = {feature.name for feature in FEATURES if not feature.core}
    for feature in FEATURES:
        assert set(feature.needs) <= can_be_missing, feature.name


def test_what_needs_a_disabled_feature_goes_with_it() -> None:
    needing = [(feature.name, need) for feature in FEATURES for need in feature.needs]
    assert ("SORT=DISPLAY", "SORT") in needing
    for name, need in needing:
        announced = registry(disabled=[need]).capabilities(Announce(authenticated=True))
        assert name not in announced and need not in announced
