"""Hints between processes: "account X reached MODSEQ N" as datagrams to the sockets under ``DATA/run`` (STORE rule 20).

The rule this file must not break: a hint is only ever a reason to look; losing one costs the wait until the next look.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import Callable
from pathlib import Path

_log = logging.getLogger(__name__)
_LONGEST = 100  # of a socket's path, with room


class Hints:
    """One process's socket, and the addresses of the others."""

    def __init__(self, directory: Path, heard: Callable[[str, int], None]) -> None:
        self._directory = directory
        self._heard = heard
        self._name = f"{os.getpid():x}-{secrets.token_hex(4)}"
        self._fd = -1
        self._socket: socket.socket | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._peers: list[str] = []
        self._listed = 0

    def open(self) -> None:
        """Listen on the running loop. Where a socket cannot be made, the regular looks must do."""
        self._directory.mkdir(mode=0o700, exist_ok=True)
        self._fd = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        listening.setblocking(False)
        try:
            listening.bind(self._address(self._name))
        except OSError as error:
            listening.close()
            _log.warning("no hints between processes in %s: %s", self._directory, error)
            return
        self._socket = listening
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket.fileno(), self._receive)

    def _address(self, name: str) -> str:
        path = str(self._directory / name)
        # A socket's address is short; a long path is reached through the directory's descriptor.
        return path if len(path.encode()) <= _LONGEST else f"/proc/self/fd/{self._fd}/{name}"

    def send(self, account: str, modseq: int) -> None:
        """Tell all other processes. Never waits."""
        if self._socket is None:
            return
        text = f"{account} {modseq}".encode()
        for name in self._others():
            try:
                self._socket.sendto(text, self._address(name))
            except ConnectionRefusedError:
                (self._directory / name).unlink(missing_ok=True)  # its process is gone
            except OSError:
                continue  # its queue is full, or it has just gone: whoever waits looks anyway

    def _others(self) -> list[str]:
        try:
            listed = os.stat(self._fd).st_mtime_ns
            if listed != self._listed:
                self._peers = [name for name in os.listdir(self._fd) if name != self._name]
                self._listed = listed
        except OSError as error:
            # The change is committed already: nothing here may make it look failed.
            _log.warning("no hints are sent from %s: %s", self._directory, error)
            return []
        return self._peers

    def _receive(self) -> None:
        if self._socket is None:
            return
        latest: dict[str, int] = {}
        for _ in range(1000):
            try:
                account, _, modseq = self._socket.recv(512).decode("ascii", "replace").partition(" ")
            except BlockingIOError:
                break
            if modseq.isdecimal():
                latest[account] = int(modseq)
        for account, number in latest.items():
            self._heard(account, number)

    def close(self) -> None:
        if self._socket is not None:
            if self._loop is not None and not self._loop.is_closed():
                self._loop.remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None
            (self._directory / self._name).unlink(missing_ok=True)
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
