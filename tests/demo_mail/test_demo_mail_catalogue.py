"""The sample account is what its catalogue says, octet for octet."""

from __future__ import annotations

import email
import email.policy
import re
from importlib.resources import files

import pytest

from imapkit.tools.demo_mail import CATALOGUE, MAILBOXES, SampleMessage, load

WHOLE = pytest.mark.parametrize(
    "message", [message for message in CATALOGUE if not message.broken], ids=lambda message: message.file
)
EACH = pytest.mark.parametrize("message", CATALOGUE, ids=lambda message: message.file)


def test_catalogue_and_folder_agree() -> None:
    on_disk = sorted(
        entry.name for entry in (files("imapkit.tools.demo_mail") / "messages").iterdir() if entry.is_file()
    )
    assert on_disk == [message.file for message in CATALOGUE]


def test_every_mailbox_is_used_and_known() -> None:
    empty = {"Lists", "Reisen"}  # parents alone
    assert {message.mailbox for message in CATALOGUE} == set(MAILBOXES) - empty
    for name in MAILBOXES:
        parent = name.rpartition("/")[0]
        assert not parent or MAILBOXES.index(parent) < MAILBOXES.index(name)


def test_load_gives_everything_in_order() -> None:
    loaded = list(load())
    assert [message for message, _ in loaded] == list(CATALOGUE)
    assert all(octets == message.read() and octets for message, octets in loaded)


def test_sizes() -> None:
    sizes = {message.file: len(message.read()) for message in CATALOGUE}
    large = sizes.pop("037-large.eml")
    assert 190_000 < large < 220_000
    assert max(sizes.values()) < 12_000


def test_flags_and_dates_are_mixed() -> None:
    flags = {flag for message in CATALOGUE for flag in message.flags}
    assert flags == {"\\Seen", "\\Answered", "\\Flagged", "\\Draft", "$Forwarded", "$Junk", "Work"}
    assert {message.internaldate.year for message in CATALOGUE} == {2024, 2025, 2026}
    assert all(message.internaldate.utcoffset() is not None for message in CATALOGUE)


def test_message_ids_differ() -> None:
    ids = [email.message_from_bytes(octets)["Message-ID"] for _, octets in load()]
    given = [value for value in ids if value]
    assert len(given) == len(set(given)) > 60


def test_only_one_message_needs_a_literal8() -> None:
    assert [message.file for message in CATALOGUE if not message.fits_literal] == ["063-nul.eml"]


@WHOLE
def test_line_ends(message: SampleMessage) -> None:
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", message.read())
    assert all(len(line) <= 998 for line in message.read().split(b"\r\n"))


@EACH
def test_note_tells_whether_it_is_broken(message: SampleMessage) -> None:
    assert message.note.startswith("broken: ") == message.broken


@EACH
def test_standard_parser_takes_it(message: SampleMessage) -> None:
    parsed = email.message_from_bytes(message.read(), policy=email.policy.compat32)
    assert parsed.keys()
    assert sum(1 for _ in parsed.walk()) >= 1
    if not message.broken:
        assert not [defect for part in parsed.walk() for defect in part.defects]


@WHOLE
def test_whole_mail_decodes(message: SampleMessage) -> None:
    parsed = email.message_from_bytes(message.read(), policy=email.policy.default)
    assert "\ufffd" not in str(parsed["Subject"] or "")
    for part in parsed.walk():
        if part.get_content_maintype() == "text":
            charset = part.get_content_charset("us-ascii")
            payload = part.get_payload(decode=True)
            assert isinstance(payload, bytes)
            payload.decode(charset)  # raises when the bytes are not in that charset


@pytest.mark.parametrize(
    ("file", "subject"),
    [
        ("018-polish-latin2.eml", "Zaćmienie Księżyca"),
        ("020-russian-koi8.eml", "Ночь падающих звёзд"),
        ("023-japanese.eml", "中秋の名月"),
        ("024-chinese-gb.eml", "望远镜到了"),
        ("025-chinese-big5.eml", "月餅食譜"),
        ("026-korean.eml", "천문대 방문"),
    ],
)
def test_encoded_subjects(file: str, subject: str) -> None:
    octets = next(octets for message, octets in load() if message.file == file)
    assert str(email.message_from_bytes(octets, policy=email.policy.default)["Subject"]) == subject


def test_rfc2231_names() -> None:
    octets = next(octets for message, octets in load() if message.file == "028-rfc2231.eml")
    parsed = email.message_from_bytes(octets, policy=email.policy.default)
    names = [part.get_filename() for part in parsed.iter_attachments()]
    assert names == ["étoiles filantes.txt", "Beobachtungen der Großen Bärin-2025.csv"]
