"""`--help` of every command: an answer on standard output, in the words of the source, brackets included."""

import pytest

from imapkit.tools.cli import main
from imapkit.tools.cli.app import VERBS


@pytest.mark.parametrize("verb", VERBS)
def test_every_command_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "--help"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.startswith(f"Usage: imapkit {verb} ")
    assert "--help" in out


def test_brackets_in_a_help_text_are_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ls", "--help"]) == 0
    assert "imaps://NAME@HOST[:PORT][/MAILBOX]" in capsys.readouterr().out


@pytest.mark.parametrize("verb", ["add", "passwd", "list", "delete"])
def test_every_verb_of_user_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["user", verb, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"Usage: imapkit user {verb} ")
