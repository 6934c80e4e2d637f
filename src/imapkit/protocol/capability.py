"""What decides which capabilities a server announces (RFC 9051 section 6.1.1)."""

from __future__ import annotations

from ..record import value


@value
class Announce:
    """A session's situation, as far as CAPABILITY depends on it."""

    authenticated: bool = False
    tls: bool = False
    tls_available: bool = False
    """STARTTLS could be done now or could have been."""
    plaintext_login: bool = False
    """Passwords may travel without TLS."""
    mechanisms: tuple[str, ...] = ()
    """SASL mechanisms that can be used now."""
    append_limit: int | None = None
    """The largest message, in octets (RFC 7889)."""
    rev1: bool = True
    rev2: bool = True
    """Which base protocols the server speaks."""
    literal_minus: bool = False
    """Announce LITERAL- instead of LITERAL+."""
    compressed: bool = False
    """COMPRESS is on already."""
