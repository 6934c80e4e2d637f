"""Recorded streams: what comes out, however they are cut, and where a fault is found."""

import random

import pytest

from imapkit.features.append import Append
from imapkit.tools import plain
from imapkit.tools.decode import AuthenticateAnswer, Decoded, IdleDone, Role, StreamDecoder, StreamFault

CLIENT = (
    b"a LOGIN ann {6}\r\nsecret\r\n"
    b"b AUTHENTICATE PLAIN\r\nAGFubgBzZWNyZXQ=\r\n"
    b"c IDLE\r\nDONE\r\n"
    b"d APPEND INBOX (\\Seen) {7+}\r\nS: x\r\n\n\r\n"
    b"e UID SEARCH OR FROM bob NOT SEEN\r\n"
    b"f LOGOUT\n"
)
SERVER = (
    b"* OK [CAPABILITY IMAP4rev1] ready {5}\r\n"
    b"+ \r\n"
    b"* 3 FETCH (UID 5 BODY[] {5}\r\nhello FLAGS (\\Seen))\r\n"
    b"* XNEW thing\r\n"
    b"a OK done\r\n"
)


def decode(
    role: Role, data: bytes, sizes: random.Random | None = None
) -> list[tuple[int, int, str | None, str, object]]:
    decoder = StreamDecoder(role)
    found = []
    at = 0
    while at < len(data):
        step = sizes.randint(1, 9) if sizes else len(data)
        found += [_flat(item) for item in decoder.feed(data[at : at + step])]
        at += step
    decoder.finish()
    decoder.close()
    return found


def _flat(item: Decoded) -> tuple[int, int, str | None, str, object]:
    return item.offset, item.size, item.tag, item.name, plain.plain(item.value)


def test_what_a_client_said() -> None:
    decoder = StreamDecoder(Role.CLIENT)
    items = []
    for item in decoder.feed(CLIENT):
        items.append((item.tag, item.name, type(item.value).__name__))
        if isinstance(item.value, Append):
            assert plain.plain(item.value.messages[0].message) == "S: x\\r\\n\\n"
    decoder.finish()
    assert items == [
        ("a", "LOGIN", "Login"),
        ("b", "AUTHENTICATE", "Authenticate"),
        (None, "", AuthenticateAnswer.__name__),
        ("c", "IDLE", "Idle"),
        (None, "DONE", IdleDone.__name__),
        ("d", "APPEND", "Append"),
        ("e", "UID SEARCH", "Search"),
        ("f", "LOGOUT", "Logout"),
    ]


def test_what_a_server_said() -> None:
    found = decode(Role.SERVER, SERVER)
    assert [(tag, name) for _, _, tag, name, _ in found] == [
        (None, "OK"),
        (None, "+"),
        (None, "FETCH"),
        (None, "XNEW"),
        ("a", "OK"),
    ]
    assert "hello" in str(found[2][4])


@pytest.mark.parametrize(("role", "data"), [(Role.CLIENT, CLIENT), (Role.SERVER, SERVER)])
def test_pieces_do_not_matter(role: Role, data: bytes) -> None:
    whole = decode(role, data)
    assert [item[0] for item in whole] == [
        sum(other[1] for other in whole[:count]) for count in range(len(whole))
    ]
    assert sum(item[1] for item in whole) == len(data)
    for seed in range(20):
        assert decode(role, data, random.Random(seed)) == whole


@pytest.mark.parametrize(
    ("role", "data", "offset", "expected"),
    [
        (Role.CLIENT, b"a NOOP\r\nb FROB\r\n", 10, "a known command"),
        (Role.CLIENT, b"a NOOP\r\nb LOGIN x\r\n", 17, "a space"),
        (Role.CLIENT, b"a SELECT {5}\r\nINBOX x\r\n", 20, "'('"),
        (Role.CLIENT, b"a IDLE\r\nb NOOP\r\n", 8, "DONE to end IDLE"),
        (Role.CLIENT, b"a NOOP", 6, "the end of the line"),
        (Role.CLIENT, b"a SELECT {5}\r\nIN", 16, "more octets of a literal"),
        (Role.SERVER, b"* OK x\r\n* ;\r\n", 10, "a response"),
        (Role.SERVER, b"a FINE\r\n", 2, "OK, NO or BAD"),
    ],
)
def test_where_a_fault_is(role: Role, data: bytes, offset: int, expected: str) -> None:
    decoder = StreamDecoder(role)
    with pytest.raises(StreamFault) as caught:
        list(decoder.feed(data))
        decoder.finish()
    decoder.close()
    assert (caught.value.offset, caught.value.expected) == (offset, expected)


def test_a_broken_known_response_is_a_fault_with_its_place() -> None:
    good = b"* 1 FETCH (BODY[] {3}\r\nabc UID 5)\r\n"
    decoder = StreamDecoder(Role.SERVER)
    with pytest.raises(StreamFault) as caught:
        list(decoder.feed(good + b"* 2 FETCH (BODY[] {3}\r\nabc UID x)\r\n"))
    decoder.close()
    assert caught.value.offset == len(good) + len(b"* 2 FETCH (BODY[] {3}\r\nabc UID ")


def test_enable_turns_names_into_utf8() -> None:
    name = "Köln".encode()
    assert decode(Role.CLIENT, b'a ENABLE IMAP4rev2\r\nb SELECT "' + name + b'"\r\n')[1][4] == {
        **decode(Role.CLIENT, b"b SELECT K&APY-ln\r\n")[0][4]  # type: ignore[dict-item]
    }


def test_a_large_literal_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shown by its size and its first octets, and read from a file."""
    size = 1_000_000
    decoder = StreamDecoder(Role.CLIENT)
    shown: list[object] = []
    for data in (b"a APPEND INBOX {%d}\r\n" % size, b"x" * size, b"\r\n"):
        for item in decoder.feed(data):
            assert isinstance(item.value, Append)
            shown.append(plain.plain(item.value.messages[0].message))
            assert "1000000 octets" in plain.line(item.value)
    decoder.finish()
    assert shown == [{"size": size, "head": "x" * plain.HEAD}]


@pytest.mark.parametrize("data", [bytes(range(256)), b'it\'s "so"', b"\\x41", "Grüße".encode()])
def test_octets_as_text_are_exact(data: bytes) -> None:
    text = plain.octets(data)
    assert text.isascii() and text.isprintable()
    assert text.encode("ascii").decode("unicode_escape").encode("latin-1") == data


def test_lines_for_people_hide_passwords() -> None:
    decoder = StreamDecoder(Role.CLIENT)
    lines = [plain.line(item.value) for item in decoder.feed(CLIENT[: CLIENT.index(b"c IDLE")])]
    assert not [line for line in lines if "secret" in line or "AGFub" in line]
