"""Runs actors in every order: one at a time, each from one point to its next, and one of them may be killed at any point.

An actor is a function in a thread of its own, which stands for a process: it has its own store on the common directory. At a point (the
disk's "upkeep", between two transactions) it hands over to the scheduler, which says who goes on. A run is a list of choices; each
run repeats a prefix of one before and then takes the first choice, so that in the end every list was tried (``every_order``).

The rule of this file: nothing depends on time. Only one thread runs at any moment, and the others wait for their turn.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from imapkit.stores.sqlite import Disk, locks

PATIENCE = 60.0
"""Seconds until a thread that does not come back fails the test."""
POINTS = frozenset({"upkeep", "blob"})


class Killed(BaseException):
    """The process was killed: nothing that it does from here on reaches the disk."""


class TurnDisk(Disk):
    """The disk of one actor."""

    def __init__(self, turns: Turns) -> None:
        self._turns = turns

    def reached(self, point: str) -> None:
        if point in POINTS:
            self._turns.hand_over()


class Turns:
    """Hands one thread its turns. ``hand_over`` is called by the actor, the rest by the scheduler."""

    def __init__(self, name: str, act: Callable[[Turns], None]) -> None:
        self.name = name
        self.is_done = False
        self.has_begun = False
        self.is_waiting = False
        """For another actor, which holds a lock."""
        self.was_killed = False
        self.error: BaseException | None = None
        self._act = act
        self._go, self._back = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def _run(self) -> None:
        current.turns = self
        self._wait()
        try:
            if not self.was_killed:
                self._act(self)
        except Killed:
            pass
        except BaseException as error:
            self.error = error
        self.is_done = True
        self._back.release()

    def _wait(self) -> None:
        assert self._go.acquire(timeout=PATIENCE), "the scheduler is gone"

    def hand_over(self, *, waiting: bool = False) -> None:
        """The actor has come to a point."""
        self._check()
        self.is_waiting = waiting
        self._back.release()
        self._wait()
        self._check()

    def _check(self) -> None:
        if self.was_killed:
            raise Killed

    def step(self, *, kill: bool) -> None:
        """Let it run to its next point or to its end."""
        self.was_killed = self.was_killed or kill
        if not self.has_begun:
            self.has_begun = True
            self._thread.start()
        self._go.release()
        assert self._back.acquire(timeout=PATIENCE), f"{self.name} does not come back"
        if kill:
            while not self.is_done:  # what it leaves on its way out
                self._go.release()
                assert self._back.acquire(timeout=PATIENCE), f"{self.name} does not end"
        if self.is_done:
            self._thread.join(PATIENCE)


current: Any = threading.local()
"""``turns``: those of the actor that runs in this thread."""


@asynccontextmanager
async def when_alone(path: Path) -> Any:
    """In the place of the one in ``locks``: who waits hands over instead of sleeping."""
    while True:
        with locks.alone(path) as is_ours:
            if is_ours:
                yield
                return
        current.turns.hand_over(waiting=True)


@dataclass
class Order:
    """One run's choices: which of the options was taken, and how many there were."""

    taken: list[int] = field(default_factory=list)
    options: list[int] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    """For people."""
    switches: int = 0
    kills: int = 0

    def __str__(self) -> str:
        return " ".join(self.words)


def run(actors: list[Turns], prefix: list[int], *, switches: int, kills: int) -> Order:
    """One order. ``switches``: how often an actor that could go on makes place for another, at most."""
    order = Order()
    last: Turns | None = None
    while not all(actor.is_done for actor in actors):
        options = _options(actors, last, order, switches, kills)
        assert options, f"all wait for each other: {order}"
        at = len(order.taken)
        chosen = prefix[at] if at < len(prefix) else 0
        actor, kill = options[chosen]
        order.taken.append(chosen)
        order.options.append(len(options))
        order.words.append(f"{'kill ' if kill else ''}{actor.name}")
        order.kills += kill
        order.switches += last is not None and actor is not last and _goes_on(last)
        actor.is_waiting = False
        actor.step(kill=kill)
        if not actor.is_waiting:
            for other in actors:
                other.is_waiting = False
        last = actor
    return order


def _goes_on(actor: Turns) -> bool:
    return not actor.is_done and not actor.is_waiting


def _options(
    actors: list[Turns], last: Turns | None, order: Order, switches: int, kills: int
) -> list[tuple[Turns, bool]]:
    ready = [actor for actor in actors if _goes_on(actor)]
    if last is not None and _goes_on(last) and order.switches >= switches:
        ready = [last]
    found = [(actor, False) for actor in ready]
    if order.kills < kills:
        found += [(actor, True) for actor in actors if actor.has_begun and not actor.is_done]
    return found


def every_order(
    make: Callable[[], tuple[list[Turns], Callable[[Order], None]]], *, switches: int = 99, kills: int = 0
) -> Iterator[Order]:
    """All orders, one after the other. ``make`` gives fresh actors, and what to look at when they are done."""
    prefix: list[int] | None = []
    while prefix is not None:
        actors, check = make()
        order = run(actors, prefix, switches=switches, kills=kills)
        for actor in actors:
            if actor.error is not None:
                actor.error.add_note(f"{actor.name}, in the order: {order}")
                raise actor.error
        try:
            check(order)
        except BaseException as error:
            error.add_note(f"in the order: {order}")
            raise
        yield order
        prefix = _next(order)


def _next(order: Order) -> list[int] | None:
    for at in range(len(order.taken) - 1, -1, -1):
        if order.taken[at] + 1 < order.options[at]:
            return [*order.taken[:at], order.taken[at] + 1]
    return None
