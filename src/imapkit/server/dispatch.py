"""A command to its handler, and what comes of it to a completion (RFC 9051 sections 2.2.2, 3, 5.5 and 7.1).

The rule this file must not break: every command gets exactly one tagged completion, whatever its handler does, and the untagged
updates that go before it are those the command allows.
"""

from __future__ import annotations

import secrets
from typing import Final

from ..errors import (
    AccountGone,
    Bad,
    ConnectionLost,
    LimitExceeded,
    MailboxMissing,
    MailboxTaken,
    No,
    ParseError,
    StoreError,
    StoreFull,
    TooManyKeywords,
)
from ..features import base
from ..ports.session import SessionContext
from ..protocol.codes import Code
from ..protocol.command import TaggedCommand
from ..protocol.registry import Sync
from ..protocol.states import State
from ..protocol.status import Kind, Ok, Status
from .log import Log

_WRONG_STATE: Final = {
    State.NOT_AUTHENTICATED: "log in first",
    State.AUTHENTICATED: "select a mailbox first",
    State.SELECTED: "not while a mailbox is selected",
    State.LOGOUT: "the session is over",
}


async def dispatch(ctx: SessionContext, tagged: TaggedCommand, log: Log) -> Status:
    """Run a command and send its updates; gives the completion to send."""
    entry = tagged.entry
    name = entry.name.decode("ascii")
    state = ctx.state
    if state not in entry.states:
        return Status(Kind.BAD, _wrong_state(state, entry.states, name), None, tagged.tag)
    status = await _run(ctx, tagged, name, log)
    if entry.sync is not Sync.NONE and status.kind is not Kind.BAD and ctx.selected is not None:
        await _sync(ctx, tagged, log)
    return status


async def _run(ctx: SessionContext, tagged: TaggedCommand, name: str, log: Log) -> Status:
    tag = tagged.tag
    try:
        handler = ctx.registry.handlers[type(tagged.command)]
        done = await handler(ctx, tagged.command)
    except ConnectionLost:
        raise
    except No as error:
        return Status(Kind.NO, error.text, _code(error.code), tag)
    except Bad as error:
        return Status(Kind.BAD, error.text, _code(error.code), tag)
    except StoreError as error:
        return store_failure(error, tag, name, log)
    except LimitExceeded as error:
        return Status(Kind.NO, str(error), base.LIMIT, tag)
    except ParseError as error:
        return Status(Kind.BAD, str(error), None, tag)
    except Exception as error:
        return unforeseen(error, tag, name, log)
    if isinstance(done, Ok):
        return Status(Kind.OK, done.text, done.code, tag)
    return Status(Kind.OK, f"{name} completed", None, tag)


async def _sync(ctx: SessionContext, tagged: TaggedCommand, log: Log) -> None:
    """A failure here does not undo the command: it is logged, and the updates come with a later command."""
    try:
        # A command's class may say that this one names message numbers where its kind mostly does not (UID SEARCH 1:3)
        by_number = getattr(tagged.command, "names_numbers", False)
        await ctx.sync(expunge=tagged.entry.sync is Sync.ALL and not by_number)
    except ConnectionLost:
        raise
    except AccountGone as error:
        log.info("no updates", reason=str(error))  # the session ends with a BYE that says it
    except Exception as error:
        unforeseen(error, None, "updates", log)


def store_failure(error: StoreError, tag: str | None, name: str, log: Log) -> Status:
    """The NO for what a store could not do. Where files are is for the log alone."""
    code = _store_code(error)
    text = str(error)
    if isinstance(error, AccountGone):
        log.info("account gone", command=name)
        return Status(Kind.NO, text, code, tag)
    if code is base.OVERQUOTA or code is base.UNAVAILABLE:
        log.error("store failure", command=name, error=text)
        text = "no space left" if code is base.OVERQUOTA else "the mail store failed"
    return Status(Kind.NO, text or "the mail store failed", code, tag)


def _store_code(error: StoreError) -> Code:
    if isinstance(error, MailboxMissing):
        return base.NONEXISTENT
    if isinstance(error, MailboxTaken):
        return base.ALREADYEXISTS
    if isinstance(error, TooManyKeywords):
        return base.LIMIT
    return base.OVERQUOTA if isinstance(error, StoreFull) else base.UNAVAILABLE


def unforeseen(error: Exception, tag: str | None, name: str, log: Log) -> Status:
    """The NO for a fault of this program: the log has the details under the same id."""
    bug = secrets.token_hex(4)
    log.error("server bug", id=bug, command=name, exc_info=error)
    return Status(
        Kind.NO, f"internal error {bug}: the administrator finds it in the log", base.SERVERBUG, tag
    )


def _wrong_state(state: State, allowed: frozenset[State], name: str) -> str:
    if State.NOT_AUTHENTICATED in allowed and state is not State.LOGOUT:
        return f"{name} cannot come now: you are logged in already"
    return f"{name} cannot come now: {_WRONG_STATE[state]}"


def _code(code: object) -> Code | None:
    return code  # type: ignore[return-value]  # errors knows no protocol: what handlers give are codes
