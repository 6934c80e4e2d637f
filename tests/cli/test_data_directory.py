"""A data directory that is none, in the words of the commands."""

from pathlib import Path

import pytest

from .conftest import Run


@pytest.mark.parametrize("below", [False, True])
@pytest.mark.parametrize(
    "words", [("serve", "--listen", "imap://127.0.0.1:0"), ("user", "add", "ann", "--password-stdin")]
)
def test_a_file_is_no_data_directory(
    words: tuple[str, ...], below: bool, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    monkeypatch.setattr("imapkit.tools.cli.user._password", lambda stdin: "secret")
    data = file / "data" if below else file
    code, _, err = run(*words, "--data", str(data))
    assert (code, err) == (2, f"imapkit: {data} is no directory, and none can be made there\n")
