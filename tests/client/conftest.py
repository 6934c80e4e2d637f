"""Every test with ``twin`` runs once with each client."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .twins import Twin


@pytest.fixture(params=["sync", "async"])
def twin(request: pytest.FixtureRequest) -> Iterator[Twin]:
    found = Twin(request.param)
    yield found
    found.close()
