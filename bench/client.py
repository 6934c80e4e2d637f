"""The client libraries, each in a process of its own against the same server: CPU time of the client alone."""

from __future__ import annotations

from dataclasses import dataclass

from bench.bed import Sizes
from bench.servers import Server


@dataclass(frozen=True, slots=True)
class ClientLine:
    """What one client needed for one job."""

    job: str
    client: str
    micros: float | None
    note: str


def run_clients(server: Server, sizes: Sizes) -> list[ClientLine]:
    """All jobs by all clients."""
    return []
