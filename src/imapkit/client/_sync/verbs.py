# Generated from imapkit/client/_async/verbs.py by scripts/unasync.py; do not edit: the next run overwrites it.
# Generated from imapkit/features by scripts/gen_client.py; do not edit: the next run overwrites it.
"""Every verb of every feature as a method; each forwards to the verb, and imports its feature when it is first used."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ...features.append import AppendMessage
    from ...features.copy import CopyResult
    from ...features.esearch import EsearchData, SearchResult
    from ...features.fetch_data import FetchData
    from ...features.fetch_items import FetchItem
    from ...features.list_ import ListData
    from ...features.lsub import LsubData
    from ...features.namespace import NamespaceData
    from ...features.qresync import Changed
    from ...features.sort import SortKey, SortResult
    from ...features.status import MailboxStatus
    from ...features.store import StoreResult
    from ...features.thread import ThreadResult
    from ...ports.client import Op
    from ...ports.store import FlagAction
    from ...protocol.given import MailboxName
    from ...protocol.numset import NumSet
    from ...protocol.registry import Writable
    from ...protocol.uid_codes import AppendUid
    from ...query.key import SearchKey
    from ...query.thread import Algorithm
    from ...sasl.base import ClientExchange
    from .connection import Connection

T = TypeVar("T")


class Verbs:
    """The verbs. Messages are named by UID unless ``uid=False`` says otherwise."""

    @property
    def session(self) -> Connection:
        """What the server said of itself and of the session."""
        raise NotImplementedError

    def run(self, op: Op[T]) -> T:
        """Run a verb to its result."""
        raise NotImplementedError

    def capability(self) -> tuple[str, ...]:
        """Ask what the server offers (RFC 9051 section 6.1.1). Raises CommandFailed."""
        from ...features.base import capability as verb

        return self.run(verb())

    def noop(self) -> None:
        """Do nothing but let the server tell what changed (RFC 9051 section 6.1.2). Raises CommandFailed."""
        from ...features.base import noop as verb

        return self.run(verb())

    def starttls(self) -> None:
        """Protect the connection (RFC 9051 section 6.2.1); what the server said before is forgotten.

        Raises NotSupported, CommandFailed, TlsFailed.
        """
        from ...features.auth import starttls as verb

        return self.run(verb(self.session))

    def login(self, user: str, password: str) -> None:
        """Log in with the LOGIN command (RFC 9051 section 6.2.3). Raises AuthenticationFailed, NotSupported, CommandFailed, UsageError."""
        from ...features.auth import login as verb

        return self.run(verb(self.session, user, password))

    def authenticate(self, exchange: ClientExchange) -> None:
        """Log in by a SASL mechanism (RFC 9051 section 6.2.2). Raises AuthenticationFailed, SaslError, CommandFailed, UsageError."""
        from ...features.auth import authenticate as verb

        return self.run(verb(self.session, exchange))

    def enable(self, *names: str) -> tuple[str, ...]:
        """Switch on extensions; gives the names the server took (RFC 5161). Raises NotSupported, CommandFailed."""
        from ...features.enable import enable as verb

        return self.run(verb(self.session, *names))

    def id(self, fields: Mapping[str, str | None] | None = None) -> dict[str, str | None]:
        """Tell the server who we are and learn who it is (RFC 2971). Raises NotSupported, CommandFailed."""
        from ...features.id import id as verb

        return self.run(verb(self.session, fields))

    def close_and_expunge(self) -> None:
        r"""Remove the messages marked \Deleted and leave the mailbox (RFC 9051 section 6.4.1). Raises CommandFailed."""
        from ...features.select import close as verb

        return self.run(verb(self.session))

    def unselect(self) -> None:
        """Leave the mailbox and remove nothing (RFC 9051 section 6.4.2). Raises NotSupported, CommandFailed."""
        from ...features.select import unselect as verb

        return self.run(verb(self.session))

    def check(self) -> None:
        """Ask for a checkpoint (RFC 3501 section 6.4.1; gone in IMAP4rev2, where NOOP serves). Raises CommandFailed."""
        from ...features.select import check as verb

        return self.run(verb())

    def create(self, mailbox: MailboxName, *params: Writable) -> None:
        """Make a mailbox and the superior names it lacks (RFC 9051 section 6.3.4). Raises MailboxExists, NotAllowed, CommandFailed."""
        from ...features.mailboxes import create as verb

        return self.run(verb(mailbox, *params))

    def delete(self, mailbox: MailboxName) -> None:
        """Remove a mailbox and its messages (RFC 9051 section 6.3.5). Raises NoSuchMailbox, NotAllowed, CommandFailed."""
        from ...features.mailboxes import delete as verb

        return self.run(verb(mailbox))

    def rename(self, old: MailboxName, new: str) -> None:
        """Rename a mailbox and its inferior names (RFC 9051 section 6.3.6). Raises NoSuchMailbox, MailboxExists, CommandFailed."""
        from ...features.mailboxes import rename as verb

        return self.run(verb(old, new))

    def subscribe(self, mailbox: MailboxName) -> None:
        """Add a name to the user's list of subscribed mailboxes (RFC 9051 section 6.3.7). Raises CommandFailed."""
        from ...features.mailboxes import subscribe as verb

        return self.run(verb(mailbox))

    def unsubscribe(self, mailbox: MailboxName) -> None:
        """Take a name off the user's list of subscribed mailboxes (RFC 9051 section 6.3.8). Raises CommandFailed."""
        from ...features.mailboxes import unsubscribe as verb

        return self.run(verb(mailbox))

    def namespace(self) -> NamespaceData:
        """The server's namespaces (RFC 2342). Raises NotSupported, CommandFailed."""
        from ...features.namespace import namespace as verb

        return self.run(verb(self.session))

    def status(self, mailbox: MailboxName, *items: str) -> MailboxStatus:
        """Counts of a mailbox (RFC 9051 section 6.3.11); without ``items``, MESSAGES UIDNEXT UIDVALIDITY UNSEEN and what else is offered.

        Raises NoSuchMailbox, CommandFailed.
        """
        from ...features.status import status as verb

        return self.run(verb(self.session, mailbox, *items))

    def list_mailboxes(
        self,
        pattern: MailboxName = "*",
        reference: MailboxName = "",
        *,
        selection: tuple[Writable, ...] = (),
        returns: tuple[Writable, ...] = (),
    ) -> tuple[ListData, ...]:
        """Mailboxes that match ``pattern`` (``*`` anything, ``%`` one level; RFC 9051 section 6.3.9).

        ``selection`` and ``returns`` are options of RFC 5258. Raises NotSupported, CommandFailed.
        """
        from ...features.list_ import list_mailboxes as verb

        return self.run(verb(self.session, pattern, reference, selection=selection, returns=returns))

    def lsub(self, pattern: MailboxName = "*", reference: MailboxName = "") -> tuple[LsubData, ...]:
        """Subscribed names that match ``pattern`` (RFC 3501 section 6.3.9). Raises CommandFailed."""
        from ...features.lsub import lsub as verb

        return self.run(verb(pattern, reference))

    def list_status(
        self, pattern: MailboxName = "*", *items: str
    ) -> tuple[tuple[ListData, MailboxStatus | None], ...]:
        """Mailboxes with their counts (RFC 5819); None for a name without a mailbox. Raises NotSupported, CommandFailed."""
        from ...features.list_status import list_status as verb

        return self.run(verb(self.session, pattern, *items))

    def multiappend(self, mailbox: MailboxName, messages: Sequence[AppendMessage]) -> AppendUid | None:
        """Put messages into a mailbox, all or none (RFC 3502); their UIDs in the same order, where the server tells them (RFC 4315).

        A server without MULTIAPPEND gets them one by one: if it refuses one, those before it stay; a note of the error says how many
        they are, its ``partial`` which UIDs they have. ``AppendMessage.of`` makes one of octets. Raises NoSuchMailbox, TooBig,
        OverQuota, LimitReached, CommandFailed.
        """
        from ...features.multiappend import multiappend as verb

        return self.run(verb(self.session, mailbox, messages))

    def compress(self) -> None:
        """Compress all that follows, both ways (RFC 4978). Does nothing where it is compressed already.

        Raises NotSupported, CommandFailed.
        """
        from ...features.compress import compress as verb

        return self.run(verb(self.session))

    def search(self, key: SearchKey, *, uid: bool = True) -> SearchResult:
        """Find messages (RFC 9051 section 6.4.4): UIDs, or message numbers with ``uid=False``. Raises BadCharset, CommandFailed.

        Asks by ESEARCH where the server has it, since that answers in ranges.
        """
        from ...features.esearch import search as verb

        return self.run(verb(self.session, key, uid=uid))

    def search_return(self, key: SearchKey, *options: Writable, uid: bool = True) -> EsearchData:
        """Ask for MIN, MAX, COUNT, ALL or other result options only (RFC 4731). Raises NotSupported, BadCharset, CommandFailed."""
        from ...features.esearch import search_return as verb

        return self.run(verb(self.session, key, *options, uid=uid))

    def search_save(self, key: SearchKey) -> NumSet:
        """Search, and leave the result on the server: the set that is returned, ``$``, stands for it until the next such search.

        RFC 5182. Raises NotSupported, BadCharset, CommandFailed.
        """
        from ...features.searchres import search_save as verb

        return self.run(verb(self.session, key))

    def sort(self, by: Sequence[SortKey], key: SearchKey, *, uid: bool = True) -> SortResult:
        """Find messages, in the order of the sort keys ``by``: ``sort([SUBJECT, -DATE], UNSEEN)`` (RFC 5256 section 3).

        UIDs, or message numbers with ``uid=False``. Raises NotSupported, BadCharset, CommandFailed.
        """
        from ...features.sort import sort as verb

        return self.run(verb(self.session, by, key, uid=uid))

    def thread(self, key: SearchKey, *, algorithm: Algorithm | None = None, uid: bool = True) -> ThreadResult:
        """Find messages, arranged in conversations (RFC 5256 section 3). UIDs, or message numbers with ``uid=False``.

        ``algorithm``: None takes the best that the server has, by references if possible. Raises NotSupported, BadCharset,
        CommandFailed.
        """
        from ...features.thread import thread as verb

        return self.run(verb(self.session, key, algorithm=algorithm, uid=uid))

    def expunge(self, numset: NumSet | None = None) -> None:
        r"""Remove the messages marked \Deleted for good; of them only those with a UID in ``numset``, if given.

        RFC 9051 section 6.4.3, RFC 4315 section 2.1. Raises NotSupported when the server cannot restrict it, CommandFailed.
        """
        from ...features.uidplus import expunge as verb

        return self.run(verb(self.session, numset))

    def copy(self, numset: NumSet, mailbox: MailboxName, *, uid: bool = True) -> CopyResult:
        """Copy messages to another mailbox (RFC 9051 section 6.4.7). Raises NoSuchMailbox, OverQuota, CommandFailed."""
        from ...features.copy import copy as verb

        return self.run(verb(numset, mailbox, uid=uid))

    def move(
        self, numset: NumSet, mailbox: MailboxName, *, uid: bool = True, plain_expunge: bool = False
    ) -> CopyResult:
        r"""Move messages to another mailbox (RFC 6851), by COPY, STORE and UID EXPUNGE where the server has no MOVE.

        Where it has no UIDPLUS either, NotSupported is raised before anything is done, unless ``plain_expunge`` allows EXPUNGE, which
        removes every other message marked \Deleted too. Raises NoSuchMailbox, OverQuota, CommandFailed; UnknownOutcome when the
        connection was lost between the steps. ``partial`` of the error has what was done before.
        """
        from ...features.move import move as verb

        return self.run(verb(self.session, numset, mailbox, uid=uid, plain_expunge=plain_expunge))

    def fetch(
        self,
        numset: NumSet,
        items: Sequence[FetchItem],
        *,
        uid: bool = True,
        changed_since: int | None = None,
    ) -> list[FetchData]:
        """Data of messages, one ``FetchData`` a message, in the order in which the server told them (RFC 9051 section 6.4.5).

        ``changed_since``: only messages changed after that MODSEQ. A message whose answer cannot be read has its ``error`` set.
        Messages that are not there are left out. Raises NotSupported, CommandFailed.
        """
        from ...features.fetch import fetch as verb

        return self.run(verb(self.session, numset, items, uid=uid, changed_since=changed_since))

    def store(
        self,
        numset: NumSet,
        action: FlagAction,
        flags: Sequence[str],
        *,
        uid: bool = True,
        silent: bool = False,
        unchanged_since: int | None = None,
    ) -> StoreResult:
        """Add, remove or replace flags (RFC 9051 section 6.4.6, RFC 7162 section 3.1.3).

        ``silent``: do not tell the flags afterwards. ``unchanged_since``: leave messages alone that changed after that MODSEQ; they are
        in the result's ``modified``. Raises NotSupported, LimitReached, CommandFailed.
        """
        from ...features.store import store as verb

        return self.run(
            verb(self.session, numset, action, flags, uid=uid, silent=silent, unchanged_since=unchanged_since)
        )

    def fetch_changes(self, numset: NumSet, since: int, items: Sequence[FetchItem] = ()) -> Changed:
        """What changed among messages named by UID after the MODSEQ ``since``, and which of them are gone (RFC 7162 section 3.2.6).

        ``items``: what to tell of the changed ones besides flags and MODSEQ. An open range goes out with the highest UID there can be:
        some servers take ``*`` for the last living message, and would not tell what is gone above it. Raises NotSupported,
        CommandFailed.
        """
        from ...features.qresync import fetch_changes as verb

        return self.run(verb(self.session, numset, since, items))
