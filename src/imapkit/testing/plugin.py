"""The pytest plugin (entry point ``pytest11``): a fresh server, and a client, for any test that asks for them.

    def test_my_mail_code(imap_server):
        my_code(imap_server.url, imap_server.user, imap_server.password)

The rule this file must not break: importing it loads nothing of imapkit, so that a test run which uses no fixture pays nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import imapkit

USER = "ann"
PASSWORD = "secret"


@dataclass(frozen=True, slots=True)
class ImapServer:
    """A running server with one user, on loopback, passwords without TLS."""

    host: str
    port: int
    user: str
    password: str

    @property
    def url(self) -> str:
        """For ``imapkit.connect(url, password=…, allow_plaintext=True)`` and the commands; the user is in it."""
        return f"imap://{self.user}@{self.host}:{self.port}"


@pytest.fixture
def imap_server() -> Iterator[ImapServer]:
    """A server of the test's own, its mail in memory: INBOX, Drafts, Sent, Trash, Junk and Archive, all empty."""
    from .. import serve_in_thread

    with serve_in_thread({USER: PASSWORD}) as server:
        yield ImapServer(server.host, server.port, USER, PASSWORD)


@pytest.fixture
def imap_client(imap_server: ImapServer) -> Iterator[imapkit.Client]:
    """A client that is logged in to ``imap_server``."""
    import imapkit

    with imapkit.connect(imap_server.url, password=imap_server.password, allow_plaintext=True) as client:
        yield client
