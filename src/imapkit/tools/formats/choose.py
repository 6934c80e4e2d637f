"""Which format a path has, and its reader and writer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ...errors import UsageError
from ...protocol.mailbox import DELIMITER, INBOX
from .base import FolderWriter, Format, Reader, to_file_name
from .eml import EmlFolder, EmlReader, holds_eml
from .maildir import MaildirReader, MaildirWriter, is_maildir, maildir_name
from .mbox import MboxFolder, MboxReader, is_mbox
from .tree import short_name


def detect(path: Path) -> Format:
    """What lies there. Raises UsageError when it cannot be told or is not there."""
    if not path.exists():
        raise UsageError(f"there is no {path}")
    if path.is_file():
        return Format.MBOX if is_mbox(path) else Format.EML
    if is_maildir(path) or any(is_maildir(entry.parent) for entry in path.glob("**/cur")):
        return Format.MAILDIR
    if holds_eml(path):
        return Format.EML
    if any(is_mbox(entry) for entry in path.rglob("*") if entry.is_file()):
        return Format.MBOX
    raise UsageError(f"{path} holds no Maildir, no mbox and no .eml file: --format says what it is")


def reader(path: Path, form: Format | None) -> Reader:
    """A reader of ``path``. Raises UsageError."""
    found = form or detect(path)
    if not path.exists():
        raise UsageError(f"there is no {path}")
    if found is Format.MAILDIR:
        if not path.is_dir():
            raise UsageError(f"{path} is no directory, so it is no Maildir")
        return MaildirReader(path)
    return MboxReader(path) if found is Format.MBOX else EmlReader(path)


def writer(path: Path, form: Format, only: str | None) -> Callable[[str], FolderWriter]:
    """Makes the writer of a mailbox below ``path``; ``only`` is the one mailbox that is written, if it is one."""
    if form is Format.MAILDIR:
        tree = MaildirWriter(path)
        return lambda mailbox: tree.folder(mailbox, only or INBOX)
    if form is Format.EML:
        return lambda mailbox: EmlFolder(path if mailbox == only else _below(path, mailbox))
    if only is not None and not path.is_dir():
        return lambda mailbox: MboxFolder(path)
    return lambda mailbox: MboxFolder(_below(path, mailbox, ".mbox"))


def is_shortened(form: Format, mailbox: str) -> bool:
    """Whether its name is longer than file systems take, and it is written under another one."""
    levels = (
        [maildir_name(mailbox)] if form is Format.MAILDIR else map(to_file_name, mailbox.split(DELIMITER))
    )
    return any(short_name(level) != level for level in levels)


def _below(path: Path, mailbox: str, suffix: str = "") -> Path:
    *superior, last = (short_name(to_file_name(level)) for level in mailbox.split(DELIMITER))
    return path.joinpath(*superior, last + suffix)
