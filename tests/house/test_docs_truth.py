"""Pages that name things name what is there: settings with their defaults, and what replaces each call of other libraries."""

import imaplib
import re
from collections.abc import Iterable

import pytest
from imapclient import IMAPClient  # type: ignore[import-untyped]
from pydantic import BaseModel

import imapkit
import imapkit.errors
from imapkit.server.config import Config

from .imports import ROOT

DOCS = ROOT / "docs"

OWNERS: dict[str, object] = {
    "imapkit": imapkit,
    "mail": imapkit.Client,
    "inbox": imapkit.Mailbox,
    "message": imapkit.Message,
    "folder": imapkit.Folder,
}
# Attributes that instances get when they are made.
INSTANCE = {
    "exists",
    "recent",
    "uidvalidity",
    "uidnext",
    "name",
    "flags",
    "permanent_flags",
    "highest_modseq",
    "read_only",
}


def _rows(page: str) -> Iterable[tuple[str, str]]:
    for line in (DOCS / page).read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.replace("\\|", "/").strip("|").split("|")]
        if line.startswith("|") and len(cells) >= 2 and not set(cells[0]) <= set("-: "):
            yield cells[0], cells[1]


@pytest.mark.parametrize("page", ["client.md", "migrate/imaplib.md", "migrate/imapclient.md", "pytest.md"])
def test_named_attributes_exist(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    found = re.findall(
        r"(?<![.\w])(imapkit|mail|inbox|message|folder)\.([a-zA-Z_]+)",
        re.sub(r"https?://\S+|\S+@\S+", "", text),
    )
    assert found
    missing = [
        f"{owner}.{name}"
        for owner, name in found
        if not (hasattr(OWNERS[owner], name) or (owner == "inbox" and name in INSTANCE))
        and (owner, name) not in MODULES
        and not (owner == "message" and name == "data")
    ]
    assert missing == []


MODULES = {("imapkit", "errors"), ("imapkit", "features"), ("imapkit", "testing")}


@pytest.mark.parametrize(
    ("page", "theirs"), [("migrate/imaplib.md", imaplib.IMAP4), ("migrate/imapclient.md", IMAPClient)]
)
def test_every_method_of_the_other_library_has_a_row(page: str, theirs: type) -> None:
    named = {word for left, _ in _rows(page) for word in re.findall(r"[A-Za-z_0-9]+", left)}
    methods = {name for name in vars(theirs) if not name.startswith("_") and callable(getattr(theirs, name))}
    assert methods - named == set()


def _settings(model: type[BaseModel], prefix: str = "") -> Iterable[tuple[str, str]]:
    for name, field in model.model_fields.items():
        default = field.default
        if isinstance(default, BaseModel):
            yield from _settings(type(default), f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", _toml(default)


def _toml(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return (
        f'"{value}"' if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)
    )


def test_the_settings_are_those_of_the_server() -> None:
    page = {
        left.strip("`"): right.strip("`")
        for left, right in _rows("server.md")
        if re.fullmatch(r"`[a-z_.]+`", left)
    }
    assert page == dict(_settings(Config))


def test_every_public_name_is_documented() -> None:
    text = (DOCS / "client.md").read_text(encoding="utf-8") + (DOCS / "server.md").read_text(encoding="utf-8")
    words = set(re.findall(r"\w+", text + str(imapkit.errors.__doc__)))
    assert set(imapkit.__all__) - words == set()


@pytest.mark.parametrize(
    "cls",
    [
        imapkit.Client,
        imapkit.Mailbox,
        imapkit.Query,
        imapkit.Message,
        imapkit.Part,
        imapkit.Folder,
        imapkit.Address,
    ],
)
def test_every_public_attribute_is_documented(cls: type) -> None:
    words = set(re.findall(r"\w+", (DOCS / "client.md").read_text(encoding="utf-8")))
    assert {name for name in dir(cls) if not name.startswith("_")} - words == set()
