# Generated from imapkit/client/_async/idle.py by scripts/unasync.py; do not edit: the next run overwrites it.
"""Waiting for what happens: IDLE (RFC 2177), or NOOP where the server has none.

The rules this file must not break: IDLE is begun again well before servers and routers drop it (29 minutes at most); a command
that somebody wants to run ends it; what came between two calls is told, never lost.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Final

from ...errors import CommandFailed, ImapError, UsageError
from ...features.base import Noop
from ...features.idle import DONE, Idle
from ...ports.events import Event
from ...protocol.client import Asked, Finished
from ...protocol.given import seconds
from .connection import Connection
from .place import Place

RENEW: Final = 9 * 60.0
"""Seconds after which IDLE is begun again: some providers and routers forget a silent connection after ten minutes."""
POLL: Final = 60.0
"""Seconds between two NOOPs where there is no IDLE."""


class Idler:
    """Keeps a connection idling between calls of ``wait``."""

    heavy = False

    def __init__(self, connection: Connection, renew: float, has_news: Callable[[], bool]) -> None:
        self._connection = connection
        self._has_news = has_news
        self._renew = renew
        self._idling = False
        self._until = 0.0
        self._able = connection.has("IDLE")

    def wait(self, timeout: float) -> None:
        """Until something came from the server, somebody wants to run a command, or the time is over."""
        connection = self._connection
        connection.enter(self)
        try:
            if self._has_news():
                return  # it came with the command of somebody else
            if self._able:
                self._wait_idling(timeout)
            else:
                self._wait_polling(timeout)
        finally:
            connection.leave()

    def settle(self) -> None:
        """End IDLE; the caller has the turn."""
        if not self._idling:
            return
        connection = self._connection
        try:
            connection.send_line(DONE)
            while self._idling:
                self._take(connection.pump.event(connection.timeout))
        except BaseException as error:
            self._idling = False
            connection.fail(error)
            raise

    def stop(self) -> None:
        """End IDLE, and wait for its end."""
        if self._idling and not self._connection.closed:
            self._connection.enter(self)
            try:
                self.settle()
                if self._connection.under_way is self:
                    self._connection.under_way = None
            finally:
                self._connection.leave()

    def _wait_idling(self, timeout: float) -> None:
        if not self._idling:
            self._start()
            if not self._idling:
                return  # something came at once, or the server refused
        connection = self._connection
        now = time.monotonic()
        try:
            event = connection.pump.poll(max(0.0, min(timeout, self._until - now)))
            while event is not None:
                self._take(event)
                event = connection.core.next()
        except ImapError as error:
            self._idling = False
            connection.fail(error)
            raise
        if connection.others_wait or time.monotonic() >= self._until:
            self.settle()
            connection.under_way = None

    def _start(self) -> None:
        connection = self._connection
        connection.begin(Idle())
        connection.under_way = self
        self._idling = True
        self._until = time.monotonic() + self._renew
        try:
            while self._idling:
                event = connection.pump.event(connection.timeout)
                if isinstance(event, Asked):
                    return
                self._take(event)
        except CommandFailed:
            self._able = False
        except BaseException as error:
            self._idling = False
            connection.fail(error)
            if not connection.closed:
                connection.close()
            raise

    def _wait_polling(self, timeout: float) -> None:
        connection = self._connection
        try:
            data = connection.pump.poll(min(timeout, POLL))
            while data is not None:
                self._take(data)
                data = connection.core.next()
        except ImapError as error:
            connection.fail(error)
            raise
        if not connection.others_wait:
            connection.begin(Noop())
            self._idling = True
            try:
                while self._idling:
                    self._take(connection.pump.event(connection.timeout))
            except BaseException as error:
                self._idling = False
                connection.fail(error)
                raise

    def _take(self, event: object) -> None:
        connection = self._connection
        if isinstance(event, Finished):
            self._idling = False
            if connection.under_way is self:
                connection.under_way = None
            connection.finish(Idle(), event.status, [])
        elif not isinstance(event, Asked):
            connection.take(event)  # type: ignore[arg-type]  # all other events are responses


class Events:
    """What happens to a mailbox, as an iterator; also a context manager, which ends IDLE at once when it is left."""

    def __init__(self, mailbox: Place, timeout: float | None, renew: float) -> None:
        renew = seconds(renew, "renew")
        if renew > 29 * 60:
            raise UsageError("IDLE is begun again after more than 0 and at most 29 minutes")
        self._mailbox = mailbox
        self._idler = Idler(mailbox.connection, renew, lambda: mailbox.has_events)
        self._deadline = None if timeout is None else time.monotonic() + _not_negative(timeout)
        self._held: deque[Event] = deque()

    def __iter__(self) -> Events:
        return self

    def __next__(self) -> Event:
        while not self._held:
            self._held.extend(self._mailbox.take_events())
            if self._held:
                break
            left = RENEW if self._deadline is None else self._deadline - time.monotonic()
            if left <= 0:
                self._idler.stop()
                raise StopIteration
            self._mailbox.check_open()
            self._idler.wait(left)
        return self._held.popleft()

    def __enter__(self) -> Events:
        return self

    def __exit__(self, kind: type[BaseException] | None, *exc: object) -> None:
        try:
            self._idler.stop()
        except ImapError:
            if kind is None:
                raise
            # the reason for leaving is told, not what it met on its way out


def _not_negative(timeout: object) -> float:
    """Seconds, of which none at all are some. Raises UsageError."""
    return 0.0 if timeout == 0 and not isinstance(timeout, bool) else seconds(timeout, "timeout")
