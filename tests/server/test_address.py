"""Listening addresses: every form, and what is no address."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from imapkit.errors import UsageError
from imapkit.server.address import Address, parse_address
from imapkit.server.app import App

from .wire import options, serving


@pytest.mark.parametrize(
    ("text", "address", "shown"),
    [
        ("imap://127.0.0.1:1143", Address("imap", "127.0.0.1", 1143), None),
        ("IMAPS://localhost:0", Address("imaps", "localhost", 0), "imaps://localhost:0"),
        ("imap://localhost", Address("imap", "localhost", 143), "imap://localhost:143"),
        ("imaps://localhost/", Address("imaps", "localhost", 993), "imaps://localhost:993"),
        ("imap://[::1]:1143", Address("imap", "::1", 1143), None),
        ("unix:/run/imap", Address("unix", path="/run/imap"), None),
        ("unix:///run/imap", Address("unix", path="/run/imap"), "unix:/run/imap"),
    ],
)
def test_addresses(text: str, address: Address, shown: str | None) -> None:
    assert parse_address(text) == address
    assert str(address) == (shown or text)


@pytest.mark.parametrize(
    "text",
    ["", "imap", "imap:", "imap:localhost:1", "lmtp://localhost:1", "imap://", "imap://:143", "imap://h:x", "imap://h:70000",
     "imap://h:1/box", "imap://ann@h:1", "imap://h:1?x", "unix:", "unix://"],
)  # fmt: skip
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(UsageError, match=r"imap|unix|''"):
        parse_address(text)


def there(path: str) -> bool:
    return os.path.exists(path)


async def test_a_unix_socket_of_a_dead_server_is_replaced_and_a_living_one_never(tmp_path: Path) -> None:
    path = str(tmp_path / "sock")
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(path)
    dead.close()
    async with serving() as server:
        app = App(server.store, server.directory, options())
        other = App(server.store, server.directory, options())
        try:
            await app.start([Address("unix", path=path)])
            assert os.stat(path).st_mode & 0o777 == 0o600
            with pytest.raises(OSError, match="in use"):
                await other.start([Address("unix", path=path)])
            assert there(path), "the living server still has its socket"
        finally:
            await app.stop()
    assert not there(path)


async def test_a_file_in_the_way_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "mail"
    path.write_text("precious")
    async with serving() as server:
        with pytest.raises(OSError, match="in use"):
            await App(server.store, server.directory, options()).start([Address("unix", path=str(path))])
    assert path.read_text() == "precious"


async def test_all_addresses_or_none(tmp_path: Path) -> None:
    path = str(tmp_path / "sock")
    async with serving() as server:
        app = App(server.store, server.directory, options())
        with pytest.raises(UsageError, match="no TLS certificate"):
            await app.start([Address("unix", path=path), Address("imaps", "127.0.0.1")])
    assert not there(path)
