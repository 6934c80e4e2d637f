"""``deliver`` takes no more than the server does, and reads no further."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from .conftest import Run


class Endless(io.RawIOBase):
    """A message without end, which counts what was read of it."""

    def __init__(self) -> None:
        self.taken = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        self.taken += size
        return b"Subject: x\n\n" + b"x" * (size - 12)


@pytest.fixture
def data(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"secret\n")))
    assert run("user", "add", "ann", "--data", str(tmp_path / "mail"), "--password-stdin")[0] == 0
    return tmp_path / "mail"


def feed(monkeypatch: pytest.MonkeyPatch, source: io.RawIOBase | io.BytesIO) -> None:
    class Stdin:
        buffer = source

    monkeypatch.setattr("sys.stdin", Stdin())


def test_what_is_too_large_is_not_read_to_its_end(
    data: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = Endless()
    feed(monkeypatch, endless)
    monkeypatch.setenv("IMAPKIT_LIMITS__MESSAGE_OCTETS", "3000000")
    code, out, err = run("deliver", "ann", "--data", str(data))
    assert (code, out) == (2, "")
    assert err == "imapkit: the message is larger than 3000000 octets (the setting limits.message_octets)\n"
    assert endless.taken < 4_000_000
    assert not [path for path in data.rglob("*") if "spool" in path.parts and path.is_file()]


def test_the_setting_of_a_file_counts(
    data: Path, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = tmp_path / "imapkit.toml"
    settings.write_text("[limits]\nmessage_octets = 20\n")
    for octets, expected in ((b"Subject: x\n\nshort", 0), (b"Subject: x\n\nlonger than that", 2)):
        feed(monkeypatch, io.BytesIO(octets))
        assert run("deliver", "ann", "--data", str(data), "--config", str(settings))[0] == expected


def test_a_mailbox_that_is_not_there_is_told_before_anything_is_read(
    data: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = Endless()
    feed(monkeypatch, endless)
    code, _, err = run("deliver", "ann", "--data", str(data), "--mailbox", "Nowhere")
    assert code == 2 and "there is no mailbox 'Nowhere'" in err and endless.taken == 0
