"""From arguments to a verb's module, and from any failure to one line with the mend and an exit code.

The rule this file must not break: nobody ever sees a traceback, unless they set IMAPKIT_TRACEBACK=1.
"""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Callable
from difflib import get_close_matches
from importlib import import_module, metadata
from types import ModuleType
from typing import Final

import typer

from ...errors import CommandBad, CommandFailed, ImapError, UsageError
from .. import extras, words

DONE: Final = 0
FAILED: Final = 1
WRONG_USAGE: Final = 2
INTERRUPTED: Final = 130
"""What a shell expects of a program that Ctrl-C ended."""

# Newer versions of typer carry their own click, older ones use the package: the public child leads to both.
_OPTION_ERROR: Final[type[Exception]] = typer.BadParameter.__mro__[1]

VERBS: Final[dict[str, tuple[str, str]]] = {
    "demo": ("demo", "A server with a sample account, and a tour of it by the client"),
    "serve": ("serve", "Serve mail"),
    "user": ("user", "Add, list and delete users, and change passwords"),
    "deliver": ("deliver", "Put one message from standard input into a user's mailbox"),
    "import": ("import_", "Put Maildirs, mbox files and .eml files into mailboxes"),
    "export": ("export", "Write mailboxes as Maildir, mbox or .eml files"),
    "undelete": ("undelete", "Bring expunged messages back"),
    "vacuum": ("vacuum", "Remove what was expunged long ago for good"),
    "reindex": ("reindex", "Make search indexes anew"),
    "fsck": ("fsck", "Check that accounts are whole"),
    "ls": ("ls", "List the mailboxes of an account"),
    "info": ("info", "Say what a mailbox holds"),
    "mkdir": ("mkdir", "Make a mailbox"),
    "rmdir": ("rmdir", "Delete a mailbox"),
    "rename": ("rename", "Give a mailbox another name"),
    "subscribe": ("subscribe", "Show a mailbox in mail programs"),
    "unsubscribe": ("unsubscribe", "Hide a mailbox in mail programs"),
    "summary": ("summary", "One line for each message: sender, date, subject, first words"),
    "search": ("search", "Find messages"),
    "show": ("show", "Show one message, a part of it, or its source"),
    "save": ("save", "Save messages or their attachments as files"),
    "append": ("append", "Put messages from files into a mailbox"),
    "cp": ("cp", "Copy messages to another mailbox"),
    "mv": ("mv", "Move messages to another mailbox"),
    "rm": ("rm", "Delete messages"),
    "flag": ("flag", "Set or take away flags"),
    "features": ("features", "The table of supported RFCs"),
    "parse": ("parse", "Decode raw wire bytes from standard input"),
}
"""Verb: (module, what it does), in the order of the help."""


def execute(arguments: list[str]) -> int:
    """Run one command line. Raises nothing."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(
            errors="backslashreplace"
        )  # a terminal that cannot show a letter is no failure
    try:
        code = _dispatch(arguments)
        sys.stdout.flush()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else DONE if end.code is None else FAILED
    except BaseException as error:  # the one place that turns whatever happened into a line
        return _failure(error)
    return code


def _dispatch(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("--help", "-h", "help"):
        _print_help()
        return DONE if arguments else WRONG_USAGE
    if arguments[0] in ("--version", "-V"):
        print(f"imapkit {metadata.version('imapkit')}")
        return DONE
    verb, rest = arguments[0], arguments[1:]
    if verb not in VERBS:
        return _no_such_verb(verb)
    app = _app(import_module(f"{__package__}.{VERBS[verb][0]}"))
    result = app(args=rest, prog_name=f"imapkit {verb}", standalone_mode=False)
    if result == INTERRUPTED:  # typer made Ctrl-C a code without a word
        words.complain("interrupted")
    return result if isinstance(result, int) else DONE


def _app(module: ModuleType) -> typer.Typer:
    found = getattr(module, "app", None)
    if isinstance(found, typer.Typer):
        return found
    run: Callable[..., int | None] = module.run
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
    app.command()(run)
    return app


def _no_such_verb(verb: str) -> int:
    near = get_close_matches(verb, VERBS, 1)
    mend = f"did you mean {near[0]}?" if near else "imapkit --help lists them"
    words.complain(f"there is no command {words.shown(verb)}: {mend}")
    return WRONG_USAGE


def _print_help() -> None:
    print(
        "Usage: imapkit COMMAND …\n\nIMAP at both ends: a server, a client and tools. imapkit COMMAND --help says more.\n"
    )
    width = max(map(len, VERBS))
    for verb, (_, summary) in VERBS.items():
        print(f"  {verb:<{width}}  {summary}")
    print("\n  --version    the version\n\nExit codes: 0 done, 1 failed, 2 wrong usage.")


def _failure(error: BaseException) -> int:
    if os.environ.get("IMAPKIT_TRACEBACK"):
        traceback.print_exception(error)
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        words.complain("interrupted")
        return INTERRUPTED
    if isinstance(error, BrokenPipeError):
        _drop_output()
        return FAILED
    if isinstance(error, _OPTION_ERROR):
        return _wrong_option(error)
    words.complain(explain(error))
    return WRONG_USAGE if isinstance(error, UsageError) else FAILED


def _wrong_option(error: Exception) -> int:
    message = str(getattr(error, "format_message", error.__str__)()).strip().rstrip(".")
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "imapkit"
    words.complain(f"{message[:1].lower()}{message[1:]} ({path} --help lists the options)")
    return WRONG_USAGE


def explain(error: BaseException) -> str:
    """One line for people: what failed, and what mends it where that is known."""
    if isinstance(error, BaseExceptionGroup):
        return explain(error.exceptions[0])
    if isinstance(error, ImapError):
        return words.one_line("; ".join([_said(error), *getattr(error, "__notes__", ())]))
    if isinstance(error, ModuleNotFoundError) and (line := extras.mend(error)):
        return line
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    kind = type(error).__name__
    return words.one_line(
        f"internal error, please report it: {kind}: {error} (IMAPKIT_TRACEBACK=1 shows where)"
    )


def _said(error: ImapError) -> str:
    """A refusal in the server's words: its code is for programs, but for what stands in one that nobody knows."""
    if not isinstance(error, CommandFailed) or not error.text:
        return str(error)
    text = f"{error.text} ({error.detail})" if error.detail else error.text
    return f"{error.command}: {text}" if isinstance(error, CommandBad) and error.command else text


def _drop_output() -> None:
    """The reader of our output is gone: Python's flush at exit must not complain about it."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(devnull, sys.stdout.fileno())
    finally:
        os.close(devnull)
