"""The command line: ``imapkit VERB …`` (the contract stands in docs/commands.md).

One file a verb, loaded when the verb is asked for. A verb's module has a function ``run`` whose signature declares its options (typer),
or ``app``, a ``typer.Typer``, where the verb has verbs of its own; either may return the exit code.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from ..extras import mend

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit code: 0 done, 1 failed, 2 wrong usage."""
    try:
        from .app import execute
    except ModuleNotFoundError as error:
        line = mend(error)
        if line is None:
            raise
        print(f"imapkit: {line}", file=sys.stderr)
        return 1
    return execute(sys.argv[1:] if arguments is None else list(arguments))
