"""Tables on a terminal: they fit, and what is short stays whole."""

import os

import pytest

from imapkit.tools.table import Table, width

ROW = (
    "45",
    "N",
    "2025-10-05 03:00",
    "cron@example.org",
    "A night report of the telescope",
    "frames: 120 " * 9,
)


@pytest.mark.parametrize("columns", [70, 80, 120])
def test_a_table_fits_and_dates_stay_whole(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((columns, 24)))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    Table(("uid", "", "date", "from", "subject", "text"), indent=3).add([ROW])
    head, line = capsys.readouterr().out.splitlines()
    assert max(width(head), width(line)) <= columns
    assert ROW[2] in line
    assert "…" in line
