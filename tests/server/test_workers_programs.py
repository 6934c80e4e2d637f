"""What real programs do with one server process, they do with two: imaplib's whole suite and mbsync's, over two workers."""

from collections.abc import Iterator

import pytest

from tests.real_programs.conftest import account as account
from tests.real_programs.peer import Peer, imapkit_peer
from tests.real_programs.test_imaplib import *  # noqa: F403
from tests.real_programs.test_mbsync import *  # noqa: F403

pytestmark = [pytest.mark.real_program, pytest.mark.timeout(150)]


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """In place of the server that those suites talk to."""
    with imapkit_peer(tmp_path_factory.mktemp("peer"), workers="2") as running:
        yield running
