"""LIST with options (RFC 5258, RFC 9051 section 6.3.9): the empty pattern, and which parents RECURSIVEMATCH brings."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from imapkit.features.list_ import ListData
from imapkit.protocol.status import Kind

from .talk import Answer, Room

FOO2 = ("foo2/bar1", "foo2/bar2", "baz2/bar2", "baz2/bar22", "baz2/bar222", "eps2/mamba", "qux2/bar2")


def answers(made: Sequence[str], subscribed: Sequence[str], *commands: str) -> list[Answer]:
    """What each command gets in an account with these mailboxes and subscriptions."""

    async def run() -> list[Answer]:
        async with asyncio.timeout(20), Room.open() as room:
            talk = await room.talk(None)
            await talk.good("DELETE Sent")
            for name in made:
                await talk.good(f"CREATE {name}")
            for name in subscribed:
                await talk.good(f"SUBSCRIBE {name}")
            return [await talk(command) for command in commands]

    return asyncio.run(run())


def listed(answer: Answer) -> dict[str, bool]:
    """Name, and whether CHILDINFO came with it."""
    assert answer.status.kind is Kind.OK
    found = answer.of(ListData)
    assert all(one.childinfo in ((), ("SUBSCRIBED",)) for one in found)
    names = {one.name: bool(one.childinfo) for one in found}
    assert len(names) == len(found), "at most one response a name"
    return names


def test_the_parent_that_does_not_exist() -> None:
    """RFC 5258 section 5, example 8, A2 and 10."""
    recursive, plain, every, subscribed = answers(
        (),
        ("lost/deep/child",),
        'LIST (SUBSCRIBED RECURSIVEMATCH) "" %',
        'LIST () "" %',
        'LIST "" *',
        'LIST (SUBSCRIBED) "" %',
    )
    assert listed(recursive) == {"lost": True}
    assert recursive.of(ListData)[0].attributes == ("\\NonExistent", "\\HasNoChildren")
    for answer in (plain, every, subscribed):
        assert "lost" not in listed(answer) and "lost/deep" not in listed(answer)


def test_every_level_above_a_lost_subscription() -> None:
    middle, all_three = answers(
        (),
        ("a/b/c",),
        'LIST (RECURSIVEMATCH SUBSCRIBED) "" "a/%"',
        'LIST (RECURSIVEMATCH SUBSCRIBED) "" ("a" "a/b" "a/b/c")',
    )
    assert listed(middle) == {"a/b": True}
    assert listed(all_three) == {"a/b/c": False}


def test_example_9() -> None:
    """RFC 5258 section 5: a parent is left out when all of its inferior names that are subscribed are listed themselves."""
    subscribed = ("foo2/bar1", "foo2/bar2", "baz2/bar2", "baz2/bar22", "baz2/bar222", "eps2", "eps2/mamba")
    (answer,) = answers(FOO2, (*subscribed, "qux2/bar2"), 'LIST (RECURSIVEMATCH SUBSCRIBED) "" "*2"')
    assert listed(answer) == {
        "foo2": True,
        "foo2/bar2": False,
        "baz2/bar2": False,
        "baz2/bar22": False,
        "baz2/bar222": False,
        "eps2": True,
        "qux2/bar2": False,
    }


def test_what_is_selected_itself_keeps_its_childinfo() -> None:
    """Section 3.5 speaks of names that do not match; the others are listed anyhow, and tell all they know."""
    every, level = answers(
        ("p/q",),
        ("p", "p/q"),
        'LIST (SUBSCRIBED RECURSIVEMATCH) "" *',
        'LIST (SUBSCRIBED RECURSIVEMATCH) "" %',
    )
    assert listed(every) == {"p": True, "p/q": False}
    assert listed(level) == {"p": True}


def test_one_child_that_is_not_listed_is_enough() -> None:
    (answer,) = answers(
        ("p/one", "p/two"), ("p/one", "p/two"), 'LIST (SUBSCRIBED RECURSIVEMATCH) "" ("p" "p/one")'
    )
    assert listed(answer) == {"p": True, "p/one": False}


@pytest.mark.parametrize(
    "command",
    [
        'LIST () "" ""',
        'LIST "" ("")',
        'LIST "" ("" "")',
        'LIST "" "" RETURN ()',
        'LIST "" "" RETURN (CHILDREN)',
        'LIST (SUBSCRIBED) "" ""',
        'LIST () INBOX ""',
        'LIST "" "" RETURN (STATUS (MESSAGES))',
    ],
)
def test_an_empty_pattern_among_options_means_nothing(command: str) -> None:
    """RFC 9051 section 6.3.9: in the extended syntax mailbox names that are empty are ignored."""
    (answer,) = answers((), ("INBOX",), command)
    assert answer.status.kind is Kind.OK and not answer.lines


def test_beside_others_it_is_ignored() -> None:
    (answer,) = answers((), (), 'LIST "" ("" "INBOX" "")')
    assert listed(answer) == {"INBOX": False}


@pytest.mark.parametrize(
    ("reference", "root"),
    [
        ('""', ""),
        ("x", ""),
        ("x/", "x/"),
        ("x/y", "x/"),
        ("x/y/z/", "x/"),
        ("inbox/y", "INBOX/"),
        ("/a/b", "/"),
    ],
)
def test_a_plain_one_asks_for_the_root_of_the_reference(reference: str, root: str) -> None:
    (answer,) = answers((), (), f'LIST {reference} ""')
    assert answer.of(ListData) == [ListData(("\\Noselect",), "/", root)]
