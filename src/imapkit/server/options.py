"""What can be set on a server, as plain records with their defaults. The configuration file (``config``) has the same names.

Durations are in seconds and sizes in octets, and say so in their names. This file imports nothing that takes time to load.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from ..ports.session import ServerSettings
from ..protocol.registry import Registry
from ..wire.limits import BEFORE_LOGIN, SERVER, Limits


@dataclass(frozen=True, kw_only=True)
class Timeouts:
    """How long the server waits."""

    login_seconds: float = 60.0
    """For the login, whatever is sent before it."""
    idle_seconds: float = 1800.0
    """For the next command, after login: at least 30 minutes (RFC 9051 section 5.4). IDLE has no limit of its own."""
    literal_seconds: float = 300.0
    """For the next octets in the middle of a command, after login."""
    write_seconds: float = 300.0
    """For the peer to take anything of what is sent."""
    tls_handshake_seconds: float = 30.0
    drain_seconds: float = 10.0
    """For commands that run when the server is told to stop."""
    slow_command_seconds: float = 0.5
    """A command that keeps all others of its worker waiting for this long, in one piece, is logged."""
    worker_late_seconds: float = 5.0
    """A worker that gives no sign of life for this long is logged."""
    worker_hangs_seconds: float = 60.0
    """One that gives none for this long is killed, and another takes its place."""


@dataclass(frozen=True, kw_only=True)
class SessionLimits:
    """How much the server takes on."""

    message_octets: int = 64 * 1024 * 1024
    """The largest message that APPEND takes."""
    line_octets: int = SERVER.line
    spool_above_octets: int = SERVER.literal_in_memory
    """A literal above this goes to a file."""
    pending_octets: int = 64 * 1024
    """Pipelined input that is read before its turn."""
    output_octets: int = 256 * 1024
    """Output that waits for a slow reader."""
    sessions: int = 10_000
    sessions_per_address: int = 2_000
    sessions_per_user: int = 1_500
    bad_commands_before_login: int = 20
    """Malformed commands in a row."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """One server."""

    registry: Registry
    insecure_plaintext: bool = False
    """Take passwords without TLS."""
    timeouts: Timeouts = field(default_factory=Timeouts)
    limits: SessionLimits = field(default_factory=SessionLimits)
    identity: tuple[tuple[str, str], ...] = (("name", "imapkit"),)
    literal_minus: bool = False
    """Announce LITERAL- in place of LITERAL+."""

    # One of each for all sessions.

    @cached_property
    def settings(self) -> ServerSettings:
        """As feature handlers see them."""
        return ServerSettings(append_limit=self.limits.message_octets, identity=self.identity)

    def before_login(self) -> Limits:
        """Limits on the input of somebody who is not known yet."""
        return BEFORE_LOGIN

    @cached_property
    def after_login(self) -> Limits:
        limits = self.limits
        return Limits(
            line=limits.line_octets,
            literal=limits.message_octets,
            literal_unasked=4096 if self.literal_minus else limits.message_octets,
            literal_in_memory=limits.spool_above_octets,
            frame=limits.message_octets + 4 * 1024 * 1024,
        )
