"""Import reads nothing outside of what it was given, and waits for nothing that is no file; export is for its owner's eyes."""

from __future__ import annotations

import io
import os
import socket
import stat
from pathlib import Path

import pytest

from .conftest import Run

MAIL = b"From: bob@example.org\nSubject: x\n\nhello\n"


@pytest.fixture
def data(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"secret\n")))
    assert run("user", "add", "ann", "--data", str(tmp_path / "data"), "--password-stdin")[0] == 0
    return tmp_path / "data"


def clutter(folder: Path, outside: Path, name: str) -> dict[str, str]:
    """What does not belong into a mailbox, by its name, and why it is passed over."""
    outside.mkdir()
    (outside / "secret").write_bytes(MAIL.replace(b"hello", b"secret"))
    os.mkfifo(folder / f"fifo{name}")
    (folder / f"zero{name}").symlink_to("/dev/zero")
    (folder / f"out{name}").symlink_to(outside / "secret")
    (folder / f"nowhere{name}").symlink_to("not there")
    (folder / f"loop{name}").symlink_to(folder)
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.getcwd()
        os.chdir(folder)  # the path of a socket is short
        try:
            listener.bind(f"sock{name}")
        finally:
            os.chdir(here)
    return {
        f"fifo{name}": "a FIFO, not a file",
        f"zero{name}": "a device, not a file",
        f"out{name}": "a link that leads out of the directory",
        f"nowhere{name}": "a link that leads nowhere",
        f"loop{name}": "a link to a directory, which is not followed",
        f"sock{name}": "a socket, not a file",
    }


@pytest.mark.parametrize("form", ["maildir", "eml", "mbox"])
def test_what_is_no_mail_is_named_and_the_rest_read(data: Path, run: Run, tmp_path: Path, form: str) -> None:
    root = tmp_path / "in"
    name = {"maildir": ":2,", "eml": ".eml", "mbox": ""}[form]
    folder = root / "new" if form == "maildir" else root
    folder.mkdir(parents=True)
    if form == "maildir":
        (root / "cur").mkdir()
        (root / "dovecot-keywords").symlink_to("/dev/zero")
    expected = clutter(folder, tmp_path / "outside", name)
    good = b"From bob@example.org Fri Mar 15 10:01:07 2024\n" + MAIL if form == "mbox" else MAIL
    (folder / f"z1{name}").write_bytes(good)
    (root / f"kept{name}" if form != "maildir" else root / "cur" / "z2:2,S").symlink_to(folder / f"z1{name}")
    code, out, err = run(
        "import", str(root), "--data", str(data), "--user", "ann", "--mailbox", "In", "--format", form
    )
    assert code == 1, (out, err)
    for path, reason in expected.items():
        assert f"{folder / path}: {reason}" in err, err
    assert "secret" not in out
    assert "1 message" in out or "2 messages" in out, out


def test_exported_mail_is_for_its_owner(
    data: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = os.umask(0)
    try:
        (tmp_path / "a.eml").write_bytes(MAIL)
        assert (
            run(
                "import",
                str(tmp_path / "a.eml"),
                "--data",
                str(data),
                "--user",
                "ann",
                "--mailbox",
                "Lists/deep",
            )[0]
            == 0
        )
        for form in ("maildir", "eml", "mbox"):
            where = tmp_path / "out" / form
            assert run("export", str(where), "--data", str(data), "--user", "ann", "--format", form)[0] == 0
            for path in (where, *where.rglob("*")):
                wanted = 0o700 if path.is_dir() else 0o600
                assert stat.S_IMODE(path.stat().st_mode) == wanted, path
    finally:
        os.umask(old)


@pytest.mark.parametrize("form", ["maildir", "eml", "mbox"])
def test_names_that_are_too_long_for_a_file(data: Path, run: Run, tmp_path: Path, form: str) -> None:
    (tmp_path / "a.eml").write_bytes(MAIL)
    names = ["ü" * 105 + "1", "ü" * 105 + "2", "short"]
    for name in names:
        assert (
            run("import", str(tmp_path / "a.eml"), "--data", str(data), "--user", "ann", "--mailbox", name)[0]
            == 0
        )
    where = tmp_path / "out"
    code, out, err = run("export", str(where), "--data", str(data), "--user", "ann", "--format", form)
    assert code == 0 and "3 messages" in out
    assert [f"the name of {name} is too long" in err for name in names] == [True, True, False]
    cut = [path for path in where.rglob("*~*") if "cur" not in path.parts]
    assert len({path.name for path in cut}) == 2
