"""mutt and neomutt in a terminal: open a mailbox, read, search, flag, copy, delete, change folder."""

from pathlib import Path

import pytest

from tests.programs import find, need

from .mail import Account, message, multipart
from .terminal import run_in_terminal

pytestmark = pytest.mark.real_program

CONFIG = """\
set imap_user="{user}"
set imap_pass="{password}"
set folder="{url}"
set spoolfile="{url}INBOX"
set ssl_starttls={starttls}
set ssl_force_tls={force}
set certificate_file="{certificate}"
set ssl_verify_host=yes
set mail_check=0
set wait_key=no
set pipe_decode=no
set pipe_split=no
set confirmappend=no
set confirmcreate=no
set delete=yes
set move=no
set quit=yes
set mark_old=no
set header_cache=""
set message_cachedir=""
set send_charset="utf-8"
set charset="utf-8"
set sort=mailbox-order
"""


@pytest.fixture(params=[name for name in ("mutt", "neomutt") if find(name)] or ["mutt"])
def program(request: pytest.FixtureRequest) -> str:
    """Each of the two programs that is installed; at least one is needed."""
    return need(request.param)


def run(program: str, account: Account, folder: Path, keys: str, *, tls: str = "none") -> str:
    """Start the program on INBOX, type the keys, and let it end; what it showed."""
    peer = account.peer
    url = {
        "none": f"imap://{peer.host}:{peer.port}/",
        "starttls": f"imap://localhost:{peer.port}/",
        "imaps": f"imaps://localhost:{peer.tls_port}/",
    }[tls]
    (folder / "muttrc").write_text(
        CONFIG.format(
            user=account.name,
            password=account.password.replace('"', '\\"'),
            url=url,
            starttls="yes" if tls == "starttls" else "no",
            force="no" if tls == "none" else "yes",
            certificate=peer.certificate,
        )
    )
    code, shown = run_in_terminal(
        [program, "-n", "-F", "muttrc", "-f", f"{url}INBOX", "-e", f'push "{keys}"'],
        environment={"HOME": str(folder), "LC_ALL": "C.UTF-8"},
        folder=folder,
        deadline=40,
    )
    assert code == 0, shown
    return shown


@pytest.mark.parametrize("tls", ["none", "starttls", "imaps"])
def test_reading_a_mailbox(program: str, account: Account, tmp_path: Path, tls: str) -> None:
    account.deliver([message(1), multipart(), message(3)])
    shown = run(
        program, account, tmp_path, "2<enter><display-message><pipe-entry>cat>out<enter><exit><quit>", tls=tls
    )
    assert "Message 1" in shown
    assert "Grüße und お知らせ" in shown
    assert (tmp_path / "out").read_bytes().replace(b"\r\n", b"\n") == multipart().replace(b"\r\n", b"\n")
    # Read once, so \Seen; the others were only listed.
    assert account.flags()["Message 3"] == frozenset()
    with account.imap() as session:
        session.select(readonly=True)
        assert session.search(None, "SEEN") == ("OK", [b"2"])


def test_flagging_copying_and_deleting(program: str, account: Account, tmp_path: Path) -> None:
    account.deliver(message(number) for number in range(1, 7))
    keys = (
        "1<enter><flag-message>"
        "2<enter><copy-message>=Archive<enter>"
        "3<enter><delete-message>"
        "<delete-pattern>~s 5<enter>"
        "<sync-mailbox><quit>"
    )
    run(program, account, tmp_path, keys)
    assert account.subjects() == ["Message 1", "Message 2", "Message 4", "Message 6"]
    assert account.subjects("Archive") == ["Message 2"]
    assert "\\Flagged" in account.flags()["Message 1"]


def test_searching_and_saving_in_another_folder(program: str, account: Account, tmp_path: Path) -> None:
    """~b searches bodies, =b on the server; saving is a copy and a delete; then the folder is changed."""
    account.deliver([message(1), message(2, "Only this one names a walrus.\n"), message(3)])
    keys = (
        "<tag-pattern>=b walrus<enter><tag-prefix><save-message>=Archive<enter><sync-mailbox>"
        "<change-folder>=Archive<enter><pipe-message>cat>out<enter><quit>"
    )
    run(program, account, tmp_path, keys)
    assert account.subjects() == ["Message 1", "Message 3"]
    assert account.subjects("Archive") == ["Message 2"]
    assert b"walrus" in (tmp_path / "out").read_bytes()


def test_many_messages(program: str, account: Account, tmp_path: Path) -> None:
    account.deliver(message(number) for number in range(1, 401))
    run(program, account, tmp_path, "<tag-pattern>~A<enter><tag-prefix><pipe-message>cat>out<enter><quit>")
    assert (tmp_path / "out").read_bytes().count(b"Subject: Message ") == 400
