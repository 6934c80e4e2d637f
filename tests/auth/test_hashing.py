"""Hashes of passwords: argon2id, preparation, SCRAM keys only on request and with enough rounds."""

from __future__ import annotations

import pytest

from imapkit.errors import StoreError, UsageError
from imapkit.sasl.scram import derive_keys
from imapkit.server.auth.hashing import Hasher, hash_password, make_user, prepare_presented
from tests.auth.support import CHEAP

HASHER = Hasher(CHEAP)


def test_the_default_is_the_librarys_argon2id() -> None:
    made = make_user("Ann", "secret")
    assert made.password.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert made.name == "ann" and made.scram is None
    assert Hasher().verify(made.password, "secret")
    assert not Hasher().verify(made.password, "Secret")


def test_scram_keys_have_their_own_salt_and_100_000_rounds() -> None:
    one, two = (make_user("ann", "pässword", scram=True, hasher=HASHER).scram for _ in range(2))
    assert one is not None and two is not None
    assert one.iterations >= 100_000 and len(one.salt) == 16 and one.salt != two.salt
    assert one == derive_keys("pässword", one.salt, one.iterations)


def test_spellings_of_one_password_agree() -> None:
    password_hash, _ = hash_password("e\u0301\u00a0\u2168", hasher=HASHER)
    prepared = prepare_presented("\u00e9 IX")
    assert prepared is not None and HASHER.verify(password_hash, prepared)


@pytest.mark.parametrize("password", ["", "\u00ad", "a\x07", "\ud800", "\U0001f984", "x" * 1025, "\u0627a"])
def test_passwords_refused(password: str) -> None:
    with pytest.raises(UsageError, match="password"):
        make_user("ann", password, hasher=HASHER)


@pytest.mark.parametrize("password", ["", "\u00ad", "a\x07", "\ud800", "x" * 1025])
def test_presented_passwords_that_can_be_nobodys(password: str) -> None:
    assert prepare_presented(password) is None


def test_a_bad_name_is_refused() -> None:
    with pytest.raises(UsageError, match="user name"):
        make_user("a/b", "secret", hasher=HASHER)


def test_a_damaged_hash_is_no_wrong_password() -> None:
    for damaged in ("$argon2id$rubbish", "", "secret"):
        with pytest.raises(StoreError, match="could not be checked"):
            HASHER.verify(damaged, "secret")
