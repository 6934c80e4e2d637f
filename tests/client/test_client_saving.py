"""Where saved content goes: nothing that was there is lost, and nothing half is left."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from imapkit.client.saving import NewFile
from imapkit.errors import UsageError


def put(target: Path | str, data: bytes, name: str = "a.pdf", **options: Any) -> Path:
    with NewFile(target, name, **options) as file:
        file.write(data)
    return file.path


def tree(root: Path) -> dict[str, bytes]:
    return {str(one.relative_to(root)): one.read_bytes() for one in root.rglob("*") if one.is_file()}


@pytest.mark.parametrize("target", ["in", "in/", "x/y/in", "in.d/", "."])
def test_a_directory_is_made(tmp_path: Path, target: str) -> None:
    for number in range(3):
        put(f"{tmp_path}/{target}", b"%d" % number)
    where = target.rstrip("/").removeprefix(".")
    where += "/" if where else ""
    assert tree(tmp_path) == {f"{where}a.pdf": b"0", f"{where}a (2).pdf": b"1", f"{where}a (3).pdf": b"2"}


def test_a_name_with_an_extension_is_a_file(tmp_path: Path) -> None:
    assert put(tmp_path / "b.pdf", b"1") == tmp_path / "b.pdf"
    with pytest.raises(UsageError, match=r"b\.pdf already.*overwrite=True"):
        put(tmp_path / "b.pdf", b"2")
    assert tree(tmp_path) == {"b.pdf": b"1"}
    put(tmp_path / "b.pdf", b"3", overwrite=True)
    assert tree(tmp_path) == {"b.pdf": b"3"}


def test_a_file_without_an_extension_that_is_there(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"mine")
    for target in (tmp_path / "in", f"{tmp_path}/in/", tmp_path / "in" / "a.pdf"):
        with pytest.raises(UsageError):
            put(target, b"theirs")
    assert tree(tmp_path) == {"in": b"mine"}


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("target", ["old.pdf", "box", "new.pdf", "new/deep", ""])
def test_a_failed_save_leaves_what_was_there(tmp_path: Path, target: str, overwrite: bool) -> None:
    (tmp_path / "old.pdf").write_bytes(b"mine")
    (tmp_path / "box").mkdir()
    (tmp_path / "box" / "a.pdf").write_bytes(b"mine too")
    before = sorted(tmp_path.rglob("*"))
    with (
        pytest.raises((UsageError, KeyboardInterrupt)),
        NewFile(tmp_path / target, "a.pdf", overwrite=overwrite) as file,
    ):
        file.write(b"half")
        raise KeyboardInterrupt
    assert sorted(tmp_path.rglob("*")) == before
    assert tree(tmp_path) == {"old.pdf": b"mine", "box/a.pdf": b"mine too"}


def test_overwriting_in_a_directory(tmp_path: Path) -> None:
    put(tmp_path, b"1")
    os.chmod(tmp_path / "a.pdf", 0o600)
    assert put(tmp_path, b"2", overwrite=True) == tmp_path / "a.pdf"
    assert tree(tmp_path) == {"a.pdf": b"2"}
    assert (tmp_path / "a.pdf").stat().st_mode & 0o777 == 0o600


def test_a_link_is_followed_and_stays(tmp_path: Path) -> None:
    (tmp_path / "real.pdf").write_bytes(b"1")
    (tmp_path / "link.pdf").symlink_to("real.pdf")
    with pytest.raises(UsageError, match="already"):
        put(tmp_path / "link.pdf", b"2")
    put(tmp_path / "link.pdf", b"2", overwrite=True)
    assert (tmp_path / "link.pdf").is_symlink() and (tmp_path / "real.pdf").read_bytes() == b"2"


@pytest.mark.parametrize("overwrite", [False, True])
def test_what_is_no_file_is_not_replaced(tmp_path: Path, overwrite: bool) -> None:
    os.mkfifo(tmp_path / "pipe.pdf")
    (tmp_path / "nowhere.pdf").symlink_to("missing/there.pdf")
    (tmp_path / "a.pdf").mkdir()
    before = sorted(tmp_path.rglob("*"))
    for name in ("pipe.pdf", "nowhere.pdf"):
        with pytest.raises(UsageError):
            put(tmp_path / name, b"x", overwrite=overwrite)
    assert sorted(tmp_path.rglob("*")) == before
    if overwrite:
        with pytest.raises(UsageError, match="no file that can be replaced"):
            put(tmp_path, b"x", overwrite=True)
    else:
        assert put(tmp_path, b"x") == tmp_path / "a (2).pdf"


def test_a_name_that_was_taken_meanwhile(tmp_path: Path) -> None:
    with NewFile(tmp_path, "a.pdf") as file:
        file.write(b"ours")
        (tmp_path / "a.pdf").write_bytes(b"theirs")
    assert file.path == tmp_path / "a (2).pdf"
    with pytest.raises(UsageError, match="already"), NewFile(tmp_path / "b.pdf", "") as file:
        (tmp_path / "b.pdf").write_bytes(b"theirs")
    assert tree(tmp_path) == {"a.pdf": b"theirs", "a (2).pdf": b"ours", "b.pdf": b"theirs"}


def test_a_file_system_without_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    for number in range(2):
        put(tmp_path, b"%d" % number)
    assert tree(tmp_path) == {"a.pdf": b"0", "a (2).pdf": b"1"}


def test_what_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot write .*nowhere/b\.pdf: No such file"):
        put(tmp_path / "nowhere" / "b.pdf", b"x")
    with pytest.raises(UsageError, match="cannot write"):
        put("/proc/no/such", b"x")
