"""TLS as a client wants it: certificate and name verified, always, unless the caller brings a context of its own (RFC 8314)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError

if TYPE_CHECKING:
    import ssl


def default_context(cafile: str | Path | None = None) -> ssl.SSLContext:
    """Verifies against the system's authorities, or those in ``cafile`` (PEM). Raises UsageError when that cannot be read."""
    import ssl

    if cafile is not None and not isinstance(cafile, str | Path):
        raise UsageError(f"cafile is the path of a file, not {cafile!r}")
    try:
        context = ssl.create_default_context(cafile=str(cafile) if cafile is not None else None)
    except (OSError, ssl.SSLError, ValueError) as error:
        raise UsageError(f"the certificates in {cafile} cannot be read: {error}") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
