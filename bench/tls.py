"""TLS for measuring: one certificate (ECDSA, P-256) that all servers of a run show, and the client's side of handshakes."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path

from imapkit.server.tls import self_signed


@dataclass(frozen=True, slots=True)
class Certificate:
    """The files of a certificate, in PEM."""

    certificate: Path
    key: Path

    @classmethod
    def make(cls, directory: Path) -> Certificate:
        """One for 127.0.0.1, in ``directory``."""
        files, _ = self_signed(directory)
        return cls(files.certificate, files.key)

    def client(self) -> ssl.SSLContext:
        """A context that trusts this certificate alone."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_verify_locations(self.certificate)
        return context
