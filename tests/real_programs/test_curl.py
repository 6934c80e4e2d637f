"""curl: list, fetch, upload, search and custom commands, in plain, with STARTTLS and over TLS."""

import subprocess
from pathlib import Path

import pytest

from tests.programs import need

from .mail import Account, message, multipart
from .peer import TLS_NAME

pytestmark = pytest.mark.real_program


def curl(
    account: Account, path: str, *arguments: str, tls: str = "none", password: str | None = None
) -> bytes:
    """What curl prints for a path of the account; `tls` is none, starttls or imaps."""
    peer = account.peer
    base = {
        "none": f"imap://{peer.host}:{peer.port}",
        "starttls": f"imap://{TLS_NAME}:{peer.port}",
        "imaps": f"imaps://{TLS_NAME}:{peer.tls_port}",
    }[tls]
    command = [need("curl"), "--silent", "--show-error", "--max-time", "20", "--disable"]
    # curl's own file of options keeps the password out of the list of processes; backslash and quote are escaped.
    secret = (password or account.password).replace("\\", "\\\\").replace('"', '\\"')
    command += ["--config", "-", "--cacert", str(peer.certificate)]
    if tls == "starttls":
        command.append("--ssl-reqd")
    done = subprocess.run(
        [*command, *arguments, f"{base}/{path}"],
        input=f'user = "{account.name}:{secret}"\n'.encode(), capture_output=True, timeout=30,
    )  # fmt: skip
    if done.returncode != 0:
        raise subprocess.CalledProcessError(done.returncode, "curl", done.stdout, done.stderr)
    return done.stdout


@pytest.mark.parametrize("tls", ["none", "starttls", "imaps"])
def test_list_of_mailboxes(account: Account, tls: str) -> None:
    listing = curl(account, "", tls=tls)
    assert b"LIST (" in listing
    for name in (b"INBOX", b"Drafts", b"Archive"):
        assert name in listing


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_ways_to_log_in(account: Account, mechanism: str) -> None:
    assert b"INBOX" in curl(account, "", "--login-options", f"AUTH={mechanism}", tls="imaps")


def test_wrong_password(account: Account) -> None:
    with pytest.raises(subprocess.CalledProcessError) as failure:
        curl(account, "", password="wrong")
    assert failure.value.returncode == 67, "curl's code for a denied login"


def test_fetch_a_message_and_its_parts(account: Account) -> None:
    account.deliver([message(1), multipart()])
    assert curl(account, "INBOX;UID=1") == message(1)
    assert curl(account, "INBOX;MAILINDEX=2") == multipart()
    assert "Grüße".encode() in curl(account, "INBOX;UID=2;SECTION=1.1") or b"Gr=C3=BC" in curl(
        account, "INBOX;UID=2;SECTION=1.1"
    )
    header = curl(account, "INBOX;UID=1;SECTION=HEADER.FIELDS%20(Subject)")
    assert header == b"Subject: Message 1\r\n\r\n"


def test_uidvalidity_is_checked(account: Account) -> None:
    account.deliver([message(1)])
    with account.imap() as session:
        session.select()
        validity = int(session.response("UIDVALIDITY")[1][0])
    assert curl(account, f"INBOX;UIDVALIDITY={validity};UID=1") == message(1)
    with pytest.raises(subprocess.CalledProcessError):
        curl(account, f"INBOX;UIDVALIDITY={validity + 1};UID=1")


@pytest.mark.parametrize("tls", ["none", "starttls", "imaps"])
def test_upload(account: Account, tmp_path: Path, tls: str) -> None:
    file = tmp_path / "message.eml"
    file.write_bytes(multipart())
    curl(account, "Archive", "--upload-file", str(file), tls=tls)
    assert curl(account, "Archive;UID=1", tls=tls) == multipart()
    with account.imap() as session:
        session.select("Archive", readonly=True)
        assert session.search(None, "SEEN") == ("OK", [b"1"]), "curl uploads with \\Seen"


def test_upload_of_a_large_message(account: Account, tmp_path: Path) -> None:
    large = message(1) + (b"z" * 76 + b"\r\n") * 100_000
    file = tmp_path / "large.eml"
    file.write_bytes(large)
    curl(account, "INBOX", "--upload-file", str(file), tls="imaps")
    assert curl(account, "INBOX;UID=1", tls="imaps") == large


def test_search_and_custom_commands(account: Account) -> None:
    account.deliver([message(1), message(2)])
    assert curl(account, "INBOX?SUBJECT%20%22Message%202%22") == b"* SEARCH 2\r\n"
    assert curl(account, "INBOX", "--request", "UID SEARCH ALL") == b"* SEARCH 1 2\r\n"
    status = curl(account, "", "--request", "STATUS INBOX (MESSAGES UIDNEXT)")
    assert status == b"* STATUS INBOX (MESSAGES 2 UIDNEXT 3)\r\n"
    flags = curl(account, "INBOX", "--request", r"STORE 1 +FLAGS (\Flagged)")
    assert b"* 1 FETCH (FLAGS (\\Flagged" in flags
    curl(account, "", "--request", "CREATE Work")
    assert b"Work" in curl(account, "", "--request", 'LIST "" "W*"')


def test_a_missing_mailbox(account: Account) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        curl(account, "Nowhere;UID=1")
