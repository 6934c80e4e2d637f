"""Which extra of the package brings a module that is missing: the mend in the messages of the commands and of ``imapkit.Server``.

The rule this file must not break: it imports only the standard library, since it speaks when other modules cannot be loaded.
"""

from __future__ import annotations

from typing import Final

EXTRAS: Final = {
    "cli": ("typer", "rich"),
    "server": (
        "apsw",
        "numpy",
        "argon2",
        "pydantic",
        "pydantic_settings",
        "structlog",
        "zstandard",
        "cryptography",
    ),
}
"""Names of modules, by the extra of pyproject.toml that installs them."""


def mend(error: ModuleNotFoundError) -> str | None:
    """One line that says what to install; None for a module that none of our extras has."""
    missing = (error.name or "").partition(".")[0]
    for extra, modules in EXTRAS.items():
        if missing in modules:
            return f"this needs the package {missing}: pip install 'imapkit[{extra}]', or 'imapkit[all]'"
    return None
