"""Changes that go out in several commands and fail in the middle: the error tells what was done before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import imapkit
from imapkit import NumSet, Partial
from imapkit.features.append import AppendMessage

from .twins import Script, Twin, logged_in, server, url

UIDS = list(range(1, 1001, 2))
FIRST, SECOND = UIDS[:200], UIDS[200:400]
MOVE = "* PREAUTH [CAPABILITY IMAP4rev1 UIDPLUS MOVE LITERAL+] hi"
NO_MOVE = "* PREAUTH [CAPABILITY IMAP4rev1 UIDPLUS LITERAL+] hi"


def opened(twin: Twin, port: int) -> Any:
    return twin.connect(url(port), allow_plaintext=True, timeout=5.0)


def copied(uids: list[int]) -> str:
    return f"OK [COPYUID 9 {NumSet.of(*uids)} {1000 + uids[0]}:{999 + uids[0] + len(uids)}] done"


def paired(uids: list[int]) -> dict[int, int]:
    return dict(zip(uids, range(1000 + uids[0], 1000 + uids[0] + len(uids)), strict=True))


Change = Callable[[Any], Any]
CHANGES: dict[str, tuple[Change, list[str]]] = {
    "copy": (lambda query: query.copy("Archive"), ["UID COPY"]),
    "move": (lambda query: query.move("Archive"), ["UID MOVE"]),
    "delete": (lambda query: query.delete(), ["UID STORE", "UID EXPUNGE"]),
    "flag": (lambda query: query.flag(flagged=True), ["UID STORE"]),
    "both": (lambda query: query.flag(["$A"], ["$B"]), ["UID STORE", "UID STORE"]),
    "set_flags": (lambda query: query.set_flags([]), ["UID STORE"]),
}


def at_fault(s: Script, commands: list[str], before: int, end: Callable[[Script, str], None]) -> None:
    """Two parts; so many commands of the second one are done."""
    s.select(2000)
    for part, count in ((FIRST, len(commands)), (SECOND, before)):
        for command in commands[:count]:
            s.answer(command, status=copied(part))
    end(s, s.command(commands[before]))


def refuse(s: Script, tag: str) -> None:
    s.send(f"{tag} NO [OVERQUOTA] full")
    s.answer("NOOP")
    s.goodbye()


def hang_up(s: Script, tag: str) -> None:
    pass


CASES = [(name, before) for name, (_, commands) in CHANGES.items() for before in range(len(commands))]


@pytest.mark.parametrize(("name", "before"), CASES)
@pytest.mark.parametrize("end", [refuse, hang_up])
def test_the_second_part_fails(
    twin: Twin, name: str, before: int, end: Callable[[Script, str], None]
) -> None:
    change, commands = CHANGES[name]
    kind = imapkit.OverQuota if end is refuse else imapkit.UnknownOutcome

    def play(s: Script) -> None:
        at_fault(s, commands, before, end)

    with server(logged_in(play, MOVE)) as port, opened(twin, port) as mail:
        query = mail.select().uids(UIDS)
        with pytest.raises(kind) as caught:
            change(query)
        if end is refuse:
            mail.noop()
    steps = [command.removeprefix("UID ") for command in commands[:before]]
    pairs = paired(FIRST) if name in ("copy", "move") else {}
    assert caught.value.partial == Partial(FIRST, pairs, SECOND if before else [], steps)
    if isinstance(caught.value, imapkit.UnknownOutcome):
        assert caught.value.done[: len(commands)] == tuple(one.removeprefix("UID ") for one in commands)
    else:
        assert "200 messages" in caught.value.__notes__[0]


@pytest.mark.parametrize("name", CHANGES)
def test_the_first_command_fails(twin: Twin, name: str) -> None:
    change, commands = CHANGES[name]

    def play(s: Script) -> None:
        s.select(2000)
        refuse(s, s.command(commands[0]))

    with server(logged_in(play, MOVE)) as port, opened(twin, port) as mail:
        with pytest.raises(imapkit.OverQuota) as caught:
            change(mail.select().uids(UIDS))
        assert caught.value.partial is None and not hasattr(caught.value, "__notes__")
        mail.noop()


@pytest.mark.parametrize("before", [0, 1, 2])
def test_moving_without_move(twin: Twin, before: int) -> None:
    commands = ["UID COPY", "UID STORE", "UID EXPUNGE"]

    def play(s: Script) -> None:
        s.select(2000)
        for part, count in ((FIRST, 3), (SECOND, before)):
            s.answer("UID SEARCH", "* SEARCH " + " ".join(map(str, part)))
            for command in commands[:count]:
                s.answer(command, status=copied(part))
        refuse(s, s.command(commands[before]))

    with server(logged_in(play, NO_MOVE)) as port, opened(twin, port) as mail:
        with pytest.raises(imapkit.OverQuota) as caught:
            mail.select().uids(UIDS).move("Archive")
        mail.noop()
    pairs = paired(FIRST) | (paired(SECOND) if before else {})
    steps = ["COPY", "STORE"][:before]
    assert caught.value.partial == Partial(FIRST, pairs, SECOND if before else [], steps)


def test_a_server_that_moves_some_and_says_no(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.select()
        tag = s.command("UID MOVE 1:3")
        s.send("* OK [COPYUID 9 1:2 41:42] moved", "* 2 EXPUNGE", "* 1 EXPUNGE")
        refuse(s, tag)

    with server(logged_in(play, MOVE)) as port, opened(twin, port) as mail:
        box = mail.select()
        with pytest.raises(imapkit.OverQuota) as caught:
            box.uids("1:3").move("Archive")
        mail.noop()
        assert box.exists == 1
    assert caught.value.partial == Partial([1, 2], {1: 41, 2: 42}, [], [])


def test_another_mailbox_is_opened_meanwhile(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.select(2000)
        s.answer("UID COPY", status=copied(FIRST))
        s.goodbye()

    with server(logged_in(play, MOVE)) as port, opened(twin, port) as mail:
        box = mail.select()
        real = getattr(box, "_inner", box)
        check = real.check_open
        calls: list[int] = []

        def check_open() -> None:
            calls.append(1)
            if len(calls) == 2:
                real.connection.view = None
            check()

        real.check_open = check_open
        with pytest.raises(imapkit.UsageError, match="not open any more") as caught:
            box.uids(UIDS).copy("Archive")
    assert caught.value.partial == Partial(FIRST, paired(FIRST), [], [])


def test_appending_one_by_one(twin: Twin) -> None:
    def play(s: Script) -> None:
        for uid in (7, 8):
            tag = s.command("APPEND x {")
            s.line(), s.line(), s.line()
            s.send(f"{tag} OK [APPENDUID 1 {uid}] done")
        tag = s.command("APPEND x {")
        s.line(), s.line(), s.line()
        refuse(s, tag)

    with server(logged_in(play, NO_MOVE)) as port, opened(twin, port) as mail:
        with pytest.raises(imapkit.OverQuota) as caught:
            mail.multiappend("x", [AppendMessage.of(b"Subject: x\r\n\r\n") for _ in range(4)])
        mail.noop()
    assert caught.value.partial == Partial([7, 8], {}, [], [])
    assert caught.value.__notes__ == ["2 of 4 messages were appended before"]
