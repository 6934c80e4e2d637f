"""From a URL to a session: TLS that is verified, STARTTLS that cannot be stripped, logins by the best mechanism."""

from __future__ import annotations

import base64
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import imapkit
from imapkit.client.url import parse_url
from imapkit.sasl.base import Challenge, CheckPassword, Credentials, FindScram
from imapkit.sasl.scram import ScramServer, derive_keys

from .twins import GREETING, Script, Twin, server, url

ANN = {"user": "ann", "password": 'sec"r\\et ß'}
PLAIN = base64.b64encode('\0ann\0sec"r\\et ß'.encode()).decode()


def session(script: Script) -> None:
    script.answer(f"AUTHENTICATE PLAIN {PLAIN}", status="OK [CAPABILITY IMAP4rev1 IDLE] in")
    script.goodbye()


def test_imaps(twin: Twin, certificate: tuple[Path, ssl.SSLContext]) -> None:
    def play(s: Script) -> None:
        s.send(GREETING)
        session(s)

    cert, context = certificate
    with (
        server(play, tls=context) as port,
        twin.connect(f"imaps://127.0.0.1:{port}", cafile=cert, **ANN) as mail,
    ):
        assert mail.connection.tls
        assert mail.capabilities == {"IMAP4REV1", "IDLE"}


def test_certificates_are_verified(twin: Twin, certificate: tuple[Path, ssl.SSLContext]) -> None:
    with (
        pytest.raises((ssl.SSLError, OSError)),
        server(lambda s: None, tls=certificate[1]) as port,
        pytest.raises(imapkit.TlsFailed, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        twin.connect(f"imaps://127.0.0.1:{port}", **ANN)


def test_the_name_is_verified(twin: Twin, certificate: tuple[Path, ssl.SSLContext]) -> None:
    with (
        pytest.raises((ssl.SSLError, OSError)),
        server(lambda s: None, tls=certificate[1]) as port,
        pytest.raises(imapkit.TlsFailed),
    ):
        twin.connect(f"imaps://localhost:{port}", cafile=certificate[0], **ANN)


def test_starttls_forgets_what_came_before(twin: Twin, certificate: tuple[Path, ssl.SSLContext]) -> None:
    def play(s: Script) -> None:
        s.send("* OK [CAPABILITY IMAP4rev1 STARTTLS XBEFORE AUTH=PLAIN] ready")
        tag = s.command("STARTTLS")
        s.send(f"{tag} OK begin", "* CAPABILITY IMAP4rev1 AUTH=EVIL XINJECTED", "A2 OK injected")
        s.start_tls(certificate[1])
        s.answer("CAPABILITY", "* CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN")
        session(s)

    with server(play) as port, twin.connect(url(port), cafile=certificate[0], **ANN) as mail:
        assert mail.connection.tls
        assert not mail.has("XINJECTED") and not mail.has("XBEFORE")


def test_a_server_that_wants_tls_gets_it_though_plaintext_is_allowed(
    twin: Twin, certificate: tuple[Path, ssl.SSLContext]
) -> None:
    """Allowed is not wished: the certificate is verified as ever, here in vain."""

    def play(s: Script) -> None:
        s.send("* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready")
        tag = s.command("STARTTLS")
        s.send(f"{tag} OK begin")
        s.start_tls(certificate[1])

    with (
        pytest.raises((ssl.SSLError, OSError)),
        server(play) as port,
        pytest.raises(imapkit.TlsFailed, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        twin.connect(url(port), allow_plaintext=True, **ANN)


def hang_up(script: Script) -> None:
    assert script.sock.recv(100) == b"", "the client said something"


@pytest.mark.parametrize(
    ("greeting", "options", "error"),
    [
        ("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] no TLS here", {}, imapkit.NotSupported),
        ("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] no TLS here", {"tls": True}, imapkit.NotSupported),
        ("* PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] stripped", {}, imapkit.ProtocolError),
        ("* BYE not you", {}, imapkit.ConnectionLost),
        ("220 smtp.example.org ESMTP", {}, imapkit.NotAnImapServer),
        ("* OK [CAPABILITY IMAP4rev1 LOGINDISABLED] x", {"allow_plaintext": True}, imapkit.NotSupported),
        (
            "* OK [CAPABILITY IMAP4rev1 AUTH=XMAGIC LOGINDISABLED] x",
            {"allow_plaintext": True},
            imapkit.NotSupported,
        ),
    ],
)
def test_no_password_is_sent(
    twin: Twin, greeting: str, options: dict[str, Any], error: type[Exception]
) -> None:
    def play(s: Script) -> None:
        s.send(greeting)
        hang_up(s)

    with server(play) as port, pytest.raises(error):
        twin.connect(url(port), **{**ANN, **options})


def test_what_is_asked_before_and_after_the_login(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.send("* OK hi")
        s.answer("CAPABILITY", "* CAPABILITY IMAP4rev1 AUTH=PLAIN")
        tag = s.command("AUTHENTICATE PLAIN")
        s.send("+")
        assert s.line().decode() == PLAIN
        s.send(f"{tag} OK in")
        s.answer("CAPABILITY", "* CAPABILITY IMAP4rev1 ID")
        s.answer('ID ("name" "imapkit")', "* ID NIL")
        s.goodbye()

    with server(play) as port, twin.connect(url(port), allow_plaintext=True, **ANN) as mail:
        assert mail.capabilities == {"IMAP4REV1", "ID"}


def test_login_command(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.send("* OK [CAPABILITY IMAP4rev1 LITERAL+] hi")
        tag = s.command('LOGIN "ann" {')
        s.line()
        s.send(f"{tag} OK [CAPABILITY IMAP4rev1] in")
        s.goodbye()

    with server(play) as port, twin.connect(url(port), allow_plaintext=True, **ANN):
        pass


def test_a_wrong_password_is_tried_once(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.send(GREETING.replace("AUTH=PLAIN", "AUTH=PLAIN AUTH=LOGIN"))
        s.answer("AUTHENTICATE PLAIN", status="NO [AUTHENTICATIONFAILED] no")
        hang_up(s)

    with server(play) as port, pytest.raises(imapkit.AuthenticationFailed) as error:
        twin.connect(url(port), allow_plaintext=True, **ANN)
    assert "sec" not in str(error.value)


def _scram(script: Script, password: str, signed: bool) -> None:
    script.send("* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=SCRAM-SHA-256 LOGINDISABLED] hi")
    tag, _, rest = script.line().partition(b" ")
    name, _, initial = rest.removeprefix(b"AUTHENTICATE ").partition(b" ")
    assert name == b"SCRAM-SHA-256"
    steps = ScramServer(lambda: "abcdefghijklmnopqrst").exchange(base64.b64decode(initial))
    request = next(steps)
    try:
        while True:
            if isinstance(request, FindScram):
                request = steps.send(derive_keys(password, b"0123456789abcdef", 4096))
            else:
                assert isinstance(request, Challenge) and not isinstance(request, CheckPassword)
                data = request.data if signed or not request.data.startswith(b"v=") else b"v=AAAA"
                script.send(b"+ " + base64.b64encode(data))
                request = steps.send(base64.b64decode(script.line()))
    except StopIteration:
        script.send(tag + b" OK in")
    script.answer("CAPABILITY", "* CAPABILITY IMAP4rev1")
    script.goodbye()


def test_scram_needs_no_tls(twin: Twin) -> None:
    with (
        server(lambda s: _scram(s, ANN["password"], signed=True)) as port,
        twin.connect(url(port), allow_plaintext=True, **ANN) as mail,
    ):
        assert mail.capabilities == {"IMAP4REV1"}


def test_a_server_that_does_not_know_the_password_is_not_believed(twin: Twin) -> None:
    def play(s: Script) -> None:
        with pytest.raises((EOFError, OSError)):
            _scram(s, ANN["password"], signed=False)

    with (
        server(play) as port,
        pytest.raises((imapkit.SaslError, imapkit.NotSupported, imapkit.ConnectionLost)),
    ):
        twin.connect(url(port), allow_plaintext=True, **ANN)


def test_nobody_there(twin: Twin) -> None:
    with server(lambda s: None) as port, pytest.raises(imapkit.ConnectionLost):
        twin.connect(url(port))
    with pytest.raises(imapkit.ConnectFailed, match="127.0.0.1"):
        twin.connect(url(port), connect_timeout=2)


def test_a_server_that_says_nothing(twin: Twin) -> None:
    with server(hang_up) as port, pytest.raises(imapkit.ConnectionTimeout):
        twin.connect(url(port), connect_timeout=0.2)


PROGRAM = """
import sys
import threading
print("* PREAUTH [CAPABILITY IMAP4rev1] at your service\\r")
sys.stdout.flush()
for line in sys.stdin:
    tag = line.split()[0]
    if "LOGOUT" in line:
        print("* BYE\\r")
    print(tag + " OK\\r")
    sys.stdout.flush()
    if "LOGOUT" in line:
        break
"""


def test_a_program_as_the_server(twin: Twin) -> None:
    with twin.connect(command=[sys.executable, "-c", PROGRAM]) as mail:
        mail.noop()
        mail.create("x")
    with pytest.raises(imapkit.ConnectFailed, match="no-such-program"):
        twin.connect(command=["no-such-program"])


@pytest.fixture
def addresses() -> Iterator[dict[str, tuple[str, int, bool, str | None, str | None]]]:
    yield {
        "imaps://ann@mail.example.org": ("mail.example.org", 993, True, "ann", None),
        "imap://mail.example.org:1143/Archive/2025": ("mail.example.org", 1143, False, None, "Archive/2025"),
        "imaps://ann%40example.org@[::1]:9/K%C3%B6ln": ("::1", 9, True, "ann@example.org", "Köln"),
        "imap://ann;AUTH=*@h": ("h", 143, False, "ann", None),
    }


def test_urls(addresses: dict[str, tuple[str, int, bool, str | None, str | None]]) -> None:
    for text, expected in addresses.items():
        found = parse_url(text)
        assert (found.target.host, found.target.port, found.tls, found.user, found.mailbox) == expected
    assert parse_url("unix:/run/imap%20x").target.unix == "/run/imap x"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mail.example.org",
        "http://x",
        "imaps://",
        "imaps://a:b@c",
        "imap://x:99999",
        "imap://x/\r\nA1 LOGOUT",
        "imap://x y",
    ],
)
def test_urls_that_are_none(text: str) -> None:
    with pytest.raises(imapkit.UsageError):
        parse_url(text)


def test_a_user_without_a_password(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.send(GREETING)
        hang_up(s)

    with server(play) as port, pytest.raises(imapkit.UsageError, match="no password"):
        twin.connect(url(port), user="ann", allow_plaintext=True)


def test_secrets_are_not_shown() -> None:
    assert "hunter2" not in repr(Credentials("ann", "hunter2"))


def test_a_port_that_begins_with_tls_is_told_at_once(
    twin: Twin, certificate: tuple[Path, ssl.SSLContext]
) -> None:
    """The server waits for the client's first octets, and so would a client that knows no better, until its timeout."""

    def shake(plain: socket.socket) -> None:
        plain.settimeout(20)
        try:
            with certificate[1].wrap_socket(plain, server_side=True) as secure:
                secure.recv(1)
        except (OSError, ssl.SSLError):
            plain.close()

    def serve(listener: socket.socket) -> None:
        shaking = [threading.Thread(target=shake, args=(listener.accept()[0],)) for _ in range(2)]
        for thread in shaking:
            thread.start()
        for thread in shaking:
            thread.join(20)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        serving = threading.Thread(target=serve, args=(listener,))
        serving.start()
        port = listener.getsockname()[1]
        with pytest.raises(
            imapkit.TlsFailed, match="begins with TLS on this port: the URL for it begins with imaps://"
        ):
            twin.connect(f"imap://127.0.0.1:{port}", connect_timeout=2, **ANN)
        serving.join(20)


def test_a_port_that_does_not_begin_with_tls_is_told(twin: Twin) -> None:
    def play(s: Script) -> None:
        s.send(GREETING)
        try:
            s.line()
        except (EOFError, OSError):
            pass

    with (
        server(play) as port,
        pytest.raises(imapkit.TlsFailed, match=r"does not begin with TLS on this port: imap://"),
    ):
        twin.connect(f"imaps://127.0.0.1:{port}", **ANN)


def test_a_server_that_thinks_before_its_greeting(twin: Twin) -> None:
    """The look for TLS is on a connection of its own, and changes nothing where there is none."""

    def serve(listener: socket.socket) -> None:
        first, _ = listener.accept()
        second, _ = listener.accept()  # the look
        second.settimeout(20)
        second.recv(1000)
        second.close()
        first.sendall(b"* PREAUTH [CAPABILITY IMAP4rev1] at last\r\n")
        first.recv(1000)
        first.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        where = f"imap://127.0.0.1:{listener.getsockname()[1]}"
        with twin.connect(where, connect_timeout=1, identity=None, allow_plaintext=True) as mail:
            assert mail.connection.greeting == "at last"
        thread.join(20)
