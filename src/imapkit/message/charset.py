"""Octets to text by whatever name a message gives its charset. Never raises, never loses what can be shown.

What is not valid in the charset named is tried as UTF-8, then as windows-1252, which every mail program of the West meant when it said
nothing, us-ascii or iso-8859-1.
"""

from __future__ import annotations

import codecs
import re
from functools import lru_cache
from importlib import import_module
from typing import Final

_CODEC: Final = re.compile(r"[a-z0-9_-]+")
_VALID: Final = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]"
    rb"|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}"
)
"""A character of UTF-8 above ASCII (RFC 3629 section 4)."""
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:+()-]{0,60}")

# Names found in mail that Python does not know, or knows as a subset of what is really sent.
_ALIASES: Final = {
    "utf8": "utf-8",
    "utf-8-sig": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "gb2312": "gb18030",
    "gb-2312": "gb18030",
    "gb_2312-80": "gb18030",
    "x-gbk": "gb18030",
    "gbk": "gb18030",
    "cp936": "gb18030",
    "big5": "cp950",
    "x-big5": "cp950",
    "big5-hkscs": "big5hkscs",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601-1989": "cp949",
    "ks_c_5601": "cp949",
    "ksc5601": "cp949",
    "ksc_5601": "cp949",
    "euc-kr": "cp949",
    "x-windows-949": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "x-euc-jp": "euc_jp",
    "iso-2022-jp": "iso2022_jp_ext",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-8-e": "iso8859-8",
    "iso-8859-6-i": "iso8859-6",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "windows-874": "cp874",
    "dos-874": "cp874",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "x-mac-ce": "mac_latin2",
    "koi8": "koi8-r",
    "cp-850": "cp850",
    "windows-1252http-equivcontent-type": "cp1252",
}
_WESTERN: Final = frozenset(
    [
        "us-ascii",
        "ascii",
        "ansi_x3.4-1968",
        "iso-8859-1",
        "iso8859-1",
        "iso_8859-1",
        "latin1",
        "latin-1",
        "l1",
        "cp1252",
        "windows-1252",
    ]
)
_UNSAFE: Final = frozenset(
    [
        "idna",
        "punycode",
        "unicode-escape",
        "unicode_escape",
        "raw-unicode-escape",
        "raw_unicode_escape",
        "undefined",
    ]
)


@lru_cache(maxsize=512)
def codec_name(charset: str) -> str | None:
    """The name of Python's codec for this charset: ``"western"`` for the windows-1252 family, None if there is none."""
    name = charset.strip(" \t\"'").lower()
    if _NAME.fullmatch(name) is None:
        return None
    if name in _WESTERN:
        return "western"
    name = _ALIASES.get(name, name)
    if name.startswith(("windows-", "cp-")) and name[-1].isdigit():
        name = "cp" + name.rpartition("-")[2]
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    if not found._is_text_encoding or found.name in _UNSAFE or name in _UNSAFE:
        return None
    return found.name


def known(charset: str) -> bool:
    """True for a charset that ``to_text`` can honour: what SEARCH CHARSET asks before it answers BADCHARSET."""
    return codec_name(charset) is not None


def guess(data: bytes) -> str:
    """Text in no charset that anybody named: UTF-8 if it is, else windows-1252."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _western(data)


# What windows-1252 leaves open stands for the control character of that number, as in iso-8859-1
_WESTERN_TABLE: Final = "".join(
    mapped if mapped != "\ufffd" else chr(octet)
    for octet, mapped in enumerate(bytes(range(256)).decode("cp1252", "replace"))
)


def _western(data: bytes) -> str:
    return codecs.charmap_decode(data, "strict", _WESTERN_TABLE)[0]


@lru_cache(maxsize=64)
def _table(name: str) -> str | None:
    """The characters of a charset with one octet each, U+FFFD where it has none; None for another charset."""
    table = getattr(import_module(f"encodings.{name.replace('-', '_')}"), "decoding_table", None)
    return None if not isinstance(table, str) or len(table) != 256 else table.replace("\ufffe", "\ufffd")


def _replaced(data: bytes, name: str) -> str:
    """``data`` with U+FFFD for what the charset does not have: by a table, since an error handler costs a call for each octet."""
    table = _table(name) if _CODEC.fullmatch(name) else None
    return data.decode(name, "replace") if table is None else codecs.charmap_decode(data, "strict", table)[0]


def to_text(data: bytes, charset: str | bytes | None = None) -> str:
    """``data`` as text."""
    if not charset:
        return guess(data)
    name = codec_name(charset.decode("latin-1") if isinstance(charset, bytes) else charset)
    if name is None or name == "western":
        if data.isascii():
            return data.decode("ascii")
        if name is None:
            return guess(data)
        low = charset.lower() if isinstance(charset, str) else charset.decode("latin-1").lower()
        return guess(data) if "ascii" in low or "x3.4" in low else _western(data)
    try:
        return data.decode(name)
    except UnicodeError:
        return _western(data) if name == "utf-8" and _looks_western(data) else _replaced(data, name)


def _looks_western(data: bytes) -> bool:
    """True where no octet sequence is UTF-8: the label was a lie."""
    return _VALID.search(data) is None
