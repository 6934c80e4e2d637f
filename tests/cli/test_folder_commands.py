"""The commands that make, delete, rename and subscribe mailboxes, against our server and against Dovecot."""

from __future__ import annotations

import json

import pytest

from imapkit import connect

from .conftest import PASSWORD, Run


def names(url: str) -> set[str]:
    with connect(url, password=PASSWORD, allow_plaintext=True) as client:
        return {folder.name for folder in client.folders()}


def subscribed(url: str) -> set[str]:
    with connect(url, password=PASSWORD, allow_plaintext=True) as client:
        return {data.name for data in client.lsub()}


def test_mkdir_makes_and_subscribes(url: str, run: Run) -> None:
    assert run("mkdir", f"{url}/Trips/K%C3%B6ln") == (0, "Trips/Köln made and subscribed\n", "")
    assert "Trips/Köln" in names(url) and "Trips/Köln" in subscribed(url)
    code, out, _ = run("mkdir", f"{url}/Quiet", "--no-subscribe", "--json")
    assert (code, json.loads(out)) == (0, {"mailbox": "Quiet", "made": True, "subscribed": False})
    assert "Quiet" in names(url) and "Quiet" not in subscribed(url)


@pytest.mark.parametrize("verb", ["mkdir", "rmdir", "subscribe", "unsubscribe", "rename"])
def test_a_url_without_a_mailbox_is_wrong_usage(url: str, run: Run, verb: str) -> None:
    code, out, err = run(verb, url, *(["New"] if verb == "rename" else []))
    assert (code, out) == (2, "") and err == f"imapkit: which mailbox? name it in the URL: {url}/NAME\n"


def test_what_is_there_already_and_what_is_not(url: str, run: Run) -> None:
    for arguments in (
        ("mkdir", f"{url}/Lists"),
        ("rmdir", f"{url}/Nowhere"),
        ("rename", f"{url}/Nowhere", "There"),
        ("rename", f"{url}/Lists", "INBOX"),
    ):
        code, out, err = run(*arguments)
        assert (code, out) == (1, ""), arguments
        assert err.startswith("imapkit: ") and err.count("\n") == 1, err


def test_rmdir_keeps_mail_unless_forced(url: str, run: Run) -> None:
    assert run("mkdir", f"{url}/Old")[0] == 0
    assert run("cp", url, "1", "Old")[0] == 0
    code, out, err = run("rmdir", f"{url}/Old")
    assert (code, out) == (1, "")
    assert err == "imapkit: Old holds 1 message: move it, or give --force to delete it too\n"
    assert "Old" in names(url)
    assert run("rmdir", f"{url}/Old", "--force") == (0, "Old deleted with 1 message\n", "")
    assert "Old" not in names(url) and "Old" not in subscribed(url)


def test_rmdir_of_an_empty_mailbox(url: str, run: Run) -> None:
    assert run("mkdir", f"{url}/Empty")[0] == 0
    code, out, _ = run("rmdir", f"{url}/Empty", "--json")
    assert (code, json.loads(out)) == (0, {"mailbox": "Empty", "deleted": True, "messages": 0})


def test_rename_takes_what_is_below_and_its_subscriptions(url: str, run: Run) -> None:
    for name in ("Work", "Work/2026", "Workshop"):
        assert run("mkdir", f"{url}/{name}")[0] == 0
    assert run("rename", f"{url}/Work", "Job") == (0, "Work is Job now\n", "")
    assert {"Job", "Job/2026", "Workshop"} <= names(url) and not {"Work", "Work/2026"} & names(url)
    assert {"Job", "Job/2026", "Workshop"} <= subscribed(url)
    assert not {"Work", "Work/2026"} & subscribed(url)


def test_subscribe_and_unsubscribe(url: str, run: Run) -> None:
    assert run("subscribe", f"{url}/Lists") == (0, "Lists subscribed\n", "")
    assert "Lists" in subscribed(url)
    assert run("unsubscribe", f"{url}/Lists", "--json")[1] == '{"mailbox": "Lists", "subscribed": false}\n'
    assert "Lists" not in subscribed(url) and "Lists" in names(url)


def test_info_tells_the_first_unseen_and_that_it_reads_only(url: str, run: Run) -> None:
    out = run("info", url)[1]
    assert "first unseen     2\n" in out and "permanent flags  (opened read-only)\n" in out, out
    assert run("flag", url, "2", "--add", "seen")[0] == 0
    assert "first unseen     (all seen)\n" in run("info", url)[1]
