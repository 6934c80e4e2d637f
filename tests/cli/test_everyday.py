"""The everyday commands against our server and against Dovecot: what they print, what they change, how they fail."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from imapkit import connect

from .conftest import MIXED, PASSWORD, PLAIN, Run


def objects(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


def flags(url: str) -> dict[int, frozenset[str]]:
    with connect(url, password=PASSWORD, allow_plaintext=True) as client:
        return {message.uid: message.flags for message in client.examine().all()}


# ls


def test_ls(url: str, run: Run) -> None:
    code, out, _ = run("ls", url)
    assert code == 0
    assert {"INBOX", "Sent", "Lists", "Lists/Köln"} <= set(out.splitlines())
    assert out.splitlines()[0] == "INBOX"


def test_ls_below_the_mailbox_of_the_url_and_by_pattern(url: str, run: Run) -> None:
    assert run("ls", f"{url}/Lists")[1].splitlines() == ["Lists", "Lists/Köln"]
    assert "Lists/Köln" not in run("ls", url, "%")[1].splitlines()


def test_ls_long_and_json(url: str, run: Run) -> None:
    _, out, _ = run("ls", "-l", url)
    inbox = next(line for line in out.splitlines() if line.startswith("INBOX")).split()
    assert inbox[1:3] == ["2", "1"]
    found = {one["name"]: one for one in objects(run("ls", "--json", url)[1])}
    assert (found["INBOX"]["messages"], found["INBOX"]["unseen"]) == (2, 1)
    assert found["Sent"]["role"] == "sent"


# info, summary, search


def test_info(url: str, run: Run) -> None:
    (found,) = objects(run("info", url, "--json")[1])
    assert (found["mailbox"], found["messages"], found["unseen"], found["uidnext"]) == ("INBOX", 2, 1, 3)
    assert found["uidvalidity"] > 0
    lines = dict(line.split(maxsplit=1) for line in run("info", url)[1].splitlines())
    assert lines["messages"] == "2"


def test_summary_with_the_first_words(url: str, run: Run) -> None:
    _, out, _ = run("summary", url)
    head, plain, mixed = out.splitlines()
    assert head.split() == ["UID", "DATE", "FROM", "SUBJECT", "TEXT"]
    assert plain.split() == [
        "1",
        "2024-03-15",
        "10:01",
        "Bob",
        "Grüße",
        "Hello",
        "Ann,",
        "how",
        "are",
        "you?",
    ]
    assert "2  N" in mixed and "First second & last" in mixed and "\x1b" not in mixed
    assert flags(url)[2] == frozenset() or flags(url)[2] == {"\\Recent"}


def test_summary_with_parts_and_a_limit(url: str, run: Run) -> None:
    (only,) = objects(run("summary", url, "--parts", "-n", "1", "--json")[1])
    assert only["uid"] == 2
    assert only["parts"] == "text/html, application/octet-stream (../../etc/passwd)"


@pytest.mark.parametrize(
    ("criteria", "uids"),
    [
        ((), [1, 2]),
        (("--from", "bob"), [1]),
        (("--unseen",), [2]),
        (("--subject", "grüße"), [1]),
        (("--since", "2024-03-16"), [2]),
        (("--before", "2024-03-16", "--seen"), [1]),
        (("--header", "Subject:two"), [2]),
        (("--raw", "OR FROM bob SUBJECT files"), [1, 2]),
        (("--raw", 'SUBJECT "two files" UNSEEN'), [2]),
        (("--text", "no such words"), []),
        (("-n", "1"), [2]),
    ],
)
def test_search(url: str, run: Run, criteria: tuple[str, ...], uids: list[int]) -> None:
    code, out, _ = run("search", url, *criteria, "--uids")
    assert (code, [int(line) for line in out.split()]) == (0, uids)
    assert [one["uid"] for one in objects(run("search", url, *criteria, "--json")[1])] == uids


# show, save


def test_show(url: str, run: Run) -> None:
    _, out, _ = run("show", url, "1")
    assert out == (
        "From: Bob <bob@example.org>\nTo: ann@example.org\nDate: Fri, 15 Mar 2024 10:01:07 +0100\nSubject: Grüße\n"
        "\nHello Ann,\nhow are you?\n"
    )
    _, out, _ = run("show", f"{url}/INBOX/;UID=2")
    assert "First\n" in out and "second & last\ufffd[31m" in out and "\x1b" not in out
    assert "[2] application/octet-stream" in out
    assert "\\Seen" not in flags(url)[2]


def test_show_source_part_structure_and_json(url: str, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run_binary(capfdbinary, "show", url, "1", "--source") == PLAIN.replace(b"\n", b"\r\n")
    assert run_binary(capfdbinary, "show", url, "2", "--part", "2") == b"\0\1\2\3"
    tree = run_binary(capfdbinary, "show", url, "2", "--structure").decode().splitlines()
    assert [line.split()[1] for line in tree] == ["multipart/mixed", "text/html", "application/octet-stream"]
    found = json.loads(run_binary(capfdbinary, "show", url, "2", "--json"))
    assert found["parts"][1]["filename"] == "../../etc/passwd"


def run_binary(captured: pytest.CaptureFixture[bytes], *arguments: str) -> bytes:
    from imapkit.tools.cli import main

    assert main(arguments) == 0
    return captured.readouterr().out


def test_show_marks_as_read_when_asked(url: str, run: Run) -> None:
    assert run("show", url, "2", "--mark-read")[0] == 0
    assert "\\Seen" in flags(url)[2]


def test_save_messages_and_attachments_under_safe_names(url: str, run: Run, tmp_path: Path) -> None:
    _, out, _ = run("save", url, "all", "--to", str(tmp_path / "mail"))
    assert out.splitlines() == [str(tmp_path / "mail" / name) for name in ("1.eml", "2.eml")]
    assert (tmp_path / "mail" / "2.eml").read_bytes() == MIXED.replace(b"\n", b"\r\n")
    for name in ("passwd", "passwd (2)"):
        _, out, _ = run("save", url, "2", "--to", str(tmp_path / "files"), "--attachments")
        saved = Path(out.strip())
        assert saved.parent == tmp_path / "files" and saved.read_bytes() == b"\0\1\2\3"
        assert saved.stem.startswith(name.split()[0])
    assert len(list((tmp_path / "files").iterdir())) == 2


# append, cp, mv, rm, flag


def test_append(url: str, run: Run, tmp_path: Path) -> None:
    (tmp_path / "new.eml").write_bytes(PLAIN)
    options = ("--flag", "seen", "--flag", "Work", "--date", "2024-01-02T03:04:05+0000")
    code, out, err = run(
        "append", f"{url}/New", str(tmp_path / "new.eml"), str(tmp_path / "nowhere"), "--create", *options
    )
    assert (code, out) == (1, "1\n")
    assert "nowhere" in err and len(err.splitlines()) == 1
    (found,) = objects(run("search", f"{url}/New", "--json")[1])
    assert found["internaldate"].startswith("2024-01-02T03:04:05")
    assert set(found["flags"]) - {"\\Recent"} == {"\\Seen", "Work"}
    assert run("append", f"{url}/Missing", str(tmp_path / "new.eml"))[2].endswith("--create makes it\n")


def test_cp_mv_and_rm(url: str, run: Run) -> None:
    assert run("cp", url, "1:*", "Lists") == (0, "2 messages copied to Lists\n", "")
    code, out, _ = run("mv", f"{url}/Lists", "1", "Neu/Köln", "--create", "--json")
    assert code == 0
    assert json.loads(out) == {"from": "Lists", "to": "Neu/Köln", "messages": 1, "uids": {"1": 1}}
    assert run("rm", f"{url}/Lists", "2")[1] == "1 message deleted\n"
    assert run("rm", url, "2", "--trash")[1] == "1 message moved to the trash\n"
    counts = {one["name"]: one.get("messages") for one in objects(run("ls", url, "--json")[1])}
    assert (counts["INBOX"], counts["Lists"], counts["Neu/Köln"], counts["Trash"]) == (1, 0, 1, 1)


def test_flag(url: str, run: Run) -> None:
    assert (
        run("flag", url, "all", "--add", "Work", "--add", "flagged", "--remove", "seen")[1]
        == "2 messages changed\n"
    )
    assert {uid: found - {"\\Recent"} for uid, found in flags(url).items()} == dict.fromkeys(
        (1, 2), frozenset({"Work", "\\Flagged"})
    )
    assert "Work" in run("flag", url, "1")[1]


# Failures


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("show", "{}", "99"), 1, "INBOX has no message 99"),
        (("rm", "{}", "99:*"), 1, "INBOX has no message 99:*"),
        (("mv", "{}", "3:*", "Lists"), 1, "INBOX has no message 3:*"),
        (("flag", "{}", "99:*", "--add", "deleted"), 1, "INBOX has no message 99:*"),
        (("show", "{}", "1", "--part", "7"), 2, "no part 7"),
        (("show", "{}"), 2, "give a UID"),
        (("info", "{}/Nope"), 1, "Nope"),
        (("cp", "{}", "1", "Nope"), 1, "--create makes it"),
        (("mv", "{}", "x", "Lists"), 2, "'x'"),
        (("flag", "{}", "1", "--add", "(x"), 2, "not a flag"),
        (("search", "{}", "--raw", "FROB x"), 2, "a known search key at offset 0"),
        (("search", "{}", "--since", "soon"), 2, "'soon'"),
        (("rm", "{}/Lists", "all"), 1, "Lists is empty"),
    ],
)
def test_failures_are_one_line_with_the_mend(
    url: str, run: Run, arguments: tuple[str, ...], code: int, told: str
) -> None:
    got, out, err = run(*(one.format(url) for one in arguments))
    assert (got, out) == (code, "")
    assert err.startswith("imapkit: ") and told in err and len(err.splitlines()) == 1


def test_a_wrong_password(url: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAP_PASSWORD", "wrong")
    code, _, err = run("ls", url)
    assert code == 1 and "refuses the login of ann" in err and "IMAP_PASSWORD" in err


# Interrupted


def test_an_empty_mailbox(url: str, run: Run) -> None:
    assert run("summary", f"{url}/Lists") == (0, "", "")
    assert run("search", f"{url}/Lists", "--json") == (0, "", "")


def test_the_reader_goes_away(url: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "imapkit", "summary", "--json", url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == 1


def _heed_sigint() -> None:
    """A job in the background of a script has SIGINT ignored, and so have its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    """While it waits for a server that says nothing."""
    monkeypatch.setenv("IMAP_PASSWORD", PASSWORD)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        command = [sys.executable, "-m", "imapkit", "ls", f"imap://ann@127.0.0.1:{silent.getsockname()[1]}"]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=_heed_sigint
        ) as process:
            conn, _ = silent.accept()
            with conn:
                process.send_signal(signal.SIGINT)
                out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "", "imapkit: interrupted\n")


# What people are told


def test_ls_means_what_is_below_not_what_begins_alike(url: str, run: Run) -> None:
    for name in ("Arch", "Archiv", "Arch/2024", "Arch/2024/May"):
        assert run("mkdir", f"{url}/{name}", "--no-subscribe")[0] == 0
    assert run("ls", f"{url}/Arch")[1].splitlines() == ["Arch", "Arch/2024", "Arch/2024/May"]
    assert run("ls", f"{url}/Arch/2024", "--json")[1].count("\n") == 2
    code, out, err = run("ls", f"{url}/Arc")
    assert (code, out, err) == (1, "", "imapkit: there is no mailbox Arc\n")


def test_show_shows_one_message(url: str, run: Run) -> None:
    code, out, err = run("show", url, "1:2")
    assert (code, out) == (2, "") and err == "imapkit: show shows one message, and 1:2 are 2: give one UID\n"
    assert run("show", url, "*")[0] == 0


@pytest.mark.parametrize("verb", ["cp", "mv"])
def test_a_target_that_is_not_there(url: str, run: Run, verb: str) -> None:
    code, out, err = run(verb, url, "1", "")
    assert (code, out, err) == (2, "", "imapkit: which mailbox? the name of the target is empty\n")
    code, out, err = run(verb, url, "1", "Nowhere")
    assert (
        (code, out) == (1, "")
        and "Nowhere" in err
        and err.endswith("; --create makes it\n")
        and "[" not in err
    )


def test_no_response_code_is_shown_to_people(url: str, run: Run) -> None:
    for arguments in (
        ("show", f"{url}/Nowhere", "1"),
        ("mkdir", f"{url}/Lists"),
        ("rename", f"{url}/Nowhere", "There"),
    ):
        code, _, err = run(*arguments)
        assert code == 1 and "[" not in err, err
