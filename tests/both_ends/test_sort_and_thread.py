"""SORT, THREAD and WITHIN: our client with our server, and beside it with Dovecot, whose answers must be the same."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import imapkit
from imapkit import ALL, FROM, SEEN
from imapkit.features.sort import ARRIVAL, CC, DATE, SIZE, SUBJECT, TO, SortKey
from imapkit.features.sort import FROM as BY_FROM
from imapkit.features.sort_display import DISPLAYFROM, DISPLAYTO
from imapkit.features.thread import Algorithm
from imapkit.features.within import Older, Younger
from tests.client.twins import Twin
from tests.programs import need
from tests.support.dovecot import dovecot
from tests.support.imapkit_server import imapkit_server

PASSWORD = "secret"
SUBJECTS = [
    "Apples",
    "Re: Apples",
    "Fwd: [list] apples",
    "pears (fwd)",
    "=?utf-8?q?Gr=C3=BC=C3=9Fe?=",
    "RE: Pears",
    "",
]
PEOPLE = [
    "Zoe <ann@x.example>",
    "bob@x.example",
    "=?utf-8?q?=C3=84nne?= <Carl@y.example>",
    '"Al, B" <dora@z.example>',
]
CAME = datetime(2026, 11, 1, tzinfo=UTC)


def letters(seed: int, count: int = 60) -> list[tuple[bytes, datetime]]:
    """Mail that refers to other mail, to mail that is not there, in any order, with and without the fields that count."""
    rng = random.Random(seed)
    found: list[tuple[bytes, datetime]] = []
    for number in range(count):
        lines = [
            f"From: {rng.choice(PEOPLE)}",
            f"To: {rng.choice(PEOPLE)}",
            f"Message-ID: <{number}@x.example>",
        ]
        if rng.random() < 0.5:
            lines.append(f"Cc: {rng.choice(PEOPLE)}, eve@x.example")
        if rng.random() < 0.9:
            when = CAME - timedelta(minutes=rng.randrange(5000))
            lines.append(f"Date: {when:%a, %d %b %Y %H:%M:%S} +0000")
        lines.append(f"Subject: {rng.choice(SUBJECTS)} {rng.choice(['', '', number])}".rstrip())
        if rng.random() < 0.6:
            refs = " ".join(f"<{rng.randrange(count + 9)}@x.example>" for _ in range(rng.randrange(1, 4)))
            lines.append(f"{rng.choice(['References', 'In-Reply-To'])}: {refs}")
        body = "x" * rng.randrange(9)
        text = "\r\n".join([*lines, "", body, ""])
        found.append((text.encode(), CAME + timedelta(seconds=rng.randrange(100))))
    return found


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    users = {f"ann{seed}": PASSWORD for seed in range(4)}
    with imapkit_server(tmp_path_factory.mktemp("own") / "data", users) as server:
        yield f"{server.host}:{server.port}"


@pytest.fixture(scope="module")
def peer() -> Iterator[str]:
    need("dovecot")
    with dovecot({f"ann{seed}": PASSWORD for seed in range(4)}) as server:
        yield f"{server.host}:{server.port}"


ORDERS: list[list[SortKey]] = [
    [key] if not reverse else [-key]
    for key in (ARRIVAL, CC, DATE, BY_FROM, SIZE, SUBJECT, TO, DISPLAYFROM, DISPLAYTO)
    for reverse in (False, True)
] + [[SUBJECT, -DATE], [-BY_FROM, SIZE, ARRIVAL], [-DISPLAYTO, -SUBJECT, -ARRIVAL]]


@pytest.fixture(params=["sync", "async"])
def twin(request: pytest.FixtureRequest) -> Iterator[Twin]:
    found = Twin(request.param)
    yield found
    found.close()


def answers(place: str, seed: int) -> dict[str, Any]:
    """All that a server says of the same mail."""
    found: dict[str, Any] = {}
    with imapkit.connect(
        f"imap://ann{seed}@{place}", password=PASSWORD, allow_plaintext=True, timeout=10
    ) as client:
        for text, when in letters(seed):
            client.append("INBOX", text, date=when)
        client.select("INBOX")
        for order in ORDERS:
            name = " ".join(("-" if key.reverse else "") + key.name for key in order)
            found[name] = list(client.sort(order, ALL))
        found["some"] = list(client.sort([DATE], FROM("bob"), uid=False))
        for algorithm in Algorithm:
            found[algorithm.name] = client.thread(ALL, algorithm=algorithm).threads
        found["young"] = list(client.search(Younger(60)))
        found["old"] = list(client.search(Older(60)))
    return found


@pytest.mark.parametrize("seed", range(2))
def test_as_dovecot_answers(own: str, peer: str, seed: int) -> None:
    ours, theirs = answers(own, seed), answers(peer, seed)
    # Dovecot puts the threads of REFS in the order of their latest Date; the draft says INTERNALDATE
    assert sorted(map(repr, ours.pop("REFS"))) == sorted(map(repr, theirs.pop("REFS")))
    differ = {name: (ours[name], theirs[name]) for name in ours if ours[name] != theirs[name]}
    assert not differ


def test_threads_of_refs_by_their_latest_arrival(own: str) -> None:
    mail = letters(2)
    threads = answers(own, 2)["REFS"]
    latest = [max((mail[uid - 1][1], uid) for uid in found) for found in threads]
    assert latest == sorted(latest)
    assert sorted(uid for found in threads for uid in found) == list(range(1, 61))


def test_both_clients(own: str, twin: Twin) -> None:
    user = {"sync": "ann1", "async": "ann3"}[twin.name]
    with twin.connect(f"imap://{user}@{own}", password=PASSWORD, allow_plaintext=True, timeout=10) as client:
        client.create(f"few-{twin.name}")
        for text in (b"Subject: b\r\nMessage-ID: <1@x>\r\n\r\n", b"Subject: a\r\nReferences: <1@x>\r\n\r\n"):
            client.append(f"few-{twin.name}", text)
        client.select(f"few-{twin.name}")
        assert list(client.sort([SUBJECT], ALL)) == [2, 1]
        assert list(client.sort([SUBJECT], SEEN)) == []
        (found,) = client.thread(ALL, uid=False)
        assert found.parents() == {1: None, 2: 1}
