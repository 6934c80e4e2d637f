"""Every Python block of the documentation runs, each for itself, against a server in memory.

A block finds what its page takes for granted: ``imapkit`` and its names, ``mail`` (a client), ``inbox`` (open, with the mail below), and an
asynchronous block may use ``await``. The addresses of the examples lead to the server in memory. Functions called ``test_…`` are run
with their fixtures.
"""

import ast
import asyncio
import inspect
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import pytest

import imapkit

from .imports import ROOT

PAGES = [
    ROOT / "README.md",
    *sorted(path for path in (ROOT / "docs").rglob("*.md") if "_build" not in path.parts),
]

PLAIN = b"From: Bob <bob@example.org>\r\nTo: ann@example.org\r\nSubject: Hi\r\nMessage-ID: <1@x>\r\n\r\nHello Ann\r\n"
MIXED = (
    b"From: Carol <carol@example.org>\r\nSubject: Two parts\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n'
    b'--x\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename="bill.pdf"\r\n'
    b"Content-Transfer-Encoding: base64\r\n\r\nJVBERg==\r\n--x--\r\n"
)


def _blocks() -> Iterator[Any]:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for found in re.finditer(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            line = text[: found.start()].count("\n") + 2
            name = f"{page.relative_to(ROOT)}:{line}"
            yield pytest.param(page, line, found[1], id=name)


def _compile(page: Path, line: int, source: str) -> CodeType:
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    code = compile("\n" * (line - 1) + source, str(page), "exec", flags=flags)
    assert isinstance(code, CodeType)
    return code


@pytest.fixture
def examples_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The addresses of the examples lead to a server in memory, and files to a directory of the test's own."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "draft.eml").write_bytes(PLAIN)
    (tmp_path / "in").mkdir()
    connect, connect_async = imapkit.connect, imapkit.connect_async

    with imapkit.serve_in_thread({"ann": "secret"}) as server:

        def led(url: str, given: dict[str, Any]) -> tuple[str, dict[str, Any]]:
            if "example.org" not in url:
                return url, given
            kept = {key: value for key, value in given.items() if key not in ("cafile", "tls", "user")}
            return server.url, kept | {"user": "ann", "allow_plaintext": True}

        def here(url: str, **given: Any) -> imapkit.Client:
            url, given = led(url, given)
            return connect(url, **given)

        async def here_async(url: str, **given: Any) -> imapkit.AsyncClient:
            url, given = led(url, given)
            return await connect_async(url, **given)

        monkeypatch.setattr(imapkit, "connect", here)
        monkeypatch.setattr(imapkit, "connect_async", here_async)
        yield


@pytest.mark.parametrize(("page", "line", "source"), list(_blocks()))
def test_block(
    page: Path, line: int, source: str, examples_here: None, request: pytest.FixtureRequest
) -> None:
    with imapkit.connect("imaps://ann@mail.example.org", password="secret") as mail:
        mail.append("INBOX", PLAIN)
        mail.append("INBOX", MIXED, flags=["\\Seen"])
        names: dict[str, Any] = {name: getattr(imapkit, name) for name in imapkit.__all__}
        names |= {"imapkit": imapkit, "date": date, "timedelta": timedelta, "Path": Path, "__name__": "block"}
        names |= {"mail": mail, "inbox": mail.select("INBOX")}
        code = _compile(page, line, source)
        if code.co_flags & inspect.CO_COROUTINE:
            asyncio.run(_await(code, names))
        else:
            exec(code, names)
        for name, test in list(names.items()):
            if name.startswith("test_") and isinstance(test, FunctionType):
                test(*(request.getfixturevalue(wanted) for wanted in inspect.signature(test).parameters))


async def _await(code: CodeType, names: dict[str, Any]) -> None:
    result = eval(code, names)
    assert inspect.isawaitable(result)
    await result
