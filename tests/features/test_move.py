"""MOVE on the wire, and the client's ways to move with servers that cannot."""

from __future__ import annotations

import pytest

from imapkit.errors import CommandNo, ConnectionLost, NoSuchMailbox, NotSupported, UnknownOutcome
from imapkit.features.copy import Copy, CopyResult
from imapkit.features.esearch import AllDatum, EsearchData
from imapkit.features.expunge import Expunge
from imapkit.features.move import Move, move
from imapkit.features.search import Search, SearchData
from imapkit.features.store import Store
from imapkit.features.uidplus import UidExpunge
from imapkit.ports.client import Completed, Step
from imapkit.ports.store import FlagAction
from imapkit.protocol.numset import ALL, SAVED, NumSet
from imapkit.protocol.status import Kind, Status
from imapkit.protocol.uid_codes import CopyUid
from imapkit.query import keys as k
from imapkit.query.key import Numbers

from ..support.vectors import Row, check_bad, check_command, ids
from .ops import Answer, Peer, run

COMMANDS = [
    Row(b"MOVE 42:69 foo", Move(NumSet(((42, 69),)), "foo", uid=False)),
    Row(b"UID MOVE 42:69 foo", Move(NumSet(((42, 69),)), "foo")),
    Row(b"uid move $ inbox", Move(SAVED, "INBOX"), b"UID MOVE $ INBOX"),
]

UIDS = NumSet.of(3, 4)
CODE = CopyUid(7, UIDS, NumSet.of(10, 11))
COPIED = Completed(Status(Kind.OK, "Done", CODE, "t"), [])
FOUND: Answer = [SearchData((3, 4))]


def marked(uids: NumSet) -> Store:
    return Store(uids, FlagAction.ADD, ("\\Deleted",), uid=True, silent=True)


@pytest.mark.parametrize("row", COMMANDS, ids=ids(COMMANDS))
def test_commands(row: Row) -> None:
    check_command(row)


def test_malformed_commands_say_what_was_expected() -> None:
    check_bad(b"MOVE 1", "a space")
    check_bad(b"UID MOVE INBOX 1", "a set of message numbers")


def test_move_reads_the_untagged_copyuid() -> None:
    answer: Answer = [Status(Kind.OK, "Moved", CODE)]
    found, sent = run(move(Peer("MOVE"), UIDS, "foo"), [answer])
    assert sent == [Move(UIDS, "foo")]
    assert list(found.pairs()) == [(3, 10), (4, 11)]


def test_without_move_copy_mark_and_remove() -> None:
    found, sent = run(move(Peer("UIDPLUS"), NumSet.span(3), "foo"), [FOUND, COPIED, [], []])
    assert sent == [Search(k.UID(NumSet.span(3))), Copy(UIDS, "foo"), marked(UIDS), UidExpunge(UIDS)]
    assert list(found.pairs()) == [(3, 10), (4, 11)]


def test_message_numbers_become_uids_first() -> None:
    _, sent = run(move(Peer("UIDPLUS"), ALL, "foo", uid=False), [FOUND, COPIED, [], []])
    assert sent[0] == Search(Numbers(ALL))
    assert sent[1] == Copy(UIDS, "foo")


def test_plain_expunge_only_when_told() -> None:
    with pytest.raises(NotSupported):
        run(move(Peer(), UIDS, "foo"), [])
    _, sent = run(move(Peer(), UIDS, "foo", plain_expunge=True), [FOUND, COPIED, [], []])
    assert sent[-1] == Expunge()


def test_nothing_to_move() -> None:
    found, sent = run(move(Peer("UIDPLUS"), UIDS, "foo"), [[]])
    assert len(sent) == 1
    assert found == CopyResult(None, NumSet(), NumSet())


def test_long_sets_go_in_parts() -> None:
    uids = NumSet.from_numbers(range(2, 1300, 2))
    answers: list[Answer] = [[EsearchData("t", True, (AllDatum(uids),))]]
    sent: list[Step] = []
    for part in uids.split(300):
        code = CopyUid(7, part, NumSet.span(5000, 4999 + part.count()))
        answers += [Completed(Status(Kind.OK, "", code, "t"), []), [], []]
    found, sent = run(move(Peer("UIDPLUS", "ESEARCH"), uids, "foo"), answers)
    assert [step.numset.count() for step in sent if isinstance(step, Copy)] == [300, 300, 49]
    assert found.source == uids
    assert len(list(found.pairs())) == 649


def test_refused_at_first_nothing_happened() -> None:
    with pytest.raises(NoSuchMailbox) as caught:
        run(move(Peer("UIDPLUS"), UIDS, "foo"), [FOUND, NoSuchMailbox("no", "TRYCREATE")])
    assert not hasattr(caught.value, "__notes__")


def test_errors_after_the_copy_say_so() -> None:
    with pytest.raises(CommandNo) as caught:
        run(move(Peer("UIDPLUS"), UIDS, "foo"), [FOUND, COPIED, CommandNo("no")])
    assert caught.value.__notes__ == ["done before: COPY"]
    with pytest.raises(UnknownOutcome) as lost:
        run(move(Peer("UIDPLUS"), UIDS, "foo"), [FOUND, COPIED, [], ConnectionLost("gone")])
    assert lost.value.done == ("COPY", "STORE")
    with pytest.raises(UnknownOutcome) as cut:
        run(move(Peer("UIDPLUS"), UIDS, "foo"), [FOUND, COPIED, UnknownOutcome("STORE")])
    assert (cut.value.command, cut.value.done) == ("STORE", ("COPY",))
    with pytest.raises(ConnectionLost):
        run(move(Peer("UIDPLUS"), UIDS, "foo"), [FOUND, ConnectionLost("gone")])
