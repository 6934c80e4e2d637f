"""The sample account: which message lies in which mailbox, with which flags and date, and what it shows.

The messages are the files in `messages/`, octet for octet as they came over the wire. A message whose entry
says `broken` offends a standard on purpose, as its note tells; every other one has CRLF line ends throughout.
This file and the folder must agree: a test compares them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files

OWNER = "ann@example.org"

MAILBOXES: tuple[str, ...] = (
    "INBOX",
    "Drafts",
    "Sent",
    "Trash",
    "Junk",
    "Archive",
    "Archive/2025",
    "Lists",
    "Lists/astronomy",
    "Reisen",
    "Reisen/Köln",
)
"""Every mailbox of the account, parents before children."""


@dataclass(frozen=True, slots=True)
class SampleMessage:
    """One message of the account: where it lies, and why it is there."""

    file: str
    mailbox: str
    flags: tuple[str, ...]
    internaldate: datetime
    note: str
    broken: bool = False

    def read(self) -> bytes:
        """The message, octet for octet."""
        return _read(self.file)

    @property
    def fits_literal(self) -> bool:
        """Whether a plain IMAP literal may carry it: NUL needs a literal8 (RFC 3516) or a direct delivery."""
        return b"\0" not in self.read()


@cache
def _read(file: str) -> bytes:
    return (files(__package__) / "messages" / file).read_bytes()


def load() -> Iterator[tuple[SampleMessage, bytes]]:
    """Every message with its octets, in the order of the catalogue (the order to append them in)."""
    for message in CATALOGUE:
        yield message, message.read()


def _entry(file: str, mailbox: str, flags: str, date: str, note: str, broken: bool = False) -> SampleMessage:
    return SampleMessage(
        file + ".eml", mailbox, tuple(flags.split()), datetime.fromisoformat(date), note, broken
    )


CATALOGUE: tuple[SampleMessage, ...] = (
    _entry("001-welcome", "INBOX", r"\Seen \Flagged", "2024-01-08T09:12:24+01:00", "a plain text message"),
    _entry("002-mother", "INBOX", r"\Seen \Answered", "2024-01-21T18:40:40+01:00", "plain text, UTF-8, 8bit"),
    _entry(
        "003-newsletter",
        "INBOX",
        r"\Seen",
        "2024-02-02T07:00:00+01:00",
        "text and HTML alternatives, quoted-printable",
    ),
    _entry(
        "004-html-only",
        "INBOX",
        "",
        "2024-02-09T12:30:30+01:00",
        "HTML without a plain text version, windows-1252",
    ),
    _entry(
        "005-inline-picture",
        "INBOX",
        r"\Seen \Flagged",
        "2024-03-03T23:05:35+01:00",
        "multipart/related: HTML with an inline PNG, and a text version",
    ),
    _entry(
        "006-invoice", "INBOX", r"\Seen Work", "2024-03-15T10:01:07+01:00", "a PDF attachment, and a keyword"
    ),
    _entry(
        "007-logbook",
        "INBOX",
        r"\Seen Work",
        "2024-04-07T22:17:59+01:00",
        "three attachments: CSV, text and PNG, with Content-MD5 and sizes",
    ),
    _entry(
        "008-invitation",
        "INBOX",
        r"\Answered \Seen",
        "2024-07-01T20:00:00+02:00",
        "a calendar invitation: text, text/calendar and an .ics attachment",
    ),
    _entry(
        "009-comet-1", "INBOX", r"\Seen \Answered", "2024-10-11T19:02:14+02:00", "starts a thread of four"
    ),
    _entry(
        "010-comet-2", "INBOX", r"\Seen", "2024-10-11T19:48:36+02:00", "second of the thread, with References"
    ),
    _entry("011-comet-3", "Sent", r"\Seen", "2024-10-11T21:15:45+02:00", "third of the thread, in Sent"),
    _entry(
        "012-comet-4", "INBOX", "", "2024-10-12T08:30:30+02:00", "fourth of the thread, with a subject blob"
    ),
    _entry(
        "013-dome-1",
        "INBOX",
        r"\Seen",
        "2024-11-04T10:00:00+01:00",
        "starts a thread whose references are broken",
    ),
    _entry(
        "014-dome-2",
        "INBOX",
        "",
        "2024-11-04T11:20:20+01:00",
        "a reply with broken references: free text, an unclosed id, a missing parent",
    ),
    _entry(
        "015-cake-1",
        "INBOX",
        r"\Seen",
        "2024-12-01T16:00:00+01:00",
        "first of two messages that only the subject joins",
    ),
    _entry("016-cake-2", "INBOX", "", "2024-12-01T17:30:30+01:00", "a reply known by its subject alone"),
    _entry(
        "017-french-latin1", "INBOX", r"\Seen", "2024-05-14T20:10:10+02:00", "ISO-8859-1, encoded words in Q"
    ),
    _entry("018-polish-latin2", "INBOX", r"\Seen", "2024-06-02T14:44:08+02:00", "ISO-8859-2, 8bit"),
    _entry("019-euro-latin9", "INBOX", "", "2024-06-20T09:00:00+02:00", "ISO-8859-15 with a euro sign"),
    _entry("020-russian-koi8", "INBOX", r"\Seen", "2024-08-05T11:05:35+02:00", "KOI8-R, encoded words in B"),
    _entry("021-russian-1251", "INBOX", "", "2024-08-06T08:15:45+02:00", "windows-1251, base64"),
    _entry(
        "022-quotes-1252",
        "INBOX",
        r"\Seen",
        "2024-08-19T13:37:19+02:00",
        "windows-1252 with typographic quotes",
    ),
    _entry(
        "023-japanese",
        "INBOX",
        r"\Flagged",
        "2024-09-17T06:50:50+02:00",
        "ISO-2022-JP, 7bit with escape sequences",
    ),
    _entry("024-chinese-gb", "INBOX", "", "2024-09-18T03:12:24+02:00", "GB18030, base64"),
    _entry("025-chinese-big5", "INBOX", r"\Seen", "2024-09-18T04:40:40+02:00", "Big5, 8bit"),
    _entry("026-korean", "INBOX", r"\Seen", "2024-09-19T05:05:35+02:00", "EUC-KR, 8bit"),
    _entry(
        "027-greek-utf8",
        "INBOX",
        "",
        "2025-01-06T12:00:00+01:00",
        "UTF-8, several scripts and an emoji, long encoded subject in pieces",
    ),
    _entry(
        "028-rfc2231",
        "INBOX",
        r"\Seen",
        "2025-01-20T15:16:52+01:00",
        "RFC 2231 file names: language, charset, continuations",
    ),
    _entry(
        "029-idn",
        "INBOX",
        "",
        "2025-02-11T10:10:10+01:00",
        "an international domain name and an address with UTF-8 (SMTPUTF8)",
    ),
    _entry(
        "030-flowed",
        "INBOX",
        r"\Seen",
        "2025-02-18T17:45:15+01:00",
        "format=flowed with DelSp, quoted text and a signature",
    ),
    _entry(
        "031-binary-part",
        "INBOX",
        r"\Seen",
        "2025-02-25T21:00:00+01:00",
        "a part in Content-Transfer-Encoding binary, every octet but NUL, CR and LF",
    ),
    _entry("032-empty-body", "INBOX", r"\Seen", "2025-03-01T08:00:00+01:00", "an empty body"),
    _entry("033-no-subject", "INBOX", "", "2025-03-02T09:30:30+01:00", "no Subject header"),
    _entry("034-no-date", "INBOX", "", "2025-03-03T12:00:00+01:00", "no Date header"),
    _entry(
        "035-many-recipients",
        "INBOX",
        r"\Seen",
        "2025-03-10T18:00:00+01:00",
        "eighty recipients over folded To and Cc headers",
    ),
    _entry(
        "036-groups",
        "INBOX",
        "",
        "2025-03-12T19:00:00+01:00",
        "group address syntax, empty and full; comments and quoted names",
    ),
    _entry(
        "037-large",
        "INBOX",
        r"\Seen Work",
        "2025-08-14T09:00:00+02:00",
        "large: 200 KB, mostly a CSV attachment",
    ),
    _entry(
        "038-forwarded",
        "INBOX",
        r"\Seen $Forwarded",
        "2025-09-01T09:15:45+02:00",
        "a forwarded message as message/rfc822, which itself has two parts",
    ),
    _entry(
        "039-list-question",
        "Lists/astronomy",
        r"\Seen",
        "2025-06-01T10:00:00+02:00",
        "mailing list mail with List-* headers; starts a thread",
    ),
    _entry(
        "040-list-answer",
        "Lists/astronomy",
        r"\Seen",
        "2025-06-01T12:30:30+02:00",
        "a list reply, In-Reply-To only",
    ),
    _entry(
        "041-list-answer-2",
        "Lists/astronomy",
        "",
        "2025-06-02T07:45:15+02:00",
        "a list reply deeper in the thread, signed off in UTF-8",
    ),
    _entry(
        "042-list-digest",
        "Lists/astronomy",
        "",
        "2025-07-08T06:00:00+02:00",
        "a multipart/digest of three messages",
    ),
    _entry("043-smime", "INBOX", r"\Seen", "2025-04-04T14:04:28+02:00", "signed with S/MIME"),
    _entry("044-pgp", "INBOX", r"\Seen", "2025-04-05T15:05:35+02:00", "signed with PGP/MIME"),
    _entry("045-bounce", "INBOX", "", "2025-05-05T05:05:35+02:00", "a delivery status notification"),
    _entry("046-sent-reply", "Sent", r"\Seen", "2024-01-21T19:20:20+01:00", "a reply in Sent"),
    _entry(
        "047-sent-accept",
        "Sent",
        r"\Seen",
        "2024-07-01T21:00:00+02:00",
        "an accepted invitation (iTIP REPLY), with Bcc",
    ),
    _entry("048-draft", "Drafts", r"\Draft \Seen", "2026-01-02T22:02:14+01:00", "a draft without recipients"),
    _entry(
        "049-draft-empty",
        "Drafts",
        r"\Draft",
        "2026-01-03T07:30:30+01:00",
        "a draft with a header alone and no body separator content",
    ),
    _entry(
        "050-archive-2024",
        "Archive",
        r"\Seen",
        "2024-02-20T10:00:00+01:00",
        "an old message kept in the archive",
    ),
    _entry(
        "051-archive-x",
        "Archive",
        r"\Seen \Flagged",
        "2024-04-24T16:20:20+02:00",
        "a folded header with a very long unbroken word",
    ),
    _entry(
        "052-archive-2025",
        "Archive/2025",
        r"\Seen",
        "2025-01-31T18:00:00+01:00",
        "a message in a sub-folder of the archive",
    ),
    _entry(
        "053-archive-2025b",
        "Archive/2025",
        r"\Seen \Answered",
        "2025-05-31T18:00:00+02:00",
        "text encoded as quoted-printable with soft line breaks",
    ),
    _entry("054-trash", "Trash", r"\Seen", "2025-11-11T11:11:17+01:00", "thrown away"),
    _entry(
        "055-junk",
        "Junk",
        "$Junk",
        "2025-12-24T03:33:51+01:00",
        "spam, with the keyword $Junk and shouting headers",
    ),
    _entry(
        "056-koeln-ticket",
        "Reisen/Köln",
        r"\Seen \Flagged",
        "2026-02-14T08:08:56+01:00",
        "travel mail in a mailbox with an international name",
    ),
    _entry(
        "057-koeln-dinner",
        "Reisen/Köln",
        "",
        "2026-02-15T19:45:15+01:00",
        "a dinner invitation, UTF-8 base64",
    ),
    _entry(
        "058-no-end-boundary",
        "INBOX",
        "",
        "2025-10-01T10:00:00+02:00",
        "broken: the closing boundary is missing",
        broken=True,
    ),
    _entry(
        "059-bad-charset",
        "INBOX",
        "",
        "2025-10-02T10:00:00+02:00",
        "broken: a charset that does not exist, in header and body",
        broken=True,
    ),
    _entry(
        "060-bad-base64",
        "INBOX",
        "",
        "2025-10-03T10:00:00+02:00",
        "broken: base64 with stray characters and lost padding",
        broken=True,
    ),
    _entry(
        "061-raw-8bit-headers",
        "INBOX",
        "",
        "2025-10-04T10:00:00+02:00",
        "broken: raw ISO-8859-1 octets in headers, no MIME headers",
        broken=True,
    ),
    _entry("062-bare-lf", "INBOX", "", "2025-10-05T03:00:00+02:00", "broken: bare LF line ends", broken=True),
    _entry(
        "063-nul",
        "INBOX",
        "",
        "2025-10-06T10:00:00+02:00",
        "broken: NUL octets in the body (an IMAP literal cannot carry them)",
        broken=True,
    ),
    _entry(
        "064-malformed-from",
        "INBOX",
        "",
        "2025-10-07T10:00:00+02:00",
        "broken: addresses no grammar allows",
        broken=True,
    ),
    _entry(
        "065-duplicate-headers",
        "INBOX",
        "",
        "2025-10-08T10:00:00+02:00",
        "broken: From, Subject, Date and Content-Type twice",
        broken=True,
    ),
    _entry(
        "066-no-blank-line",
        "INBOX",
        "",
        "2025-10-09T10:00:00+02:00",
        "broken: no blank line between header and text",
        broken=True,
    ),
    _entry(
        "067-nonsense-date",
        "INBOX",
        "",
        "2025-10-10T10:00:00+02:00",
        "broken: a Date from no calendar",
        broken=True,
    ),
    _entry(
        "068-deep-nesting",
        "INBOX",
        "",
        "2025-10-11T10:00:00+02:00",
        "broken: sixty multiparts inside one another",
        broken=True,
    ),
)
