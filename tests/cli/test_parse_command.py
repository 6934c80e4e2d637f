"""``imapkit parse`` and ``imapkit features`` as processes: output, exit codes, the one line of a failure."""

import json
import os
import subprocess
import sys

import pytest

from imapkit.features.catalogue import built_in
from imapkit.tools import feature_table


def imapkit(*arguments: str, octets: bytes = b"") -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "imapkit", *arguments], input=octets, capture_output=True, timeout=30
    )
    assert b"Traceback" not in done.stderr
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def test_json_is_one_object_a_line() -> None:
    code, out, err = imapkit("parse", "--role", "client", "--json", octets=b"a LOGIN ann pw\r\nb NOOP\r\n")
    assert (code, err) == (0, "")
    login, noop = map(json.loads, out.splitlines())
    assert login == {
        "offset": 0, "length": 16, "tag": "a", "command": "LOGIN", "type": "Login", "user": "ann", "password": "pw",
    }  # fmt: skip
    assert (noop["tag"], noop["type"], noop["offset"]) == ("b", "Noop", 16)


def test_a_fault_is_exit_code_1_with_offset_and_expectation() -> None:
    code, out, err = imapkit("parse", "--role", "client", octets=b"a NOOP\r\nb FROB\r\n")
    assert code == 1
    assert "Noop" in out
    assert err == "imapkit: protocol error at octet 10: expected a known command, found b'FROB'\n"


def test_a_fault_in_json() -> None:
    code, out, _ = imapkit("parse", "--role", "server", "--json", octets=b"* OK x\r\n* ;\r\n")
    last = json.loads(out.splitlines()[-1])
    assert (code, last["type"], last["offset"], last["expected"]) == (1, "Error", 10, "a response")


@pytest.mark.parametrize(
    "arguments", [("parse",), ("parse", "--role", "both"), ("parse", "--frob"), ("frob",), ()]
)
def test_wrong_usage_is_exit_code_2(arguments: tuple[str, ...]) -> None:
    code, _, err = imapkit(*arguments)
    assert code == 2
    assert len(err.splitlines()) == bool(arguments)


def test_a_near_word_is_suggested() -> None:
    assert "did you mean features?" in imapkit("feature")[2]


def test_help_and_version() -> None:
    code, out, _ = imapkit("--help")
    assert code == 0 and "parse" in out
    assert imapkit("--version")[1].startswith("imapkit ")


def test_a_reader_that_goes_away_gets_no_complaint() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "imapkit", "parse", "--role", "client"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdin and process.stdout and process.stderr
        process.stdout.close()
        process.stdin.write(b"a NOOP\r\n")
        process.stdin.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == 1


def test_features_are_those_of_the_registry() -> None:
    code, out, _ = imapkit("features", "--json")
    assert code == 0
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["name"] for row in rows][: len(built_in())] == [feature.name for feature in built_in()]
    assert "LITERAL+" in next(row for row in rows if row["name"] == "LITERAL")["capabilities"]


def test_features_as_columns() -> None:
    _, out, _ = imapkit("features")
    head, *lines = out.splitlines()
    place = head.index("SPECIFICATION")
    assert head.startswith("FEATURE")
    assert all(line[place:].startswith("RFC ") for line in lines)


def test_the_table_for_documents() -> None:
    lines = feature_table.markdown().splitlines()
    assert len(lines) == len(built_in()) + 2
    assert "[RFC 7888](https://www.rfc-editor.org/rfc/rfc7888)" in feature_table.markdown()


def test_letters_that_the_terminal_does_not_know() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "imapkit", "parse", "--role", "client"],
        input=b"a SELECT K&APY-ln\r\n",
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        capture_output=True,
        timeout=30,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"K\\xf6ln" in done.stdout
