"""Subscriptions of mailboxes that get another name: the server keeps them by name (RFC 9051 section 6.3.7)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imapkit import Client


def follow(client: Client, subscribed: Iterable[str], old: str, new: str, delimiter: str | None) -> None:
    """Subscribe to the new names of those that had ``old`` or stood below it, and unsubscribe from the old ones."""
    for name in subscribed:
        below = delimiter is not None and name.startswith(old + delimiter)
        if name == old or below:
            client.subscribe(new + name[len(old) :])
            client.unsubscribe(name)
