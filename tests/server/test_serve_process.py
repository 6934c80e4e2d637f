"""The real process: what it prints, how it ends, what it refuses, and the commands beside it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.support.imapkit_server import ImapkitServer, add_user, command, imapkit_server
from tests.support.process import free_port


class Talk:
    """A raw client over a socket."""

    def __init__(self, connected: socket.socket) -> None:
        connected.settimeout(15)
        self.socket = connected
        self.file = connected.makefile("rb")

    def line(self) -> bytes:
        return self.file.readline()

    def command(self, text: bytes) -> list[bytes]:
        self.socket.sendall(text + b"\r\n")
        tag = text.split(b" ")[0] + b" "
        lines = [self.line()]
        while not lines[-1].startswith(tag):
            assert lines[-1], lines
            lines.append(self.line())
        return lines

    def close(self) -> None:
        self.file.close()
        self.socket.close()


@contextlib.contextmanager
def talk(server: ImapkitServer, name: str = "ann") -> Iterator[Talk]:
    talking = Talk(socket.create_connection((server.host, server.port), timeout=15))
    try:
        assert talking.line().startswith(b"* OK ")
        if name:
            assert b"OK" in talking.command(f"in LOGIN {name} secret".encode())[-1]
        yield talking
    finally:
        talking.close()


def run(*arguments: str, stdin: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        command(*arguments),
        input=stdin,
        capture_output=True,
        timeout=30,
        env={**os.environ, **environment},
    )


def failure(done: subprocess.CompletedProcess[bytes], code: int) -> str:
    """The one line of complaint."""
    text = done.stderr.decode()
    assert done.returncode == code, text
    assert "Traceback" not in text
    lines = [line for line in text.splitlines() if line.startswith("imapkit: ")]
    assert len(lines) == 1, text
    return lines[0]


def test_a_session_and_sigterm(tmp_path: Path) -> None:
    with imapkit_server(tmp_path / "data", {"ann": "secret"}) as server, talk(server) as ann:
        lines = ann.command(b'a1 LIST "" *')
        assert [line.split(b'"')[-2] for line in lines if line.startswith(b"* LIST")] == [
            b"INBOX", b"Archive", b"Drafts", b"Junk", b"Sent", b"Trash",
        ]  # fmt: skip
        server.process.send_signal(signal.SIGTERM)
        assert ann.line().startswith(b"* BYE ")
        assert server.process.wait(10) == 0


def test_users_and_deliveries_beside_the_server(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with imapkit_server(data, {"ann": "secret"}) as server:
        add_user(data, "bob", "secret")
        with talk(server, "bob") as bob:
            bob.command(b"a1 SELECT INBOX")
            bob.socket.sendall(b"a2 IDLE\r\n")
            assert bob.line().startswith(b"+ ")
            done = run("deliver", "bob", "--data", str(data), stdin=b"Subject: one\n\nhello\n")
            assert done.returncode == 0, done.stderr
            assert bob.line() == b"* 1 EXISTS\r\n"
            bob.socket.sendall(b"DONE\r\n")
            while not bob.line().startswith(b"a2 OK"):
                pass
            lines = bob.command(b"a3 FETCH 1 (RFC822.SIZE BODY.PEEK[])")
            whole = b"Subject: one\r\n\r\nhello\r\n"
            assert whole in b"".join(lines) and b"RFC822.SIZE %d" % len(whole) in lines[0]
        names = [
            json.loads(line)["name"]
            for line in run("user", "list", "--data", str(data), "--json").stdout.splitlines()
        ]
        assert names == ["ann", "bob"]
        assert (
            run("user", "passwd", "bob", "--data", str(data), "--password-stdin", stdin=b"other\n").returncode
            == 0
        )
        with talk(server, "") as bob:
            assert b"NO [AUTHENTICATIONFAILED]" in bob.command(b"a1 LOGIN bob secret")[-1]
            assert b"OK" in bob.command(b"a2 LOGIN bob other")[-1]
        with talk(server, "") as bob:
            assert b"OK" in bob.command(b"a1 LOGIN bob other")[-1]
            assert run("user", "disable", "bob", "--data", str(data)).returncode == 0
            assert bob.line().startswith(b"* BYE [CONTACTADMIN] ") and bob.line() == b""
        with talk(server, "") as bob:
            assert b"NO [AUTHENTICATIONFAILED]" in bob.command(b"a1 LOGIN bob other")[-1]
            assert run("user", "enable", "bob", "--data", str(data)).returncode == 0
            assert b"OK" in bob.command(b"a2 LOGIN bob other")[-1]
            assert b"* 1 EXISTS\r\n" in bob.command(b"a3 SELECT INBOX")
            assert run("user", "delete", "bob", "--data", str(data)).returncode == 0
            assert bob.line().startswith(b"* BYE [CONTACTADMIN] ") and bob.line() == b""
        with talk(server, "") as bob:
            assert b"NO [AUTHENTICATIONFAILED]" in bob.command(b"a1 LOGIN bob other")[-1]


def test_scram_is_offered_once_somebody_has_keys(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with imapkit_server(data, {"ann": "secret"}) as server:
        with talk(server, "") as talking:
            assert b"SCRAM" not in b"".join(talking.command(b"a1 CAPABILITY"))
        done = run(
            "user", "passwd", "ann", "--data", str(data), "--password-stdin", "--scram", stdin=b"secret\n"
        )
        assert done.returncode == 0
        with talk(server, "") as talking:
            assert b"AUTH=SCRAM-SHA-256" in b"".join(talking.command(b"a1 CAPABILITY"))


def test_all_kinds_of_listeners(tmp_path: Path) -> None:
    path = tmp_path / "imap.sock"
    arguments = [
        "--listen",
        "imap://127.0.0.1:0",
        "--listen",
        "imaps://127.0.0.1:0",
        "--listen",
        f"unix:{path}",
    ]
    data = tmp_path / "data"
    add_user(data, "ann", "secret")
    with subprocess.Popen(
        command("serve", "--data", str(data), *arguments),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None and process.stderr is not None
        try:
            lines = [process.stdout.readline().strip() for _ in arguments[::2]]
            assert [line.rpartition(":")[0] for line in lines] == [
                "listening imap://127.0.0.1", "listening imaps://127.0.0.1", "listening unix",
            ]  # fmt: skip
            ports = [int(line.rpartition(":")[2]) for line in lines[:2]]
            check_three_ways_in(ports[0], ports[1], path)
        finally:
            process.terminate()
            assert process.wait(10) == 0
        assert "self-signed" in process.stderr.read()
    assert not path.exists()


def check_three_ways_in(plain: int, secure: int, path: Path) -> None:
    """Plain refuses passwords; TLS and the unix socket take them."""
    with contextlib.closing(Talk(socket.create_connection(("127.0.0.1", plain)))) as talking:
        assert b"LOGINDISABLED" in talking.line()
        assert b"NO [PRIVACYREQUIRED]" in talking.command(b"a1 LOGIN ann secret")[-1]
    context = ssl.create_default_context(cadata=ssl.get_server_certificate(("127.0.0.1", secure), timeout=10))
    raw = socket.create_connection(("127.0.0.1", secure))
    with contextlib.closing(Talk(context.wrap_socket(raw, server_hostname="localhost"))) as talking:
        assert talking.line().startswith(b"* OK")
        assert b"OK" in talking.command(b"a1 LOGIN ann secret")[-1]
    local = socket.socket(socket.AF_UNIX)
    local.connect(str(path))
    with contextlib.closing(Talk(local)) as talking:
        assert b"LOGINDISABLED" not in talking.line()
        assert b"OK" in talking.command(b"a1 LOGIN ann secret")[-1]


def test_stdio_is_logged_in_already(tmp_path: Path) -> None:
    data = tmp_path / "data"
    add_user(data, "ann", "secret")
    done = run(
        "serve", "--data", str(data), "--stdio", "--user", "ann", stdin=b"a1 SELECT INBOX\na2 LOGOUT\n"
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith(b"* PREAUTH ") and lines[-1] == b"a2 OK LOGOUT completed"
    assert b"a1 OK [READ-WRITE] SELECT completed" in lines
    assert "no user 'bob'" in failure(run("serve", "--data", str(data), "--stdio", "--user", "bob"), 1)


def test_stdio_ends_with_its_input(tmp_path: Path) -> None:
    data = tmp_path / "data"
    add_user(data, "ann", "secret")
    done = run("serve", "--data", str(data), "--stdio", "--user", "ann", stdin=b"a1 NOOP\n")
    assert done.returncode == 0 and done.stdout.endswith(b"a1 OK NOOP completed\r\n")


def test_what_cannot_be_served(tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    assert "give --data" in failure(run("serve", "--listen", "imap://127.0.0.1:0"), 2)
    assert "nothing to listen on" in failure(run("serve", "--data", data), 2)
    for wrong in (
        "imap://127.0.0.1:99999",
        "imap://",
        "http://127.0.0.1:1",
        "127.0.0.1:143",
        "unix:",
        "imap://h:1/x",
    ):
        assert wrong in failure(run("serve", "--data", data, "--listen", wrong), 2)
    one = ("serve", "--data", data, "--listen", "imap://127.0.0.1:0")
    for environment in ({}, {"IMAPKIT_WORKERS": "2"}):
        assert "imapkit: workers: " in failure(run(*one, "--workers", "0", **environment), 2)
    assert "go together" in failure(run(*one, "--stdio"), 2)
    assert "--nonsense" in failure(run(*one, "--nonsense"), 2)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"imap://127.0.0.1:{taken.getsockname()[1]}"
        line = failure(run("serve", "--data", data, "--listen", url), 1)
        assert url in line and "in use" in line


def test_what_configurations_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "imapkit.toml"

    def complaint(text: str, **environment: str) -> str:
        file.write_text(text)
        return failure(run("serve", "--config", str(file), **environment), 2)

    assert f"{file}: nonsense: there is no such setting" in complaint("nonsense = 1")
    assert f"{file}: limits.sesions: there is no such setting" in complaint("[limits]\nsesions = 1")
    assert f"{file}: timeouts.idle_seconds: " in complaint("[timeouts]\nidle_seconds = 60")
    assert f"{file}: " in complaint("= 1")
    assert f"{file}: tls: certificate and key come together" in complaint("[tls]\nkey = 'x'")
    assert "IMAPKIT_LIMITS__SESSIONS" in complaint("", IMAPKIT_LIMITS__SESSIONS="many")
    assert "No such file" in failure(run("serve", "--config", str(tmp_path / "none.toml")), 2)


def test_settings_from_file_environment_and_command_line(tmp_path: Path) -> None:
    file = tmp_path / "imapkit.toml"
    file.write_text("insecure_plaintext = false\n[limits]\nmessage_octets = 1000\nsessions_per_user = 1\n")
    # Sessions are counted in each worker.
    one = ("--workers", "1")
    arguments = ("--listen", "imap://127.0.0.1:0", "--config", str(file), "--insecure-plaintext", *one)
    environment = {"IMAPKIT_LIMITS__MESSAGE_OCTETS": "2000"}
    with imapkit_server(
        tmp_path / "data", {"ann": "secret"}, arguments=arguments, environment=environment
    ) as server:
        with talk(server) as ann:
            assert b"APPENDLIMIT=2000" in b"".join(ann.command(b"a1 CAPABILITY"))
            with talk(server, "") as other:
                assert b"[LIMIT]" in other.command(b"a1 LOGIN ann secret")[-1]
        file.write_text("nonsense = 1\n")
        hang_up(server, "not reloaded")
        file.write_text("[limits]\nsessions_per_user = 5\n")
        hang_up(server, '"reloaded"')
        with talk(server), talk(server):
            pass


def hang_up(server: ImapkitServer, logged: str) -> None:
    server.process.send_signal(signal.SIGHUP)
    give_up = time.monotonic() + 10
    while logged not in server.log:
        assert time.monotonic() < give_up, server.log
        time.sleep(0.02)


def test_what_users_and_deliveries_are_refused(tmp_path: Path) -> None:
    data = str(tmp_path / "data")
    on = ("--data", data)
    assert "no data directory" in failure(run("user", "list", *on), 2)
    assert "no data directory" in failure(run("deliver", "ann", *on, stdin=b"x"), 2)
    add_user(Path(data), "ann", "secret")
    stdin = ("--password-stdin",)
    assert "exists already" in failure(run("user", "add", "ann", *on, *stdin, stdin=b"x\n"), 1)
    assert "no user 'bob'" in failure(run("user", "passwd", "bob", *on, *stdin, stdin=b"x\n"), 1)
    assert "no user 'bob'" in failure(run("user", "delete", "bob", *on), 1)
    assert "space" in failure(run("user", "add", "a b", *on, *stdin, stdin=b"x\n"), 2)
    assert "no password" in failure(run("user", "add", "bob", *on, *stdin), 2)
    assert "--password-stdin" in failure(run("user", "add", "bob", *on), 2)
    assert "no user 'bob'" in failure(run("deliver", "bob", *on, stdin=b"x"), 1)
    assert "empty" in failure(run("deliver", "ann", *on), 2)
    assert "no mailbox 'x'" in failure(run("deliver", "ann", *on, "--mailbox", "x", stdin=b"x"), 2)


def test_a_free_port_is_taken_as_given(tmp_path: Path) -> None:
    port = free_port()
    arguments = ("--listen", f"imap://127.0.0.1:{port}")
    with imapkit_server(tmp_path / "data", {}, arguments=arguments) as server:
        assert server.port == port
