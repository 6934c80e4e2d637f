"""Client verbs driven by hand: a session that offers what the test says, and answers given one command at a time."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from imapkit.errors import NotSupported
from imapkit.ports.client import Completed, Step
from imapkit.protocol.response import Response
from imapkit.protocol.states import State
from imapkit.protocol.status import Kind, Status

T = TypeVar("T")


@dataclass
class Session:
    """A ``ports.client.ClientSession``."""

    capabilities: frozenset[str]
    enabled: set[str] = field(default_factory=set)
    state: State = State.SELECTED
    selected: str | None = "INBOX"
    tls: bool = True
    compressed: bool = False
    refuses_charset: bool = False

    def has(self, capability: str) -> bool:
        return capability in self.capabilities

    def need(self, capability: str, why: str) -> None:
        if not self.has(capability):
            raise NotSupported(capability, why)


def Peer(*capabilities: str, enabled: set[str] | None = None) -> Session:
    return Session(frozenset(capabilities), enabled or set())


Answer = list[Response] | Completed | BaseException


def run(verb: Generator[Step, Completed, T], answers: Iterable[Answer]) -> tuple[T, list[Step]]:
    """The verb's result and the steps it took. An answer is untagged data before OK, a whole completion, or what is thrown in."""
    sent: list[Step] = []
    pending = list(answers)
    step = None
    try:
        step = next(verb)
        while True:
            sent.append(step)
            assert pending, f"nobody answers {step}"
            answer = pending.pop(0)
            if isinstance(answer, BaseException):
                step = verb.throw(answer)
            elif isinstance(answer, Completed):
                step = verb.send(answer)
            else:
                step = verb.send(Completed(Status(Kind.OK, "done", None, "t"), answer))
    except StopIteration as done:
        assert not pending, f"answers that nobody asked for: {pending}"
        return done.value, sent
