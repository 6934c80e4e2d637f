"""The pytest plugin as others use it: in test runs of their own."""

import imaplib
import subprocess
import sys

import imapkit
from imapkit.testing.plugin import ImapServer


def test_a_server_for_any_client(imap_server: ImapServer) -> None:
    with imaplib.IMAP4(imap_server.host, imap_server.port) as client:
        client.login(imap_server.user, imap_server.password)
        assert client.select("INBOX") == ("OK", [b"0"])


def test_the_url_names_the_user(imap_server: ImapServer) -> None:
    assert imap_server.url == f"imap://ann@127.0.0.1:{imap_server.port}"


def test_a_client_that_is_logged_in(imap_client: imapkit.Client, imap_server: ImapServer) -> None:
    imap_client.append("INBOX", b"Subject: x\r\n\r\n")
    assert imap_client.select().exists == 1
    with imapkit.connect(imap_server.url, password=imap_server.password, allow_plaintext=True) as other:
        assert other.select().exists == 1


def test_importing_the_plugin_loads_nothing_else() -> None:
    probe = "import sys, imapkit.testing.plugin; print([n for n in sys.modules if n.startswith('imapkit')])"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=30)
    assert done.stdout.strip() == "['imapkit', 'imapkit.testing', 'imapkit.testing.plugin']"
