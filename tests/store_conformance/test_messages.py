"""Messages: append, flags, copy, move, expunge, undelete, recent."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from imapkit.errors import MailboxMissing, StoreError, TooManyKeywords
from imapkit.ports.store import Account, Column, FlagAction

from .conftest import Play
from .mail import check_counts, column, fill, flags_of, message, octets, row


def test_append_numbers_from_one_and_keeps_what_came(play: Play) -> None:
    async def scenario(account: Account) -> None:
        when = datetime(2001, 2, 3, 4, 5, 6, tzinfo=timezone(timedelta(hours=-7, minutes=-30)))
        data = octets("one", "body\r\nof two lines")
        added = await account.append(row(account, "INBOX").id, [message(data, {"\\Seen", "Work"}, when)])
        assert added.uids == [1]
        assert added.uidvalidity == row(account, "inbox").uidvalidity
        mailbox = await account.open("INBOX")
        assert mailbox.row.uidnext == 2 and mailbox.row.modseq == added.modseq == account.modseq
        columns = [Column.CONTENT, Column.INTERNALDATE, Column.SIZE, Column.HEADER, Column.ENVELOPE]
        ((content, date, size, header, envelope),) = next(mailbox.rows(mailbox.everything(), columns))
        assert date == b" 3-Feb-2001 04:05:06 -0730"
        assert size == len(data)
        assert header == data[: data.index(b"\r\n\r\n") + 4]
        assert isinstance(envelope, bytes) and b'"one"' in envelope
        assert isinstance(content, int)
        body = account.body(content)
        assert body.size == len(data) and body.read() == data
        assert body.read(6, 10) == data[6:16] and body.read(len(data) - 3) == data[-3:]
        assert body.read(len(data) + 5, 10) == b"" and body.read(3, 0) == b""
        assert flags_of(mailbox) == {1: {"\\Seen", "Work"}}
        mailbox.release()

    play(scenario)


@pytest.mark.parametrize("size", [70_000, 3_000_000])
def test_a_large_message_comes_through_a_spool(play: Play, size: int) -> None:
    async def scenario(account: Account) -> None:
        data = octets(body="x" * size)
        sink = account.open_spool(len(data))
        for at in range(0, len(data), 50_000):
            sink.write(data[at : at + 50_000])
        new = message(data)
        new.content = sink.finish()  # type: ignore[misc]
        await account.append(row(account, "INBOX").id, [new, message(data)])
        mailbox = await account.open("INBOX")
        for content in column(mailbox, Column.CONTENT).values():
            assert isinstance(content, int)
            assert account.body(content).read() == data
            assert account.body(content).read(len(data) - 10, 4) == data[-10:-6]
        mailbox.release()

    play(scenario)


def test_append_is_all_or_none(play: Play) -> None:
    async def scenario(account: Account) -> None:
        many = {f"k{number}" for number in range(1024)}
        before = account.modseq
        with pytest.raises(TooManyKeywords):
            await account.append(row(account, "INBOX").id, [message(flags=many), message(flags={"more"})])
        with pytest.raises(MailboxMissing):
            await account.append(999, [message()])
        assert account.modseq == before and row(account, "INBOX").messages == 0
        assert await fill(account, "INBOX", 2) == [1, 2]
        mailbox = await account.open("INBOX")
        assert mailbox.keywords() == ()
        mailbox.release()

    play(scenario)


def test_every_mutation_takes_the_next_modseq(play: Play) -> None:
    async def scenario(account: Account) -> None:
        seen = [account.modseq]

        def risen() -> None:
            assert account.modseq == seen[-1] + 1
            seen.append(account.modseq)

        await fill(account, "INBOX", 5)
        risen()
        mailbox = await account.open("INBOX")
        await account.store(mailbox, mailbox.by_uid([(1, 3)]), FlagAction.ADD, frozenset({"\\Seen", "new"}))
        risen()
        await account.copy(mailbox, mailbox.by_uid([(1, 2)]), row(account, "Sent").id)
        risen()
        await account.move(mailbox, mailbox.by_uid([(3, 4)]), row(account, "Sent").id)
        risen()
        await account.expunge(mailbox, mailbox.by_uid([(1, 1)]))
        risen()
        await account.create("a/b/c")
        risen()
        await account.rename("a", "z")
        risen()
        await account.subscribe("z")
        risen()
        await account.subscribe("z")
        await account.store(mailbox, mailbox.by_uid([(2, 2)]), FlagAction.ADD, frozenset({"\\Seen"}))
        await account.expunge(mailbox, mailbox.by_uid([(1, 1)]))
        await account.copy(mailbox, mailbox.by_uid([(4, 4)]), row(account, "Sent").id)
        assert account.modseq == seen[-1], "nothing changed"
        mailbox.release()

    play(scenario)


def test_flags(play: Play) -> None:
    async def scenario(account: Account) -> None:
        await fill(account, "INBOX", 4, {"\\Flagged"})
        mailbox = await account.open("INBOX")
        done = await account.store(
            mailbox, mailbox.by_uid([(1, 2), (4, 4)]), FlagAction.ADD, frozenset({"\\Seen", "\\Recent"})
        )
        assert list(done.changed) == [1, 2, 4] and done.modseq == account.modseq
        done = await account.store(mailbox, mailbox.everything(), FlagAction.ADD, frozenset({"\\SEEN"}))
        assert list(done.changed) == [3], "only what really changed"
        done = await account.store(
            mailbox, mailbox.by_uid([(2, 3)]), FlagAction.REPLACE, frozenset({"Work", "\\Deleted"})
        )
        await account.store(mailbox, mailbox.by_uid([(3, 3)]), FlagAction.REMOVE, frozenset({"WORK", "none"}))
        assert flags_of(mailbox) == {
            1: {"\\Flagged", "\\Seen"},
            2: {"Work", "\\Deleted"},
            3: {"\\Deleted"},
            4: {"\\Flagged", "\\Seen"},
        }
        assert mailbox.keywords() == ("Work",)
        assert mailbox.first_unseen() == 2
        assert (mailbox.row.unseen, mailbox.row.deleted) == (2, 2)
        mailbox.release()

    play(scenario)


def test_a_mailbox_has_1024_keywords_at_most(play: Play) -> None:
    async def scenario(account: Account) -> None:
        await fill(account, "INBOX", 2)
        await fill(account, "Sent", 1, {"other"})
        mailbox, sent = await account.open("INBOX"), await account.open("Sent")
        many = frozenset(f"k{number}" for number in range(1024))
        await account.store(mailbox, mailbox.by_uid([(1, 1)]), FlagAction.ADD, many)
        before = account.modseq
        with pytest.raises(TooManyKeywords):
            await account.store(mailbox, mailbox.everything(), FlagAction.ADD, frozenset({"one-more"}))
        with pytest.raises(TooManyKeywords):
            await account.move(sent, sent.everything(), row(account, "INBOX").id)
        assert account.modseq == before
        done = await account.store(mailbox, mailbox.everything(), FlagAction.ADD, frozenset({"K1023"}))
        assert list(done.changed) == [2]
        assert flags_of(mailbox) == {1: many, 2: {"k1023"}}
        assert flags_of(sent) == {1: {"other"}}
        assert list(mailbox.search().with_flag("K1023")) == [1, 2]
        await account.store(mailbox, mailbox.by_uid([(1, 1)]), FlagAction.REPLACE, frozenset({"k0"}))
        assert flags_of(mailbox) == {1: {"k0"}, 2: {"k1023"}}
        mailbox.release()
        sent.release()

    play(scenario)


def test_unchanged_since(play: Play) -> None:
    async def scenario(account: Account) -> None:
        await fill(account, "INBOX", 3)
        mailbox = await account.open("INBOX")
        since = account.modseq
        await account.store(mailbox, mailbox.by_uid([(2, 2)]), FlagAction.ADD, frozenset({"\\Seen"}))
        done = await account.store(
            mailbox, mailbox.everything(), FlagAction.ADD, frozenset({"\\Flagged"}), unchanged_since=since
        )
        assert list(done.changed) == [1, 3] and list(done.refused) == [2]
        done = await account.store(
            mailbox, mailbox.everything(), FlagAction.ADD, frozenset({"x"}), unchanged_since=0
        )
        assert list(done.changed) == [] and list(done.refused) == [1, 2, 3]
        assert mailbox.keywords() == (), "a refused change makes no keyword"
        mailbox.release()

    play(scenario)


def test_copy_keeps_content_flags_and_dates(play: Play) -> None:
    async def scenario(account: Account) -> None:
        await fill(account, "Sent", 1, {"b"})
        await fill(account, "INBOX", 3, {"a", "b", "\\Seen"})
        mailbox = await account.open("INBOX")
        await account.expunge(mailbox, mailbox.by_uid([(2, 2)]))
        copied = await account.copy(mailbox, mailbox.by_uid([(1, 3)]), row(account, "Sent").id)
        assert copied.source == [(1, 1), (3, 3)] and copied.target == [(2, 3)]
        assert copied.uidvalidity == row(account, "Sent").uidvalidity
        target = await account.open("Sent")
        assert flags_of(target) == {1: {"b"}, 2: {"a", "b", "\\Seen"}, 3: {"a", "b", "\\Seen"}}
        for kept in (Column.CONTENT, Column.EMAILID, Column.THREADID, Column.INTERNALDATE, Column.ENVELOPE):
            source = column(mailbox, kept)
            assert [source[1], source[3]] == [column(target, kept)[2], column(target, kept)[3]]
        assert row(account, "INBOX").messages == 2
        mailbox.release()
        target.release()

    play(scenario)


def test_move_is_one_change(play: Play) -> None:
    async def scenario(account: Account) -> None:
        await fill(account, "INBOX", 4, {"\\Deleted"})
        mailbox, target = await account.open("INBOX"), await account.open("Trash")
        before = account.modseq
        moved = await account.move(mailbox, mailbox.by_uid([(2, 3)]), row(account, "Trash").id)
        assert (moved.source, moved.target, moved.modseq) == ([(2, 3)], [(1, 2)], before + 1)
        assert list(mailbox.everything()) == [1, 4] and list(target.everything()) == [1, 2]
        assert mailbox.vanished(before) == [(2, 3)]
        assert list(target.changes(before).added) == [1, 2]
        moved = await account.move(mailbox, mailbox.everything(), row(account, "INBOX").id)
        assert moved.target == [(5, 6)] and list(mailbox.everything()) == [5, 6], "within one mailbox"
        assert list(account.trash()) == [], "what was moved is not lost"
        mailbox.release()
        target.release()

    play(scenario)


def test_uids_are_not_used_again(play: Play) -> None:
    async def scenario(account: Account) -> None:
        await fill(account, "INBOX", 3)
        mailbox = await account.open("INBOX")
        assert await account.expunge(mailbox, mailbox.everything()) == [(1, 3)]
        assert await fill(account, "INBOX", 1) == [4]
        assert mailbox.row.uidnext == 5
        mailbox.release()

    play(scenario)


def test_undelete(play: Play) -> None:
    async def scenario(account: Account) -> None:
        await fill(account, "INBOX", 3, {"Work", "\\Seen", "\\Deleted"})
        mailbox = await account.open("INBOX")
        contents = column(mailbox, Column.CONTENT)
        await account.expunge(mailbox, mailbox.by_uid([(1, 2)]))
        await account.delete("INBOX")
        assert mailbox.gone and list(mailbox.everything()) == []
        trash = list(account.trash())
        assert [(item.mailbox, item.uid) for item in trash] == [("INBOX", 1), ("INBOX", 2), ("INBOX", 3)]
        assert all(item.flags == {"Work", "\\Seen", "\\Deleted"} for item in trash)
        with pytest.raises(StoreError):
            await account.undelete([trash[1].trash_id, 12345678901], row(account, "Sent").id)
        assert row(account, "Sent").messages == 0
        added = await account.undelete([trash[1].trash_id, trash[2].trash_id], row(account, "Sent").id)
        assert added.uids == [1, 2]
        target = await account.open("Sent")
        assert list(column(target, Column.CONTENT).values()) == [contents[2], contents[3]]
        assert flags_of(target) == {1: {"Work", "\\Seen"}, 2: {"Work", "\\Seen"}}
        assert [item.uid for item in account.trash()] == [1]
        with pytest.raises(StoreError):
            await account.undelete([trash[1].trash_id], row(account, "Sent").id)
        mailbox.release()
        target.release()

    play(scenario)


def test_recent_is_told_once(play: Play) -> None:
    async def scenario(account: Account) -> None:
        await fill(account, "INBOX", 3)
        mailbox = await account.open("INBOX")
        assert mailbox.row.recent == 3
        await account.expunge(mailbox, mailbox.by_uid([(2, 2)]))
        assert mailbox.row.recent == 2
        before = account.modseq
        assert list(await account.take_recent(mailbox)) == [1, 3]
        assert list(await account.take_recent(mailbox)) == []
        assert (mailbox.row.recent, account.modseq) == (0, before)
        await fill(account, "INBOX", 1)
        assert row(account, "INBOX").recent == 1
        assert list(await account.take_recent(mailbox)) == [4]
        mailbox.release()

    play(scenario)


def test_recent_is_taken_with_an_append(play: Play) -> None:
    async def scenario(account: Account) -> None:
        await fill(account, "INBOX", 2)
        inbox = row(account, "INBOX").id
        before = account.modseq
        added = await account.append(inbox, [message(octets("mine"))], take_recent=True)
        assert (added.uids, added.recent) == ([3], (1, 3))  # those that were nobody's, too
        assert (row(account, "INBOX").recent, account.modseq) == (0, before + 1)
        assert (await account.append(inbox, [message(octets("other"))])).recent is None
        assert row(account, "INBOX").recent == 1
        mailbox = await account.open("INBOX")
        assert list(await account.take_recent(mailbox)) == [4]
        mailbox.release()

    play(scenario)


def test_object_ids(play: Play) -> None:
    async def scenario(account: Account) -> None:
        inbox = row(account, "INBOX").id
        first = octets("a", extra="Message-ID: <1@x>\r\n")
        answer = octets("re: a", extra="Message-ID: <2@x>\r\nReferences: <1@x>\r\n")
        other = octets("b", extra="Message-ID: <3@x>\r\n")
        given = message(other)
        given.email_id = "Mgiven"  # type: ignore[misc]
        await account.append(inbox, [message(first), message(answer), message(other), given])
        mailbox = await account.open("INBOX")
        emails, threads = column(mailbox, Column.EMAILID), column(mailbox, Column.THREADID)
        assert len(set(emails.values())) == 4 and emails[4] == "Mgiven"
        assert threads[1] == threads[2] != threads[3] == threads[4]
        ids = [*emails.values(), *threads.values(), mailbox.row.object_id]
        assert all(isinstance(text, str) and text.isalnum() for text in ids)
        assert len({*emails.values()} | {*threads.values()}) == 6
        mailbox.release()

    play(scenario)


def test_changes_of_many_messages(play: Play) -> None:
    async def scenario(account: Account) -> None:
        await fill(account, "INBOX", 2500)
        mailbox = await account.open("INBOX")
        chunks = [len(chunk) for chunk in mailbox.rows(mailbox.everything(), [Column.UID, Column.ENVELOPE])]
        assert sum(chunks) == 2500 and max(chunks) <= 2000
        await account.store(
            mailbox, mailbox.by_uid([(n, n) for n in range(1, 2500, 2)]), FlagAction.ADD, frozenset({"odd"})
        )
        await account.expunge(mailbox, mailbox.by_uid([(100, 2400)]))
        assert list(mailbox.search().with_flag("odd")) == [n for n in mailbox.uids() if n % 2]
        await check_counts(account)
        mailbox.release()

    play(scenario)


def test_rows_leave_out_what_went_between_chunks(play: Play) -> None:
    async def scenario(account: Account) -> None:
        await fill(account, "INBOX", 2200)
        mailbox = await account.open("INBOX")
        reader = mailbox.rows(mailbox.everything(), [Column.UID, Column.ENVELOPE])
        first = next(reader)
        await account.expunge(mailbox, mailbox.by_uid([(1, 2190)]))
        rest = [uid for chunk in reader for uid, _ in chunk]
        assert len(first) < 2190 and rest == list(range(2191, 2201))
        mailbox.release()

    play(scenario)


def test_numbers_of_those_that_are_there(play: Play) -> None:
    async def scenario(account: Account) -> None:
        await fill(account, "INBOX", 40)
        mailbox = await account.open("INBOX")
        before = mailbox.by_uid([(1, 40)])
        await account.expunge(mailbox, mailbox.by_uid([(1, 1), (5, 9), (30, 30)]))
        there = list(mailbox.uids())
        for ranges in ([(1, 40)], [(2, 2)], [(4, 12), (20, 31)], [(40, 40)], [(5, 5)], []):
            wanted = [number for number, uid in enumerate(there, 1) if any(a <= uid <= b for a, b in ranges)]
            assert mailbox.numbers(mailbox.by_uid(ranges)) == wanted
            assert mailbox.number_text(mailbox.by_uid(ranges), uid=False) == b"".join(
                b" %d" % n for n in wanted
            )
            uids = list(mailbox.by_uid(ranges))
            assert mailbox.number_text(mailbox.by_uid(ranges), uid=True) == b"".join(b" %d" % n for n in uids)
        assert mailbox.numbers(before) == list(range(1, 34))
        await account.expunge(mailbox, mailbox.everything())
        assert mailbox.numbers(before) == mailbox.numbers(mailbox.everything()) == []
        mailbox.release()

    play(scenario)
