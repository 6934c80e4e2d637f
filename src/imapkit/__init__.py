"""IMAP for Python, both ends.

    with imapkit.connect("imaps://ann@mail.example.org", password=...) as mail:
        for message in mail.select("INBOX").search(FROM("bob")).fetch(Envelope, Flags):
            print(message.uid, message.subject)

Every name is loaded when it is first used, so that importing the package costs nothing.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .client._async.client import AsyncClient as AsyncClient
    from .client._async.connect import connect_async as connect_async
    from .client._async.mailbox import AsyncMailbox as AsyncMailbox
    from .client._async.message import AsyncMessage as AsyncMessage
    from .client._async.message import AsyncPart as AsyncPart
    from .client._async.query import AsyncQuery as AsyncQuery
    from .client._sync.client import Client as Client
    from .client._sync.connect import connect_sync as connect
    from .client._sync.mailbox import Mailbox as Mailbox
    from .client._sync.message import Message as Message
    from .client._sync.message import Part as Part
    from .client._sync.query import Query as Query
    from .client.folders import Folder as Folder
    from .client.items import Body as Body
    from .client.items import Envelope as Envelope
    from .client.items import Flags as Flags
    from .client.items import Header as Header
    from .client.items import HeaderFields as HeaderFields
    from .client.items import InternalDate as InternalDate
    from .client.items import ModSeq as ModSeq
    from .client.items import PartBody as PartBody
    from .client.items import PartHeader as PartHeader
    from .client.items import Size as Size
    from .client.items import Structure as Structure
    from .client.message import Address as Address
    from .client.message import MessageEnvelope as MessageEnvelope
    from .errors import AuthenticationFailed as AuthenticationFailed
    from .errors import BadCharset as BadCharset
    from .errors import CommandBad as CommandBad
    from .errors import CommandFailed as CommandFailed
    from .errors import CommandNo as CommandNo
    from .errors import ConnectFailed as ConnectFailed
    from .errors import ConnectionLost as ConnectionLost
    from .errors import ConnectionTimeout as ConnectionTimeout
    from .errors import ImapError as ImapError
    from .errors import Incomplete as Incomplete
    from .errors import InUse as InUse
    from .errors import LimitExceeded as LimitExceeded
    from .errors import LimitReached as LimitReached
    from .errors import LoginNeedsPrivacy as LoginNeedsPrivacy
    from .errors import LoginUnavailable as LoginUnavailable
    from .errors import MailboxExists as MailboxExists
    from .errors import MailboxMissing as MailboxMissing
    from .errors import MailboxTaken as MailboxTaken
    from .errors import NoSuchMailbox as NoSuchMailbox
    from .errors import NoSuchUser as NoSuchUser
    from .errors import NotAllowed as NotAllowed
    from .errors import NotAnImapServer as NotAnImapServer
    from .errors import NotSupported as NotSupported
    from .errors import OverQuota as OverQuota
    from .errors import ParseError as ParseError
    from .errors import Partial as Partial
    from .errors import PermissionDenied as PermissionDenied
    from .errors import PrivacyRequired as PrivacyRequired
    from .errors import ProtocolError as ProtocolError
    from .errors import SaslError as SaslError
    from .errors import StoreBroken as StoreBroken
    from .errors import StoreError as StoreError
    from .errors import StoreFull as StoreFull
    from .errors import StoreTooNew as StoreTooNew
    from .errors import TlsFailed as TlsFailed
    from .errors import TooBig as TooBig
    from .errors import TooManyKeywords as TooManyKeywords
    from .errors import Unavailable as Unavailable
    from .errors import UnknownCte as UnknownCte
    from .errors import UnknownOutcome as UnknownOutcome
    from .errors import UsageError as UsageError
    from .errors import UserExists as UserExists
    from .features.status import MailboxStatus as MailboxStatus
    from .ports.events import Arrived as Arrived
    from .ports.events import Event as Event
    from .ports.events import Expunged as Expunged
    from .ports.events import FlagsChanged as FlagsChanged
    from .ports.events import Resynchronise as Resynchronise
    from .ports.events import Vanished as Vanished
    from .protocol.numset import NumSet as NumSet
    from .query.keys import ALL as ALL
    from .query.keys import AND as AND
    from .query.keys import ANSWERED as ANSWERED
    from .query.keys import BCC as BCC
    from .query.keys import BEFORE as BEFORE
    from .query.keys import BODY as BODY
    from .query.keys import CC as CC
    from .query.keys import DELETED as DELETED
    from .query.keys import DRAFT as DRAFT
    from .query.keys import FLAGGED as FLAGGED
    from .query.keys import FROM as FROM
    from .query.keys import HEADER as HEADER
    from .query.keys import KEYWORD as KEYWORD
    from .query.keys import LARGER as LARGER
    from .query.keys import NEW as NEW
    from .query.keys import NOT as NOT
    from .query.keys import OLD as OLD
    from .query.keys import ON as ON
    from .query.keys import OR as OR
    from .query.keys import RECENT as RECENT
    from .query.keys import SEEN as SEEN
    from .query.keys import SENTBEFORE as SENTBEFORE
    from .query.keys import SENTON as SENTON
    from .query.keys import SENTSINCE as SENTSINCE
    from .query.keys import SEQ as SEQ
    from .query.keys import SINCE as SINCE
    from .query.keys import SMALLER as SMALLER
    from .query.keys import SUBJECT as SUBJECT
    from .query.keys import TEXT as TEXT
    from .query.keys import TO as TO
    from .query.keys import UID as UID
    from .query.keys import UNANSWERED as UNANSWERED
    from .query.keys import UNDELETED as UNDELETED
    from .query.keys import UNDRAFT as UNDRAFT
    from .query.keys import UNFLAGGED as UNFLAGGED
    from .query.keys import UNKEYWORD as UNKEYWORD
    from .query.keys import UNSEEN as UNSEEN
    from .query.keys import SearchKey as SearchKey
    from .tools.embed import Server as Server
    from .tools.embed import serve_in_thread as serve_in_thread

if os.environ.get("IMAPKIT_PURE", "0") not in ("", "0"):
    from ._pure import force

    force()

_WHERE = {
    "client._async.client": ("AsyncClient",),
    "client._async.connect": ("connect_async",),
    "client._async.mailbox": ("AsyncMailbox",),
    "client._async.message": ("AsyncMessage", "AsyncPart"),
    "client._async.query": ("AsyncQuery",),
    "client._sync.client": ("Client",),
    "client._sync.connect": ("connect",),
    "client._sync.mailbox": ("Mailbox",),
    "client._sync.message": ("Message", "Part"),
    "client._sync.query": ("Query",),
    "ports.events": ("Arrived", "Event", "Expunged", "FlagsChanged", "Resynchronise", "Vanished"),
    "client.folders": ("Folder",),
    "client.items": (
        "Body",
        "Envelope",
        "Flags",
        "Header",
        "HeaderFields",
        "InternalDate",
        "ModSeq",
        "PartBody",
        "PartHeader",
        "Size",
        "Structure",
    ),
    "client.message": ("Address", "MessageEnvelope"),
    "errors": (
        "AuthenticationFailed",
        "BadCharset",
        "CommandBad",
        "CommandFailed",
        "CommandNo",
        "ConnectFailed",
        "ConnectionLost",
        "ConnectionTimeout",
        "ImapError",
        "Incomplete",
        "InUse",
        "LimitExceeded",
        "LimitReached",
        "LoginNeedsPrivacy",
        "LoginUnavailable",
        "MailboxExists",
        "MailboxMissing",
        "MailboxTaken",
        "NoSuchMailbox",
        "NoSuchUser",
        "NotAllowed",
        "NotAnImapServer",
        "NotSupported",
        "OverQuota",
        "ParseError",
        "Partial",
        "PermissionDenied",
        "PrivacyRequired",
        "ProtocolError",
        "SaslError",
        "StoreBroken",
        "StoreError",
        "StoreFull",
        "StoreTooNew",
        "TlsFailed",
        "TooBig",
        "TooManyKeywords",
        "Unavailable",
        "UnknownCte",
        "UnknownOutcome",
        "UsageError",
        "UserExists",
    ),
    "features.status": ("MailboxStatus",),
    "protocol.numset": ("NumSet",),
    "query.keys": (
        "ALL",
        "AND",
        "ANSWERED",
        "BCC",
        "BEFORE",
        "BODY",
        "CC",
        "DELETED",
        "DRAFT",
        "FLAGGED",
        "FROM",
        "HEADER",
        "KEYWORD",
        "LARGER",
        "NEW",
        "NOT",
        "OLD",
        "ON",
        "OR",
        "RECENT",
        "SEEN",
        "SENTBEFORE",
        "SENTON",
        "SENTSINCE",
        "SEQ",
        "SINCE",
        "SMALLER",
        "SUBJECT",
        "TEXT",
        "TO",
        "UID",
        "UNANSWERED",
        "UNDELETED",
        "UNDRAFT",
        "UNFLAGGED",
        "UNKEYWORD",
        "UNSEEN",
        "SearchKey",
    ),
    "tools.embed": ("Server", "serve_in_thread"),
}
_MODULES = {name: module for module, names in _WHERE.items() for name in names}
_OTHERWISE = {"connect": "connect_sync"}


def __getattr__(name: str) -> object:
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        loaded = import_module(f".{module}", __name__)
    except ModuleNotFoundError as error:
        from .tools.extras import mend

        line = mend(error)
        if line is None:
            raise
        raise ModuleNotFoundError(f"imapkit.{name}: {line}", name=error.name) from error
    found = getattr(loaded, _OTHERWISE.get(name, name))
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)


__all__ = [
    "ALL",
    "AND",
    "ANSWERED",
    "Address",
    "Arrived",
    "AsyncClient",
    "AsyncMailbox",
    "AsyncMessage",
    "AsyncPart",
    "AsyncQuery",
    "AuthenticationFailed",
    "BCC",
    "BEFORE",
    "BODY",
    "BadCharset",
    "Body",
    "CC",
    "Client",
    "CommandBad",
    "CommandFailed",
    "CommandNo",
    "ConnectFailed",
    "ConnectionLost",
    "ConnectionTimeout",
    "DELETED",
    "DRAFT",
    "Envelope",
    "Event",
    "Expunged",
    "FLAGGED",
    "FROM",
    "Flags",
    "FlagsChanged",
    "Folder",
    "HEADER",
    "Header",
    "HeaderFields",
    "ImapError",
    "Incomplete",
    "InUse",
    "InternalDate",
    "KEYWORD",
    "LARGER",
    "LimitExceeded",
    "LimitReached",
    "Mailbox",
    "LoginNeedsPrivacy",
    "LoginUnavailable",
    "MailboxExists",
    "MailboxMissing",
    "MailboxStatus",
    "MailboxTaken",
    "Message",
    "MessageEnvelope",
    "ModSeq",
    "NEW",
    "NOT",
    "NoSuchMailbox",
    "NoSuchUser",
    "NotAllowed",
    "NotAnImapServer",
    "NotSupported",
    "NumSet",
    "OLD",
    "ON",
    "OR",
    "OverQuota",
    "ParseError",
    "Part",
    "PartBody",
    "PartHeader",
    "Partial",
    "PermissionDenied",
    "PrivacyRequired",
    "ProtocolError",
    "Query",
    "RECENT",
    "Resynchronise",
    "SEEN",
    "SENTBEFORE",
    "SENTON",
    "SENTSINCE",
    "SEQ",
    "SINCE",
    "SMALLER",
    "SUBJECT",
    "SaslError",
    "SearchKey",
    "Server",
    "Size",
    "StoreBroken",
    "StoreError",
    "StoreFull",
    "StoreTooNew",
    "Structure",
    "TEXT",
    "TO",
    "TlsFailed",
    "TooBig",
    "TooManyKeywords",
    "UID",
    "UNANSWERED",
    "UNDELETED",
    "UNDRAFT",
    "UNFLAGGED",
    "UNKEYWORD",
    "UNSEEN",
    "Unavailable",
    "UnknownCte",
    "UnknownOutcome",
    "UsageError",
    "UserExists",
    "Vanished",
    "connect",
    "connect_async",
    "serve_in_thread",
]
