"""The demo's server: the SQLite store in a temporary directory, one user, the sample account, free ports on loopback."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from ..features.catalogue import registry
from ..features.intake import index_literal
from ..ports.store import Account, NewMessage
from ..record import record
from ..server import log, tls
from ..server.address import Address
from ..server.app import App
from ..server.auth import make_user
from ..server.options import Options
from ..wire.frame import HeldLiteral
from . import demo_mail
from .accounts import add_user
from .data import open_data

HOST: Final = "127.0.0.1"
IMAP: Final = 1143
IMAPS: Final = 1993
USER: Final = "ann"
PASSWORD: Final = "secret"


@record
class Running:
    """Where the demo's server listens."""

    imap: int
    imaps: int
    certificate: Path
    messages: int

    @property
    def url(self) -> str:
        return f"imap://{USER}@{HOST}:{self.imap}"

    @property
    def secure_url(self) -> str:
        return f"imaps://{USER}@{HOST}:{self.imaps}"


@asynccontextmanager
async def demo_server(*, known_ports: bool = False, tls_names: Sequence[str] = ()) -> AsyncIterator[Running]:
    """Serves until the block ends; then everything is gone.

    ``known_ports``: on IMAP and IMAPS where nobody else listens there, so that what a person types is the same every time.
    ``tls_names``: host names and addresses in the certificate, beside localhost. Raises UsageError for what is neither.
    """
    ports = [free_port(port) for port in (IMAP, IMAPS)] if known_ports else [0, 0]
    log.configure("error")
    with tempfile.TemporaryDirectory(prefix="imapkit-demo-") as place:
        data = Path(place)
        async with open_data(data, make=True) as opened:
            row = await add_user(opened.store, opened.directory, make_user(USER, PASSWORD))
            account = await opened.store.open_account(row.account)
            try:
                messages = await fill(account)
            finally:
                await account.release()
            files, _ = tls.self_signed(data / "tls", tls_names)
            options = Options(registry=registry(), insecure_plaintext=True)
            app = App(opened.store, opened.directory, options, tls=tls.make_context(files))
            await app.start([Address("imap", HOST, ports[0]), Address("imaps", HOST, ports[1])])
            try:
                plain, secure = (address.port for address in app.addresses)
                yield Running(plain, secure, files.certificate, messages)
            finally:
                await app.stop()


def free_port(port: int) -> int:
    """The port, or 0 (any that is free) where somebody has it."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, port))
        except OSError:
            return 0
    return port


async def fill(account: Account) -> int:
    """Deliver the sample account; how many messages it has. Delivered, not appended: one holds NUL, which APPEND may not carry."""
    for name in demo_mail.MAILBOXES:
        if account.find(name) is None:
            await account.create(name)
            await account.subscribe(name)
    count = 0
    for sample, octets in demo_mail.load():
        row = account.find(sample.mailbox)
        assert row is not None, "the catalogue names all its mailboxes"
        content = HeldLiteral(octets)
        message = NewMessage(
            content, await index_literal(content), frozenset(sample.flags), sample.internaldate
        )
        await account.append(row.id, [message])
        count += 1
    return count
