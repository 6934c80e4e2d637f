"""The server that the programs talk to: a real process, reached over loopback, with and without TLS.

IMAPKIT_TEST_SERVER=imapkit (the default) takes our own, =dovecot takes Dovecot: what fails against both is a mistake
in the test. Nothing is assumed about our server beyond the contract of its command line; its self-signed certificate
is read from the connection.
"""

import os
import ssl
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.programs import need
from tests.support.dovecot import dovecot
from tests.support.imapkit_server import add_user, imapkit_server
from tests.support.process import free_port

SERVER = os.environ.get("IMAPKIT_TEST_SERVER", "imapkit")
# A self-signed certificate made for loopback names this host.
TLS_NAME = "localhost"
# It has a space and quotes, as real ones do.
PASSWORD = 'correct "horse" 7'


@dataclass(frozen=True)
class Peer:
    """A running server and what a program needs to know of it."""

    host: str
    port: int
    tls_port: int
    certificate: Path
    add: Callable[[str], None]

    def tls(self) -> ssl.SSLContext:
        """A context that trusts this server's certificate and nothing else; the name is checked."""
        return ssl.create_default_context(cafile=str(self.certificate))


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for loopback and its key."""
    folder.mkdir(parents=True)
    cert, key = folder / "cert.pem", folder / "key.pem"
    names = f"subjectAltName=DNS:{TLS_NAME},IP:127.0.0.1"
    subprocess.run(
        [need("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={TLS_NAME}",
         "-addext", names, "-keyout", str(key), "-out", str(cert)],
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    return cert, key


@contextmanager
def _dovecot(folder: Path) -> Iterator[Peer]:
    need("dovecot")
    cert, key = _certificate(folder / "tls")
    tls_port = free_port()
    extra = (
        f"ssl = yes\nssl_cert = <{cert}\nssl_key = <{key}\n"
        f"service imap-login {{\n  inet_listener imaps {{\n"
        f"    address = 127.0.0.1\n    port = {tls_port}\n    ssl = yes\n  }}\n}}\n"
    )
    # Dovecot looks at its list of users at most once a second, so they are all there from the start.
    users = {f"ann{number}": f"{{PLAIN}}{PASSWORD}" for number in range(1, 200)}
    with dovecot(users, extra=extra) as server:
        yield Peer(server.host, server.port, tls_port, cert, lambda name: None)


@contextmanager
def imapkit_peer(folder: Path, *, workers: str | None = None) -> Iterator[Peer]:
    """Our own server; ``workers``: its processes."""
    tls_port = free_port()
    arguments = ["--listen", "imap://127.0.0.1:0", "--listen", f"imaps://127.0.0.1:{tls_port}"]
    data = folder / "data"
    more = ["--insecure-plaintext", *(["--workers", workers] if workers else [])]
    with imapkit_server(data, {}, arguments=[*arguments, *more]) as server:
        certificate = folder / "cert.pem"
        certificate.write_text(ssl.get_server_certificate(("127.0.0.1", tls_port), timeout=10))

        yield Peer(
            server.host, server.port, tls_port, certificate, lambda name: add_user(data, name, PASSWORD)
        )


@contextmanager
def start(folder: Path) -> Iterator[Peer]:
    """Run the chosen server with its files below *folder*."""
    servers = {"imapkit": imapkit_peer, "dovecot": _dovecot}
    if SERVER not in servers:
        raise ValueError(f"IMAPKIT_TEST_SERVER is one of {sorted(servers)}, not {SERVER!r}")
    with servers[SERVER](folder) as peer:
        yield peer
