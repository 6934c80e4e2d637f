"""SEARCHRES: the client's side; the server's stands in test_search_server."""

from __future__ import annotations

import pytest

from imapkit.errors import NotSupported
from imapkit.features.search import Search
from imapkit.features.searchres import NOTSAVED, SAVE, search_save
from imapkit.protocol.numset import SAVED
from imapkit.protocol.status import Kind, Status
from imapkit.query import keys as k

from ..support.vectors import Row, check_response
from .ops import Peer, run


def test_search_save_leaves_the_result_on_the_server() -> None:
    found, sent = run(search_save(Peer("ESEARCH", "SEARCHRES"), k.SEEN), [[]])
    assert found == SAVED
    assert sent == [Search(k.SEEN, True, None, (SAVE,))]


def test_search_save_needs_the_extension() -> None:
    with pytest.raises(NotSupported):
        run(search_save(Peer("ESEARCH"), k.SEEN), [])


def test_notsaved() -> None:
    check_response(Row(b"NO [NOTSAVED] too many", Status(Kind.NO, "too many", NOTSAVED)))
