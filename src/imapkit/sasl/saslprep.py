"""SASLprep (RFC 4013, a profile of RFC 3454): one spelling for user names and passwords that look the same.

The tables are Unicode 3.2, as the RFC demands, from the standard library. An error says what kind of character is in the
way and never which one: the text may be a password.
"""

from __future__ import annotations

import stringprep
from collections.abc import Callable
from unicodedata import ucd_3_2_0

from imapkit.errors import SaslError

_PROHIBITED: tuple[tuple[Callable[[str], bool], str], ...] = (
    (stringprep.in_table_c12, "a space other than U+0020"),
    (stringprep.in_table_c21_c22, "a control character"),
    (stringprep.in_table_c3, "a private-use character"),
    (stringprep.in_table_c4, "a code point that is no character"),
    (stringprep.in_table_c5, "a lone surrogate"),
    (stringprep.in_table_c6, "a character inappropriate for plain text"),
    (stringprep.in_table_c7, "an ideographic description character"),
    (stringprep.in_table_c8, "a deprecated or display-changing character"),
    (stringprep.in_table_c9, "a tagging character"),
)


def saslprep(text: str, what: str = "text", *, stored: bool) -> str:
    """The prepared form of ``text``; raises SaslError where there is none. The result may be empty.

    ``stored``: the text is to be kept or hashed, so code points that Unicode 3.2 did not know are refused (RFC 3454
    section 7). They are let through in a query, where they can only fail to match.
    """
    if text.isascii() and text.isprintable():
        return text
    mapped = "".join(
        " " if stringprep.in_table_c12(char) else char for char in text if not stringprep.in_table_b1(char)
    )
    prepared = ucd_3_2_0.normalize("NFKC", mapped)
    for char in prepared:
        for prohibited, name in _PROHIBITED:
            if prohibited(char):
                raise SaslError(f"the {what} contains {name}")
        if stored and stringprep.in_table_a1(char):
            raise SaslError(f"the {what} contains a character that Unicode 3.2 did not know (SASLprep)")
    _check_direction(prepared, what)
    return prepared


def _check_direction(text: str, what: str) -> None:
    """RFC 3454 section 6: right-to-left text stands alone and is right-to-left at both ends."""
    if not any(map(stringprep.in_table_d1, text)):
        return
    if any(map(stringprep.in_table_d2, text)):
        raise SaslError(f"the {what} mixes right-to-left and left-to-right characters")
    if not (stringprep.in_table_d1(text[0]) and stringprep.in_table_d1(text[-1])):
        raise SaslError(f"the {what} has right-to-left characters but does not begin and end with one")
