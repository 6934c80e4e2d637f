"""One connection to a server: runs verbs, one at a time, in the order of asking (RFC 9051 section 5.5).

No reader runs in the background: whoever wants something pumps. What is under way between two calls of its owner (a FETCH
that is iterated, IDLE) is settled by whoever comes next.

The rules this file must not break: after a cancelled command the stream is in step or closed; a command that may have run is
not reported as if it had not.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import TYPE_CHECKING, Final, Protocol, TypeVar

from ...errors import (
    CommandFailed,
    ConnectionLost,
    ImapError,
    ProtocolError,
    UnknownOutcome,
    UsageError,
)
from ...features.base import Logout
from ...features.fetch_quick import quick_fetch
from ...ports.client import Completed, Exchange, Op, StartDeflate, StartTls, Step
from ...protocol.client import Asked, ClientConnection, Event, Farewell, Finished, Greeted
from ...protocol.registry import Does, Writable
from ...protocol.response import Response
from ...protocol.states import State
from ...protocol.status import Kind, Status
from ...wire.limits import CLIENT, CLIENT_BEFORE_LOGIN
from ..backends.base import Target, begins_with_tls
from ..backends.net_async import AsyncFairLock, AsyncStream
from ..patience import KEPT, KEPT_BEFORE_LOGIN, KEPT_BETWEEN, KEPT_EACH, WHOLE
from ..session import SessionState, command_name, failure
from .pump import AsyncPump

if TYPE_CHECKING:
    import ssl

T = TypeVar("T")

_SILENCE: Final = 3.0
"""Seconds without a greeting after which one looks whether the server waits for TLS."""
_DRAIN_OCTETS: Final = 64 * 1024
_DRAIN_SECONDS: Final = 1.0
_GOODBYE_SECONDS: Final = 2.0
"""How long the tagged answer to LOGOUT is waited for, once the BYE is there."""


class AsyncUnderWay(Protocol):
    """A command that outlives a call: ``settle`` brings it to its end, keeping what its owner still wants."""

    heavy: bool
    """What is left of it may be much: not worth reading before saying goodbye."""

    async def settle(self) -> None: ...


class AsyncConnection(SessionState):
    """An open connection. ``timeout``: seconds without a single octet from the server until it counts as dead."""

    def __init__(self, stream: AsyncStream, host: str, timeout: float) -> None:
        super().__init__()
        self.host = host
        self.timeout = timeout
        grammar = self.registry.grammar
        self.core = ClientConnection(grammar, CLIENT_BEFORE_LOGIN, quick=quick_fetch(grammar))
        self.pump = AsyncPump(stream, self.core)
        self.under_way: AsyncUnderWay | None = None
        self._lock = AsyncFairLock()
        self._begun = False
        self._stream = stream
        self._context: ssl.SSLContext | None = None

    @classmethod
    async def open(
        cls,
        target: Target,
        *,
        context: ssl.SSLContext | None,
        tls: bool,
        connect_timeout: float,
        timeout: float,
    ) -> AsyncConnection:
        """Connect, do the TLS handshake if ``tls``, read the greeting.

        Raises ConnectFailed, TlsFailed, ConnectionTimeout, ConnectionLost, NotAnImapServer.
        """
        stream = await AsyncStream.connect(target, connect_timeout)
        try:
            connection = cls(stream, target.host, timeout)
            connection._context = context
            if tls:
                await connection._start_tls(connect_timeout)
            elif target.host:
                silence = min(connect_timeout / 2, _SILENCE)
                if not await connection.pump.arrives(silence) and await speaks_tls(target, silence):
                    raise begins_with_tls(target.host)
            await connection._greet(connect_timeout)
        except BaseException:
            await stream.close()
            raise
        return connection

    @property
    def closed(self) -> bool:
        return self._stream.closed

    @property
    def others_wait(self) -> bool:
        """True when somebody wants to run a command."""
        return self._lock.waiting

    async def close(self) -> None:
        """Drop the connection without a word. Never fails."""
        self.state = State.LOGOUT
        self.under_way = None
        await self._stream.close()
        self.core.close()

    def logged_in(self) -> None:
        super().logged_in()
        self.core.limits = CLIENT

    async def _greet(self, timeout: float) -> None:
        self.pump.allow(timeout, KEPT_BEFORE_LOGIN)
        event = await self.pump.event(timeout)
        if isinstance(event, Farewell):
            raise ConnectionLost("the server does not want us", event.status.text)
        assert isinstance(event, Greeted), "the first event is the greeting"
        self.greeting = event.status.text
        self.observe_status(event.status)
        if event.status.kind is Kind.PREAUTH:
            self.logged_in()

    # Turns

    async def enter(self, keep: AsyncUnderWay | None = None) -> None:
        """Take the turn; what is under way is settled, unless it is ``keep``. Pair it with ``leave``."""
        await self._lock.acquire(self._stream.wake)
        try:
            if self.closed:
                raise ConnectionLost("the connection is closed", self.bye)
            other = self.under_way
            if other is not None and other is not keep:
                await other.settle()
                self.under_way = None
        except BaseException:
            self._lock.release()
            raise

    def leave(self) -> None:
        self._lock.release()

    # Verbs

    async def run(self, op: Op[T]) -> T:
        """Run a verb to its result. Raises UsageError, and what the verb raises."""
        if not isinstance(op, Generator):
            raise UsageError(f"a verb is what a function of imapkit.features gives, as noop(), not {op!r}")
        await self.enter()
        try:
            return await self._drive(op)
        finally:
            op.close()
            self.leave()

    async def _drive(self, op: Op[T]) -> T:
        done: list[str] = []
        try:
            step = next(op)
            while True:
                try:
                    completed = await self._step(step)
                except CommandFailed as error:
                    step = op.throw(error)
                except BaseException as error:
                    step = op.throw(await self._cut(step, done, error))
                    raise
                else:
                    if Does.CHANGES in self.registry.does(step):
                        done.append(command_name(step))
                    step = op.send(completed)
        except StopIteration as end:
            result: T = end.value
            return result

    async def _step(self, step: Step) -> Completed:
        self._begun = True
        if isinstance(step, StartTls):
            await self._start_tls(self.timeout)
            return Completed(Status(Kind.OK), [])
        if isinstance(step, StartDeflate):
            self.pump.start_deflate()
            self.compressed = True
            return Completed(Status(Kind.OK), [])
        command = step.command if isinstance(step, Exchange) else step
        self._begun = False
        self.begin(command)
        self._begun = True
        data: list[Response] = []
        while True:
            event = await self.pump.event(self.timeout)
            if isinstance(event, Finished):
                return self.finish(command, event.status, data)
            if isinstance(event, Asked):
                if isinstance(step, Exchange):
                    self.core.send_line(step.respond(event.data))
                continue
            if isinstance(event, Farewell) and isinstance(command, Logout):
                self.note_farewell(event)
                return await self._end_of_logout(data)
            if isinstance(event, Farewell):
                return self.finish(command, self.last_words(event), data)
            self.take(event)
            if not isinstance(event, Greeted):
                self.pump.spend(KEPT_EACH)
                data.append(event)

    def begin(self, command: Writable, *, kept: bool = True) -> None:
        """Begin a command; ``kept``: its answers are held until it is done.

        Raises UsageError for arguments that have no form on the wire.
        """
        self.core.literal_mode = self.literal_mode
        self.core.utf8 = self.utf8
        self.core.send(command)
        self.asking = Does.TELLS_MESSAGES in self.registry.does(command)
        self.allow(kept=kept)

    def allow(self, *, kept: bool = True) -> None:
        """How much the server may take for what is under way, from now on."""
        if self.state is State.NOT_AUTHENTICATED:
            self.pump.allow(self.timeout, KEPT_BEFORE_LOGIN)
        else:
            self.pump.allow(WHOLE * self.timeout, KEPT if kept else KEPT_BETWEEN)

    def send_line(self, line: bytes) -> None:
        """Send a line inside a command that waited: IDLE's DONE."""
        self.core.send_line(line)
        self.allow()

    def take(self, event: Response | Farewell | Greeted) -> None:
        """Take in untagged data. Raises ConnectionLost for a BYE."""
        if isinstance(event, Farewell):
            self.note_farewell(event)
            raise ConnectionLost("the server ended the session", self.bye)
        if not isinstance(event, Greeted):
            self.observe(event)

    def note_farewell(self, event: Farewell) -> None:
        self.bye = self.pump.bye = event.status.text or "BYE"
        self.observe_status(event.status)

    def last_words(self, event: Event) -> Status:
        """The tagged answer that came together with a BYE. Raises ConnectionLost without one: nothing is worth waiting for."""
        while not isinstance(event, Finished):
            if isinstance(event, Farewell):
                self.note_farewell(event)
            following = self.core.next()
            if following is None:
                raise ConnectionLost("the server ended the session", self.bye)
            event = following
        return event.status

    def finish(self, command: Writable, status: Status, data: list[Response]) -> Completed:
        """The result of a command from its tagged answer. Raises CommandFailed."""
        self.completed(command, status)
        if status.kind is not Kind.OK:
            error = failure(command, status, self.registry)
            error.data = [*data]
            raise error
        if Does.LOGS_IN in self.registry.does(command):
            self.logged_in()
        return Completed(status, data)

    async def _end_of_logout(self, data: list[Response]) -> Completed:
        """Servers may close the connection without the tagged OK."""
        try:
            while not isinstance(await self.pump.event(min(self.timeout, _GOODBYE_SECONDS)), Finished):
                pass
        except (ConnectionLost, ProtocolError):
            self.core.close()
        return Completed(Status(Kind.OK), data)

    async def _start_tls(self, timeout: float) -> None:
        """The handshake; what came before it in the clear is forgotten (RFC 9051 section 11.1)."""
        from ..tls import default_context

        self.core.discard()
        await self._stream.start_tls(self._context or default_context(), self.host, timeout)
        self.forget()
        self.tls = True

    # When it goes wrong

    async def _cut(self, step: Step, done: list[str], error: BaseException) -> BaseException:
        """A step did not come to its end: get the stream in step again, or close it. Gives what to raise."""
        if not self._begun:
            return error  # nothing was sent
        sent = self.core.tag is not None and self.pump.sent
        known = not isinstance(error, ImapError) and Does.TURNS not in self.registry.does(step)
        if not known or not sent or isinstance(step, Exchange | StartTls | StartDeflate):
            await self.close()
        else:
            await self._drain(step)
        if sent and done and not isinstance(error, ProtocolError):
            unknown = UnknownOutcome(command_name(step), done)
            unknown.__cause__ = error
            return unknown
        return error

    async def _drain(self, command: Writable) -> None:
        """Read up to the tagged answer of a cancelled command, if it comes soon; else close."""
        deadline = time.monotonic() + _DRAIN_SECONDS
        self.pump.allow(_DRAIN_SECONDS, _DRAIN_OCTETS)
        try:
            while True:
                event = await self.pump.event(max(0.001, deadline - time.monotonic()))
                if isinstance(event, Finished):
                    self.completed(command, event.status)
                    return
                if not isinstance(event, Asked):
                    self.take(event)
        except ImapError:
            await self.close()
        except BaseException:
            await self.close()
            raise

    async def fail(self, error: BaseException) -> None:
        """Close after an error in a command that is not run by ``run``."""
        if not isinstance(error, CommandFailed):
            await self.close()


async def speaks_tls(target: Target, timeout: float) -> bool:
    """Whether TLS can be begun there, on a connection of its own; no certificate is trusted for it, and nothing is sent in it."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        stream = await AsyncStream.connect(target, timeout)
    except ImapError:
        return False
    try:
        await stream.start_tls(context, target.host, timeout)
    except ImapError:
        return False
    finally:
        await stream.close()
    return True
