"""``imapkit features``: the RFC table, from the features themselves."""

from __future__ import annotations

from typing import Annotated

import typer

from .. import words
from ..feature_table import rows
from ..plain import record_fields
from ..table import print_table


def run(
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line, with the commands.")
    ] = False,
) -> None:
    """List what this version supports: each feature with its specification and its words of CAPABILITY."""
    found = rows(others=True)
    if as_json:
        for row in found:
            fields = record_fields(row)
            del fields["type"]
            words.print_json(fields)
        return
    print_table(
        ("feature", "specification", "capabilities", "what it is"),
        ((row.name, ", ".join(row.spec), " ".join(row.capabilities), row.summary) for row in found),
    )
