"""``imapkit serve``: the mail server."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ...errors import UsageError
from ...server.config import Config, load
from .. import serving


def run(
    data: Annotated[Path | None, typer.Option(help="The directory with the mail and the users.")] = None,
    listen: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL",
            help="imap://HOST:PORT, imaps://HOST:PORT or unix:/PATH; may be repeated. Port 0: a free one.",
        ),
    ] = None,
    insecure_plaintext: Annotated[
        bool, typer.Option("--insecure-plaintext", help="Take passwords without TLS: on loopback, for tests.")
    ] = False,
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="Processes; without it one for each core.")
    ] = None,
    tls_name: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A host name in the certificate that the server makes itself; may be repeated.",
        ),
    ] = None,
    config: Annotated[Path | None, typer.Option(metavar="FILE", help="Settings, in TOML.")] = None,
    stdio: Annotated[
        bool, typer.Option("--stdio", help="One session on standard input and output, logged in as --user.")
    ] = False,
    user: Annotated[str | None, typer.Option(metavar="NAME", help="Whose session --stdio is.")] = None,
) -> int:
    """Serve mail until SIGTERM; prints a line for each listener once it accepts.

    SIGHUP reads the configuration and the certificate anew. Settings come from the command line, from environment variables
    IMAPKIT_…, and from the file that --config names, in this order.
    """
    if stdio != (user is not None):
        raise UsageError("--stdio and --user go together")
    if stdio and listen:
        raise UsageError("--stdio serves one session and listens nowhere: leave out --listen")
    given: dict[str, object] = {"data": data, "listen": listen or None, "workers": workers}
    given = {key: value for key, value in given.items() if value is not None}
    if tls_name:
        given["tls"] = {"names": tls_name}
    if insecure_plaintext:
        given["insecure_plaintext"] = True

    def read() -> Config:
        return load(config, given)

    serving.run(read(), read, user)
    return 0
