"""The generators of files: what unasync makes of a source, and that a check misses no difference."""

from pathlib import Path

import pytest
from scripts import generate, unasync
from scripts.generators import Generator

SOURCE = '''"""The connection of AsyncClient; see _async."""

from collections.abc import AsyncIterator
from .._async import backend


class AsyncStream:
    """An AsyncStream."""

    async def __aenter__(self) -> "AsyncStream":
        return self

    async def lines(self) -> AsyncIterator[bytes]:
        async with self.lock:
            async for line in self.source:
                yield await self.clean(line)

    async def __anext__(self) -> bytes:
        raise StopAsyncIteration
'''

EXPECTED = '''# Generated from imapkit/client/_async/stream.py by scripts/unasync.py; do not edit: the next run overwrites it.
"""The connection of Client; see _sync."""

from collections.abc import Iterator

from .._sync import backend


class Stream:
    """An Stream."""

    def __enter__(self) -> "Stream":
        return self

    def lines(self) -> Iterator[bytes]:
        with self.lock:
            for line in self.source:
                yield self.clean(line)

    def __next__(self) -> bytes:
        raise StopIteration
'''


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A repository with one asynchronous module."""
    folder = tmp_path / unasync.CLIENT / "_async"
    folder.mkdir(parents=True)
    (folder / "stream.py").write_text(SOURCE)
    return tmp_path


def twin(tree: Path) -> Path:
    return tree / unasync.CLIENT / "_sync" / "stream.py"


def test_unasync_writes_the_twin(tree: Path) -> None:
    unasync.GENERATOR.write(tree)
    assert twin(tree).read_text() == EXPECTED
    assert unasync.GENERATOR.check(tree) == []
    assert unasync.GENERATOR.write(tree) == []


@pytest.mark.parametrize("text", [EXPECTED + "\n", EXPECTED[:-1], EXPECTED.replace("lines", "rows"), ""])
def test_any_difference_is_found(tree: Path, text: str) -> None:
    unasync.GENERATOR.write(tree)
    twin(tree).write_text(text)
    assert unasync.GENERATOR.check(tree) == ["src/imapkit/client/_sync/stream.py: differs from its source"]


def test_a_missing_and_a_stray_file_are_found(tree: Path) -> None:
    unasync.GENERATOR.write(tree)
    stray = twin(tree).rename(twin(tree).with_name("old.py"))
    problems = unasync.GENERATOR.check(tree)
    assert [problem.split("/")[-1].split(":")[0] for problem in problems] == ["old.py", "stream.py"]
    unasync.GENERATOR.write(tree)
    assert not stray.exists()
    assert twin(tree).exists()


def test_a_rule_that_matches_nothing_fails(tree: Path) -> None:
    with pytest.raises(ValueError, match="never_there"):
        unasync.render(tree, (*unasync.RULES, (r"\bnever_there\b", "")))


def test_no_source_no_twin(tmp_path: Path) -> None:
    assert unasync.render(tmp_path) == {}


def test_a_twin_that_is_no_python_fails(tree: Path) -> None:
    with pytest.raises(ValueError, match="not valid Python"):
        unasync.render(tree, (*unasync.RULES, (r"\bclass\b", "class class")))


@pytest.mark.parametrize("generator", generate.GENERATORS, ids=lambda generator: generator.name)
def test_generated_files_are_up_to_date(generator: Generator) -> None:
    assert generator.check(generate.ROOT) == []
