"""Log entries, whoever made them, have a level and a time."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from imapkit.server import log


@pytest.fixture
def entries() -> Iterator[io.StringIO]:
    """What the loggers below ``imapkit`` write, as JSON."""
    root = logging.getLogger("imapkit")
    before = root.handlers, root.propagate, root.level
    stream = io.StringIO()
    log.configure("info", "json", stream, worker=2)
    yield stream
    root.handlers, root.propagate = before[0], before[1]
    root.setLevel(before[2])


def test_entries_have_level_time_and_worker(entries: io.StringIO) -> None:
    log.get("server", user="ann").warning("one")
    logging.getLogger("imapkit.stores.sqlite.account").error("account %s: two", "x")
    logging.getLogger("imapkit.stores.sqlite.account").debug("not told")
    ours, standard = (json.loads(line) for line in entries.getvalue().splitlines())
    assert (ours["event"], ours["level"], ours["user"], ours["worker"]) == ("one", "warning", "ann", 2)
    assert (standard["event"], standard["level"], standard["worker"]) == ("account x: two", "error", 2)
    assert ours["time"].endswith("Z") and standard["time"].endswith("Z")


def test_a_traceback_is_in_its_entry(entries: io.StringIO) -> None:
    try:
        raise ValueError("why")
    except ValueError:
        logging.getLogger("imapkit.stores").exception("failed")
    entry = json.loads(entries.getvalue())
    assert "ValueError: why" in entry["exception"]
