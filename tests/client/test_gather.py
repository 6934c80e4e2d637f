"""Messages put together from responses: many lazy ones at once as plain ones, one by one."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from imapkit.client.gather import Gatherer
from imapkit.client.items import Body, Envelope, Flags, ModSeq, Size
from imapkit.features.catalogue import full_registry
from imapkit.features.fetch_data import FetchData
from imapkit.features.fetch_items import FetchItem, UidItem
from imapkit.features.fetch_quick import LazyFetchData, quick_fetch
from imapkit.protocol.numset import NumSet
from imapkit.protocol.response import Response, read_response
from imapkit.wire.frame import Frame

GRAMMAR = full_registry().grammar
QUICK = quick_fetch(GRAMMAR)
ENVELOPE = b'ENVELOPE (NIL "s" NIL NIL NIL NIL NIL NIL NIL NIL)'

told = st.lists(
    st.sampled_from([b"FLAGS (\\Seen)", b"FLAGS ()", b"RFC822.SIZE 7", ENVELOPE, b"MODSEQ (9)", b"X-NEW 3", b"BODY[] NIL"]),
    max_size=3,
    unique=True,
)  # fmt: skip
lines = st.builds(
    lambda seq, uid, items: (
        b"* %d FETCH (%b)" % (seq, b" ".join([b"UID %d" % uid, *items] if uid else [*items, b"FLAGS (x)"]))
    ),
    st.integers(1, 4),
    st.integers(0, 6),
    told,
) | st.sampled_from([b"* 3 FETCH (UID 3 ENVELOPE nonsense)", b"* 4 EXISTS"])
wanted = st.lists(st.sampled_from([Flags, Size, Envelope, ModSeq, Body, UidItem()]), min_size=1, unique=True)


def plain(line: bytes) -> Response:
    return read_response(Frame(line), GRAMMAR)


def given_by(gatherer: Gatherer, batches: list[list[Response]]) -> list[FetchData]:
    found = [data for batch in batches for data in gatherer.take_all(batch)]
    return [*found, *gatherer.finish()]


@settings(deadline=None)
@given(
    batches=st.lists(st.lists(lines, max_size=4), max_size=4),
    items=wanted,
    uids=st.sampled_from(["1:*", "1:3", "2,4:5", "6"]),
)
@example(
    batches=[[b"* 1 FETCH (UID 1 FLAGS ())", b"* 1 FETCH (UID 1 RFC822.SIZE 7)"]],
    items=[Flags, Size],
    uids="1:*",
)
def test_lazy_ones_give_the_same(batches: list[list[bytes]], items: list[FetchItem], uids: str) -> None:
    numset = NumSet.parse(uids)
    lazy: list[list[Response]] = [[QUICK(line, None) or plain(line) for line in batch] for batch in batches]
    told = given_by(Gatherer(numset, items), lazy)
    gatherer = Gatherer(numset, items)
    one_by_one = [
        data for batch in batches for line in batch if (data := gatherer.take(plain(line))) is not None
    ]
    assert told == [*one_by_one, *gatherer.finish()]


def test_what_is_asked_for_comes_lazily() -> None:
    gatherer = Gatherer(NumSet.parse("1:9"), [UidItem(), Flags, Size])
    (data,) = gatherer.take_all([QUICK(b"* 1 FETCH (UID 1 FLAGS () RFC822.SIZE 7)", None) or plain(b"")])
    assert isinstance(data, LazyFetchData) and data.uid == 1
