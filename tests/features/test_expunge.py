"""EXPUNGE and UID EXPUNGE on the wire, and the client's verb."""

from __future__ import annotations

import pytest

from imapkit.errors import NotSupported, UsageError
from imapkit.features.expunge import Expunge
from imapkit.features.uidplus import UIDNOTSTICKY, UidExpunge, expunge
from imapkit.protocol.numset import SAVED, NumSet
from imapkit.protocol.status import Kind, Status

from ..support.vectors import Row, check_bad, check_command, check_response, ids
from .ops import Peer, run

COMMANDS = [
    Row(b"EXPUNGE", Expunge()),
    Row(b"UID EXPUNGE 3000:3002", UidExpunge(NumSet(((3000, 3002),)))),
    Row(b"uid expunge $", UidExpunge(SAVED), b"UID EXPUNGE $"),
]


@pytest.mark.parametrize("row", COMMANDS, ids=ids(COMMANDS))
def test_commands(row: Row) -> None:
    check_command(row)


def test_uidnotsticky() -> None:
    check_response(
        Row(b"NO [UIDNOTSTICKY] Non-persistent UIDs", Status(Kind.NO, "Non-persistent UIDs", UIDNOTSTICKY))
    )


def test_malformed_commands_say_what_was_expected() -> None:
    check_bad(b"EXPUNGE 1", "the end of the line")
    check_bad(b"UID EXPUNGE", "a space")
    check_bad(b"UID EXPUNGE x", "a set of message numbers")


def test_expunge() -> None:
    assert run(expunge(Peer()), [[]]) == (None, [Expunge()])
    assert run(expunge(Peer("UIDPLUS"), NumSet.of(5)), [[]]) == (None, [UidExpunge(NumSet.of(5))])


def test_some_messages_only_where_the_server_can() -> None:
    with pytest.raises(NotSupported):
        run(expunge(Peer(), NumSet.of(5)), [])
    with pytest.raises(UsageError):
        run(expunge(Peer("UIDPLUS"), NumSet()), [])
