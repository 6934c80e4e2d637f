"""Where large literals go as they arrive. A full disk there must not end the session: the literal is swallowed, and the command that
it belongs to is answered NO.
"""

from __future__ import annotations

from collections.abc import Callable

from ..errors import StoreError
from ..ports.store import Account
from ..wire.frame import HeldLiteral, Literal, LiteralSink


class Spool:
    """One session's. ``take_failure`` tells, once, what went wrong since it was last asked."""

    __slots__ = ("_failure",)

    def __init__(self) -> None:
        self._failure: StoreError | None = None

    def opener(self, account: Account) -> Callable[[bytes, int], LiteralSink]:
        """For the framer: sinks of this account's store."""

        def open_sink(head: bytes, size: int) -> LiteralSink:
            return _Guarded(self, account, size)

        return open_sink

    def take_failure(self) -> StoreError | None:
        failure, self._failure = self._failure, None
        return failure

    def failed(self, error: StoreError) -> None:
        self._failure = self._failure or error


class _Guarded:
    """A sink that never raises for what the store cannot do."""

    def __init__(self, spool: Spool, account: Account, size: int) -> None:
        self._spool = spool
        self._sink: LiteralSink | None = None
        try:
            self._sink = account.open_spool(size)
        except StoreError as error:
            spool.failed(error)

    def write(self, data: bytes) -> None:
        if self._sink is None:
            return
        try:
            self._sink.write(data)
        except StoreError as error:
            self._give_up(error)

    def finish(self) -> Literal:
        if self._sink is not None:
            try:
                return self._sink.finish()
            except StoreError as error:
                self._give_up(error)
        return HeldLiteral(b"")

    def abort(self) -> None:
        sink, self._sink = self._sink, None
        if sink is not None:
            sink.abort()

    def _give_up(self, error: StoreError) -> None:
        self._spool.failed(error)
        self.abort()
