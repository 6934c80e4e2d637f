"""Hints between processes: "account X reached MODSEQ N" as datagrams to the sockets under ``DATA/run`` (STORE rule 20).

The rule this file must not break: a hint is only ever a reason to look; losing one costs the wait until the next look.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
import time
from collections.abc import Callable
from pathlib import Path

_log = logging.getLogger(__name__)
_LONGEST = 100  # of a socket's path, with room
_FRESH_NS = 1_000_000_000
"""A directory that changed so lately may change again without a new time of change: that clock is coarse."""
_AGAIN = 0.005
_TRIES = 200
"""… without any success: one second."""


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
        self._unsent: dict[str, dict[str, int]] = {}
        self._tries = 0
        self._timer: asyncio.TimerHandle | None = None

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
        for name in self._others():
            waiting = self._unsent.get(name)
            # Behind those that wait already.
            if waiting is not None or not self._tell(self._socket, name, account, modseq):
                self._unsent.setdefault(name, {})[account] = modseq
        if self._unsent and self._timer is None and self._loop is not None:
            self._tries = _TRIES
            self._timer = self._loop.call_later(_AGAIN, self._again)

    def _tell(self, using: socket.socket, name: str, account: str, modseq: int) -> bool:
        """False: its queue is full. It is short: ten datagrams on many systems."""
        try:
            using.sendto(f"{account} {modseq}".encode(), self._address(name))
        except BlockingIOError:
            return False
        except ConnectionRefusedError:
            (self._directory / name).unlink(missing_ok=True)  # its process is gone
        except OSError:
            return True  # it has just gone
        return True

    def _again(self) -> None:
        """Hints that found a full queue, the latest of each account. A process that takes none for a second must look by itself."""
        self._timer = None
        if self._socket is None or self._loop is None:
            return
        for name, accounts in list(self._unsent.items()):
            for account, modseq in list(accounts.items()):
                if not self._tell(self._socket, name, account, modseq):
                    break
                del accounts[account]
                self._tries = _TRIES
            if not accounts:
                del self._unsent[name]
        self._tries -= 1
        if self._tries <= 0:
            self._unsent.clear()
        if self._unsent:
            self._timer = self._loop.call_later(_AGAIN, self._again)

    def _others(self) -> list[str]:
        try:
            listed = os.stat(self._fd).st_mtime_ns
            if listed != self._listed or time.time_ns() - listed < _FRESH_NS:
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
        if self._timer is not None:
            self._timer.cancel()
            self._again()
        if self._timer is not None:
            self._timer.cancel()
        if self._socket is not None:
            if self._loop is not None and not self._loop.is_closed():
                self._loop.remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None
            (self._directory / self._name).unlink(missing_ok=True)
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
