"""ESEARCH on the wire, and the client's search verb with servers that answer one way or the other."""

from __future__ import annotations

import pytest

from imapkit.errors import BadCharset, NotSupported
from imapkit.features import esearch
from imapkit.features.condstore import ModSeqResult
from imapkit.features.esearch import AllDatum, EsearchData, NumberDatum, UnknownDatum
from imapkit.features.search import Search, SearchData
from imapkit.protocol.numset import NumSet
from imapkit.query import keys as k

from ..support.vectors import Row, check_response, ids, response_of
from .ops import Peer, run

TAGGED = EsearchData("A282", False, (NumberDatum("MIN", 2), NumberDatum("COUNT", 3)))

RESPONSES = [
    Row(b'ESEARCH (TAG "A282") MIN 2 COUNT 3', TAGGED),
    Row(b"ESEARCH (TAG A282) MIN 2 COUNT 3", TAGGED, b'ESEARCH (TAG "A282") MIN 2 COUNT 3'),
    Row(b'ESEARCH (TAG "A284")', EsearchData("A284")),
    Row(b"ESEARCH", EsearchData()),
    Row(b"ESEARCH UID", EsearchData(None, True)),
    Row(b"ESEARCH COUNT 5 ALL 4:19", EsearchData(None, False, (NumberDatum("COUNT", 5), AllDatum(NumSet(((4, 19),)))))),
    Row(
        b'ESEARCH (TAG "A285") UID MIN 7 MAX 3800',
        EsearchData("A285", True, (NumberDatum("MIN", 7), NumberDatum("MAX", 3800))),
    ),
    Row(
        b'ESEARCH (TAG "a1") MIN 2 MODSEQ 917162488',
        EsearchData("a1", False, (NumberDatum("MIN", 2), ModSeqResult(917162488))),
    ),
    Row(
        b'ESEARCH (TAG "a") UID X-NEW (1 "b" (c)) ALL 1',
        EsearchData("a", True, (UnknownDatum("X-NEW", b'(1 "b" (c))'), AllDatum(NumSet.of(1)))),
    ),
    Row(
        b'ESEARCH (TAG "a" MAILBOX "x" UIDVALIDITY 4) UID ALL 1',
        EsearchData("a", True, (AllDatum(NumSet.of(1)),)),
        b'ESEARCH (TAG "a") UID ALL 1',
    ),
]  # fmt: skip


@pytest.mark.parametrize("row", RESPONSES, ids=ids(RESPONSES))
def test_responses(row: Row) -> None:
    check_response(row)


def test_data_by_name() -> None:
    found = response_of(b'ESEARCH (TAG "t") UID MIN 1 MAX 9 COUNT 4 ALL 1:3,9')
    assert isinstance(found, EsearchData)
    assert (found.min, found.max, found.count, found.all) == (1, 9, 4, NumSet(((1, 3), (9, 9))))
    empty = EsearchData()
    assert (empty.min, empty.max, empty.count, empty.all) == (None, None, None, None)


# The verb


def test_search_asks_for_ranges_where_it_can() -> None:
    peer = Peer("ESEARCH")
    verb = esearch.search(peer, k.SEEN)
    answer = EsearchData("t", True, (AllDatum(NumSet(((7, 9), (2, 3)))), ModSeqResult(5)))
    found, sent = run(verb, [[answer]])
    assert sent == [Search(k.SEEN, True, None, (esearch.ALL,))]
    assert list(found) == [2, 3, 7, 8, 9]
    assert len(found) == 5
    assert 7 in found and 4 not in found
    assert found.modseq == 5


def test_search_with_an_old_server() -> None:
    found, sent = run(
        esearch.search(Peer(), k.SEEN, uid=False), [[SearchData((9, 3, 4)), SearchData((5,), 8)]]
    )
    assert sent == [Search(k.SEEN, False)]
    assert list(found) == [3, 4, 5, 9]
    assert (found.uid, found.modseq) == (False, 8)


def test_nothing_found_and_nothing_answered() -> None:
    found, _ = run(esearch.search(Peer("ESEARCH"), k.SEEN), [[EsearchData("t", True)]])
    assert not found and list(found) == []
    found, _ = run(esearch.search(Peer(), k.SEEN), [[]])
    assert not found


def test_a_server_that_answers_the_other_way() -> None:
    found, _ = run(esearch.search(Peer("ESEARCH"), k.SEEN), [[SearchData((4,))]])
    assert list(found) == [4]
    found, _ = run(esearch.search(Peer(), k.SEEN), [[EsearchData("t", True, (AllDatum(NumSet.of(4)),))]])
    assert list(found) == [4]


def test_charset_goes_with_8_bit_text_only() -> None:
    _, sent = run(esearch.search(Peer(), k.FROM("bob")), [[]])
    assert sent == [Search(k.FROM("bob"))]
    _, sent = run(esearch.search(Peer(), ~k.FROM("bøb")), [[]])
    assert sent == [Search(~k.FROM("bøb"), charset="UTF-8")]
    _, sent = run(esearch.search(Peer(enabled={"IMAP4rev2"}), k.FROM("bøb")), [[]])
    assert sent == [Search(k.FROM("bøb"))]


def test_badcharset_is_tried_without() -> None:
    refused = BadCharset("no", "BADCHARSET")
    found, sent = run(esearch.search(Peer(), k.FROM("bøb")), [refused, [SearchData((1,))]])
    assert [command.charset for command in sent if isinstance(command, Search)] == ["UTF-8", None]
    assert list(found) == [1]
    with pytest.raises(BadCharset):
        run(esearch.search(Peer(), k.FROM("bøb")), [refused, refused])


def test_search_return() -> None:
    found, sent = run(esearch.search_return(Peer("ESEARCH"), k.SEEN, esearch.MIN, esearch.COUNT), [[TAGGED]])
    assert sent == [Search(k.SEEN, True, None, (esearch.MIN, esearch.COUNT))]
    assert (found.min, found.count, found.max) == (2, 3, None)
    with pytest.raises(NotSupported):
        run(esearch.search_return(Peer(), k.SEEN, esearch.MIN), [])
