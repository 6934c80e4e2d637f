"""The client that users see: every verb of every feature, and the pleasant forms of the everyday ones.

The rule this file must not break: importing it loads no feature; each method imports what it needs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeVar

from ...errors import CommandFailed, CommandNo, ImapError, NoSuchMailbox, NotSupported, TooBig, UsageError
from ...protocol.given import flag_list, mailbox_name, moment
from .verbs import AsyncVerbs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from ...features.qresync import QresyncParam, Resynced
    from ...features.select import Selected
    from ...ports.client import Op
    from ...protocol.given import MailboxName
    from ...protocol.registry import Writable
    from ..files import MessageSource
    from ..folders import Folder
    from .connection import AsyncConnection
    from .mailbox import AsyncMailbox

T = TypeVar("T")


class AsyncClient(AsyncVerbs):
    """A session with a server; ``connect_async`` makes one. Use it in a ``with`` block, which logs out."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection

    def __repr__(self) -> str:
        state = "closed" if self.connection.closed else self.connection.state.value
        return f"<{type(self).__name__} {self.connection.host} {state}>"

    @property
    def session(self) -> AsyncConnection:
        return self.connection

    async def run(self, op: Op[T]) -> T:
        """Run any verb: also one of a feature that brings its own."""
        return await self.connection.run(op)

    # The session

    @property
    def capabilities(self) -> frozenset[str]:
        """What the server offers, in upper case."""
        return self.connection.capabilities

    @property
    def alerts(self) -> list[str]:
        """What the server wants shown to the user, the newest last."""
        return list(self.connection.alerts)

    @property
    def selected(self) -> AsyncMailbox | None:
        """The open mailbox."""
        from .mailbox import AsyncMailbox

        view = self.connection.view
        return view if isinstance(view, AsyncMailbox) else None

    def has(self, capability: str) -> bool:
        """True when the server offers it."""
        return self.connection.has(capability)

    async def logout(self) -> None:
        """End the session politely and close the connection. A connection that broke meanwhile is no error.

        In the middle of an answer that is iterated it is closed without a word.
        """
        from ...features.base import logout

        connection = self.connection
        if connection.under_way is not None and connection.under_way.heavy:
            await connection.close()
        if connection.closed:
            return
        try:
            await connection.run(logout())
        except ImapError:
            pass  # it is over either way
        finally:
            await connection.close()

    async def close(self) -> None:
        """Close the connection at once, without a word to the server."""
        await self.connection.close()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *exc: object) -> None:
        if kind is None or issubclass(kind, Exception):
            await self.logout()
        else:
            await self.close()

    # Mailboxes

    async def select(
        self, mailbox: MailboxName = "INBOX", *params: Writable, read_only: bool = False
    ) -> AsyncMailbox:
        """Open a mailbox (RFC 9051 sections 6.3.2 and 6.3.3). Raises NoSuchMailbox, CommandFailed.

        ``params``: what extensions add, as ``CondstoreParam()``; what they make the server tell is in ``mailbox.selected.data``.
        """
        from ...features.select import examine, select

        verb = examine if read_only else select
        return self._opened(await self._open(verb(self.connection, mailbox, *params)))

    async def examine(self, mailbox: MailboxName = "INBOX") -> AsyncMailbox:
        """Open a mailbox read-only. Raises NoSuchMailbox, CommandFailed."""
        return await self.select(mailbox, read_only=True)

    async def resync(
        self, mailbox: MailboxName, known: QresyncParam, *, read_only: bool = False
    ) -> tuple[AsyncMailbox, Resynced]:
        """Open a mailbox, and what changed in it since a MODSEQ (RFC 7162): in one round trip where the server has QRESYNC.

        ``known``: what was known of the mailbox then. Raises NoSuchMailbox, CommandFailed.
        """
        from ...features.qresync import resync

        found = await self._open(resync(self.connection, mailbox, known, read_only=read_only))
        return self._opened(found.selected), found

    async def _open(self, op: Op[T]) -> T:
        """Run a verb that opens a mailbox; the one that was open stays so only if nothing was sent."""
        connection = self.connection
        before, connection.view = connection.view, None
        try:
            return await connection.run(op)
        except (UsageError, NotSupported):
            connection.view = before
            raise

    def _opened(self, selected: Selected) -> AsyncMailbox:
        from .mailbox import AsyncMailbox

        mailbox = AsyncMailbox(self, selected)
        self.connection.view = mailbox
        return mailbox

    async def leave_mailbox(self) -> None:
        """Leave the open mailbox; nothing is removed (UNSELECT, or EXAMINE of a name that does not exist)."""
        from ...features.select import examine, unselect

        connection = self.connection
        connection.view = None
        if connection.selected is None:
            return
        if connection.has("UNSELECT"):
            await connection.run(unselect(connection))
            return
        try:
            await connection.run(examine(connection, "imapkit: no such mailbox"))
        except NoSuchMailbox:
            connection.selected = None

    async def folders(self, pattern: str = "*", *, status: bool = False) -> list[Folder]:
        """The mailboxes that match (``*`` anything, ``%`` one level), by name; with their counts if ``status``.

        Where the server refuses the counts of one, its ``status`` is None and ``status_error`` says why. Raises CommandFailed.
        """
        from ...features.list_ import ReturnChildren, list_mailboxes
        from ...features.special_use import ReturnSpecialUse
        from ..folders import folder_of

        if status:
            return await self._folders_with_status(pattern)
        connection = self.connection
        returns = (ReturnChildren(), ReturnSpecialUse()) if self._lists_special_use() else ()
        found = await connection.run(list_mailboxes(connection, pattern, returns=returns))
        return _sorted(folder_of(data) for data in found)

    def _lists_special_use(self) -> bool:
        return self.has("LIST-EXTENDED") and self.has("SPECIAL-USE")

    async def _folders_with_status(self, pattern: str) -> list[Folder]:
        """Special uses are told without asking in most lists; where they are not, the plain list has them."""
        from ...features.list_status import list_status
        from ..folders import with_status

        plain = await self.folders(pattern)
        if self.has("LIST-STATUS"):
            connection = self.connection
            try:
                answers = await connection.run(list_status(connection, pattern))
            except CommandNo:
                pass  # one mailbox may be the reason: it is found below
            else:
                counts = {data.name: count for data, count in answers}
                return [with_status(one, counts.get(one.name)) for one in plain]
        return [await self._with_status(folder) for folder in plain]

    async def _with_status(self, folder: Folder) -> Folder:
        from ..folders import with_status

        if not folder.selectable:
            return folder
        try:
            found = await self.status(folder)
        except CommandFailed as error:
            return with_status(folder, None, str(error))
        return with_status(folder, found)

    async def folder(self, name: str | None = None, *, role: str | None = None) -> Folder:
        """One mailbox, by name or by what it is for ("sent", "drafts", "trash", "junk", "archive").

        Raises NoSuchMailbox, UsageError.
        """
        from ..folders import find_role, known_role

        if role is not None:
            found = find_role(await self.folders(), known_role(role))
            if found is None:
                raise NoSuchMailbox(f"there is no mailbox for {role}", "NONEXISTENT")
            return found
        from ...protocol.mailbox import is_inbox

        wanted = name or "INBOX"
        for folder in await self.folders(wanted):
            if folder.name == wanted or (folder.name == "INBOX" and is_inbox(wanted)):
                return folder
        raise NoSuchMailbox(f"there is no mailbox {wanted}", "NONEXISTENT")

    async def append(
        self,
        mailbox: MailboxName,
        message: MessageSource,
        *,
        flags: Iterable[str] = (),
        date: datetime | None = None,
    ) -> int | None:
        """Put a message into a mailbox; its UID, where the server tells (UIDPLUS). Line ends become CRLF.

        ``message``: octets, an ``EmailMessage``, a ``Path`` or a binary file; files of any size take constant memory.
        ``date``: of arrival; now, if not given. Raises NoSuchMailbox, TooBig, OverQuota, CommandFailed.
        """
        from ...features.append import append
        from ..files import Upload

        name, kept, arrived = mailbox_name(mailbox), flag_list(flags), moment(date)
        upload = Upload(message)
        self._check_size(upload.size)
        if upload.has_nul:
            raise UsageError("the message holds NUL octets, which no message may (RFC 5322)")
        found = await self.connection.run(append(self.connection, name, upload, kept, arrived))
        return next(found.uids.numbers(), None) if found is not None else None

    def _check_size(self, size: int) -> None:
        """Nothing is sent that the server said it will not take (RFC 7889)."""
        for word in self.capabilities:
            limit = word.removeprefix("APPENDLIMIT=")
            if limit != word and _OCTETS.fullmatch(limit) and size > int(limit):
                raise TooBig(f"the message has {size} octets, the server takes {limit}", "TOOBIG", "APPEND")

    async def identify(self, fields: Mapping[str, str | None]) -> dict[str, str | None]:
        """Exchange identities if the server can (ID); nothing otherwise."""
        return await self.id(fields) if self.has("ID") else {}


_OCTETS: Final = re.compile(r"[0-9]{1,18}")


def _sorted(folders: Iterable[Folder]) -> list[Folder]:
    """By name, INBOX first, each name once."""
    return sorted(
        {one.name: one for one in folders}.values(), key=lambda one: (one.name != "INBOX", one.name)
    )
