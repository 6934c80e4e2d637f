"""Maildir, with the sub-folders of Maildir++ (``.Lists.astronomy``) and of plain directories, and Dovecot's keywords file.

Flags are the letters behind ``:2,`` in a file's name; a to z are the keywords that ``dovecot-keywords`` numbers. A file is written into
``tmp`` and renamed, so that others never see half of one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from ...message.line_ends import with_crlf
from ...protocol import flags as f
from ...wire import utf7
from .base import BadFile, FileMessage, Found, OutMessage, moment, read_file, why, with_lf
from .tree import Tree, open_private, private_directory, short_name

KEYWORDS: Final = "dovecot-keywords"
_LETTERS: Final = {
    "D": f.DRAFT,
    "F": f.FLAGGED,
    "P": f.FORWARDED,
    "R": f.ANSWERED,
    "S": f.SEEN,
    "T": f.DELETED,
}
_FLAGS: Final = {flag: letter for letter, flag in _LETTERS.items()}
_DOT: Final = "&AC4-"
"""A dot in modified UTF-7, where a plain one parts levels."""
_TIME: Final = re.compile(r"[0-9]{1,15}")
_KEYWORD_NUMBER: Final = re.compile(r"[0-9]{1,2}")
_NUMBERS: Final = re.compile(r"([0-9]+)")
_MOST_KEYWORD_OCTETS: Final = 64 * 1024
_MOST_KEYWORDS: Final = 26


def is_maildir(path: Path) -> bool:
    return (path / "cur").is_dir() and (path / "new").is_dir()


class MaildirReader:
    """A Maildir, or a directory that has some below it."""

    def __init__(self, path: Path) -> None:
        self._tree = Tree(path)
        self._folders = [
            (folder, name, _files(self._tree, folder)) for folder, name in _folders(self._tree, path, "")
        ]

    def total(self) -> int:
        return sum(_size(path) for _, _, files in self._folders for path in files)

    def messages(self) -> Iterator[Found]:
        yield from self._tree.passed_over
        for folder, name, files in self._folders:
            keywords = _read_keywords(folder)
            for path in files:
                yield _read(path, name, keywords)


def _folders(tree: Tree, path: Path, name: str) -> Iterator[tuple[Path, str]]:
    """Maildirs at and below ``path`` with their mailbox names, superiors first."""
    if is_maildir(path):
        yield path, name
    inside = {"cur", "new", "tmp"} if is_maildir(path) else set()
    for entry in sorted(path.iterdir()):
        if entry.name in inside or not entry.is_dir() or not tree.may_read(entry):
            continue
        if entry.name.startswith("."):
            levels = entry.name[1:].split(".")
            if is_maildir(entry) and all(levels):
                yield from _folders(tree, entry, _join(name, levels))
        else:
            yield from _folders(tree, entry, _join(name, [entry.name]))


def _join(name: str, levels: list[str]) -> str:
    return "/".join(([name] if name else []) + [_text(level) for level in levels])


def _text(level: str) -> str:
    """A level of a directory's name: modified UTF-7, or as it is where it is not that."""
    pieces = [utf7.decode(piece.encode("utf-8", "surrogateescape")) for piece in level.split(_DOT)]
    return level if any(map(utf7.is_raw, pieces)) else ".".join(pieces)


def _files(tree: Tree, folder: Path) -> list[Path]:
    parts = [folder / part for part in ("cur", "new") if tree.may_read(folder / part)]
    found = [path for part in parts for path in tree.entries(part) if path.name[:1] != "."]
    return sorted(found, key=_order)


def _order(path: Path) -> tuple[int, list[tuple[int, str]]]:
    """By the time in front of the name, then by the numbers in the rest: the order of arrival."""
    time = _TIME.match(path.name)
    pieces = _NUMBERS.split(path.name.partition(":")[0])
    natural = [(int(piece), "") if index % 2 else (-1, piece) for index, piece in enumerate(pieces)]
    return (int(time[0]) if time else 0, natural)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # reading it will say why


def _read_keywords(folder: Path) -> dict[str, str]:
    """Letter to keyword: lines like ``0 Work``."""
    path = folder / KEYWORDS
    if path.is_symlink() or not path.is_file():
        return {}
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_KEYWORD_OCTETS).decode("utf-8", "replace")
    except OSError:
        return {}
    found: dict[str, str] = {}
    for line in text.splitlines():
        number, _, keyword = line.partition(" ")
        if _KEYWORD_NUMBER.fullmatch(number) and int(number) < _MOST_KEYWORDS and keyword:
            found[chr(ord("a") + int(number))] = f.canonical(keyword)
    return found


def _read(path: Path, mailbox: str, keywords: dict[str, str]) -> Found:
    try:
        data = read_file(path)
        date = moment(path.stat().st_mtime)
    except (OSError, ValueError) as error:
        return BadFile(str(path), why(error), _size(path))
    if not data:
        return BadFile(str(path), "the file is empty")
    letters = path.name.rpartition(":2,")[2] if ":2," in path.name else ""
    names = {**_LETTERS, **keywords}
    flags = frozenset(names[letter] for letter in letters if letter in names)
    return FileMessage(str(path), mailbox, flags, date, with_crlf(data), len(data))


class MaildirWriter:
    """A Maildir++ tree: INBOX at the top, the others as ``.name`` beside its ``cur``."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def folder(self, mailbox: str, top: str) -> MaildirFolder:
        """The Maildir of ``mailbox``; ``top`` is the one that lies at the top."""
        if mailbox == top:
            return MaildirFolder(self._path)
        return MaildirFolder(self._path / short_name(maildir_name(mailbox)))


def maildir_name(mailbox: str) -> str:
    """The directory of a mailbox, as Maildir++ has it."""
    return "".join("." + _level(level) for level in mailbox.split("/"))


def _level(level: str) -> str:
    """A level in modified UTF-7 without the dot, which parts levels here."""
    return utf7.encode(level).decode("ascii").replace(".", _DOT)


class MaildirFolder:
    """One Maildir being written. A file's name tells UIDVALIDITY and UID, so a message is written once however often one exports."""

    def __init__(self, path: Path) -> None:
        self._path = path
        for part in ("cur", "new", "tmp"):
            private_directory(path / part)
        if path.name.startswith("."):
            (path / "maildirfolder").touch(mode=0o600)
        self._known = {file.name.partition(":")[0] for file in (path / "cur").iterdir()}
        self._keywords = {keyword: letter for letter, keyword in _read_keywords(path).items()}

    def add(self, message: OutMessage) -> bool:
        stamp = int(message.date.timestamp())
        base = f"{max(stamp, 0)}.V{message.uidvalidity}U{message.uid}.imapkit"
        if base in self._known:
            return False
        staged = self._path / "tmp" / base
        with open_private(staged, "wb") as file:
            file.write(with_lf(message.content))
            file.flush()
            os.fsync(file.fileno())
        os.utime(staged, (stamp, stamp))
        staged.rename(self._path / "cur" / f"{base}:2,{self._letters(message.flags)}")
        self._known.add(base)
        return True

    def close(self, *, complete: bool) -> None:
        for leftover in (self._path / "tmp").glob("*.imapkit"):
            with suppress(FileNotFoundError):
                leftover.unlink()

    def _letters(self, flags: frozenset[str]) -> str:
        letters = {_FLAGS[flag] for flag in flags if flag in _FLAGS}
        letters |= {self._keyword(flag) for flag in flags if flag not in _FLAGS and f.is_keyword(flag)}
        return "".join(sorted(letters))

    def _keyword(self, keyword: str) -> str:
        """The letter of a keyword, a new one where there is room; "" beyond the twenty-sixth."""
        letter = self._keywords.get(keyword)
        if letter is None:
            number = len(self._keywords)
            if number >= _MOST_KEYWORDS:
                return ""
            letter = self._keywords[keyword] = chr(ord("a") + number)
            with open_private(self._path / KEYWORDS, "a", encoding="utf-8") as file:
                file.write(f"{number} {keyword}\n")
        return letter
