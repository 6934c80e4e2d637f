"""What to do about a command that could not be read: one sentence for whoever typed it, where the mistake is a common one.

The rule this file must not break: nothing that may be a password is repeated: not what follows LOGIN or AUTHENTICATE, with or without a
tag before it, and not what follows a command that nobody knows, which may be one of them, mistyped.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from difflib import get_close_matches
from typing import Final

from ..errors import ParseError
from ..record import record
from ..wire.case import ascii_upper
from .dates import format_date
from .registry import CommandEntry, Grammar, Point

_SEEN: Final = 500
"""Octets of a line that are looked at."""
_SHOWN: Final = 60
"""The most of them that are shown again in one place."""
_LINE: Final = re.compile(
    r"(?P<tag>[^ ]+)(?: +(?P<name>[Uu][Ii][Dd] +[^ ]+|[^ ]+)(?: +(?P<args>.*))?)?", re.DOTALL
)
_SECRET: Final = re.compile(rb"LOGIN|AUTHENTICATE", re.IGNORECASE)
_CURLY: Final = re.compile("[\u00ab\u00bb\u2018-\u201f]")
_WORDS: Final = r'[^\s"(){}]+(?: +[^\s"(){}]+)+'
_TAKES_MAILBOX: Final = {
    **dict.fromkeys(
        ("SELECT", "EXAMINE", "CREATE", "DELETE", "SUBSCRIBE", "UNSUBSCRIBE"),
        re.compile(rf"(?P<before>)(?P<name>{_WORDS})(?P<after> +\(.*)?"),
    ),
    **dict.fromkeys(("STATUS", "APPEND"), re.compile(rf"(?P<before>)(?P<name>{_WORDS})(?P<after> +[({{].*)")),
    **dict.fromkeys(
        ("COPY", "MOVE", "UID COPY", "UID MOVE"),
        re.compile(rf"(?P<before>[\d:*,]+ )(?P<name>{_WORDS})(?P<after>)"),
    ),
}
_TEXT_KEY: Final = re.compile(
    r"(?P<key>\b(?:SUBJECT|FROM|TO|CC|BCC|BODY|TEXT|HEADER [^\s\"]+)) (?P<first>[^\s\"(){}]+) \Z",
    re.IGNORECASE,
)
_TAKES_SET: Final = ("FETCH", "STORE", "COPY", "MOVE", "EXPUNGE")
_ITEMS: Final = re.compile(
    r"(?P<set>[\d:*,]+) (?P<items>[A-Z0-9.]+(?:\[[^\]]*\])?(?: [A-Z0-9.]+(?:\[[^\]]*\])?)+)", re.IGNORECASE
)
_WANTED: Final = {
    **dict.fromkeys(("FROM", "TO", "CC", "BCC", "SUBJECT", "BODY", "TEXT"), ("a text", '"bob"')),
    **dict.fromkeys(("SINCE", "BEFORE", "ON", "SENTSINCE", "SENTBEFORE", "SENTON"), ("a date", "1-Nov-2026")),
    **dict.fromkeys(("LARGER", "SMALLER"), ("a number of octets", "100000")),
    **dict.fromkeys(("KEYWORD", "UNKEYWORD"), ("a keyword", "$Junk")),
    "HEADER": ("a field and a text", 'Message-ID ""'),
    "UID": ("a set of UIDs", "1:*"),
}
"""What a search key wants behind it, and an example."""
_ISO: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")

_OTHER_PROTOCOLS: Final = {
    "HELP": "there is no HELP in IMAP: CAPABILITY lists what this server can do",
    "QUIT": "QUIT belongs to POP: in IMAP it is LOGOUT",
    "EXIT": "in IMAP it is LOGOUT",
    "BYE": "in IMAP it is LOGOUT",
    "PARTIAL": "PARTIAL is gone since RFC 3501: FETCH 1 BODY[]<0.10>",
    "USER": "USER belongs to POP: in IMAP it is LOGIN name password",
    "PASS": "PASS belongs to POP: in IMAP it is LOGIN name password",
    "APOP": "APOP belongs to POP: in IMAP it is LOGIN name password",
    "STAT": "STAT belongs to POP: in IMAP it is STATUS INBOX (MESSAGES)",
    "RETR": "RETR belongs to POP: in IMAP it is FETCH 1 BODY[]",
    "TOP": "TOP belongs to POP: in IMAP it is FETCH 1 BODY[HEADER]",
    "UIDL": "UIDL belongs to POP: in IMAP it is FETCH 1:* (UID)",
    "DELE": "DELE belongs to POP: in IMAP it is STORE 1 +FLAGS (\\Deleted), and EXPUNGE",
    "HELO": "HELO belongs to SMTP: this server speaks IMAP",
    "EHLO": "EHLO belongs to SMTP: this server speaks IMAP",
    "GET": "GET belongs to HTTP: this server speaks IMAP",
    "POST": "POST belongs to HTTP: this server speaks IMAP",
}
_MEANT: Final[dict[Point, dict[str, str]]] = {
    Point.SEARCH_KEY: {
        "UNREAD": "UNSEEN", "READ": "SEEN", "STARRED": "FLAGGED", "DATE": "SENTON", "SENDER": "FROM", "SIZE": "LARGER",
        "AFTER": "SINCE", "AND": "nothing: keys that follow one another must all match", "*": "ALL",
    },
    Point.FETCH_ITEM: {
        "RFC2822": "RFC822", "RFC5322": "RFC822", "MESSAGE": "BODY[]", "HEADER": "BODY.PEEK[HEADER]",
        "HEADERS": "BODY.PEEK[HEADER]", "TEXT": "BODY.PEEK[TEXT]", "SUBJECT": "ENVELOPE", "FROM": "ENVELOPE",
        "TO": "ENVELOPE", "DATE": "ENVELOPE or INTERNALDATE", "SIZE": "RFC822.SIZE", "BODY.PEEK": "BODY.PEEK[]",
        "STRUCTURE": "BODYSTRUCTURE", "UIDS": "UID", "FLAG": "FLAGS",
    },
    Point.STATUS_ITEM: {"UNREAD": "UNSEEN", "EXISTS": "MESSAGES", "COUNT": "MESSAGES", "TOTAL": "MESSAGES"},
}  # fmt: skip


@record
class Mistake:
    """A command that could not be read, taken apart as far as that goes."""

    line: str
    """The beginning of the command, each octet a character."""
    offset: int
    expected: str
    tag: str
    name: str
    """The command's name in capitals, ``UID FETCH`` for one with UID; empty where there is none."""
    args: str
    entry: CommandEntry | None
    grammar: Grammar

    @property
    def found(self) -> str:
        return self.line[self.offset :]

    def word(self) -> str:
        """The word at which reading ended."""
        return re.split(r"[\s()\[\]]", self.found, maxsplit=1)[0]


def mend(buf: bytes, error: ParseError, g: Grammar) -> str:
    """What to tell of ``error``: the mend of a common mistake or how the command looks, and what was expected where."""
    mistake = _taken_apart(buf, error, g)
    unknown = mistake.entry is None or _SECRET.search(buf[:_SEEN]) is not None
    for rule in _ALWAYS if unknown else _RULES:
        told = rule(mistake)
        if told is not None:
            return f"{told} (expected {error.expected} at offset {error.offset})"
    said = f"expected {error.expected} at offset {error.offset}" if unknown else str(error)
    return f"{said}; {_example(mistake.entry)}" if mistake.entry is not None else said


def _taken_apart(buf: bytes, error: ParseError, g: Grammar) -> Mistake:
    line = buf[:_SEEN].decode("latin-1").removesuffix("\r\n")
    found = _LINE.match(line)
    tag, name, args = found.group("tag", "name", "args") if found else ("", "", "")
    name = " ".join(ascii_upper(name or "").split())
    entry = g.commands.get(name.encode("latin-1"))
    return Mistake(line, error.offset, error.expected, tag, name, args or "", entry, g)


def _example(entry: CommandEntry) -> str:
    if entry.example.encode("ascii") == entry.name:
        return f"{entry.example} stands alone"
    return f"it looks like {entry.example}"


def _no_tag(m: Mistake) -> str | None:
    first = ascii_upper(m.tag)
    if not first.isascii():
        return None
    if m.entry is None and first in _OTHER_PROTOCOLS and first not in ("HELP", "QUIT", "EXIT", "BYE"):
        return _OTHER_PROTOCOLS[first]
    known = first in _OTHER_PROTOCOLS or first == "UID" or first.encode() in m.grammar.commands
    if known and m.entry is None:
        return f"every command begins with a tag: a1 {first}{' ...' if m.name else ''}"
    return "every command begins with a tag: a1 NOOP" if not m.name else None


def _unknown_command(m: Mistake) -> str | None:
    if m.entry is not None or not m.name.isascii():
        return None
    if m.name in _OTHER_PROTOCOLS:
        return _OTHER_PROTOCOLS[m.name]
    known = [name.decode("ascii") for name in m.grammar.commands]
    if m.name == "UID" or m.name.startswith("UID "):
        with_uid = [name.removeprefix("UID ") for name in known if name.startswith("UID ")]
        return f"UID goes before {', '.join(sorted(with_uid))}"
    near = get_close_matches(m.name[:_SHOWN], known, 1)
    return f"did you mean {near[0]}?" if near else None


def _typographic_quotes(m: Mistake) -> str | None:
    if _CURLY.search(m.line.encode("latin-1").decode("utf-8", "replace")):
        return 'typographic quotes mean nothing here: plain ones (") are wanted'
    return None


def _open_quote(m: Mistake) -> str | None:
    if m.found.startswith('"') and not re.match(r'"(?:[^"\\]|\\.)*"', m.found):
        return 'the closing quote (") is missing'
    return None


def _name_with_spaces(m: Mistake) -> str | None:
    if m.name == "RENAME" and len(m.args.split()) > 2 and '"' not in m.args:
        return 'names with spaces stand in quotes: RENAME "Old Name" "New Name"'
    pattern = _TAKES_MAILBOX.get(m.name)
    found = pattern.fullmatch(m.args) if pattern is not None else None
    if found is None:
        return None
    return f"a name with spaces stands in quotes: {_again(m.name, found['before'], found['name'])}"


def _again(name: str, before: str, mailbox: str) -> str:
    shown = mailbox if mailbox.isascii() and mailbox.isprintable() and len(mailbox) <= _SHOWN else "My Folder"
    return f'{name} {before}"{shown}"'


def _text_with_spaces(m: Mistake) -> str | None:
    if m.expected != f"a known {Point.SEARCH_KEY.value}":
        return None
    before = _TEXT_KEY.search(m.line[: m.offset])
    if before is None:
        return None
    words = [before["first"]]
    for word in re.split(r"[\s()]+", m.found):
        if (
            not re.fullmatch(r"[\w.@'!?,;:-]+", word, re.ASCII)
            or ascii_upper(word).encode("latin-1") in m.grammar.words[Point.SEARCH_KEY]
        ):
            break
        words.append(word)
    text = " ".join(words)
    shown = text if len(words) > 1 and text.isascii() and len(text) <= _SHOWN else "two words"
    return f'several words stand in quotes: {ascii_upper(before["key"])} "{shown}"'


def _set_of_numbers(m: Mistake) -> str | None:
    if m.name.removeprefix("UID ") not in _TAKES_SET:
        return None
    listed = re.match(r"\d[\d:]*(?:(?:, *| +)\d[\d:]*)+(?= |\Z)", m.args)
    if listed is not None and " " in listed[0]:
        numbers = ",".join(re.findall(r"\d[\d:]*", listed[0]))
        return f"numbers are joined by commas: {m.name} {numbers if len(numbers) <= _SHOWN else '1,2,3'}"
    dashed = re.match(r"(\d{1,10})(?:-|\.\.)(\d{1,10})", m.args)
    if dashed is not None:
        return f"a range is written with a colon: {m.name} {dashed[1]}:{dashed[2]}"
    if re.match(r"0+(?:[ :,]|\Z)", m.args):
        return "there is no message 0: numbers begin with 1"
    if m.args.startswith(('""', "()", " ")):
        return "the set of numbers is empty: it is 1, 1:3, 2,5 or 1:*"
    return None


def _items_without_parentheses(m: Mistake) -> str | None:
    if m.name not in ("FETCH", "UID FETCH"):
        return None
    found = _ITEMS.fullmatch(m.args)
    if found is None or len(m.args) > _SHOWN:
        return None
    return f"several items stand in parentheses: {m.name} {found['set']} ({ascii_upper(found['items'])})"


def _without_its_parentheses(m: Mistake) -> str | None:
    if m.expected == "a list of header fields" and m.word():
        return "names of fields stand in parentheses: BODY[HEADER.FIELDS (SUBJECT)]"
    if m.name == "STATUS" and m.expected == "'('":
        return "items stand in parentheses: STATUS INBOX (MESSAGES UNSEEN)"
    return None


def _word_meant(m: Mistake) -> str | None:
    if m.expected.startswith("a section: ") and m.word():
        near = get_close_matches(
            ascii_upper(m.word())[:_SHOWN], ("HEADER", "HEADER.FIELDS", "TEXT", "MIME"), 1
        )
        return (
            f"did you mean BODY[{near[0]}{' (...)' if near[0] == 'HEADER.FIELDS' else ''}]?" if near else None
        )
    if m.name in ("FETCH", "UID FETCH") and m.expected == "'['":
        return "did you mean BODY.PEEK[]?"
    point = next((point for point in Point if m.expected == f"a known {point.value}"), None)
    if point is None:
        return None
    word = ascii_upper(m.word())[:_SHOWN]
    meant = _MEANT.get(point, {}).get(word)
    if meant is None:
        known = [name.decode("ascii") for name in m.grammar.words[point]]
        meant = next(iter(get_close_matches(word, known, 1)), None)
    return f"did you mean {meant}?" if meant is not None else None


def _date_in_another_order(m: Mistake) -> str | None:
    if not m.expected.startswith("a date"):
        return None
    found = _ISO.match(m.found.lstrip('"'))
    if found is None:
        return None
    try:
        day = date(*map(int, found.groups()))
    except ValueError:
        return None
    return f"dates are written {format_date(day).decode()}"


def _wildcard(m: Mistake) -> str | None:
    if m.expected == "a search string" and m.found.startswith(("*", "%")):
        text = m.word().strip("*%")
        shown = (
            text
            if text.isascii() and text.isprintable() and '"' not in text and 0 < len(text) <= _SHOWN
            else "text"
        )
        return f'a part of a word needs no wildcard: "{shown}"'
    return None


def _key_without_text(m: Mistake) -> str | None:
    if m.found or m.name.removeprefix("UID ") != "SEARCH":
        return None
    if not m.args:
        return f"{m.name} needs a key: {m.name} ALL, {m.name} UNSEEN"
    last = ascii_upper(m.args.split()[-1].lstrip("("))
    if last == "OR" or re.search(r"\bOR (?:\S+|\S+ \S+)\Z", m.args, re.IGNORECASE):
        return 'OR needs two keys: OR FROM "bob" FROM "ann"'
    if last == "NOT":
        return "NOT needs a key: NOT SEEN"
    wanted = _WANTED.get(last)
    return f"{last} needs {wanted[0]}: {last} {wanted[1]}" if wanted is not None else None


def _open_parenthesis(m: Mistake) -> str | None:
    outside = re.sub(r'"(?:[^"\\]|\\.)*"', "", m.args)
    for opening, closing, name in (("(", ")", "parenthesis"), ("[", "]", "bracket")):
        if not m.found and outside.count(opening) > outside.count(closing):
            return f"the closing {name} {closing} is missing"
    return None


Rule = Callable[[Mistake], str | None]
_ALWAYS: Final[tuple[Rule, ...]] = (_no_tag, _unknown_command)
"""Rules that repeat nothing but words they know themselves."""
_RULES: Final[tuple[Rule, ...]] = (
    _no_tag,
    _unknown_command,
    _typographic_quotes,
    _open_quote,
    _name_with_spaces,
    _text_with_spaces,
    _set_of_numbers,
    _items_without_parentheses,
    _without_its_parentheses,
    _word_meant,
    _date_in_another_order,
    _wildcard,
    _open_parenthesis,
    _key_without_text,
)
"""In the order in which they are asked; the first that knows the mistake speaks."""
