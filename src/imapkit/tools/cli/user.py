"""``imapkit user``: the users of a server, also while it runs."""

from __future__ import annotations

import asyncio
import getpass
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from ...errors import UsageError
from ...ports.directory import user_name
from ...server.auth import make_user
from ...server.auth.hashing import hash_password
from .. import accounts, words
from ..data import open_data

app = typer.Typer(
    add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None, help="The users of a server."
)

Name = Annotated[str, typer.Argument(metavar="NAME")]
DataDir = Annotated[Path, typer.Option("--data", envvar="IMAPKIT_DATA", help="The server's data directory.")]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from the first line of standard input.")
]
Scram = Annotated[
    bool, typer.Option("--scram", help="Keep SCRAM keys too; they are easier to attack than the hash alone.")
]


@app.command()
def add(name: Name, data: DataDir, password_stdin: PasswordStdin = False, scram: Scram = False) -> int:
    """Add a user, with INBOX, Drafts, Sent, Trash, Junk and Archive."""
    user_name(name)
    password = _password(password_stdin)

    async def work() -> None:
        async with open_data(data, make=True) as opened:
            await accounts.add_user(opened.store, opened.directory, make_user(name, password, scram))

    asyncio.run(work())
    return 0


@app.command()
def passwd(name: Name, data: DataDir, password_stdin: PasswordStdin = False, scram: Scram = False) -> int:
    """Change a user's password."""
    password = _password(password_stdin)

    async def work() -> None:
        async with open_data(data) as opened:
            accounts.need_user(opened.directory, name)
            opened.directory.set_password(name, *hash_password(password, scram))

    asyncio.run(work())
    return 0


@app.command("list")
def list_users(
    data: DataDir, as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False
) -> int:
    """List the users."""

    async def work() -> None:
        async with open_data(data) as opened:
            for row in opened.directory.list():
                created = datetime.fromtimestamp(row.created, UTC).isoformat().replace("+00:00", "Z")
                if as_json:
                    words.print_json(
                        {
                            "name": row.name,
                            "account": row.account,
                            "scram": row.scram is not None,
                            "disabled": row.disabled,
                            "created": created,
                        }
                    )
                else:
                    print(words.one_line(row.name) + (" (disabled)" if row.disabled else ""))

    asyncio.run(work())
    return 0


@app.command()
def disable(name: Name, data: DataDir) -> int:
    """Refuse a user's logins and end the open sessions; the mail stays."""

    async def work() -> None:
        async with open_data(data) as opened:
            await accounts.disable_user(opened.store, opened.directory, name)

    asyncio.run(work())
    return 0


@app.command()
def enable(name: Name, data: DataDir) -> int:
    """Allow a disabled user's logins again."""

    async def work() -> None:
        async with open_data(data) as opened:
            opened.directory.disable(name, False)

    asyncio.run(work())
    return 0


@app.command()
def delete(name: Name, data: DataDir) -> int:
    """Delete a user and all of the user's mail; open sessions end."""

    async def work() -> None:
        async with open_data(data) as opened:
            await accounts.delete_user(opened.store, opened.directory, name)

    asyncio.run(work())
    return 0


def _password(from_stdin: bool) -> str:
    """From standard input, or typed twice at a terminal."""
    if from_stdin:
        password = sys.stdin.buffer.readline().rstrip(b"\r\n")
        if not password:
            raise UsageError("standard input holds no password")
        try:
            return password.decode("utf-8")
        except UnicodeDecodeError as error:
            raise UsageError("the password on standard input is not UTF-8") from error
    if not sys.stdin.isatty():
        raise UsageError("give --password-stdin, and the password on standard input")
    password_text = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != password_text:
        raise UsageError("the two passwords differ")
    if not password_text:
        raise UsageError("the password is empty")
    return password_text
