"""A certificate by its fingerprint: trusted because the user said which one it is, not because an authority did."""

from __future__ import annotations

import hashlib
import hmac
import re
import ssl
from typing import Final

from ..errors import ImapError, UsageError

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class _Checked(ssl.SSLSocket):
    """Refuses the handshake unless the certificate is the wanted one."""

    def do_handshake(self, block: bool = False) -> None:
        super().do_handshake(block)
        wanted = getattr(self.context, "wanted", None)
        got = _fingerprint(self)
        if wanted is None:
            self.context.got = got  # type: ignore[attr-defined]
        elif not hmac.compare_digest(wanted, got):
            raise ssl.SSLCertVerificationError(1, f"the certificate's fingerprint is {shown(got)}")


class _Context(ssl.SSLContext):
    """Without authorities; ``wanted`` None takes any certificate and remembers it."""

    sslsocket_class = _Checked
    wanted: str | None = None
    got: str | None = None


def context(fingerprint: str) -> ssl.SSLContext:
    """Trusts this certificate alone. ``fingerprint``: SHA-256 in hexadecimal, colons or not. Raises UsageError."""
    digest = fingerprint.lower().removeprefix("sha256:").replace(":", "")
    if not _DIGEST.fullmatch(digest):
        raise UsageError(f"--fingerprint {fingerprint!r} is no SHA-256 fingerprint (64 hexadecimal digits)")
    return _context(digest)


def seen(url: str) -> str | None:
    """The fingerprint of the certificate that the server shows; None when it shows none."""
    from .. import connect
    from ..client.url import parse_url

    found = _context(None)
    address = parse_url(url)
    host = f"[{address.target.host}]" if ":" in address.target.host else address.target.host
    bare = f"{'imaps' if address.tls else 'imap'}://{host}:{address.target.port}"
    try:
        connect(bare, ssl_context=found, tls=True, timeout=5, connect_timeout=5).close()
    except ImapError:
        pass  # it is asked to help with an error message only, and the certificate came before this
    return shown(found.got) if found.got else None


def shown(digest: str) -> str:
    return "sha256:" + digest


def _context(wanted: str | None) -> _Context:
    made = _Context(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.wanted = wanted
    return made


def _fingerprint(sock: ssl.SSLSocket) -> str:
    return hashlib.sha256(sock.getpeercert(binary_form=True) or b"").hexdigest()
