"""What every user directory must do: one suite for all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from imapkit.errors import NoSuchUser, UsageError, UserExists
from imapkit.ports.directory import Directory, NewUser, user_name
from imapkit.sasl.base import ScramKeys
from imapkit.stores.directory.accounts import is_account
from imapkit.stores.directory.memory import MemoryDirectory
from imapkit.stores.directory.sqlite import SqliteDirectory

KEYS = ScramKeys(b"salt" * 4, 100_000, b"a" * 32, b"b" * 32)
ANN = NewUser("ann", "$argon2id$1", KEYS)
BOB = NewUser("bob", "$argon2id$2")


def now() -> float:
    return 1_790_000_000.5


@pytest.fixture(params=["memory", "sqlite"])
def directory(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Directory]:
    made: Directory = MemoryDirectory(now) if request.param == "memory" else SqliteDirectory(tmp_path, now)
    yield made
    made.close()


def test_add_and_find(directory: Directory) -> None:
    assert directory.find("ann") is None
    row = directory.add(ANN)
    assert (row.name, row.password, row.scram, row.disabled) == ("ann", "$argon2id$1", KEYS, False)
    assert row.created == 1_790_000_000
    assert is_account(row.account)
    assert directory.find("ann") == row
    assert directory.add(BOB).scram is None
    assert directory.find("bob") != row


def test_any_spelling_finds_the_same_row(directory: Directory) -> None:
    row = directory.add(NewUser("Ann.Ærø@Example.ORG", "h"))
    assert row.name == "ann.Ærø@example.org"
    for spelling in ("ANN.Ærø@example.org", "ann.Ærø@EXAMPLE.org", "\uff41nn.Ærø@example.org"):
        assert directory.find(spelling) == row
    assert directory.find("ann.ærø@example.org") is None
    with pytest.raises(UserExists, match="exists already"):
        directory.add(NewUser("ANN.Ærø@example.org", "other"))
    assert directory.find(row.name) == row


def test_impossible_names_are_not_found_and_not_added(directory: Directory) -> None:
    for name in ("", "a\0b", "a/b", "x" * 256, "a b", "\ud800"):
        assert directory.find(name) is None
        with pytest.raises(UsageError):
            directory.add(NewUser(name, "h"))
        with pytest.raises(NoSuchUser):
            directory.delete(name)
    assert directory.list() == ()


def test_changes_raise_the_version_and_keep_the_account(directory: Directory) -> None:
    first = directory.add(ANN)
    second = directory.set_password("ANN", "$new", None)
    third = directory.disable("ann")
    fourth = directory.disable("ann", False)
    fifth = directory.set_password("ann", "$newer", KEYS)
    rows = (first, second, third, fourth, fifth)
    assert [row.password for row in rows] == ["$argon2id$1", "$new", "$new", "$new", "$newer"]
    assert [row.scram for row in rows] == [KEYS, None, None, None, KEYS]
    assert [row.disabled for row in rows] == [False, False, True, False, False]
    assert len({row.account for row in rows}) == 1
    assert [row.version for row in rows] == sorted({row.version for row in rows})
    assert directory.find("ann") == fifth


def test_a_version_is_never_used_again(directory: Directory) -> None:
    first = directory.add(ANN)
    assert directory.delete("Ann") == first
    assert directory.find("ann") is None
    again = directory.add(ANN)
    assert again.version > first.version
    assert again.account != first.account


def test_missing_users(directory: Directory) -> None:
    directory.add(BOB)
    changes: tuple[Callable[[], object], ...] = (
        lambda: directory.set_password("ann", "h", None),
        lambda: directory.disable("ann"),
        lambda: directory.delete("ann"),
    )
    for change in changes:
        with pytest.raises(NoSuchUser, match="'ann'"):
            change()
    assert [row.name for row in directory.list()] == ["bob"]


def test_list_is_sorted(directory: Directory) -> None:
    for name in ("zoe", "ann", "Émile", "bob"):
        directory.add(NewUser(name, "h"))
    assert [row.name for row in directory.list()] == ["ann", "bob", "zoe", "Émile"]


def test_reserved_accounts(directory: Directory) -> None:
    account = directory.reserve_account()
    assert is_account(account) and directory.reserve_account() != account
    assert directory.add(ANN, account).account == account
    with pytest.raises(UsageError, match="reserved"):
        directory.add(BOB, account)
    with pytest.raises(UsageError, match="reserved"):
        directory.add(BOB, "a" * 16)
    assert directory.find("bob") is None
    directory.delete("ann")
    with pytest.raises(UsageError, match="reserved"):
        directory.add(BOB, account)


def test_has_scram(directory: Directory) -> None:
    directory.add(BOB)
    assert not directory.has_scram()
    directory.add(ANN)
    assert directory.has_scram()
    directory.set_password("ann", "h", None)
    assert not directory.has_scram()


def test_secret_is_steady(directory: Directory) -> None:
    assert directory.secret() == directory.secret()
    assert len(directory.secret()) == 32 and directory.secret() != bytes(32)


def test_secrets_stay_out_of_repr(directory: Directory) -> None:
    row = directory.add(ANN)
    assert "argon2id" not in repr(row) and "argon2id" not in repr(ANN)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("Ann", "ann"),
        ("ÄNN", "Änn"),
        ("e\u0301mile", "émile"),
        ("\uff21nn", "ann"),
        ("Ⅸ", "ix"),
        ("a@b.example", "a@b.example"),
        ("x" * 255, "x" * 255),
        ("\U0001f984", "\U0001f984"),
    ],
)
def test_normal_form(text: str, normal: str) -> None:
    assert user_name(text) == normal
    assert user_name(normal) == normal


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("x" * 256, "255 octets"),
        ("é" * 128, "255 octets"),
        ("a/b", "'/'"),
        ("a\uff0fb", "'/'"),
        ("a%", r"'%'"),
        ("a*", r"'\*'"),
        ('a"b', "'\"'"),
        ("a\\b", r"\\"),
        ("a b", "a space"),
        ("a\u3000b", "a space"),
        ("a\x00b", r"U\+0000"),
        ("a\u200db", r"U\+200D"),
        ("a\u2028b", r"U\+2028"),
        ("\ud800", r"U\+D800"),
        ("-ann", "begin"),
        ("..", "begin"),
        ("Anyone", "meaning of its own"),
    ],
)
def test_names_refused(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        user_name(text)
