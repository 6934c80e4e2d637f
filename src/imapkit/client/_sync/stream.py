# Generated from imapkit/client/_async/stream.py by scripts/unasync.py; do not edit: the next run overwrites it.
"""The responses of one command, one batch at a time, as they come: how large answers are iterated.

The rules this file must not break: whoever stops in the middle, or runs another command in between, harms nobody: the rest is
read when the connection is needed again, and kept only if its owner still wants it. Only as many messages as were asked for
give the server more time and room.
"""

from __future__ import annotations

from collections import deque

from ...errors import CommandFailed, ImapError
from ...features.fetch_data import FetchData
from ...protocol.client import Asked, Farewell, Finished, Greeted
from ...protocol.registry import Writable
from ...protocol.response import Response
from ...protocol.status import Status
from .connection import Connection


class Responses:
    """What a FETCH of so many ``messages`` answers. ``batch`` until it gives an empty list; ``abandon`` to stop early."""

    heavy = True

    def __init__(self, connection: Connection, command: Writable, messages: int) -> None:
        self._connection = connection
        self._command = command
        self._expected = messages
        self._held: deque[Response] = deque()
        self._wanted = True
        self._error: CommandFailed | None = None
        self._begun = False
        self._ended = False

    def batch(self) -> list[Response]:
        """Responses that came; empty at the end. Raises CommandFailed for a NO or BAD, ConnectionLost and so on."""
        if not self._ended and not self._held:
            self._fill()
        found = list(self._held)
        self._held.clear()
        if not found and self._error is not None:
            raise self._error
        return found

    def abandon(self) -> None:
        """Nobody wants the rest."""
        self._wanted = False
        self._held.clear()

    def settle(self) -> None:
        """Read all that is left; the caller has the turn."""
        while not self._ended:
            self._read()

    def _fill(self) -> None:
        connection = self._connection
        connection.enter(self)
        try:
            if not self._begun:
                connection.begin(self._command, kept=False)
                self._begun = True
                connection.under_way = self
            while not self._ended and not self._held:
                self._read()
            self._take_what_came()
        finally:
            connection.leave()

    def _take_what_came(self) -> None:
        connection = self._connection
        try:
            while not self._ended:
                self._take_ready()
                event = connection.core.next()
                if event is None:
                    break
                self._take(event)
        except ImapError as error:
            self._ended = True
            connection.fail(error)
            raise

    def _take_ready(self) -> None:
        """Answers of FETCH that need no look, many at once."""
        connection = self._connection
        found = connection.core.ready()
        self._progress(len(found))
        if found and not connection.asking:
            for response in found:
                connection.take(response)
        if self._wanted:
            self._held.extend(found)

    def _read(self) -> None:
        try:
            self._take(self._connection.pump.event(self._connection.timeout))
        except BaseException as error:
            if not self._connection.pump.sent or isinstance(error, Exception):
                self._ended = True
                self._connection.fail(error)
            raise

    def _take(self, event: object) -> None:
        connection = self._connection
        if isinstance(event, Finished):
            self._finished(event.status)
        elif isinstance(event, Farewell):
            self._finished(connection.last_words(event))
        elif not isinstance(event, Asked | Greeted):
            response: Response = event  # type: ignore[assignment]  # all other events are responses
            connection.take(response)
            self._progress(isinstance(response, FetchData))
            if self._wanted:
                self._held.append(response)

    def _progress(self, messages: int) -> None:
        if messages and self._expected > 0:
            self._expected -= messages
            self._connection.allow(kept=False)

    def _finished(self, status: Status) -> None:
        connection = self._connection
        self._ended = True
        if connection.under_way is self:
            connection.under_way = None
        try:
            connection.finish(self._command, status, [])
        except CommandFailed as error:
            self._error = error
