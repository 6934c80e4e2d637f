"""Odd values in search keys, fetch items and at every parameter of ``connect``; what is shown in their place, in both clients.

The parameters of methods: test_client_every_parameter.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

import imapkit
from imapkit import (
    FROM,
    HEADER,
    KEYWORD,
    LARGER,
    ON,
    SINCE,
    UID,
    Flags,
    HeaderFields,
    ImapError,
    PartBody,
    UsageError,
)
from imapkit.query.keys import SEQ

from .twins import Twin

MESSAGE = b"From: bob@example.org\r\nSubject: Hi\r\n\r\nHello\r\n"
ODD: list[Any] = [
    None, True, 0, -1, 5, 1 << 40, 10**400, 1.5, math.nan, math.inf, "", " ", "bob", "\udc80", "\ud800", "a\0b", "a\r\nb",
    "\\Seen", "Seen",
    "1:*", "*", "ä" * 300, b"x", b"", bytearray(b"1 2"), (), [], {}, {1: 2}, {"a": 5}, [None], [5], ["\ud800"], ["a b"], object(), Flags,
    FROM,
    FROM("bob"), date(2024, 1, 1), datetime(1, 1, 1), datetime(9999, 12, 31, tzinfo=UTC), lambda: None, imapkit.Folder("x", "/", ()),
]  # fmt: skip

Call = Callable[[Any, Any, Any], Any]
"""(mail, inbox, value)."""

CALLS: dict[str, Call] = {
    "search from_": lambda mail, inbox, value: inbox.search(from_=value).count(),
    "search since": lambda mail, inbox, value: inbox.search(since=value).count(),
    "search seen": lambda mail, inbox, value: inbox.search(seen=value).count(),
    "search larger": lambda mail, inbox, value: inbox.search(larger=value).count(),
    "search header": lambda mail, inbox, value: inbox.search(header=value).count(),
    "search uid": lambda mail, inbox, value: inbox.search(uid=value).count(),
    "search keyword": lambda mail, inbox, value: inbox.search(keyword=value).count(),
    "FROM": lambda mail, inbox, value: inbox.search(FROM(value)).count(),
    "HEADER": lambda mail, inbox, value: inbox.search(HEADER(value, value)).count(),
    "KEYWORD": lambda mail, inbox, value: inbox.search(KEYWORD(value)).count(),
    "ON": lambda mail, inbox, value: inbox.search(ON(value)).count(),
    "SINCE": lambda mail, inbox, value: inbox.search(~SINCE(value)).count(),
    "LARGER": lambda mail, inbox, value: inbox.search(LARGER(value)).count(),
    "UID": lambda mail, inbox, value: inbox.search(UID(value)).count(),
    "SEQ": lambda mail, inbox, value: inbox.search(SEQ(value)).count(),
    "HeaderFields": lambda mail, inbox, value: list(inbox.all().fetch(HeaderFields(value))),
    "PartBody": lambda mail, inbox, value: list(inbox.all().fetch(PartBody(value))),
    "PartBody partial": lambda mail, inbox, value: list(inbox.all().fetch(PartBody("1", partial=value))),
}


@pytest.fixture(scope="module")
def where() -> Iterator[str]:
    with imapkit.serve_in_thread(users={"ann": "secret"}) as server:
        yield server.url


@pytest.mark.parametrize("name", CALLS)
def test_every_key_and_item(twin: Twin, where: str, name: str) -> None:
    with twin.connect(where, user="ann", password="secret", allow_plaintext=True) as mail:
        mail.append("INBOX", MESSAGE)
        inbox = mail.select("INBOX")
        for value in ODD:
            if not inbox.is_open:
                inbox = mail.select("INBOX")
            try:
                CALLS[name](mail, inbox, value)
            except ImapError as error:
                told = str(error)
                assert told and "object has no attribute" not in told and "unexpected" not in told, (
                    value,
                    told,
                )
            except TypeError as error:
                assert _about_keys(error), (value, error)
            assert not mail.connection.closed, f"{name}({value!r}) closed the connection"
        mail.noop()


CONNECTING = [
    "url",
    "user",
    "password",
    "timeout",
    "connect_timeout",
    "cafile",
    "ssl_context",
    "identity",
    "command",
    "tls",
]


@pytest.mark.parametrize("name", CONNECTING)
def test_every_parameter_of_connect(twin: Twin, where: str, name: str) -> None:
    given: dict[str, Any] = {"url": where, "user": "ann", "password": "secret", "allow_plaintext": True}
    for value in (
        *ODD,
        "mail..example.org",
        "imap://mail..example.org",
        "imap://" + "x" * 70 + ".org",
        "imaps://[::1",
        "unix:",
        "imap://:143",
    ):
        if name == "command" and value == ["a b"]:
            continue  # a program that might be there
        if name in ("user", "password") and isinstance(value, str) and value.isprintable() and value:
            continue  # a wrong login, which the server answers slowly
        wanted = (
            {**given, name: value, "connect_timeout": 5}
            if name != "connect_timeout"
            else {**given, name: value}
        )
        url = wanted.pop("url")
        if (
            name == "connect_timeout"
            and isinstance(value, float | int)
            and 0 < value < 2
            and value is not True
        ):
            continue
        try:
            twin.connect(url, **wanted).close()
        except ImapError as error:
            assert str(error) and "secret" not in str(error), error
        except TypeError as error:
            assert _about_keys(error), (value, error)


def _about_keys(error: TypeError) -> bool:
    """A search key has no truth value: Python's own protocol, told in a sentence."""
    return "search keys combine by & | and ~" in str(error)


@pytest.mark.parametrize("value", [b"geheim", 5, ["geheim"], "geheim\ud800", "geheim\0"])
def test_a_password_is_not_repeated(twin: Twin, where: str, value: Any) -> None:
    with pytest.raises(ImapError) as caught:
        twin.connect(where, user="ann", password=value, allow_plaintext=True)
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda box: box.search("bob"), r'FROM\("bob"\) or search\(text="bob"\), not by \'bob\''),
        (lambda box: box.search(FROM(b"bob")), r"FROM is text, not octets: b'bob'.decode\(\)"),
        (lambda box: box.all().flag(add="\\Seen"), r'flags are a list of texts, as \["\\\\Seen"'),
        (lambda box: box.all().flag(add=["Seen"]), r'the flag is "\\\\Seen", or seen=True'),
        (lambda box: box.all().set_flags(["flagged"]), r'the flag is "\\\\Flagged", or flagged=True'),
        (lambda box: box.search(sinse=date(2024, 1, 1)), "did you mean since"),
        (lambda box: box.search(seen="yes"), "seen is True or False"),
        (lambda box: list(box.fetch("1", "FLAGS")), "told by objects, as Flags, Envelope or Body"),
        (lambda box: box.fetch("FLAGS"), 'one looks like "1:5,9"'),
        (
            lambda box: box.search(since="yesterday"),
            'since is a day, as date\\(2026, 11, 1\\) or "2026-11-01"',
        ),
    ],
)
def test_the_right_form_is_shown(twin: Twin, where: str, call: Callable[[Any], Any], told: str) -> None:
    with twin.connect(where, user="ann", password="secret", allow_plaintext=True) as mail:
        inbox = mail.select("INBOX")
        with pytest.raises(UsageError, match=told):
            call(inbox)


def test_days_may_be_written_as_people_write_them(twin: Twin, where: str) -> None:
    with twin.connect(where, user="ann", password="secret", allow_plaintext=True) as mail:
        mail.create("Days")
        mail.append("Days", MESSAGE, date=datetime(2026, 11, 1, 12, tzinfo=UTC))
        box = mail.select("Days")
        assert box.search(since="2026-11-01").count() == box.search(ON("2026-11-01")).count() == 1
        assert box.search(since="2026-11-02").count() == box.search(before="2026-11-01").count() == 0
        mail.delete("Days")


@pytest.mark.parametrize("role", ["snet", "Sents"])
def test_a_role_that_nobody_has(twin: Twin, where: str, role: str) -> None:
    with twin.connect(where, user="ann", password="secret", allow_plaintext=True) as mail:
        with pytest.raises(UsageError, match="did you mean 'sent'"):
            mail.folder(role=role)
        with pytest.raises(UsageError, match="there are all, archive"):
            mail.folder(role="xyzzy")


def test_wishes_that_contradict_each_other(twin: Twin, where: str) -> None:
    import ssl

    context = ssl.create_default_context()
    for more in (
        {"ssl_context": context, "cafile": "x.pem"},
        {"tls": False, "cafile": "x.pem"},
        {"tls": False, "ssl_context": context},
    ):
        with pytest.raises(UsageError):
            twin.connect(where, user="ann", password="secret", allow_plaintext=True, **more)
    with pytest.raises(UsageError, match="imaps:// begins with TLS"):
        twin.connect(where.replace("imap:", "imaps:"), user="ann", password="secret", tls=False)


def test_no_timeout_at_all(twin: Twin, where: str) -> None:
    with twin.connect(
        where, user="ann", password="secret", allow_plaintext=True, timeout=None, connect_timeout=None
    ) as mail:
        mail.noop()
