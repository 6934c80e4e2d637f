"""Several workers: who serves, what wakes whom, what survives the death of one, and how all end."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from imapkit.server import tls
from imapkit.server.cores import cores
from tests.support.imapkit_server import ImapkitServer, imapkit_server

from .crew import append, crew, eventually, owner, session, workers
from .test_serve_process import Talk, failure, run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def test_one_worker_for_each_core_unless_told(tmp_path: Path) -> None:
    if "IMAPKIT_WORKERS" in os.environ:
        pytest.skip("IMAPKIT_WORKERS is set")
    own = subprocess.Popen(
        [sys.executable, "-m", "imapkit", "serve", "--data", str(tmp_path / "data"), "--listen", "imap://127.0.0.1:0"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    with own:
        assert own.stdout is not None
        assert own.stdout.readline().startswith("listening imap://127.0.0.1:")
        server = ImapkitServer("", 0, tmp_path, own, tmp_path)
        assert len(workers(server)) == (cores() if cores() > 1 else 0)
        own.terminate()
        assert own.wait(10) == 0
    with crew(tmp_path / "one", count=1) as server:
        assert workers(server) == []


def test_every_worker_gets_connections_and_serves_every_account(tmp_path: Path) -> None:
    with crew(tmp_path / "data", count=3) as server:
        pids = workers(server)
        assert len(pids) == 3
        for number, pid in enumerate(pids):
            with session(server, at=pid) as ann:
                assert append(ann, "a1", f"from {number}").startswith(b"a1 OK")
                assert b"* %d EXISTS\r\n" % (number + 1) in ann.command(b"a2 SELECT INBOX")


def wait_for(idler: Talk, wanted: bytes) -> None:
    """Among other news, such as RECENT."""
    while (line := idler.line()) != wanted:
        assert line.startswith(b"* "), line


def test_a_change_in_one_worker_wakes_idle_in_another(tmp_path: Path) -> None:
    with (
        crew(tmp_path / "data") as server,
        session(server) as writer,
        session(server, apart_from=owner(server, writer.socket)) as idler,
    ):
        idler.command(b"a1 SELECT INBOX")
        idler.socket.sendall(b"a2 IDLE\r\n")
        assert idler.line().startswith(b"+ ")
        waits = []
        for number in range(1, 21):
            before = time.monotonic()
            assert append(writer, f"w{number}", str(number)).startswith(f"w{number} OK".encode())
            wait_for(idler, b"* %d EXISTS\r\n" % number)
            waits.append(time.monotonic() - before)
        # An account is looked at every 10 s anyway: this was no look but a hint.
        assert sorted(waits)[10] < 0.25, waits
        assert max(waits) < 5, waits


def test_a_flood_of_changes_loses_no_last_wake_up(tmp_path: Path) -> None:
    """The hints of one account may fill the queue in which another's only hint should lie."""
    with (
        crew(tmp_path / "data") as server,
        session(server) as writer,
        session(server, apart_from=owner(server, writer.socket)) as idler,
    ):
        idler.command(b"a1 SELECT INBOX")
        idler.socket.sendall(b"a2 IDLE\r\n")
        assert idler.line().startswith(b"+ ")
        count = 300
        body = b"Subject: x\r\n\r\nhello\r\n"
        one = b"w APPEND INBOX {%d+}\r\n%s\r\n" % (len(body), body)
        writer.socket.sendall(one * count)
        for _ in range(count):
            assert writer.line().startswith(b"w OK")
        ended = time.monotonic()
        wait_for(idler, b"* %d EXISTS\r\n" % count)
        assert time.monotonic() - ended < 5


def secure_port(server: ImapkitServer, port: int) -> ssl.SSLContext:
    pem = ssl.get_server_certificate((server.host, port), timeout=10)
    context = ssl.create_default_context(cadata=pem)
    context.check_hostname = False
    return context


def handshake(
    context: ssl.SSLContext, server: ImapkitServer, port: int, resume: ssl.SSLSession | None
) -> tuple[int, bool, ssl.SSLSession | None]:
    """Who served, whether the session was resumed, and the session."""
    raw = socket.create_connection((server.host, port), timeout=15)
    with context.wrap_socket(raw, server_hostname="localhost", session=resume) as secure:
        # A ticket comes with the first octets.
        assert secure.recv(4) == b"* OK"
        return owner(server, secure), bool(secure.session_reused), secure.session


def test_workers_resume_each_others_tls_sessions(tmp_path: Path) -> None:
    port_line = ("--listen", "imaps://127.0.0.1:0")
    with crew(tmp_path / "data", *port_line) as server:
        port = listening_port(server, 2)
        context = secure_port(server, port)
        first, reused, ticket = handshake(context, server, port, None)
        assert not reused
        for _ in range(50):
            other, reused, _ = handshake(context, server, port, ticket)
            assert reused
            if other != first:
                break
        assert other != first
        os.kill(other, signal.SIGKILL)
        eventually(lambda: len(set(workers(server)) - {other}) == 2, "another worker")
        new = (set(workers(server)) - {first}).pop()
        for _ in range(50):
            other, reused, _ = handshake(context, server, port, ticket)
            assert reused
            if other == new:
                break
        assert other == new


def listening_port(server: ImapkitServer, number: int) -> int:
    """The port of the server's nth listening socket, in the order they were opened."""
    inodes = [
        os.readlink(link.path)[8:-1]
        for link in sorted(os.scandir(f"/proc/{server.process.pid}/fd"), key=lambda one: int(one.name))
        if os.readlink(link.path).startswith("socket:")
    ]
    bound = {}
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        bound[fields[9]] = int(fields[1].rpartition(":")[2], 16)
    ports = list(dict.fromkeys(bound[inode] for inode in inodes if inode in bound))
    return ports[number - 1]


def test_reload_reaches_all_workers_and_those_that_come(tmp_path: Path) -> None:
    made, _ = tls.self_signed(tmp_path / "one")
    config = tmp_path / "imapkit.toml"

    def write(which: str, octets: int) -> None:
        files = tmp_path / which
        config.write_text(
            f"[tls]\ncertificate = '{files}/cert.pem'\nkey = '{files}/key.pem'\n[limits]\nmessage_octets = {octets}\n"
        )

    def served(server: ImapkitServer, pid: int) -> bytes:
        with session(server, at=pid) as ann:
            return b"".join(ann.command(b"a1 CAPABILITY"))

    write("one", 1000)
    arguments = ("--listen", "imaps://127.0.0.1:0", "--config", str(config))
    with crew(tmp_path / "data", *arguments) as server:
        port = listening_port(server, 2)
        assert ssl.get_server_certificate((server.host, port)) == made.certificate.read_text()
        assert all(b"APPENDLIMIT=1000" in served(server, pid) for pid in workers(server))
        config.write_text("nonsense = 1\n")
        server.process.send_signal(signal.SIGHUP)
        eventually(lambda: "not reloaded" in server.log, "a complaint")
        assert server.log.count("not reloaded") == 1
        files, _ = tls.self_signed(tmp_path / "two")
        write("two", 2000)
        server.process.send_signal(signal.SIGHUP)
        eventually(lambda: server.log.count('"reloaded"') == 2, "both workers reload")
        os.kill(workers(server)[0], signal.SIGKILL)
        eventually(lambda: server.log.count("a worker ended") == 1 and len(workers(server)) == 2, "a new one")
        pids = workers(server)
        assert all(b"APPENDLIMIT=2000" in served(server, pid) for pid in pids)
        for _ in range(20):
            assert ssl.get_server_certificate((server.host, port)) == files.certificate.read_text()


def test_a_killed_worker_takes_nobody_along(tmp_path: Path) -> None:
    with crew(tmp_path / "data") as server:
        first, second = workers(server)
        done: dict[int, int] = {first: 0, second: 0}

        def load(number: int, pid: int) -> None:
            try:
                with session(server, at=pid) as ann:
                    for turn in itertools.count():
                        if finish.is_set():
                            break
                        assert append(ann, f"a{turn}", f"{number}-{turn}").startswith(f"a{turn} OK".encode())
                        done[pid] += 1
            except (AssertionError, OSError) as error:
                if pid != first:  # whose sessions die with it
                    failures.append(error)

        finish = threading.Event()
        failures: list[Exception] = []
        threads = [threading.Thread(target=load, args=(n, pid)) for n, pid in enumerate((first, second) * 3)]
        for thread in threads:
            thread.start()
        eventually(lambda: min(done.values()) > 20, "load on both")
        os.kill(first, signal.SIGKILL)
        eventually(lambda: first not in workers(server) and len(workers(server)) == 2, "a new worker")
        at_death = done[second]
        eventually(lambda: done[second] > at_death + 20, "the other goes on")
        finish.set()
        for thread in threads:
            thread.join(20)
            assert not thread.is_alive()
        assert not failures
        new = (set(workers(server)) - {second}).pop()
        with session(server, at=new) as ann:
            found = ann.command(b"a1 SELECT INBOX")
            exists = next(int(line.split()[1]) for line in found if line.endswith(b"EXISTS\r\n"))
            # All that was answered OK, and what each of the killed one's three was at.
            assert sum(done.values()) <= exists <= sum(done.values()) + 3
            with session(server, at=second) as other:
                other.command(b"b1 SELECT INBOX")
                other.socket.sendall(b"b2 IDLE\r\n")
                assert other.line().startswith(b"+ ")
                assert append(ann, "a2", "after").startswith(b"a2 OK")
                wait_for(other, b"* %d EXISTS\r\n" % (exists + 1))
    checked = sqlite3.connect(next((tmp_path / "data" / "accounts").glob("*/*.db")))
    assert checked.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    checked.close()


def test_no_worker_starves_another_of_an_account(tmp_path: Path) -> None:
    """Many writers in one worker, one in the other, all at the same mailbox: it gets its turn."""
    with crew(tmp_path / "data") as server:
        first, second = workers(server)
        finish = threading.Event()
        crowd = [0] * 6

        def load(number: int) -> None:
            with session(server, at=first) as ann:
                while not finish.is_set():
                    assert append(ann, "a", "crowd").startswith(b"a OK")
                    crowd[number] += 1

        threads = [threading.Thread(target=load, args=(number,)) for number in range(len(crowd))]
        for thread in threads:
            thread.start()
        waits = []
        try:
            eventually(lambda: min(crowd) > 5, "the crowd writes")
            with session(server, at=second) as lone:
                for _ in range(60):
                    before = time.monotonic()
                    assert append(lone, "a", "lone").startswith(b"a OK")
                    waits.append(time.monotonic() - before)
        finally:
            finish.set()
            for thread in threads:
                thread.join(20)
        if shown := os.environ.get("IMAPKIT_TEST_SHOW"):
            Path(shown).write_text(f"{sum(crowd)} {[round(wait * 1000) for wait in sorted(waits)]}\n")
        assert max(waits) < 3, waits


def test_sigterm_says_bye_everywhere(tmp_path: Path) -> None:
    path = tmp_path / "sock"
    with crew(tmp_path / "data", "--listen", f"unix:{path}") as server:
        local = socket.socket(socket.AF_UNIX)
        local.connect(str(path))
        over_unix = Talk(local)
        assert over_unix.line().startswith(b"* OK ")
        first, second = workers(server)
        with session(server, at=first) as one, session(server, at=second) as two:
            two.socket.sendall(b"a1 IDLE\r\n")
            assert two.line().startswith(b"+ ")
            server.process.send_signal(signal.SIGTERM)
            for talking in (one, two, over_unix):
                assert talking.line().startswith(b"* BYE ")
            over_unix.close()
            assert server.process.wait(10) == 0
        assert not path.exists()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((server.host, server.port), timeout=5)


def test_ctrl_c_ends_all_in_peace(tmp_path: Path) -> None:
    with crew(tmp_path / "data") as server, session(server) as ann:
        for pid in [*workers(server), server.process.pid]:
            os.kill(pid, signal.SIGINT)  # as a terminal does
        assert ann.line().startswith(b"* BYE ")
        assert server.process.wait(10) == 0
        assert "a worker ended" not in server.log


def test_workers_do_not_outlive_the_supervisor(tmp_path: Path) -> None:
    with crew(tmp_path / "data") as server:
        pids = workers(server)
        with session(server) as ann:
            server.process.kill()
            server.process.wait(10)
            assert ann.line().startswith(b"* BYE ")
        eventually(
            lambda: not any(Path(f"/proc/{pid}/fd").exists() and alive(pid) for pid in pids), "their end"
        )
    with imapkit_server(
        tmp_path / "data", {}, arguments=("--listen", f"imap://127.0.0.1:{server.port}", "--workers", "2")
    ) as again:
        assert again.port == server.port


def alive(pid: int) -> bool:
    """Neither gone nor a zombie that nobody waits for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_port_is_not_shared_with_another_server(tmp_path: Path) -> None:
    with crew(tmp_path / "data") as server:
        url = f"imap://127.0.0.1:{server.port}"
        more = ("serve", "--data", str(tmp_path / "other"), "--listen", url)
        for count in ("1", "2"):
            line = failure(run(*more, "--workers", count), 1)
            assert url in line and "in use" in line


def test_workers_that_cannot_start_end_the_server(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with crew(data):
        pass
    users = sqlite3.connect(data / "users.db")
    users.execute("UPDATE meta SET value = 999 WHERE key = 'schema'")
    users.commit()
    users.close()
    done = run("serve", "--data", str(data), "--listen", "imap://127.0.0.1:0", "--workers", "2")
    line = failure(done, 1)
    assert "could not start 3 times" in line and "schema 999" in line
    assert done.stdout == b""


def test_a_worker_that_dies_again_and_again_is_replaced_each_time(tmp_path: Path) -> None:
    with crew(tmp_path / "data") as server:
        for turn in range(4):
            victim = workers(server)[turn % 2]
            os.kill(victim, signal.SIGKILL)
            # Whoever connects meanwhile waits in the socket that the supervisor keeps.
            with session(server, apart_from=victim) as ann:
                assert ann.command(b"a1 NOOP")[-1].startswith(b"a1 OK")
            eventually(lambda gone=victim: gone not in workers(server) and len(workers(server)) == 2, "two")  # type: ignore[misc]
        assert server.log.count("a worker ended") == 4
