"""The starters of servers: what they give, and that they notice a server that does not do its part."""

from __future__ import annotations

import socket
import textwrap
from pathlib import Path

import pytest

from imapkit.stores.directory.sqlite import SqliteDirectory
from tests.programs import need

from .dovecot import dovecot
from .imapkit_server import imapkit_server

STAND_IN = """
    import os, signal, sys, time

    mode = os.environ["STAND_IN"]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(7 if mode == "ends badly" else 0))
    print("some words of the log", file=sys.stderr, flush=True)
    if mode == "dies":
        sys.exit(3)
    if mode != "is silent":
        print("listening imap://127.0.0.1:4242", flush=True)
    time.sleep(30)
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that answers to `python -m imapkit` in place of the real one."""
    package = tmp_path / "stand_in" / "imapkit"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(textwrap.dedent(STAND_IN))
    monkeypatch.setenv("PYTHONPATH", str(package.parent))


def test_server_comes_and_goes(stand_in: None, tmp_path: Path) -> None:
    with imapkit_server(tmp_path / "data", {"ann": "secret"}, environment={"STAND_IN": "serves"}) as server:
        assert (server.host, server.port) == ("127.0.0.1", 4242)
        assert "some words" in server.log
        assert server.process.poll() is None
    assert server.process.returncode == 0
    directory = SqliteDirectory(tmp_path / "data")
    assert [row.name for row in directory.list()] == ["ann"]
    directory.close()


@pytest.mark.parametrize(
    ("mode", "error", "text"),
    [
        ("dies", RuntimeError, "ended before it listened"),
        ("is silent", TimeoutError, "no `listening` line"),
        ("ends badly", RuntimeError, "ended with 7"),
    ],
)
def test_server_that_fails(
    stand_in: None, tmp_path: Path, mode: str, error: type[Exception], text: str
) -> None:
    deadline = 1.0 if mode == "is silent" else 20.0
    with (
        pytest.raises(error, match=text),
        imapkit_server(tmp_path / "data", {}, environment={"STAND_IN": mode}, deadline=deadline),
    ):
        assert mode == "ends badly"


def test_server_killed_by_the_test(stand_in: None, tmp_path: Path) -> None:
    with imapkit_server(tmp_path / "data", {}, environment={"STAND_IN": "serves"}) as server:
        server.process.kill()
        server.process.wait()
    assert server.process.returncode == -9


def test_dovecot_comes_and_goes() -> None:
    need("dovecot")
    with (
        dovecot({"ann": "secret"}) as server,
        socket.create_connection((server.host, server.port), timeout=5) as conn,
    ):
        assert conn.recv(4)[:4] == b"* OK"
        assert "starting up" in server.log
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((server.host, server.port), timeout=5)
    assert not server.home.exists()


def test_dovecot_with_a_broken_configuration() -> None:
    need("dovecot")
    with pytest.raises(RuntimeError, match="ended before it greeted"), dovecot({}, extra="no such = setting"):
        pass
