"""What a person sees whose installation lacks an extra: one line that names it."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from imapkit.tools.extras import EXTRAS, mend

ROOT = Path(__file__).resolve().parents[2]

_WITHOUT = """
import sys
class Without:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {modules!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Without())
{program}
"""


def _run(modules: set[str], program: str) -> subprocess.CompletedProcess[str]:
    """``program`` in an interpreter that lacks the modules."""
    text = _WITHOUT.format(modules=modules, program=program)
    return subprocess.run(
        [sys.executable, "-c", text],
        capture_output=True,
        text=True,
        timeout=30,
        env={key: value for key, value in os.environ.items() if not key.startswith("IMAPKIT")},
    )


def _command(*words: str) -> str:
    return f"from imapkit.tools.cli import main; sys.exit(main({list(words)!r}))"


def test_the_extras_are_those_of_the_package() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        declared = tomllib.load(file)["project"]["optional-dependencies"]
    distributions = {"argon2": "argon2-cffi", "pydantic_settings": "pydantic-settings"}
    brought_along = {"pydantic"}  # by pydantic-settings
    for extra, modules in EXTRAS.items():
        names = {re.split(r"[><=;\[ ]", line)[0] for line in declared[extra]}
        ours = {distributions.get(module, module) for module in modules} - brought_along
        assert ours == names - {"uvloop"}  # which is not on every system, and not needed


@pytest.mark.parametrize(
    ("missing", "words", "extra"),
    [
        ({"typer", "rich"}, ("ls", "imap://ann@127.0.0.1:1"), "cli"),
        ({"structlog"}, ("serve", "--data", "nowhere"), "server"),
        ({"apsw"}, ("deliver", "ann", "--data", "nowhere"), "server"),
        ({"argon2"}, ("user", "list", "--data", "nowhere"), "server"),
    ],
)
def test_a_command_names_the_extra_it_lacks(missing: set[str], words: tuple[str, ...], extra: str) -> None:
    done = _run(missing, _command(*words))
    assert done.returncode == 1
    assert done.stdout == ""
    assert re.fullmatch(
        rf"imapkit: this needs the package \w+: pip install 'imapkit\[{extra}\]'.*\n", done.stderr
    )


def test_the_server_class_names_its_extra() -> None:
    done = _run(set(EXTRAS["server"]), "import imapkit; imapkit.Client; imapkit.Server")
    assert done.returncode == 1
    assert "pip install 'imapkit[server]'" in done.stderr.strip().splitlines()[-1]


def test_the_client_needs_no_extra() -> None:
    every = {module for modules in EXTRAS.values() for module in modules}
    done = _run(
        every,
        "import imapkit; [getattr(imapkit, name) for name in dir(imapkit) if name not in ('Server', 'serve_in_thread')]",
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_other_modules_have_no_mend() -> None:
    assert mend(ModuleNotFoundError("No module named 'elsewhere'", name="elsewhere")) is None
