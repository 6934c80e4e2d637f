"""SASLprep: the examples of RFC 4013 section 3, each prohibited table, and the rules of RFC 3454 sections 6 and 7."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imapkit.errors import SaslError
from imapkit.sasl.saslprep import saslprep


@pytest.mark.parametrize(
    ("text", "prepared"),
    [
        ("I\u00adX", "IX"),
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("", ""),
        ("\u00ad", ""),
        ("a\u00a0b", "a b"),
        ("a\u3000b", "a b"),
        ("\u00bd", "1\u20442"),
        ("e\u0301", "\u00e9"),
        ("\u0627\u0628", "\u0627\u0628"),
        ("\u06271\u0628", "\u06271\u0628"),
    ],
)
def test_prepared(text: str, prepared: str) -> None:
    assert saslprep(text, stored=True) == prepared
    assert saslprep(text, stored=False) == prepared


@pytest.mark.parametrize(
    "text",
    [
        "\u0007",
        "a\x00b",
        "\x7f",
        "\u0080",
        "\u2028",
        "\ue000",
        "\ufdd0",
        "\U0001fffe",
        "\ud800",
        "\ufffd",
        "\u2ff0",
        "\u202e",
        "\U000e0001",
        "\u0627\u0031",
        "\u0627a\u0628",
    ],
)
def test_refused(text: str) -> None:
    with pytest.raises(SaslError, match="the password "):
        saslprep(text, "password", stored=False)


def test_unassigned_is_let_through_in_a_query_alone() -> None:
    unicorn = "\U0001f984"
    assert saslprep(unicorn, stored=False) == unicorn
    with pytest.raises(SaslError, match=r"Unicode 3\.2"):
        saslprep(unicorn, stored=True)


def test_error_does_not_show_the_text() -> None:
    with pytest.raises(SaslError) as caught:
        saslprep("secret\u0007", "password", stored=True)
    assert "secret" not in str(caught.value) and "\u0007" not in str(caught.value)


@given(st.text(max_size=30))
def test_preparing_twice_changes_nothing(text: str) -> None:
    try:
        once = saslprep(text, stored=False)
    except SaslError:
        return
    assert saslprep(once, stored=False) == once
