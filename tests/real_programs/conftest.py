"""Fixtures of the real programs: one server for each test process, a new account for each test."""

from collections.abc import Iterator
from itertools import count

import pytest

from .mail import Account
from .peer import PASSWORD, Peer, start

_numbers = count(1)


@pytest.fixture(scope="session")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """The server under test."""
    with start(tmp_path_factory.mktemp("peer")) as running:
        yield running


@pytest.fixture
def account(peer: Peer) -> Account:
    """An account that no other test uses."""
    new = Account(peer, f"ann{next(_numbers)}", PASSWORD)
    peer.add(new.name)
    return new
