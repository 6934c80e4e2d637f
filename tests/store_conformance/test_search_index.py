"""The search primitives against brute force over what was put in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

from imapkit.ports.store import Account, Column, FlagAction
from imapkit.query.collate import casemap
from imapkit.query.index import IdColumn, NumberColumn, TextColumn

from .conftest import Play
from .mail import column, flags_of, message, row

_ZONES = (timezone(timedelta(hours=14)), UTC, timezone(timedelta(hours=-11, minutes=-30)))
_SUBJECTS = ("Grüße aus Köln", "=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "ΣΊΣΥΦΟΣ", "plain", "")


def _messages() -> list[tuple[bytes, datetime]]:
    made = []
    for number in range(60):
        when = datetime(2026, 11, 20, 23, 30, tzinfo=_ZONES[number % 3]) + timedelta(hours=7 * number)
        head = f"From: Person {number} <p{number % 7}@Example.ORG>\r\nTo: all\r\n"
        head += f"Subject: {_SUBJECTS[number % 5]}\r\nX-Number: {number}\r\nX-Number: again {number % 4}\r\n"
        if number % 3:
            head += f"Date: {when.strftime('%d %b %Y %H:%M:%S %z')}\r\n"
        body = f"Body of {number}\r\n" + "filler straße\r\n" * (number % 9)
        made.append(((head + "\r\n" + body).encode(), when - timedelta(days=number % 2)))
    return made


async def _fill(account: Account) -> list[tuple[bytes, datetime]]:
    made = _messages()
    new = [message(data, when=when) for data, when in made]
    await account.append(row(account, "INBOX").id, new)
    mailbox = await account.open("INBOX")
    await account.expunge(mailbox, mailbox.by_uid([(10, 12)]))
    mailbox.release()
    return made


def test_numbers(play: Play) -> None:
    async def scenario(account: Account) -> None:
        made = await _fill(account)
        mailbox = await account.open("INBOX")
        uids = list(mailbox.everything())
        await account.store(mailbox, mailbox.by_uid([(20, 25)]), FlagAction.ADD, frozenset({"x"}))
        modseqs, saved = column(mailbox, Column.MODSEQ), column(mailbox, Column.SAVEDATE)

        def values(uid: int) -> dict[NumberColumn, int]:
            data, when = made[uid - 1]
            sent = (when.date() + timedelta(days=(uid - 1) % 2)).toordinal() if (uid - 1) % 3 else 0
            save, modseq = saved[uid], modseqs[uid]
            assert isinstance(save, int) and isinstance(modseq, int)
            return {
                NumberColumn.UID: uid,
                NumberColumn.MODSEQ: modseq,
                NumberColumn.SIZE: len(data),
                NumberColumn.INTERNAL_DAY: when.date().toordinal(),
                NumberColumn.SENT_DAY: sent,
                NumberColumn.SAVE_DAY: date.fromtimestamp(save).toordinal()
                if save < 0
                else datetime.fromtimestamp(save, UTC).toordinal(),
                NumberColumn.INTERNAL_TIME: int(when.timestamp()),
                NumberColumn.SAVE_TIME: save,
            }

        index = mailbox.search()
        known = {uid: values(uid) for uid in uids}
        for wanted in NumberColumn:
            there = sorted({known[uid][wanted] for uid in uids})
            bounds = [
                (there[0], there[-1]),
                (there[len(there) // 3], there[len(there) // 2]),
                (0, 1 << 40),
                (-5, -1),
            ]
            for low, high in bounds:
                expected = [uid for uid in uids if low <= known[uid][wanted] <= high]
                assert list(index.between(wanted, low, high)) == expected, (wanted, low, high)
        mailbox.release()

    play(scenario)


def test_texts(play: Play) -> None:
    async def scenario(account: Account) -> None:
        await _fill(account)
        mailbox = await account.open("INBOX")
        index = mailbox.search()
        within = mailbox.by_uid([(5, 15), (30, 60)])
        found = {
            wanted: [pair for chunk in index.texts(wanted, within) for pair in chunk] for wanted in TextColumn
        }
        assert all([uid for uid, _ in pairs] == list(within) for pairs in found.values())
        for uid, text in found[TextColumn.SUBJECT]:
            plain = ("Grüße aus Köln", "Grüße", "ΣΊΣΥΦΟΣ", "plain", "")[(uid - 1) % 5]
            assert text == casemap(plain)
        for uid, text in found[TextColumn.FROM]:
            assert casemap(f"p{(uid - 1) % 7}@example.org") in text
        for uid, text in found[TextColumn.BODY]:
            assert casemap(f"Body of {uid - 1}\r\n") in text
            assert (casemap("STRASSE") in text or casemap("straße") in text) == bool((uid - 1) % 9)
        for uid, text in found[TextColumn.HEADERS]:
            assert casemap(f"x-number: {uid - 1}") in text and casemap("Body of") not in text
        again = [pair for chunk in index.texts(TextColumn.BODY, within) for pair in chunk]
        assert again == found[TextColumn.BODY]
        for wanted, pairs in found.items():
            for needle in (
                "grüße",
                "ORG",
                "plain",
                "body of 3",
                "number: 1",
                "2",
                "example.org\n",
                "nowhere",
                "\0",
            ):
                mapped = casemap(needle)
                holding = [uid for chunk in index.holding(wanted, mapped, within) for uid in chunk]
                assert holding == [uid for uid, text in pairs if mapped in text], (wanted, needle)
        values = [pair for chunk in index.header_values("x-NUMBER", within) for pair in chunk]
        assert values == [(uid, [str(uid - 1), casemap(f"again {(uid - 1) % 4}")]) for uid in within]
        assert [v for chunk in index.header_values("X-None", within) for _, v in chunk] == [[]] * len(within)
        mailbox.release()

    play(scenario)


def test_flags_and_ids(play: Play) -> None:
    async def scenario(account: Account) -> None:
        await _fill(account)
        mailbox = await account.open("INBOX")
        await account.store(mailbox, mailbox.by_uid([(3, 8)]), FlagAction.ADD, frozenset({"$Junk", "\\Seen"}))
        await account.store(mailbox, mailbox.by_uid([(4, 4)]), FlagAction.REPLACE, frozenset({"\\Draft"}))
        index = mailbox.search()
        for flag in ("\\Seen", "\\Draft", "\\Answered", "$Junk"):
            expected = [uid for uid, names in flags_of(mailbox).items() if flag in names]
            assert list(index.with_flag(flag)) == list(index.with_flag(flag.upper())) == expected
        assert list(index.with_flag("nobody-set-it")) == []
        emails, threads = column(mailbox, Column.EMAILID), column(mailbox, Column.THREADID)
        for uid in (1, 9, 60):
            assert list(index.with_id(IdColumn.EMAIL, str(emails[uid]))) == [uid]
            assert list(index.with_id(IdColumn.THREAD, str(threads[uid]))) == [uid]
        for wrong in ("", "M", "Mxyz", str(emails[1]) + "ffffffffffffffffff", str(threads[1]).lower()):
            assert list(index.with_id(IdColumn.EMAIL, wrong)) == []
        mailbox.release()

    play(scenario)
