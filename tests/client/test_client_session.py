"""A session with a server that follows a script: views that stay current, streams, IDLE, and everything that breaks."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest

import imapkit
from imapkit import Body, Envelope, Flags
from imapkit.ports.events import Arrived, Expunged, FlagsChanged

from .twins import Script, Twin, logged_in, server, url


def opened(twin: Twin, port: int, **options: Any) -> Any:
    return twin.connect(url(port), allow_plaintext=True, **{"timeout": 5.0, **options})


def test_the_view_stays_current(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.select()
        s.answer(
            "NOOP", "* 5 EXISTS", "* 2 EXPUNGE", "* 1 FETCH (FLAGS (\\Seen))", "* OK [ALERT] disk is full"
        )
        s.answer("UNSELECT")
        s.goodbye()

    with server(logged_in(play)) as port, opened(twin, port) as mail:
        box = mail.select()
        assert (box.exists, box.uidvalidity, box.uidnext, box.read_only) == (3, 7, 4, False)
        assert box.refresh() == [Arrived(2, 5, 4), Expunged(2), FlagsChanged(1, None, frozenset({"\\Seen"}))]
        assert box.exists == 4
        assert mail.alerts == ["disk is full"]
        box.close()
        with pytest.raises(imapkit.UsageError, match="not open any more"):
            box.search().count()


def test_messages_as_they_come(twin: Twin) -> None:
    """Data in several responses are joined; a broken one is there, news of others are not."""

    def play(s: Script) -> None:
        s.select(4)
        s.answer(
            "UID FETCH 1:4 (UID ENVELOPE FLAGS)",
            '* 1 FETCH (UID 1 ENVELOPE ("Mon, 2 Nov 2026 10:00:00 +0100" "=?utf-8?q?Gr=C3=BC=C3=9Fe?="'
            ' (("Bob" NIL "bob" "x.org")) NIL NIL NIL NIL NIL NIL "<1@x>"))',
            "* 9 FETCH (FLAGS (\\Seen))",
            "* 1 FETCH (FLAGS (\\Answered))",
            "* 2 FETCH (UID 2 ENVELOPE ((((",
            "* 3 FETCH (UID 3 FLAGS ())",
        )
        s.goodbye()

    with server(logged_in(play)) as port, opened(twin, port) as mail:
        first, broken, third = mail.select().uids("1:4").fetch(Envelope, Flags)
        assert (first.uid, first.subject, first.flags, str(first.from_[0])) == (
            1, "Grüße", frozenset({"\\Answered"}), "Bob <bob@x.org>",
        )  # fmt: skip
        assert first.date.isoformat() == "2026-11-02T10:00:00+01:00"
        assert (broken.uid, bool(broken.broken)) == (2, True)
        with pytest.raises(imapkit.UsageError, match="could not be read"):
            _ = broken.subject
        with pytest.raises(imapkit.UsageError, match="ask for Envelope"):
            _ = third.subject
        with pytest.raises(imapkit.UsageError, match="ask for Body"):
            _ = first.raw


def _three(s: Script) -> None:
    tag = s.command("UID FETCH 1:3")
    for number in (1, 2, 3):
        s.send(f"* {number} FETCH (UID {number} FLAGS () BODY[] {{3}}\r\nabc)")
    s.send(f"{tag} OK done")


def test_a_command_inside_an_iteration(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.select()
        _three(s)
        for _ in range(3):
            s.answer("NOOP")
        s.goodbye()

    with server(logged_in(play)) as port, opened(twin, port) as mail:
        seen = []
        for message in mail.select().uids("1:3").fetch(Body):
            mail.noop()
            seen.append((message.uid, message.raw))
        assert seen == [(1, b"abc"), (2, b"abc"), (3, b"abc")]


def test_stopping_early(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.select()
        tag = s.command("UID FETCH 1:3")
        s.send("* 1 FETCH (UID 1 BODY[] {3}\r\nabc)")
        time.sleep(0.05)
        s.send("* 2 FETCH (UID 2 BODY[] {3}\r\nabc)", f"{tag} OK done")
        s.answer("NOOP", "* 7 EXISTS")
        s.goodbye()

    with server(logged_in(play)) as port, opened(twin, port) as mail:
        box = mail.select()
        for message in box.uids("1:3").fetch(Body):
            assert message.uid == 1
            break
        mail.noop()
        assert box.exists == 7


def test_a_refused_fetch(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.select()
        s.answer("UID FETCH", "* 1 FETCH (UID 1 FLAGS ())", status="NO [UNAVAILABLE] not today")
        s.answer("NOOP")
        s.goodbye()

    with server(logged_in(play)) as port, opened(twin, port) as mail:
        messages = mail.select().uids("1:2").fetch(Flags)
        assert next(messages).uid == 1
        with pytest.raises(imapkit.Unavailable, match="not today"):
            next(messages)
        mail.noop()


def test_nothing_is_sent_for_nothing(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.select(0)
        for _ in range(4):
            s.answer("UID SEARCH", "* SEARCH")
        s.goodbye()

    with server(logged_in(play)) as port, opened(twin, port) as mail:
        nothing = mail.select().search(seen=False)
        assert list(nothing.fetch()) == []
        assert (nothing.flag(seen=True), nothing.move("Archive"), nothing.delete()) == (0, {}, 0)
        assert list(mail.selected.uids()) == []


def test_deleting_takes_no_others_along(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.select()
        s.goodbye()

    greeting = "* PREAUTH [CAPABILITY IMAP4rev1] hi"
    with server(logged_in(play, greeting)) as port, opened(twin, port) as mail:
        box = mail.select()
        with pytest.raises(imapkit.NotSupported, match="UIDPLUS"):
            box.uids(1).delete()


def test_long_sets_make_several_commands(twin: Twin) -> None:
    sizes = []

    def play(s: Script) -> None:
        s.select()
        uids = list(range(1, 2000, 2))
        s.answer("UID SEARCH", f"* SEARCH {' '.join(map(str, uids))}")
        for _ in range(5):
            tag, _, rest = s.line().partition(b" ")
            sizes.append(len(rest))
            s.send(f"{tag.decode()} OK done")
        s.goodbye()

    with server(logged_in(play)) as port, opened(twin, port) as mail:
        assert mail.select().search().flag(add=["$Work"]) == 1000
    assert max(sizes) < 8000 and len(sizes) == 5


def test_idle(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.select()
        tag = s.command("IDLE")
        s.send("* 4 EXISTS", "+ idling")
        time.sleep(0.1)
        s.send("* 1 EXPUNGE")
        assert s.line() == b"DONE"
        s.send("* 5 EXISTS", f"{tag} OK")
        s.answer("NOOP")
        tag = s.command("IDLE")
        s.send("+")
        assert s.line() == b"DONE"
        s.send(f"{tag} OK")
        s.goodbye()

    with server(logged_in(play)) as port, opened(twin, port) as mail:
        box = mail.select()
        found = []
        with box.idle(timeout=0.6) as events:
            for event in events:
                found.append(event)
                if event == Expunged(1):
                    mail.noop()  # ends IDLE; the next step begins it again
        assert found == [Arrived(1, 4, 4), Expunged(1), Arrived(2, 5, 4)]


def test_idle_is_begun_again(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.select()
        for _ in range(2):
            tag = s.command("IDLE")
            s.send("+")
            assert s.line() == b"DONE"
            s.send(f"{tag} OK")
        tag = s.command("IDLE")
        s.send("+", "* 9 EXISTS")
        assert s.line() == b"DONE"
        s.send(f"{tag} OK")
        s.goodbye()

    with server(logged_in(play)) as port, opened(twin, port) as mail:
        box = mail.select()
        with box.idle(timeout=5, renew=0.1) as events:
            assert next(iter(events)) == Arrived(6, 9, 4)


def test_no_idle_is_polling(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.select()
        s.answer("NOOP", "* 4 EXISTS")
        s.goodbye()

    with server(logged_in(play, "* PREAUTH [CAPABILITY IMAP4rev1] hi")) as port, opened(twin, port) as mail:
        assert list(mail.select().idle(timeout=0.2)) == [Arrived(1, 4, 4)]


def test_bye_instead_of_idling(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.select()
        s.command("IDLE")
        s.send("* BYE idle is over")

    with server(logged_in(play)) as port, opened(twin, port) as mail:
        with pytest.raises(imapkit.ConnectionLost) as error:
            list(mail.select().idle(timeout=5))
        assert error.value.bye == "idle is over"


def test_a_connection_that_breaks(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.command("NOOP")
        s.send("* BYE maintenance")

    with server(logged_in(play)) as port, opened(twin, port) as mail:
        with pytest.raises(imapkit.ConnectionLost, match="maintenance"):
            mail.noop()
        with pytest.raises(imapkit.ConnectionLost, match="closed"):
            mail.noop()


def test_a_silent_server(twin: Twin) -> None:
    ended = threading.Event()

    def play(s: Script) -> None:
        s.command("NOOP")
        ended.wait(10)

    with server(logged_in(play)) as port, opened(twin, port, timeout=0.2) as mail:
        with pytest.raises(imapkit.ConnectionTimeout):
            mail.noop()
        ended.set()
        with pytest.raises(imapkit.ConnectionLost):
            mail.noop()  # a connection that timed out is not used again


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ("NO [NONEXISTENT] x", imapkit.NoSuchMailbox),
        ("NO [OVERQUOTA] x", imapkit.OverQuota),
        ("NO [LIMIT] x", imapkit.LimitReached),
        ("NO [NOPERM] x", imapkit.PermissionDenied),
        ("NO [WHATEVER (a b)] x", imapkit.CommandNo),
        ("NO", imapkit.CommandNo),
        ("BAD what", imapkit.CommandBad),
    ],
)
def test_errors_have_classes(twin: Twin, answer: str, error: type[Exception]) -> None:
    def play(s: Script) -> None:
        s.answer("CREATE a", status=answer)
        s.answer("NOOP")
        s.goodbye()

    with server(logged_in(play)) as port, opened(twin, port) as mail:
        with pytest.raises(error) as caught:
            mail.create("a")
        assert type(caught.value) is error
        mail.noop()


def test_an_answer_nobody_asked_for_ends_it(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.command("NOOP")
        s.send("Z9 OK sure")

    with server(logged_in(play)) as port, opened(twin, port) as mail:
        with pytest.raises(imapkit.ProtocolError):
            mail.noop()
        assert mail.connection.closed


def test_steps_that_are_certain_are_told(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.select()
        s.answer("UID SEARCH", "* SEARCH 1")
        s.answer("UID COPY 1 Archive")
        s.command("UID STORE 1")

    with server(logged_in(play)) as port, opened(twin, port) as mail:
        with pytest.raises(imapkit.UnknownOutcome) as error:
            mail.select().uids(1).move("Archive")
        assert "COPY" in error.value.done


SIZE = 10_000_000


def test_large_both_ways_at_once(twin: Twin) -> None:
    """The server sends as much as it is sent before it reads: whoever only writes would wait forever."""

    def play(s: Script) -> None:
        tag = s.command("APPEND INBOX {")
        reading = threading.Thread(target=lambda: s.take(SIZE + 2))
        s.raw(b"* 1 FETCH (BODY[] {%d}\r\n" % SIZE)
        for _ in range(SIZE // 100_000):
            s.raw(b"x" * 100_000)
        s.raw(b")\r\n")
        reading.start()
        reading.join(15)
        s.send(f"{tag} OK [APPENDUID 7 12] done")
        s.goodbye()

    with server(logged_in(play)) as port, opened(twin, port, timeout=15) as mail:
        assert mail.append("INBOX", b"y" * SIZE) == 12


def test_a_literal_that_is_refused_is_not_sent(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.answer("APPEND INBOX {", status="NO [TOOBIG] too much")
        s.answer("NOOP")
        s.goodbye()

    with server(logged_in(play, "* PREAUTH [CAPABILITY IMAP4rev1] hi")) as port, opened(twin, port) as mail:
        with pytest.raises(imapkit.TooBig):
            mail.append("INBOX", b"Subject: x\r\n\r\n" + b"y" * 100_000)
        mail.noop()


def test_the_limit_the_server_announced(twin: Twin) -> None:
    greeting = "* PREAUTH [CAPABILITY IMAP4rev1 APPENDLIMIT=10] hi"
    with server(logged_in(Script.goodbye, greeting)) as port, opened(twin, port) as mail:
        assert "APPENDLIMIT=10" in mail.capabilities
        with pytest.raises(imapkit.TooBig, match="takes 10"):
            mail.append("INBOX", b"Subject: more than ten\r\n\r\n")


def test_unseen_commands_and_untagged_data(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.answer("CAPABILITY", "* CAPABILITY imap4rev1 xyzzy", "* XTHING 1 (2)", "+ stray", "* 3 RECENT")
        s.goodbye()

    with server(logged_in(play)) as port, opened(twin, port) as mail:
        assert mail.capability() == ("imap4rev1", "xyzzy")
        assert mail.has("XYZZY") and mail.has("imap4REV1") and not mail.has("IDLE")
