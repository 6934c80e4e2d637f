"""Mailboxes as a list shows them, and what they are for (RFC 6154), guessed from the name where the server does not say."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

from ..errors import UsageError
from ..features.list_ import HAS_CHILDREN, NONEXISTENT, NOSELECT, ListData
from ..features.status import MailboxStatus
from ..protocol.given import Named, text
from ..record import record
from ..wire.case import ascii_lower

ROLES: Final = ("all", "archive", "drafts", "flagged", "important", "junk", "sent", "trash")

_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "sent": (
        "sent", "sent items", "sent messages", "sent mail", "gesendet", "gesendete objekte", "gesendete elemente",
        "envoyés", "éléments envoyés", "enviados", "elementos enviados", "inviata", "posta inviata", "verzonden items",
        "отправленные", "已发送", "已傳送", "送信済み",
    ),
    "drafts": (
        "drafts", "draft", "entwürfe", "brouillons", "borradores", "rascunhos", "bozze", "concepten", "черновики",
        "草稿", "草稿箱", "下書き",
    ),
    "trash": (
        "trash", "deleted items", "deleted messages", "bin", "papierkorb", "gelöschte objekte", "gelöschte elemente",
        "corbeille", "papelera", "lixeira", "cestino", "prullenbak", "корзина", "удаленные", "已删除", "ゴミ箱",
    ),
    "junk": (
        "junk", "spam", "junk mail", "junk e-mail", "bulk mail", "junk-e-mail", "courrier indésirable", "спам",
        "垃圾邮件", "迷惑メール",
    ),
    "archive": (
        "archive", "archives", "archiv", "archivo", "arquivo", "archivio", "архив", "归档", "アーカイブ",
    ),
}  # fmt: skip


@record
class Folder(Named):
    """A mailbox, or a name above mailboxes. ``role``: what it is for ("sent", "trash"…), as far as the server says."""

    name: str
    delimiter: str | None
    attributes: tuple[str, ...]
    status: MailboxStatus | None = None
    status_error: str | None = None
    """Why there are no counts, where they were asked for and a mailbox should have some."""

    @property
    def role(self) -> str | None:
        for attribute in self.attributes:
            word = ascii_lower(attribute.removeprefix("\\"))
            if attribute.startswith("\\") and word in ROLES:
                return word
        return "inbox" if self.name == "INBOX" else None

    @property
    def selectable(self) -> bool:
        """False for a name that has no mailbox: it cannot be opened."""
        return not self.has(NOSELECT) and not self.has(NONEXISTENT)

    @property
    def has_children(self) -> bool:
        return self.has(HAS_CHILDREN)

    @property
    def label(self) -> str:
        """The last level of the name."""
        return self.name.rpartition(self.delimiter)[2] if self.delimiter else self.name

    def has(self, attribute: str) -> bool:
        return ascii_lower(attribute) in map(ascii_lower, self.attributes)


def folder_of(data: ListData, status: MailboxStatus | None = None) -> Folder:
    return Folder(data.name, data.delimiter, data.attributes, status)


def with_status(
    folder: Folder, status: MailboxStatus | None, why: str = "the server told no counts"
) -> Folder:
    """The folder with its counts, or with the reason why there are none."""
    error = why if status is None and folder.selectable else None
    return Folder(folder.name, folder.delimiter, folder.attributes, status, error)


def known_role(given: object) -> str:
    """A role in lower case. Raises UsageError for one that no server knows."""
    role = ascii_lower(text(given, "a role"))
    if role not in ROLES and role != "inbox":
        near = get_close_matches(role, ROLES, 1)
        mend = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(ROLES)}"
        raise UsageError(f"there is no role {role!r}; {mend}")
    return role


def find_role(folders: list[Folder], role: str) -> Folder | None:
    """The folder for a role: as the server says, else by its usual names."""
    for folder in folders:
        if folder.role == role:
            return folder
    for name in _NAMES.get(role, ()):
        for folder in folders:
            if folder.label.casefold() == name and folder.selectable and folder.role is None:
                return folder
    return None
