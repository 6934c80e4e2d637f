"""mbsync (isync): a two-way sync of 2,000 messages with a Maildir, with changes on both sides between the runs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.programs import need

from .mail import Account, message
from .terminal import run_in_terminal

pytestmark = [pytest.mark.real_program, pytest.mark.timeout(150)]

COUNT = 2000
CONFIG = """\
IMAPAccount server
Host {host}
Port {port}
User {user}
Pass "{password}"
SSLType {tls}
{certificate}

IMAPStore far
Account server

MaildirStore near
Path {maildir}/
Inbox {maildir}/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns *
Sync All
Create Both
Remove None
Expunge Both
SyncState *
CopyArrivalDate yes
"""
# The last line of progress: C: channels B: boxes F: +new *flags #gone N: likewise.
COUNTERS = re.compile(r"F: \+(\d+)/\d+ \*(\d+)/\d+ #(\d+)/\d+\s+N: \+(\d+)/\d+ \*(\d+)/\d+ #(\d+)/\d+")


@dataclass(frozen=True)
class Moved:
    """What one run of mbsync transferred: new, changed and removed messages towards the far and the near side."""

    far_new: int
    far_flags: int
    far_gone: int
    near_new: int
    near_flags: int
    near_gone: int


NOTHING = Moved(0, 0, 0, 0, 0, 0)


@dataclass(frozen=True)
class Sync:
    """A Maildir, and the mbsync that keeps it equal to an account."""

    program: str
    config: Path
    maildir: Path

    def run(self) -> Moved:
        """Sync once; a warning of mbsync's is a failure."""
        # mbsync shows its counters to a terminal only.
        code, shown = run_in_terminal(
            [self.program, "-c", str(self.config), "-a"],
            environment={"HOME": str(self.maildir.parent)},
            folder=self.maildir.parent,
            deadline=120,
        )
        assert code == 0, shown
        assert not re.search("warning|error", shown, re.IGNORECASE), shown
        counters = COUNTERS.findall(shown)
        assert counters, f"no counters in {shown[-500:]!r}"
        return Moved(*map(int, counters[-1]))

    def files(self, mailbox: str = "INBOX") -> dict[str, Path]:
        """Subject to file of every message in a folder of the Maildir."""
        found = {}
        for path in (self.maildir / mailbox).glob("[cn][ue][rw]/*"):
            match = re.search(rb"^Subject: (.*?)\r?$", path.read_bytes(), re.MULTILINE)
            assert match is not None, path
            found[match[1].decode()] = path
        return found

    def flags(self, mailbox: str = "INBOX") -> dict[str, frozenset[str]]:
        """Subject to flags, in IMAP's names, of every message in a folder of the Maildir."""
        letters = {"S": "\\Seen", "F": "\\Flagged", "R": "\\Answered", "T": "\\Deleted", "D": "\\Draft"}
        return {
            subject: frozenset(
                letters[letter] for letter in path.name.partition(":2,")[2] if letter in letters
            )
            for subject, path in self.files(mailbox).items()
        }


def set_up(account: Account, folder: Path, tls: str) -> Sync:
    """An empty Maildir and a configuration for *tls*: None, STARTTLS or IMAPS."""
    program = need("mbsync")
    maildir = folder / "Mail"
    maildir.mkdir()
    config = folder / "mbsyncrc"
    config.write_text(
        CONFIG.format(
            host=account.peer.host if tls == "None" else "localhost",
            port=account.peer.tls_port if tls == "IMAPS" else account.peer.port,
            user=account.name,
            password=account.password.replace('"', '\\"'),
            tls=tls,
            certificate="" if tls == "None" else f"CertificateFile {account.peer.certificate}",
            maildir=maildir,
        )
    )
    return Sync(program, config, maildir)


@pytest.fixture
def sync(account: Account, tmp_path: Path) -> Iterator[Sync]:
    """The account filled with the messages, and a Maildir that is still empty."""
    account.deliver(message(number) for number in range(1, COUNT + 1))
    yield set_up(account, tmp_path, "None")


def mark(path: Path, flags: str) -> None:
    """Set the flags of a file of a Maildir, as a mail reader does: it is then in cur."""
    path.rename(path.parent.parent / "cur" / f"{path.name.partition(':2,')[0]}:2,{flags}")


def test_two_thousand_messages_both_ways(account: Account, sync: Sync) -> None:
    assert sync.run() == Moved(0, 0, 0, COUNT, 0, 0)
    assert sync.run() == NOTHING, "the second run has nothing to do"
    assert sync.flags() == account.flags()

    change_the_near_side(sync)
    change_the_far_side(account)
    moved = sync.run()
    assert moved.far_new == 11, "one new message, and ten that moved to Archive"
    assert moved.near_new == 6, "one new message, and five that moved to Trash"
    # What is gone on one side is a change of flags on the other (\\Deleted) before it is expunged there.
    assert moved.far_flags == 100 + 20 + 10
    assert moved.near_flags == 50 + 20 + 5
    for mailbox in ("INBOX", "Archive", "Trash"):
        assert sync.flags(mailbox) == account.flags(mailbox), mailbox
    flags = account.flags()
    assert len(flags) == COUNT - 20 - 10 - 20 - 5 + 2
    assert flags["Message 150"] == {"\\Seen", "\\Flagged"}
    assert flags["Message 250"] == {"\\Answered"}
    # A file's name may change once more on the near side; after that nothing moves at all.
    assert sync.run() == NOTHING


def change_the_near_side(sync: Sync) -> None:
    """In the Maildir: flags on 100, 20 deleted, 10 moved to Archive, one new message."""
    files = sync.files()
    for number in range(101, 201):
        mark(files[f"Message {number}"], "FS")
    for number in range(201, 221):
        mark(files[f"Message {number}"], "ST")
    for number in range(221, 231):
        path = files[f"Message {number}"]
        # A move is a new file there; the U= in the name belongs to the folder it left.
        fresh = re.sub(r",U=\d+", "", path.name.partition(":2,")[0])
        path.rename(sync.maildir / "Archive" / "cur" / f"{fresh}:2,S")
    (sync.maildir / "INBOX" / "cur" / "near.1.host:2,S").write_bytes(message(9001).replace(b"\r\n", b"\n"))


def change_the_far_side(account: Account) -> None:
    """On the server: flags on 50, 20 deleted, 5 moved to Trash, one new message."""
    account.deliver([message(9002)])
    with account.imap() as session:
        session.select()
        for arguments in (
            ("STORE", "241:290", "+FLAGS", r"(\Answered)"),
            ("STORE", "301:320", "+FLAGS", r"(\Deleted)"),
            ("EXPUNGE", "301:320"),
            ("MOVE", "331:335", "Trash"),
        ):
            assert session.uid(*arguments)[0] == "OK", arguments


@pytest.mark.parametrize("tls", ["STARTTLS", "IMAPS"])
def test_over_tls(account: Account, tmp_path: Path, tls: str) -> None:
    account.deliver(message(number) for number in range(1, 11))
    sync = set_up(account, tmp_path, tls)
    assert sync.run() == Moved(0, 0, 0, 10, 0, 0)
    assert sync.run() == NOTHING


def test_a_maildir_becomes_an_account(account: Account, tmp_path: Path) -> None:
    """The other direction: folders that only the Maildir has are made on the server, names beyond ASCII too."""
    sync = set_up(account, tmp_path, "None")
    for folder, numbers in (("Projekte", range(5)), ("Entw&APw-rfe", range(5, 8))):
        for part in ("cur", "new", "tmp"):
            (sync.maildir / folder / part).mkdir(parents=True)
        for number in numbers:
            name = f"{number}.1.host:2,F"
            (sync.maildir / folder / "cur" / name).write_bytes(message(number).replace(b"\r\n", b"\n"))
    assert sync.run().far_new == 8
    assert account.subjects("Projekte") == [f"Message {number}" for number in range(5)]
    assert set(account.flags("Entw&APw-rfe").values()) == {frozenset({"\\Flagged"})}
    assert sync.run() == NOTHING
