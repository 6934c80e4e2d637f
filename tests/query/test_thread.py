"""THREAD's algorithms against the text of the RFC, and against mail that was made to be slow."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from imapkit.query import thread
from imapkit.query.sort import Work
from imapkit.query.thread import Letters, Threads

from . import naive_threads as naive
from .naive_threads import Letter, Tree

T = TypeVar("T")

STEPS: dict[str, Callable[[Letters], Work[Threads]]] = {
    "REFERENCES": thread.references,
    "REFERENCES, impatient": lambda letters: thread.references(letters, 0),
    "REFS": thread.refs,
    "ORDEREDSUBJECT": thread.ordered_subject,
}


def drive(work: Work[T]) -> tuple[T, float]:
    """The result, and how long the longest step took."""
    longest = 0.0
    while True:
        start = time.perf_counter()
        try:
            next(work)
        except StopIteration as done:
            result: T = done.value
            return result, max(longest, time.perf_counter() - start)
        longest = max(longest, time.perf_counter() - start)


def columns(letters: Sequence[Letter]) -> Letters:
    return Letters(
        [letter.sent for letter in letters],
        [letter.arrived for letter in letters],
        [letter.subject for letter in letters],
        [int(letter.reply) for letter in letters],
        [letter.message_id for letter in letters],
        [" ".join(letter.references) for letter in letters],
    )


def trees(found: Threads) -> tuple[Tree, ...]:
    """Preorder and depths as nested tuples."""
    pairs = list(zip(found.members, found.depths, strict=True))

    def level(depth: int) -> Iterator[Tree]:
        while pairs and pairs[0][1] == depth:
            at, _ = pairs.pop(0)
            yield at, tuple(level(depth + 1))

    result = tuple(level(0))
    assert not pairs
    return result


def threads(letters: Sequence[Letter], algorithm: str = "REFERENCES") -> tuple[Tree, ...]:
    return trees(drive(STEPS[algorithm](columns(letters)))[0])


ids = st.sampled_from(["a", "b", "c", "d", "e", "f"])
letters = st.lists(
    st.builds(
        Letter,
        sent=st.integers(0, 5),
        subject=st.sampled_from(["", "X", "Y"]),
        reply=st.booleans(),
        message_id=st.one_of(st.just(""), ids),
        references=st.lists(ids, max_size=4).map(tuple),
        arrived=st.integers(0, 5),
    ),
    max_size=9,
)


@pytest.mark.parametrize("algorithm", list(STEPS))
@given(letters)
@example([Letter(references=("a", "b")), Letter(references=("b", "a"), message_id="a")])
def test_as_the_rfc_says(algorithm: str, sample: list[Letter]) -> None:
    wanted = naive.ALGORITHMS[algorithm.partition(",")[0]](sample)
    assert threads(sample, algorithm) == wanted


def test_a_discussion() -> None:
    first = Letter(1, "HELLO", False, "1")
    answer = Letter(2, "HELLO", True, "2", ("1",))
    deeper = Letter(3, "HELLO", True, "3", ("1", "2"))
    beside = Letter(4, "HELLO", True, "4", ("1",))
    assert threads([beside, deeper, answer, first]) == ((3, ((2, ((1, ()),)), (0, ()))),)


def test_siblings_of_a_message_that_is_not_there() -> None:
    assert threads([Letter(2, "A", references=("gone",)), Letter(1, "B", references=("gone",))]) == (
        (-1, ((1, ()), (0, ()))),
    )
    assert threads([Letter(1, "A", references=("gone", "lost"))]) == ((0, ()),)


def test_subjects_gather_what_references_do_not() -> None:
    original, reply, forward = Letter(5, "S"), Letter(1, "S", True), Letter(2, "S", True)
    assert threads([reply, original, forward]) == ((1, ((0, ()), (2, ()))),)
    assert threads([Letter(1, "S"), Letter(2, "S")]) == ((-1, ((0, ()), (1, ()))),)
    assert threads([Letter(1, ""), Letter(2, "")]) == ((0, ()), (1, ()))
    assert threads([reply, original], "REFS") == ((0, ()), (1, ()))


def test_the_first_of_two_messages_with_one_id_has_it() -> None:
    twins = [Letter(1, "A", message_id="x"), Letter(2, "B", message_id="x")]
    assert threads([*twins, Letter(3, "C", references=("x",))]) == ((0, ((2, ()),)), (1, ()))


def test_the_thread_that_something_came_to_last_is_last() -> None:
    old = Letter(1, message_id="old", arrived=1)
    new = Letter(2, message_id="new", arrived=2)
    answer = Letter(3, references=("old",), arrived=3)
    assert threads([old, new, answer], "REFS") == ((1, ()), (0, ((2, ()),)))
    assert threads([old, new, answer]) == ((0, ((2, ()),)), (1, ()))


# Size and malice


def chain(count: int) -> list[Letter]:
    """Each answers the one before, and says no more than that."""
    return [Letter(at, "S", at > 0, f"{at}@x", (f"{at - 1}@x",) if at else ()) for at in range(count)]


def hostile(count: int) -> list[Letter]:
    """A deep chain to link below, and messages that move from one place in it to its end."""
    deep = [f"c{at}" for at in range(count)]
    moved = [f"x{at}" for at in range(count)]
    sample = [
        Letter(at, references=tuple(names[at : at + 900]))
        for names in (deep, moved)
        for at in range(0, count, 899)
    ]
    return sample + [Letter(9, message_id=name, references=(deep[-1],)) for name in moved]


@pytest.mark.parametrize("order", ["forward", "backward", "shuffled"])
def test_a_thread_as_deep_as_the_mailbox(order: str) -> None:
    sample = chain(20_000)
    if order == "backward":
        sample.reverse()
    elif order == "shuffled":
        random.Random(5).shuffle(sample)
    found, _ = drive(thread.references(columns(sample)))
    assert found.depths == list(range(20_000))
    assert [sample[at].sent for at in found.members] == list(range(20_000))


def test_hostile_mail_takes_no_longer_than_other_mail() -> None:
    sample = columns(hostile(10_000))
    start = time.process_time()
    quick, _ = drive(thread.references(sample, 20_000))
    assert time.process_time() - start < 10  # by walking alone: a hundred million steps
    assert len(quick.members) >= 10_000


def test_both_ways_to_find_the_top_agree_on_large_mail() -> None:
    rng = random.Random(7)
    names = [f"{at}" for at in range(600)]
    sample = columns(
        [
            Letter(
                rng.randrange(50), "", False, rng.choice(names), tuple(rng.sample(names, rng.randrange(6)))
            )
            for _ in range(1500)
        ]
    )
    walked, _ = drive(thread.references(sample))
    assert drive(thread.references(sample, 0))[0] == walked
    assert drive(thread.references(sample, 300))[0] == walked


def test_steps_are_short() -> None:
    rng = random.Random(3)
    sample = [
        Letter(at, f"S{at % 997}", bool(at % 3), f"{at}@x", (f"{rng.randrange(max(1, at))}@x",))
        for at in range(20_000)
    ]
    yields = sum(1 for _ in thread.references(columns(sample)))
    assert yields >= 20
