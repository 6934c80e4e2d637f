"""Common words are listed with the contents that hold them: what that makes certain is so, and what it leaves out is found all the same."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imapkit.query.collate import casemap
from imapkit.query.index import TextColumn
from imapkit.stores.log import search as log_search
from imapkit.stores.sqlite import search_file, search_index, search_lookup, search_words, vacuum
from imapkit.stores.sqlite.account import SqliteAccount
from imapkit.stores.sqlite.disk import Disk
from imapkit.stores.sqlite.search_words import Piece, Sorter, contents_in, numbers_with, pieces, words_of

from ..store_conformance.mail import row
from .test_sqlite_search_index import play, put, read, searched
from .test_sqlite_vacuum import Clock
from .test_sqlite_vacuum import play as play_with_clock

WORDS = st.sampled_from(
    [
        "river",
        "riverside",
        "drive",
        "iver",
        "a",
        "ab",
        "b",
        "aab",
        "straße",
        "STRASSE",
        "ﬁn",
        "İs",
        "e\u0301t",
        "x\0y",
        "日本",
        "\x01",
    ]
)
SPACES = st.sampled_from([" ", "\r\n", "\t", "  ", "\u2028", "\x1c", "\xa0", "."])
TEXTS = st.lists(st.tuples(WORDS, SPACES), max_size=6).map(
    lambda runs: "".join(word + space for word, space in runs)
)


@pytest.fixture(autouse=True)
def always_indexed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_search, "SCANNED", 0)


@settings(max_examples=60)
@given(st.data())
def test_listed_words_change_nothing(data: st.DataObject) -> None:
    """Whatever is common, however full the vocabulary is, and wherever a look-up stops."""
    batches = data.draw(st.lists(st.lists(TEXTS, min_size=1, max_size=4), min_size=1, max_size=3))
    joined = " ".join(text for texts in batches for text in texts)
    needles = [data.draw(TEXTS) for _ in range(2)]
    for _ in range(4):
        at = data.draw(st.integers(0, len(joined)))
        needles.append(joined[at : at + data.draw(st.integers(1, 12))])

    async def work(account: SqliteAccount) -> None:
        for number, texts in enumerate(batches):
            await put(account, "INBOX", texts, subject=texts[0].replace("\0", "").replace("\r\n", " "))
            if number < 2:
                await account.index.build(all_of_it=True)
            with account.db:  # as after a power cut: the next contents are in another range
                account.db.execute("UPDATE account SET next_content = next_content + ?", (gap,))
        inbox = await account.open("INBOX")
        await account.expunge(inbox, inbox.by_uid([(2, 2)]))
        for needle in map(casemap, needles):
            for column in TextColumn:
                if needle:
                    assert list(searched(inbox, column, needle)) == read(inbox, column, needle), needle
        inbox.release()

    gap = data.draw(st.sampled_from([0, 1, 1 << search_words.RANGE, 5 << 20]))
    with tempfile.TemporaryDirectory() as directory, pytest.MonkeyPatch.context() as patch:
        patch.setattr(search_words, "AT_ONCE", data.draw(st.sampled_from([1, 1000])))
        patch.setattr(search_words, "COMMON", data.draw(st.integers(1, 3)))
        patch.setattr(search_words, "MOST_WORDS", data.draw(st.sampled_from([0, 3, 1000])))
        patch.setattr(search_lookup, "MOST_WORDS", data.draw(st.sampled_from([1, 1000])))
        patch.setattr(search_lookup, "MOST_RANGES", data.draw(st.sampled_from([1, 16])))
        patch.setattr(search_index, "BATCH", data.draw(st.sampled_from([1, 3, 1000])))
        play(Path(directory), work)


@given(
    st.lists(st.text("AB", min_size=1, max_size=4), max_size=8),
    st.text("AB", min_size=1, max_size=3),
    st.booleans(),
    st.booleans(),
)
def test_words_with_a_piece_are_found(words: list[str], text: str, begins: bool, ends: bool) -> None:
    vocabulary = "".join(["\n", *[f"{word}\n" for word in words]]).encode()
    expected = [
        number
        for number, word in enumerate(words)
        if (
            word == text
            if begins and ends
            else word.startswith(text)
            if begins
            else word.endswith(text)
            if ends
            else text in word
        )
    ]
    assert numbers_with(vocabulary, Piece(text, begins, ends), 100) == expected
    assert numbers_with(vocabulary, Piece(text, begins, ends), 1) == expected[:1]


@given(TEXTS, st.integers(1, 9))
def test_a_long_text_has_the_same_words(text: str, at_once: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search_words, "AT_ONCE", at_once)
        assert set().union(*words_of(text)) == set(text.split())


def test_white_space_of_a_needle_ends_words() -> None:
    assert pieces("ONE") == [Piece("ONE", False, False)]
    assert pieces(" ONE\r\nTWO THREE") == [
        Piece("ONE", True, True),
        Piece("TWO", True, True),
        Piece("THREE", True, False),
    ]
    assert pieces(" \t") == []


def test_a_sorter_lists_what_is_common_and_leaves_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_words, "COMMON", 2)
    vocabulary = {"KNOWN": 0}
    sorter = Sorter(vocabulary)
    sorter.add(7, {"KNOWN", "BOTH", "ONCE"})
    sorter.add(9, {"BOTH", "L" * 65}, more="KNOWN MORE")
    sorter.add(1 << 20, {"BOTH", "L" * 65}, more="MORE BOTH")
    for _ in sorter.settle():
        pass
    batch = sorter.batch()
    assert vocabulary == {"KNOWN": 0, "BOTH": 1} and (batch.first_word, batch.words) == (1, ["BOTH"])
    held: dict[int, list[tuple[int, bytes]]] = {}
    for key, octets in zip(batch.keys, batch.contents, strict=True):
        held.setdefault(key >> search_words.SHIFT, []).append((key & 0xFFFFFFFF, octets))
    assert {word: list(contents_in(rows)) for word, rows in held.items()} == {0: [7], 1: [7, 9, 1 << 20]}
    left = {content: set(text.split()) for content, text in batch.left}
    assert left == {7: {"ONCE"}, 9: {"L" * 65, "KNOWN", "MORE"}, 1 << 20: {"L" * 65, "MORE", "BOTH"}}
    assert batch.ranges == [(0,), (1 << 20 >> search_words.RANGE,)]


@pytest.fixture
def looked_into(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The contents whose texts were looked into."""
    found: list[int] = []
    holding = SqliteAccount.holding

    def noted(self: SqliteAccount, column: TextColumn, contents: list[int], needle: str) -> list[int]:
        found.extend(contents)
        return holding(self, column, contents, needle)

    monkeypatch.setattr(SqliteAccount, "holding", noted)
    yield found


def test_of_common_words_no_text_is_read(tmp_path: Path, looked_into: list[int]) -> None:
    async def scenario(account: SqliteAccount) -> None:
        await put(account, "INBOX", ["bright riverside", "bright river"] * 10 + ["upriver"])
        await account.index.build(all_of_it=True)
        inbox = await account.open("INBOX")
        assert len(searched(inbox, TextColumn.BODY, "BRIGHT")) == 20 and looked_into == []
        assert len(searched(inbox, TextColumn.BODY, "RIVER")) == 21 and looked_into == [21]
        assert len(searched(inbox, TextColumn.HEADERS, "SUBJECT:")) == 21 and looked_into == [21]
        assert len(searched(inbox, TextColumn.SUBJECT, "SUBJECT:")) == 0
        assert looked_into[1:] == list(range(1, 22)), "in the header, which is not the field"
        inbox.release()

    play(tmp_path, scenario)


def test_it_holds_through_expunge_undelete_vacuum_and_reindex(tmp_path: Path) -> None:
    async def scenario(account: SqliteAccount, clock: Clock) -> None:
        inbox = await account.open("INBOX")

        def check(count: int) -> None:
            for needle in ("RIVER", "EVERY", "NUMBER3", "Y RIVER"):
                assert list(searched(inbox, TextColumn.BODY, needle)) == read(inbox, TextColumn.BODY, needle)
            assert len(searched(inbox, TextColumn.BODY, "RIVER")) == count

        def trash() -> list[int]:
            return [item.trash_id for item in account.trash()]

        await put(account, "INBOX", [f"every river number{number}" for number in range(40)])
        await account.index.build(all_of_it=True)
        check(40)
        await account.expunge(inbox, inbox.by_uid([(1, 10)]))
        check(30)
        await account.undelete(trash(), row(account, "INBOX").id)
        check(40)
        await account.expunge(inbox, inbox.by_uid([(20, 30), (41, 45)]))
        clock.now += 10
        await vacuum(account, clock.now)
        await put(account, "INBOX", ["every river number39"])
        check(25)
        await account.index.build(all_of_it=True)
        check(25)
        assert await account.index.rebuild() == 25
        check(25)
        inbox.release()

    play_with_clock(tmp_path, scenario)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE body_sets SET contents = CAST(contents || x'00' AS BLOB)",
        "UPDATE body_sets SET contents = x'ffff'",
        "UPDATE body_words SET words = CAST(replace(CAST(words AS TEXT), 'EVERY', 'A' || char(10) || 'B') AS BLOB)",
    ],
)
def test_what_cannot_be_is_damage(tmp_path: Path, damage: str) -> None:
    """Texts are read instead, as with any other damage."""

    async def scenario(account: SqliteAccount) -> None:
        await put(account, "INBOX", ["every river"] * 10)
        await account.index.build(all_of_it=True)
        await put(account, "INBOX", ["another sea"] * 10)
        await account.index.build(all_of_it=True)
        account.index.forget()
        with apsw.Connection(str(account.path.parent / search_file.FILE)) as db:
            db.execute(damage)
        inbox = await account.open("INBOX")
        assert list(searched(inbox, TextColumn.BODY, "RIVER")) == list(range(1, 11))
        assert list(searched(inbox, TextColumn.BODY, "SEA")) == list(range(11, 21))
        inbox.release()

    play(tmp_path, scenario)


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    for _ in range(2):
        search_file.SearchFile.write(tmp_path / search_file.FILE, Disk(), "token").close()
        assert (tmp_path / search_file.FILE).stat().st_mode & 0o777 == 0o600
