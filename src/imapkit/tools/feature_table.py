"""The table of supported RFCs, from the features themselves: for ``imapkit features`` and for the documents."""

from __future__ import annotations

from typing import Final

from ..features.catalogue import built_in, installed
from ..protocol.capability import Announce
from ..protocol.registry import Feature
from ..record import record
from ..sasl.registry import offered

_SITUATIONS: Final = (
    Announce(tls_available=True, mechanisms=offered(tls=True)),
    Announce(authenticated=True, append_limit=64 * 1024 * 1024),
)
"""Before and after login: together they bring out every word of CAPABILITY."""

_RFC: Final = "https://www.rfc-editor.org/rfc/rfc"


@record
class Row:
    """One feature, as people want to know it."""

    name: str
    spec: tuple[str, ...]
    summary: str
    capabilities: tuple[str, ...]
    commands: tuple[str, ...]
    rev2: bool
    """Part of IMAP4rev2 itself (RFC 9051 appendix E)."""


def rows(*, others: bool = False) -> list[Row]:
    """All features of the package, in the order of the catalogue; with ``others``, those of installed packages too."""
    features = (*built_in(), *installed()) if others else built_in()
    return [_row(feature) for feature in features]


def markdown() -> str:
    """The table for a document."""
    lines = ["| feature | specification | what it is | IMAP4rev2 |", "|---|---|---|---|"]
    for row in rows():
        summary = row.summary.replace("|", "\\|")
        lines.append(
            f"| `{row.name}` | {', '.join(map(_link, row.spec))} | {summary} | {'part of it' if row.rev2 else ''} |"
        )
    return "\n".join(lines)


def _row(feature: Feature) -> Row:
    return Row(
        feature.name,
        feature.spec,
        feature.summary,
        tuple(dict.fromkeys(word for announce in _SITUATIONS for word in feature.capabilities(announce))),
        tuple(entry.name.decode("ascii") for entry in feature.commands),
        bool(feature.rev2),
    )


def _link(document: str) -> str:
    word, _, number = document.partition(" ")
    return f"[{document}]({_RFC}{number})" if word == "RFC" and number.isdigit() else document
