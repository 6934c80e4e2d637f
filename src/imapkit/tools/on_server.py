"""The options that every command on a server has, written once: ``@on_server`` adds them to a verb's own.

@on_server
def run(access: Access, pattern: ... = "*") -> int: ...
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final, get_type_hints

import typer

from .location import PASSWORD, Access

Verb = Callable[..., "int | None"]

_URL: Final = Annotated[
    str,
    typer.Argument(metavar="URL", help="imaps://NAME@HOST[:PORT][/MAILBOX], or imap://… (TLS by STARTTLS)."),
]
_OPTIONS: Final[tuple[tuple[str, Any, object], ...]] = (
    (
        "user",
        Annotated[str | None, typer.Option(metavar="NAME", help="The user, in place of the URL's.")],
        None,
    ),
    (
        "password_stdin",
        Annotated[
            bool,
            typer.Option(
                "--password-stdin",
                help=f"The password is the first line of standard input. Else it comes from {PASSWORD}, a keyring or the terminal.",
            ),
        ],
        False,
    ),
    (
        "cafile",
        Annotated[Path | None, typer.Option(metavar="FILE", help="Certificates to trust (PEM).")],
        None,
    ),
    (
        "fingerprint",
        Annotated[
            str | None, typer.Option(metavar="SHA256", help="The server's certificate, trusted alone.")
        ],
        None,
    ),
    (
        "insecure_plaintext",
        Annotated[
            bool, typer.Option("--insecure-plaintext", help="Send the password without TLS if need be.")
        ],
        False,
    ),
    (
        "timeout",
        Annotated[float, typer.Option(metavar="SECONDS", help="Silence after which to give up.")],
        60.0,
    ),
)


def on_server(run: Verb) -> Verb:
    """``run`` takes an Access first; the command takes a URL there, and the options of the connection behind its own."""
    own = list(inspect.signature(run).parameters.values())[1:]
    hints = get_type_hints(run, include_extras=True)

    @functools.wraps(run)
    def command(**given: Any) -> int | None:
        names = ["url", *(name for name, _, _ in _OPTIONS)]
        access = Access(**{name: given.pop(name) for name in names})
        return run(access, **given)

    kind = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter("url", kind, annotation=_URL)]
    parameters += [one.replace(annotation=hints[one.name], kind=kind) for one in own]
    parameters += [
        inspect.Parameter(name, kind, annotation=annotation, default=default)
        for name, annotation, default in _OPTIONS
    ]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {one.name: one.annotation for one in parameters}
    del command.__wrapped__
    return command


Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
AnySize = Annotated[
    bool,
    typer.Option("--any-size", help="Believe what comes, not the size that the server announced for it."),
]
Uids = Annotated[str, typer.Argument(metavar="UIDS", help="UIDs like 5 or 1:7,9 or 12:*; or `all`.")]
