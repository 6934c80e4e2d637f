"""What a client knows of its session: capabilities, state, alerts. No I/O; the connection of both twins builds on it.

Rule: untagged data is taken whenever it comes, whatever command is under way.
"""

from __future__ import annotations

import logging
import re
from collections import deque
from typing import Final

from ..errors import CommandBad, CommandFailed, NoSuchMailbox, NotSupported
from ..features.catalogue import full_registry
from ..ports.client import OpenMailbox
from ..protocol import states
from ..protocol.codes import UnknownCode
from ..protocol.given import text
from ..protocol.registry import Does, Registry, Writable
from ..protocol.response import BrokenResponse, Response
from ..protocol.states import State
from ..protocol.status import Kind, Status
from ..wire.writer import LiteralMode

logger: Final = logging.getLogger("imapkit.client")

_ALERTS: Final = 100

_MISSING: Final = re.compile(
    r"(does ?n(o|')t|not) exist|no such (mailbox|folder)|unknown (mailbox|folder)", re.IGNORECASE
)


class SessionState:
    """The session as the server told of it; ``ports.client.ClientSession`` for the verbs."""

    def __init__(self) -> None:
        self.registry = full_registry()
        self.capabilities: frozenset[str] = frozenset()
        """In upper case; empty when not known yet."""
        self.state = State.NOT_AUTHENTICATED
        self.enabled: set[str] = set()
        self.selected: str | None = None
        """The mailbox that is open, by name."""
        self.tls = False
        self.compressed = False
        """COMPRESS is on (RFC 4978)."""
        self.refuses_charset = False
        self.greeting = ""
        self.bye: str | None = None
        """Why the server ended the session, if it said so."""
        self.alerts: deque[str] = deque(maxlen=_ALERTS)
        """What the server wants shown to the user ([ALERT]), the newest last."""
        self.view: OpenMailbox | None = None
        """Who is told of the selected mailbox."""
        self.asking = False
        """The command under way asks for FETCH data itself: they are its answer, not news."""

    def has(self, capability: str) -> bool:
        """True when announced, or part of an enabled or announced IMAP4rev2."""
        name = text(capability, "a capability").upper()
        if name in self.capabilities:
            return True
        if not self.capabilities.isdisjoint(self.registry.included.get(name, ())):
            return True
        return name in self.registry.in_rev2 and (
            "IMAP4REV2" in self.capabilities or "IMAP4REV2" in self.enabled
        )

    def need(self, capability: str, why: str) -> None:
        """Raises NotSupported unless ``has``."""
        if not self.has(capability):
            raise NotSupported(capability, why)

    @property
    def literal_mode(self) -> LiteralMode:
        """How literals may be sent to this server (RFC 7888)."""
        if "LITERAL+" in self.capabilities:
            return LiteralMode.PLUS
        return LiteralMode.MINUS if self.has("LITERAL-") else LiteralMode.SYNC

    @property
    def utf8(self) -> bool:
        """True when mailbox names and quoted strings are UTF-8 in this session."""
        if "IMAP4REV2" in self.enabled or "UTF8=ACCEPT" in self.enabled:
            return True
        return "IMAP4REV2" in self.capabilities and "IMAP4REV1" not in self.capabilities

    def observe(self, response: Response) -> None:
        """Take in untagged data. Before the login only what is declared as early counts (RFC 9051 section 11.3)."""
        if isinstance(response, Status):
            self.observe_status(response)
        elif isinstance(response, BrokenResponse):
            logger.warning("a response that cannot be read (%s): %r", response.error, response.raw[:200])
        elif self._counts(type(response)):
            effect = self.registry.observer(type(response))
            if effect is not None:
                effect(self, response)

    def observe_status(self, status: Status) -> None:
        """Take in what the code of a tagged or untagged status says besides."""
        name = status.code_name or ""
        effect = self.registry.code_observers.get(name)
        if effect is not None and self._counts(name):
            effect(self, status)

    def _counts(self, what: type[object] | str) -> bool:
        return self.state is not State.NOT_AUTHENTICATED or what in self.registry.early

    def alert(self, text: str) -> None:
        """The server wants this shown to the user; not before TLS, where anybody may have said it (RFC 9051 section 11.3)."""
        if self.state is State.NOT_AUTHENTICATED and not self.tls:
            return
        self.alerts.append(text)
        logger.warning("the server alerts: %r", text)

    def completed(self, command: Writable, status: Status) -> None:
        """Follow the state after a command's tagged answer."""
        self.observe_status(status)
        good = status.kind is Kind.OK
        does = self.registry.does(command)
        if Does.OPENS in does:
            if self.state is not State.NOT_AUTHENTICATED:
                event = states.Event.SELECTED if good else states.Event.SELECT_FAILED
                self.state = states.after(self.state, event)
            if not good:
                self.selected = None
        elif Does.CLOSES in does and good and self.state is State.SELECTED:
            self.state = states.after(self.state, states.Event.CLOSED)

    def forget(self) -> None:
        """Drop what was said before TLS: anybody may have said it (RFC 9051 section 6.2.1)."""
        self.capabilities = frozenset()
        self.enabled.clear()
        self.alerts.clear()
        self.greeting = ""

    def logged_in(self) -> None:
        if self.state is State.NOT_AUTHENTICATED:
            self.state = states.after(self.state, states.Event.LOGGED_IN)


def failure(command: Writable, status: Status, registry: Registry) -> CommandFailed:
    """The exception for a tagged NO or BAD."""
    name = command_name(command)
    if status.kind is Kind.BAD:
        return CommandBad(status.text, status.code_name, name)
    code = status.code_name
    if code is None and Does.NAMES in registry.does(command) and _MISSING.search(status.text) is not None:
        return NoSuchMailbox(status.text, None, name)  # servers that know no codes say it in words
    detail = status.code.raw.decode("utf-8", "replace") if isinstance(status.code, UnknownCode) else ""
    return registry.error(status.text, code, name, detail=detail)


def command_name(command: object) -> str:
    """How a command is called in messages: its class, which shows no argument."""
    return type(command).__name__.upper().removesuffix("COMMAND")
