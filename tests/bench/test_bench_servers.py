"""What the peers are told, which imapkit is run, cold starts, and connections that are encrypted or compressed."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from bench.bed import Bed, Mailboxes, Row, Sizes
from bench.build import PLAIN, Build, _reason, digest
from bench.cyrus import CyrusMissing, find_loader, password_lines, services, settings
from bench.deflate import Deflated
from bench.load import Connection
from bench.proc import more_inotify
from bench.report import Report
from bench.rows_session import Visitors
from bench.run import Cell, Line, run_rows
from bench.server import Server, Setup
from bench.servers import KINDS, cyrus_server, imapkit
from bench.tls import Certificate

from bench import accounts, cold
from imapkit.tools.data import open_data

SIZES = Sizes(small=20, real=0, copies=5, appends=4, logins=4, idlers=2, rounds=1, huge=1_000, client=20)


def test_a_build_is_known_by_what_goes_into_it(tmp_path: Path) -> None:
    (tmp_path / "src" / "__pycache__").mkdir(parents=True)
    source, cached, hook = (
        tmp_path / name for name in ("src/a.py", "src/__pycache__/a.pyc", "hatch_build.py")
    )
    for path in (source, cached, hook):
        path.write_text("one")
    names = ("src", "hatch_build.py")
    first = digest(tmp_path, names)
    cached.write_text("two")
    assert digest(tmp_path, names) == first
    hook.write_text("two")
    second = digest(tmp_path, names)
    source.rename(tmp_path / "src" / "b.py")
    assert len({first, second, digest(tmp_path, names)}) == 3


def test_a_failed_build_says_why() -> None:
    said = "building\n  src/imapkit/a.py:3: error: Too few arguments\nhint: See above\n"
    assert _reason(said) == "src/imapkit/a.py:3: error: Too few arguments"
    assert _reason("one\ntwo\n\n") == "two"
    assert _reason("") == "no reason given"
    assert PLAIN.environment == {}
    assert Build(Path("/x"), "compiled wheel").environment == {"PYTHONPATH": "/x"}


def test_the_configuration_of_cyrus() -> None:
    home = Path("/tmp/some")
    assert "tls_server_cert: /tmp/some/cert.pem" in settings(home, True)
    assert "tls_" not in settings(home, False)
    lines = services(home, "127.0.0.1", 1143, 1993).splitlines()
    assert sum("imapd.conf -s" in line and "127.0.0.1:1993" in line for line in lines) == 1
    assert sum('listen="' in line for line in lines) == 2
    assert sum('listen="' in line for line in services(home, "127.0.0.1", 1143).splitlines()) == 1
    assert " ann\\00localhost\\00userPassword\n secret\n" in password_lines({"ann": "secret"})


def have_cyrus() -> bool:
    try:
        find_loader()
    except CyrusMissing:
        return False
    return True


@pytest.mark.not_installable_here
@pytest.mark.skipif(not have_cyrus(), reason="cyrus is not installed, or this is not root")
def test_cyrus_keeps_its_mail_from_start_to_start() -> None:
    from bench.corpus import small_box

    with cyrus_server(Setup(accounts=1)) as server:
        assert server.put is not None
        mails = small_box(12)
        with server.connect() as conn:
            conn.ok(b"CREATE Big")
        server.put("Big", mails)
        server.stop()
        server.pid = server.start()
        with server.connect() as conn, server.connect("user0000") as other:
            assert b"* 12 EXISTS" in conn.ok(b"SELECT Big").data
            answer = conn.ok(b"FETCH 1:* (FLAGS RFC822.SIZE)").data
            assert answer.count(b"\\Seen") == sum(mail.seen for mail in mails)
            assert b"RFC822.SIZE %d)" % mails[11].size in answer
            assert b"* 0 EXISTS" in other.ok(b"SELECT INBOX").data
        assert server.cpu() >= 0  # its clock ticks a hundred times a second
        assert server.pss() > 0 and server.descriptors() > 3


def test_a_cyrus_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("bench.cyrus.PROGRAMS", tmp_path)
    with pytest.raises(CyrusMissing, match="not installed"), KINDS["cyrus"](Setup()):
        pass
    (tmp_path / "master").touch()
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(CyrusMissing, match="only root"), KINDS["cyrus"](Setup()):
        pass


def test_imapkit_with_accounts_tls_and_a_cold_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.servers.STRANGERS", ["stranger0"])
    monkeypatch.setattr(cold, "_DROP", tmp_path / "no" / "such")  # the way of who is not root
    setup = Setup(accounts=2, certificate=Certificate.make(tmp_path))
    assert setup.certificate is not None
    with imapkit(setup) as server:
        assert "plain Python" in server.version
        bed = Bed(server, Mailboxes([], [], b""), SIZES)
        cold.restart_cold(server)
        tls = setup.certificate.client()
        visitors = Visitors(bed, [*setup.names, "ann"] * 4, tls, resume=True)
        assert visitors.run() > 0
        assert visitors.resumed >= 4
        with server.connect("stranger0", tls) as conn:
            assert conn.tls.version() == "TLSv1.3"
            assert b"* 0 EXISTS" in conn.ok(b"SELECT INBOX").data
        wrong = Visitors(bed, ["nobody"], None, resume=False)
        with pytest.raises(Exception, match="answered"):
            wrong.run()


def test_accounts_are_made_as_the_command_makes_them(tmp_path: Path) -> None:
    accounts.add(tmp_path / "data", ["user0000", "user0001"], "secret")
    accounts.add(tmp_path / "data", [], "secret")

    async def names() -> list[str]:
        async with open_data(tmp_path / "data") as opened:
            return [row.name for row in opened.directory.list()]

    import asyncio

    assert asyncio.run(names()) == ["user0000", "user0001"]


@contextmanager
def deflating() -> Iterator[tuple[str, int]]:
    """A server that answers COMPRESS, and then one compressed command with many lines."""

    def serve() -> None:
        conn, _ = listener.accept()
        with conn:
            conn.sendall(b"* OK hello\r\n")
            tag = conn.recv(1000).split()[0]
            conn.sendall(tag + b" OK go on\r\n")
            inflate, deflate = zlib.decompressobj(-15), zlib.compressobj(wbits=-15)
            tag = inflate.decompress(conn.recv(1000)).split()[0]
            packed = deflate.compress(b"* 1 FETCH (FLAGS ())\r\n" * 20_000 + tag + b" OK done\r\n")
            packed += deflate.flush(zlib.Z_SYNC_FLUSH)
            for at in range(0, len(packed), 1_000):
                conn.sendall(packed[at : at + 1_000])

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve)
        server.start()
        yield listener.getsockname()
        server.join(5)


def test_a_compressed_answer_is_read_whole_and_counted_packed() -> None:
    with deflating() as address, Deflated(address) as conn:
        conn.compress()
        answer = conn.ok(b"FETCH 1:* FLAGS")
        assert answer.data.count(b" FETCH (") == 20_000
        assert 0 < conn.wire < len(answer.data) // 10


def test_a_certificate_of_another_is_not_trusted(tmp_path: Path) -> None:
    ours, other = Certificate.make(tmp_path / "a"), Certificate.make(tmp_path / "b")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(other.certificate, other.key)

    def serve() -> None:
        conn, _ = listener.accept()
        with conn, pytest.raises(ssl.SSLError):
            context.wrap_socket(conn, server_side=True)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve)
        server.start()
        with pytest.raises(ssl.SSLCertVerificationError):
            Connection(listener.getsockname(), ours.client())
        server.join(5)


def test_inotify_instances_are_as_before_afterwards() -> None:
    path = Path("/proc/sys/fs/inotify/max_user_instances")
    before = path.read_text()
    with more_inotify() as instances:
        assert instances >= int(before)
    assert path.read_text() == before


def server_of(pid: int) -> Server:
    return Server("busy", "1", ("127.0.0.1", 1), pid)


def test_work_behind_an_answer_is_waited_for() -> None:
    work = "import time\ntime.sleep(0.3)\nends = time.process_time() + 0.3\nwhile time.process_time() < ends: pass\ntime.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", work]) as process:
        try:
            server = server_of(process.pid)
            started = time.perf_counter()
            used, last = server.settled(1.0)
            assert used >= 0.29
            assert last - started >= 0.3
            assert server.settled(0.1)[0] == pytest.approx(used, abs=0.02)
        finally:
            process.send_signal(signal.SIGKILL)


def test_absolute_aims_and_notes_are_in_the_table() -> None:
    def run(bed: Bed, round_: int) -> float:
        bed.note = "200 sessions"
        return 24.0

    row = Row("memory", "KB", run, more_is_better=False, limit=12, once=True)
    beds = [Bed(server_of(0), Mailboxes([], [], b""), SIZES) for _ in range(2)]
    lines = run_rows(beds, [row, Row("alone", "ms", lambda bed, round_: 1.0, alone=True)], rounds=1)
    assert lines[0].reached() == 0.5
    assert lines[1].cells[1].not_offered and lines[1].ratio() is None
    text = Report(SIZES, beds, lines, [], [0, 0], 60.0).text()
    assert "| memory | KB ↓ | 24 (0.00s) | 24 (0.00s) | 1 x | 12 KB |" in text
    assert "memory: 24 KB of 12 KB; 2.0 times less is needed" in text
    assert "busy: memory: 200 sessions" in text
    good = Line(row, [Cell([6.0], [0.0])])
    assert good.reached() == 2.0
