"""Worker processes: the one that forks them, keeps them alive, and tells them to reload or to stop (DESIGN section 3).

A worker reports over a pipe: a line when it serves, a line when it cannot, an empty line now and then from its event loop; the end of
the pipe is the end of the worker. One that is silent for too long hangs: it is killed, and another takes its place. A second pipe runs
the other way and carries nothing: its end tells a worker that the supervisor is gone.

The rules this file must not break: the supervisor has no threads and no event loop, opens no store, and so can fork at any time; what a
worker must not share (signal handlers, other workers' pipes) is gone before the worker's own code runs.
"""

from __future__ import annotations

import contextlib
import gc
import mmap
import os
import re
import select
import signal
import socket
import sys
import time
from dataclasses import dataclass, field
from typing import Final, Protocol

from ..errors import ImapError
from ..record import record
from . import log
from .slow import new_page, present, read_page

TRIES: Final = 3
"""Starts in a row that may fail."""
FIRST_DELAY: Final = 0.1
LONGEST_DELAY: Final = 5.0
STEADY: Final = 60.0
"""Seconds after which a worker's end is no sequel to the one before."""
PATIENCE: Final = 15.0
"""Seconds above the drain time in which a worker has to end."""
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_READY: Final = b"ready\n"
_BEAT: Final = b"\n"
_BEATS: Final = re.compile(rb"\n+")


@record
class Patience:
    """Seconds without a sign of life."""

    late: float
    """After these it is logged."""
    hangs: float
    """After these the worker is killed."""

    @property
    def every(self) -> float:
        """How often a worker gives its sign."""
        return min(1.0, self.late / 4, self.hangs / 4)


class WorkersFailed(ImapError):
    """No worker can be started."""


class Worker:
    """In a worker: its number from 1, and its line to the supervisor."""

    def __init__(self, number: int, report: int, lifeline: int) -> None:
        self.number = number
        self.lifeline = lifeline
        """Readable once the supervisor is gone."""
        self._report = report
        os.set_blocking(report, False)

    def beat(self) -> None:
        """It is alive: to be called from its event loop."""
        with contextlib.suppress(BlockingIOError, BrokenPipeError):  # what nobody reads needs no more
            os.write(self._report, _BEAT)

    def ready(self) -> None:
        """It serves, and hears signals."""
        os.write(self._report, _READY)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)

    def failed(self, reason: str) -> None:
        """It cannot serve."""
        with contextlib.suppress(BrokenPipeError):  # nobody is there to be told
            os.write(self._report, reason.replace("\n", " ").encode()[:2000] + b"\n")


class Work(Protocol):
    """What the supervisor serves with."""

    def run(self, worker: Worker) -> None:
        """In a worker: serve until SIGTERM. Raises ImapError or OSError where it cannot."""
        ...

    def reload(self) -> bool:
        """In the supervisor, on SIGHUP: whether the workers should reload too."""
        ...

    def ready(self) -> None:
        """All workers serve, for the first time."""
        ...

    @property
    def patience(self) -> Patience:
        """With workers that give no sign of life."""
        ...

    def stop(self) -> float:
        """In the supervisor: accept no more. Gives the seconds that workers may take to end."""
        ...


@dataclass
class _Slot:
    """A place for one worker after another."""

    number: int
    pid: int = 0
    report: int = -1
    heard: bytes = b""
    ready: bool = False
    started: float = 0.0
    alive: float = 0.0
    """When it was heard of last."""
    late: bool = False
    """That it is late was logged."""
    again: float | None = 0.0
    """When to start the next."""
    failures: int = 0
    """Starts in a row that failed."""
    delay: float = field(default=FIRST_DELAY)
    page: mmap.mmap = field(default_factory=new_page)
    """What it is at."""


class Supervisor:
    """Keeps ``count`` workers."""

    def __init__(self, count: int, work: Work) -> None:
        self._work = work
        self._slots = [_Slot(number) for number in range(1, count + 1)]
        self._signals: list[int] = []
        self._announced = False
        self._deadline: float | None = None
        self._failure: str | None = None
        self._log = log.get("supervisor")

    def run(self) -> None:
        """Until SIGTERM or SIGINT. Raises WorkersFailed."""
        self._alarm, self._bell = socket.socketpair()
        self._lifeline, self._life = os.pipe()
        # What is here already stays memory shared with the workers, if no garbage collector touches it.
        gc.collect()
        gc.freeze()
        with self._alarm, self._bell:
            self._alarm.setblocking(False)
            self._bell.setblocking(False)
            handlers = {number: signal.signal(number, self._hear) for number in _SIGNALS}
            wakeup = signal.set_wakeup_fd(self._bell.fileno(), warn_on_full_buffer=False)
            try:
                while self._deadline is None or self._living():
                    self._step()
            finally:
                gc.unfreeze()
                signal.set_wakeup_fd(wakeup)
                for number, handler in handlers.items():
                    signal.signal(number, handler)
                os.close(self._life)
                os.close(self._lifeline)
        if self._failure is not None:
            raise WorkersFailed(self._failure)

    def _living(self) -> list[_Slot]:
        return [slot for slot in self._slots if slot.pid]

    def _hear(self, number: int, frame: object) -> None:
        self._signals.append(number)

    def _step(self) -> None:
        """Start who is due, wait for whatever comes, and see to it."""
        now = time.monotonic()
        if self._deadline is None:
            for slot in self._slots:
                if slot.again is not None and slot.again <= now:
                    self._start(slot)
        elif now >= self._deadline:
            self._kill()
        seconds = self._seconds(now)
        readable = self._wait(seconds)
        self._forgive(now, seconds)
        with contextlib.suppress(BlockingIOError):
            self._alarm.recv(4096)
        while self._signals:
            self._obey(self._signals.pop(0))
        for slot in self._living():
            if slot.report in readable:
                self._listen(slot)
        if self._deadline is None:
            self._watch()
        if not self._announced and all(slot.ready for slot in self._slots):
            self._announced = True
            self._work.ready()

    def _reports(self) -> list[int]:
        return [slot.report for slot in self._living()]

    def _wait(self, seconds: float | None) -> set[int]:
        """The descriptors that have something to read."""
        waiting = select.poll()  # select() knows no descriptor above 1023
        for descriptor in (self._alarm.fileno(), *self._reports()):
            waiting.register(descriptor, select.POLLIN)
        return {found for found, _ in waiting.poll(None if seconds is None else seconds * 1000 + 1)}

    def _seconds(self, now: float) -> float | None:
        """Until something is due."""
        if self._deadline is not None:
            return max(0.0, self._deadline - now)
        patience = self._work.patience
        times = [slot.again for slot in self._slots if slot.again is not None]
        times += [slot.alive + (patience.hangs if slot.late else patience.late) for slot in self._living()]
        return max(0.0, min(times) - now) if times else None

    # Workers that hang

    def _forgive(self, before: float, seconds: float | None) -> None:
        """Where this process itself was away (stopped, or on a machine that had no time for it) nobody else was late."""
        now = time.monotonic()
        away = now - before - seconds if seconds is not None else 0.0
        if away > self._work.patience.every:
            for slot in self._living():
                slot.alive = min(now, slot.alive + away)

    def _watch(self) -> None:
        """Complain of workers that give no sign of life, and kill those that give none for too long."""
        now, patience = time.monotonic(), self._work.patience
        for slot in self._living():
            silent = now - slot.alive
            if silent >= patience.hangs:
                self._log.error(
                    "a worker hangs and is killed",
                    worker=slot.number,
                    pid=slot.pid,
                    **self._silence(slot, now),
                )
                slot.alive, slot.late = now, False
                os.kill(slot.pid, signal.SIGKILL)
            elif silent >= patience.late and not slot.late:
                slot.late = True
                self._log.warning(
                    "a worker gives no sign of life",
                    worker=slot.number,
                    pid=slot.pid,
                    **self._silence(slot, now),
                )

    def _silence(self, slot: _Slot, now: float) -> dict[str, object]:
        return {"seconds": round(now - slot.alive, 1), "command": read_page(slot.page) or None}

    # Signals

    def _obey(self, number: int) -> None:
        if number == signal.SIGHUP:
            if self._deadline is None and self._work.reload():
                self._tell(signal.SIGHUP)
        elif self._deadline is None:
            self._log.info("stopping", workers=len(self._living()))
            self._stop()

    def _stop(self) -> None:
        self._deadline = time.monotonic() + self._work.stop() + PATIENCE
        self._tell(signal.SIGTERM)

    def _tell(self, number: int) -> None:
        # A pid is its worker's until it is waited for, which only happens here.
        for slot in self._living():
            os.kill(slot.pid, number)

    def _kill(self) -> None:
        self._log.error("workers killed that did not end", workers=len(self._living()))
        self._tell(signal.SIGKILL)
        self._deadline = time.monotonic() + PATIENCE

    # The life of a worker

    def _start(self, slot: _Slot) -> None:
        slot.report, report = os.pipe()
        slot.heard, slot.ready, slot.again = b"", False, None
        slot.started = slot.alive = time.monotonic()
        slot.late = False
        # A signal must find either this process's handlers or the worker's own.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            slot.pid = os.fork()
            if slot.pid == 0:
                self._be_worker(slot, report)
        except OSError as error:
            os.close(slot.report)
            slot.heard = str(error).encode()
            self._mourn(slot, 0, 1)
        finally:
            os.close(report)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _be_worker(self, slot: _Slot, report: int) -> None:
        """In the worker; does not return."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGHUP, signal.SIG_DFL)
            signal.signal(
                signal.SIGINT, signal.SIG_IGN
            )  # from a terminal it comes to all: the supervisor decides
            # SIGHUP waits until somebody listens for it.
            signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGTERM, signal.SIGINT))
            for other in {slot.report, *self._reports()}:
                os.close(other)
            os.close(self._life)
            self._alarm.close()
            self._bell.close()
            present.share(slot.page)
            worker = Worker(slot.number, report, self._lifeline)
            try:
                self._work.run(worker)
                code = 0
            except (ImapError, OSError) as error:
                worker.failed(str(error))
        except BaseException:
            log.get("worker").exception("a worker fell")
        finally:
            sys.stderr.flush()
            os._exit(code)

    def _listen(self, slot: _Slot) -> None:
        """A report, or the end of the worker."""
        data = os.read(slot.report, 4096)
        if data:
            # A line is written in one piece, so that no sign of life stands within one.
            slot.heard = _BEATS.sub(_BEAT, slot.heard + data).lstrip(_BEAT)
            slot.ready = slot.ready or slot.heard.startswith(_READY)
            slot.alive = time.monotonic()
            if slot.late:
                slot.late = False
                self._log.info("a worker is back", worker=slot.number, pid=slot.pid)
            return
        os.close(slot.report)
        _, status = os.waitpid(slot.pid, 0)
        pid, slot.pid = slot.pid, 0
        if self._deadline is None:
            self._mourn(slot, pid, os.waitstatus_to_exitcode(status))

    def _mourn(self, slot: _Slot, pid: int, code: int) -> None:
        """A worker ended that nobody had asked to: another takes its place, later if it was short-lived."""
        now = time.monotonic()
        reason = slot.heard.removeprefix(_READY).decode(errors="replace").strip()
        how = reason or (f"exit code {code}" if code >= 0 else signal.Signals(-code).name)
        self._log.error("a worker ended", worker=slot.number, pid=pid, served=slot.ready, reason=how)
        if slot.ready:
            slot.failures = 0
            if now - slot.started > STEADY:
                slot.delay = FIRST_DELAY
        else:
            slot.failures += 1
            if slot.failures >= TRIES:
                self._failure = f"the server ends: a worker could not start {TRIES} times: {how}"
                self._stop()
                return
        slot.again = now + slot.delay
        slot.delay = min(LONGEST_DELAY, slot.delay * 2)
