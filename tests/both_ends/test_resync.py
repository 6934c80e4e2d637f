"""Coming back to a mailbox: by QRESYNC, by CONDSTORE and by comparing all, the client learns the same; and news by VANISHED."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import imapkit
from imapkit.features.append import AppendMessage
from imapkit.features.catalogue import registry
from imapkit.features.qresync import QresyncParam, VanishedData
from imapkit.ports.events import Vanished
from imapkit.ports.store import FlagAction
from imapkit.protocol.numset import NumSet
from imapkit.server.options import Options
from imapkit.tools.embed import serve_in_thread

USER, PASSWORD = "ann", "secret"
State = dict[int, frozenset[str]]


@contextmanager
def two(*disabled: str) -> Iterator[tuple[imapkit.Client, imapkit.Client]]:
    """Two clients of one account, on a server without these features."""
    options = Options(registry=registry(disabled=disabled), insecure_plaintext=True)
    with serve_in_thread({USER: PASSWORD}, options=options) as server:
        url = f"imap://{USER}@{server.host}:{server.port}"
        with (
            imapkit.connect(url, password=PASSWORD, allow_plaintext=True) as one,
            imapkit.connect(url, password=PASSWORD, allow_plaintext=True) as other,
        ):
            yield one, other


def fill(mail: imapkit.Client, count: int) -> None:
    messages = [AppendMessage.of(b"Subject: %d\r\n\r\nx\r\n" % number) for number in range(count)]
    told = mail.multiappend("INBOX", messages)
    assert told is not None and told.uids.count() == count


def state(mail: imapkit.Client) -> State:
    """UIDs and flags of the selected mailbox, asked for anew."""
    found = mail.fetch(NumSet.span(1), [imapkit.Flags])
    return {one.uid: frozenset(one.flags or ()) - {"\\Recent"} for one in found if one.uid is not None}


def disturb(mail: imapkit.Client, rng: random.Random) -> None:
    """Remove some, flag some, add some."""
    mail.select("INBOX")
    for _ in range(rng.randint(1, 4)):
        present = sorted(state(mail))
        some = NumSet.from_numbers(rng.sample(present, min(len(present), rng.randint(1, 6))))
        action = rng.choice(("flag", "remove", "add")) if present else "add"
        if action == "flag":
            mail.store(some, FlagAction.ADD, [rng.choice(("\\Seen", "\\Flagged", "$Work"))])
        elif action == "remove":
            mail.store(some, FlagAction.ADD, ["\\Deleted"], silent=True)
            mail.expunge(some)
        else:
            fill(mail, rng.randint(1, 3))
        mail.noop()


def catch_up(known: State, mail: imapkit.Client, param: QresyncParam) -> State:
    mailbox, resynced = mail.resync("INBOX", param)
    assert resynced.valid and mail.selected is mailbox
    now = {uid: flags for uid, flags in known.items() if uid not in resynced.changed.vanished}
    for message in resynced.changed.messages:
        assert message.uid is not None
        now[message.uid] = frozenset(message.flags or ()) - {"\\Recent"}
    return now


@pytest.mark.parametrize(
    "disabled", [(), ("QRESYNC",), ("QRESYNC", "CONDSTORE")], ids=["qresync", "condstore", "neither"]
)
@pytest.mark.parametrize("seed", range(6))
def test_all_ways_come_to_the_same(disabled: tuple[str, ...], seed: int) -> None:
    rng = random.Random(seed)
    with two(*disabled) as (mail, other):
        fill(mail, 12)
        inbox = mail.select("INBOX")
        known = state(mail)
        param = QresyncParam(inbox.uidvalidity or 0, inbox.highest_modseq or 1)
        for _ in range(3):
            inbox.close()
            disturb(other, rng)
            known = catch_up(known, mail, param)
            assert known == state(mail)
            opened = mail.selected
            assert opened is not None and opened.exists == len(known)
            inbox = opened
            param = QresyncParam(inbox.uidvalidity or 0, inbox.highest_modseq or 1)


def test_another_uidvalidity_is_told() -> None:
    with two() as (mail, _):
        inbox = mail.select("INBOX")
        _, resynced = mail.resync("INBOX", QresyncParam((inbox.uidvalidity or 0) + 1, 1))
        assert not resynced.valid


def test_vanished_is_an_event_and_counts() -> None:
    with two() as (mail, other):
        fill(mail, 5)
        mail.enable("QRESYNC")
        with mail.select("INBOX") as inbox:
            assert inbox.exists == 5
            other.select("INBOX")
            other.store(NumSet.of(2, 4), FlagAction.ADD, ["\\Deleted"], silent=True)
            other.expunge()
            events = [event for event in inbox.refresh() if isinstance(event, Vanished)]
            assert events == [Vanished(NumSet.of(2, 4))] and inbox.exists == 3
            mail.store(NumSet.of(1), FlagAction.ADD, ["\\Deleted"], silent=True)
            mail.expunge()
            modseq = inbox.highest_modseq
            assert inbox.exists == 2
            assert mail.fetch_changes(NumSet.span(1), (modseq or 1) - 1, []).vanished == NumSet.of(1)


def test_select_with_the_parameter_itself() -> None:
    with two() as (mail, other):
        fill(mail, 3)
        mail.enable("QRESYNC")
        inbox = mail.select("INBOX")
        param = QresyncParam(inbox.uidvalidity or 0, inbox.highest_modseq or 1)
        other.select("INBOX")
        other.store(NumSet.of(3), FlagAction.ADD, ["\\Deleted"], silent=True)
        other.expunge()
        again = mail.select("INBOX", param, read_only=True)
        told = [one for one in again.selected.data if isinstance(one, VanishedData)]
        assert told == [VanishedData(NumSet.of(3), True)] and again.exists == 2


@pytest.mark.parametrize("disabled", [(), ("MULTIAPPEND",), ("MULTIAPPEND", "UIDPLUS")])
def test_several_messages_at_once(disabled: tuple[str, ...]) -> None:
    with two(*disabled) as (mail, _):
        messages = [
            AppendMessage.of(b"Subject: %d\r\n\r\n" % n + b"x" * n * 40_000, ["\\Seen"]) for n in range(6)
        ]
        told = mail.multiappend("INBOX", messages)
        assert (told is None) == ("UIDPLUS" in disabled)
        mail.select("INBOX")
        found = mail.fetch(NumSet.span(1), [imapkit.Flags, imapkit.Size])
        assert [one.size for one in found] == [message.message.size for message in messages]
        assert all("\\Seen" in (one.flags or ()) for one in found)
