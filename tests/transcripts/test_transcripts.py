"""Sessions after those that the RFCs print: our server says its part, and both ends can read what the other one said.

A file with the note ``play: no`` holds lines as an RFC prints them, for reading alone; ``utf8: yes`` says that the session has names in
UTF-8.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from imapkit.errors import ParseError
from imapkit.protocol.command import read_command
from imapkit.protocol.response import BrokenResponse, UnknownResponse
from imapkit.protocol.status import Kind, Status
from imapkit.stores.directory.memory import MemoryDirectory
from imapkit.stores.sqlite import SqliteStore
from imapkit.testing.transcript import Said, Transcript
from imapkit.tools.embed import Server, in_thread, quick_hasher
from imapkit.wire.frame import whole_frames
from imapkit.wire.limits import SERVER
from tests.support.vectors import command_octets, grammar, responses_of

from .files import FILES, features, load

USERS = {"ann": "secret", "bob": "secret"}
PLAYED = [path for path in FILES if load(path).notes.get("play") != "no"]
PRINTED = [path for path in FILES if path not in PLAYED]
TOO_LARGE = b"{999999999"
"""The size that transcripts use for a literal over the limit."""
WAITING = re.compile(rb"\{\d+\}\r\n$")


def _name(path: Path) -> str:
    return path.stem


@pytest.fixture(params=["memory", "sqlite"])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Server:
    """A server that has not begun."""
    if request.param == "memory":
        return Server.memory(USERS)
    return Server(SqliteStore(tmp_path / "data"), MemoryDirectory(), users=USERS, hasher=quick_hasher())


@pytest.mark.parametrize("path", PLAYED, ids=_name)
def test_both_ends(path: Path, made: Server) -> None:
    """Our server keeps to the transcript; then its octets are read as a client reads them, and the client's as a server does."""
    transcript = load(path)
    with in_thread(made) as server:
        said = transcript.play_against_server(server.host, server.port)
    utf8 = transcript.notes.get("utf8") == "yes"
    for connection, octets in said.items():
        check_responses(octets.server, utf8=utf8)
        check_commands(transcript, connection, octets, utf8=utf8)


@pytest.mark.parametrize("path", PRINTED, ids=_name)
def test_what_rfcs_print_is_read(path: Path) -> None:
    transcript = load(path)
    server = "".join(f"{line.text}\r\n" for line in transcript.lines if not line.client)
    client = "".join(f"{line.text}\r\n" for line in transcript.lines if line.client)
    utf8 = transcript.notes.get("utf8") == "yes"
    check_responses(server.encode(), utf8=utf8)
    check_commands(transcript, "", Said(client.encode(), server.encode()), utf8=utf8)


def check_responses(data: bytes, *, utf8: bool) -> None:
    """All of them are records of a feature."""
    for response in responses_of(data, utf8=utf8):
        assert not isinstance(response, UnknownResponse | BrokenResponse), response


def check_commands(transcript: Transcript, connection: str, said: Said, *, utf8: bool) -> None:
    """Those that were not refused as BAD are read, and what our client writes for them means the same."""
    for octets in commands(transcript, connection, said):
        for frame in whole_frames(octets, SERVER):
            read = read_command(frame, grammar(), utf8=utf8)
            again = b"A1 " + command_octets(read.command, utf8=utf8) + b"\r\n"
            (other,) = whole_frames(again, SERVER)
            assert read_command(other, grammar(), utf8=utf8).command == read.command


def commands(transcript: Transcript, connection: str, said: Said) -> Iterator[bytes]:
    """The octets of each command; without answers to a ``+`` that asks for something else than a literal."""
    sent = iter(said.client.split(b"\r\n"))
    bad = bad_tags(said.server)
    command = b""
    answering = False
    for line in transcript.lines:
        text = line.text or ""
        if line.connection != connection:
            continue
        if line.client:
            octets = next(sent) + b"\r\n"
            command += b"" if answering else octets
        elif text.startswith("+") and WAITING.search(command):
            continue
        else:
            answering = text.startswith("+") or (answering and text.startswith("*"))
            if command.strip() and TOO_LARGE not in command and command.split()[0] not in bad:
                yield command
            command = b""
    if command:
        yield command


def bad_tags(data: bytes) -> set[bytes]:
    """Tags of commands that the server could not or would not read; a lone + is no tag."""
    statuses = [response for response in responses_of(data) if isinstance(response, Status)]
    return {b"+"} | {status.tag.encode() for status in statuses if status.tag and status.kind is Kind.BAD}


def test_every_transcript_says_what_it_shows() -> None:
    assert len(FILES) > 20
    for path in FILES:
        assert features(load(path)), path
        assert re.match(r"# RFC \d+", path.read_text(encoding="utf-8")), f"{path} does not cite its RFC"


def test_a_broken_line_would_be_noticed() -> None:
    with pytest.raises(AssertionError):
        check_responses(b"* 1 FETCH FLAGS\r\n", utf8=False)
    with pytest.raises(ParseError):
        check_responses(b"nonsense\r\n", utf8=False)
