"""``imapkit demo`` as people run it."""

from __future__ import annotations

import imaplib
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from imapkit.tools import demo_mail, demo_server

COMMAND = [sys.executable, "-m", "imapkit", "demo"]


def test_the_tour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    done = subprocess.run(COMMAND, capture_output=True, text=True, timeout=50)
    assert (done.returncode, done.stderr) == (0, "")
    out = done.stdout
    assert f"{len(demo_mail.CATALOGUE)} messages" in out
    assert re.findall(r"^(\d+)\. ", out, re.MULTILINE) == [str(number) for number in range(1, 11)]
    for told in (
        *demo_mail.MAILBOXES,
        "Grüße aus Überlingen",
        "application/pdf",
        "$Sky",
        "moved",
        "Look up!",
    ):
        assert told in out
    assert "\x1b" not in out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_keep_serves_until_it_is_told_to_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    log = tmp_path / "out"
    with (
        log.open("wb") as out,
        subprocess.Popen([*COMMAND, "--keep", "--tls-name", "mail.example.com"], stdout=out) as process,
    ):
        deadline = time.monotonic() + 40
        while "Serving until" not in log.read_text() and time.monotonic() < deadline:
            time.sleep(0.1)
        assert "Serving until" in log.read_text()
        port = re.search(r"port +(\d+) without", log.read_text())
        assert port is not None
        with imaplib.IMAP4("127.0.0.1", int(port[1])) as client:
            client.login("ann", "secret")
            assert client.select("Archive")[0] == "OK"
        told = log.read_text()
        tls = re.search(r"openssl s_client -quiet -crlf -connect 127.0.0.1:(\d+) -CAfile (\S+)", told)
        assert tls is not None and "a2 SELECT INBOX" in told
        context = ssl.create_default_context(cafile=tls[2])
        with (
            socket.create_connection(("127.0.0.1", int(tls[1])), timeout=10) as plain,
            context.wrap_socket(plain, server_hostname="mail.example.com") as secure,
        ):
            assert secure.recv(100).startswith(b"* OK")
        process.send_signal(number)
        assert process.wait(20) == 0
    assert list(tmp_path.iterdir()) == [log]


def test_interrupted_in_the_middle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C at any moment: no traceback, nothing left behind."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert tempfile.gettempdir() is not None
    with subprocess.Popen(COMMAND, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        for line in process.stdout:
            if line.startswith("3."):
                break
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        assert "Traceback" not in process.stderr.read()
        process.wait(20)
    assert list(tmp_path.iterdir()) == []


def test_known_ports_are_taken_where_they_are_free() -> None:
    with socket.socket() as taken:
        taken.bind((demo_server.HOST, 0))
        taken.listen()
        assert demo_server.free_port(taken.getsockname()[1]) == 0
    with socket.socket() as free:
        free.bind((demo_server.HOST, 0))
        port = free.getsockname()[1]
    assert demo_server.free_port(port) == port


def test_what_is_no_host_name_is_one_line() -> None:
    done = subprocess.run([*COMMAND, "--tls-name", "a b"], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "imapkit: a certificate is for host names like mail.example.com, not 'a b'\n"
