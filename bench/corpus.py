"""The mail that is measured with: 100,000 small messages for one mailbox, and realistic ones of all sizes.

Deterministic: message ``i`` of a corpus depends on the seed and ``i`` alone. Each message knows what a correct server must
answer about it (size, subject, sender, arrival, which needles it holds), so the load client can check answers.
"""

from __future__ import annotations

import base64
import math
import quopri
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.header import Header

from bench import words

SEED = 20_260
FIRST_DAY = datetime(2024, 1, 1, 8, 0, tzinfo=UTC)
DAYS = 900
SENDERS = 400
_LINE = 72
THREADED = ("small", "real")
"""The corpora whose messages answer each other."""
_FIRSTS = (0, 0, 2, 3, 3, 3, 3, 7, 7, 7, 7, 7)
_PARENTS = (0, 0, 2, 3, 3, 3, 4, 7, 7, 8, 8, 10)
_LEADERS = ("Re: ", "RE: ", "Re: Re: ", "Fwd: ")
_DELAYS = (2, 2, 3, 9, 40, 600, 7_200, 90_000)
"""Seconds between Date and arrival."""
_ZONES = (0, 60, 120, 330, -300, -480)


@dataclass(frozen=True, slots=True)
class Mail:
    """One message and the facts about it. ``needles`` are the words planted in its body or subject; ``subject`` is the
    base subject (RFC 5256), the same in all messages of a ``thread``, which is named by the number of its first."""

    data: bytes
    message_id: bytes
    sender: str
    arrived: datetime
    seen: bool
    needles: frozenset[str]
    kind: str
    sent: datetime
    subject: str
    thread: int

    @property
    def size(self) -> int:
        return len(self.data)

    @property
    def internal_date(self) -> bytes:
        """As APPEND wants it."""
        return self.arrived.strftime("%d-%b-%Y %H:%M:%S +0000").encode()


def small_box(count: int, seed: int = SEED) -> list[Mail]:
    """``count`` messages with a median of about 2.4 KB, arrival times ascending."""
    return [small_mail(number, count, seed) for number in range(count)]


def realistic_box(count: int, seed: int = SEED) -> list[Mail]:
    """``count`` messages with a median of about 8 KB and a mean of about 35 KB: attachments, threads, charsets."""
    return [realistic_mail(number, count, seed) for number in range(count)]


def small_mail(number: int, count: int, seed: int = SEED) -> Mail:
    """Message ``number`` of the small corpus."""
    rng = random.Random(f"small {seed} {number}")
    needles = _needles(number, rng)
    length = min(40_000, int(1230 * math.exp(rng.gauss(0, 0.62))))
    text = _text(rng, length, needles)
    if number % 12 == 0:
        return _mail(rng, number, count, "small", needles, _alternative(rng, text), "alternative")
    return _mail(rng, number, count, "small", needles, _plain(text), "plain")


def realistic_mail(number: int, count: int, seed: int = SEED) -> Mail:
    """Message ``number`` of the realistic corpus."""
    rng = random.Random(f"real {seed} {number}")
    needles = _needles(number, rng)
    text = _text(rng, min(60_000, int(2500 * math.exp(rng.gauss(0, 0.9)))), needles)
    kind = rng.choices(("plain", "foreign", "alternative", "mixed", "forwarded"), (30, 12, 33, 20, 5))[0]
    make: Callable[[], bytes] = {
        "plain": lambda: _plain(text),
        "foreign": lambda: _foreign(rng, len(text)),
        "alternative": lambda: _alternative(rng, text * 2),
        "mixed": lambda: _mixed(rng, text),
        "forwarded": lambda: _forwarded(rng, number, text),
    }[kind]
    if kind == "foreign":
        needles = frozenset(needle for needle in needles if needle in words.SUBJECT_RARE)
    return _mail(rng, number, count, "real", needles, make(), kind)


def extra_mail(number: int, octets: int) -> bytes:
    """A message for APPEND: about ``octets`` long, different for each ``number``."""
    rng = random.Random(f"extra {number}")
    mail = _mail(
        rng, number, number + 1, "extra", frozenset(), _plain(_text(rng, octets - 900, frozenset())), ""
    )
    return mail.data


def huge_mail(octets: int) -> bytes:
    """One message with an attachment, about ``octets`` long."""
    rng = random.Random(f"huge {octets}")
    body = _multipart("mixed", [_plain("the archive is attached\r\n"), _attachment(rng, int(octets * 0.73))])
    return _mail(rng, 0, 1, "huge", frozenset(), body, "").data


def holding(mails: Iterable[Mail], needle: str) -> list[int]:
    """The sequence numbers of the messages that hold ``needle``."""
    return [number for number, mail in enumerate(mails, 1) if needle in mail.needles]


def _needles(number: int, rng: random.Random) -> frozenset[str]:
    found = []
    chance = rng.random
    for of, one_in in (
        (words.BODY_RARE, 2000),
        (words.BODY_COMMON, 10),
        (words.BODY_MOST, 1.5),
        (words.TWO_CHARACTERS, 500),
        (words.SUBJECT_RARE, 1000),
    ):
        found += [needle for needle in of if chance() * one_in < 1]
    if number % 999 == 5:  # however small the corpus, the rare ones are in it
        found += [words.BODY_RARE[number // 999 % 3], words.SUBJECT_RARE[number // 999 % 3]]
    if number % 3 == 1:  # in a thread, whose messages have one subject
        found = [needle for needle in found if needle not in words.SUBJECT_RARE]
    return frozenset(found)


def _text(rng: random.Random, length: int, needles: frozenset[str]) -> str:
    picked = rng.choices(words.WORDS, k=max(20, length // 7))
    for needle in sorted(needles):
        if needle not in words.SUBJECT_RARE:
            word = f"pre{needle}post" if len(needle) == 2 else needle
            picked[rng.randrange(len(picked))] = word
    lines, line, width = [], [], 0
    for word in picked:
        line.append(word)
        width += len(word) + 1
        if width > _LINE:
            lines.append(" ".join(line))
            line, width = [], 0
    lines.append(" ".join(line))
    return "\r\n".join(lines) + "\r\n"


def _planted(text: str, needles: frozenset[str]) -> frozenset[str]:
    """A later needle may have taken an earlier one's place: keep those that are there."""
    return frozenset(needle for needle in needles if needle in words.SUBJECT_RARE or needle in text)


def _plain(text: str) -> bytes:
    return (
        b"Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 7bit\r\n\r\n"
        + text.encode()
    )


def _foreign(rng: random.Random, length: int) -> bytes:
    charset, sentence = rng.choice(words.FOREIGN)
    text = "\r\n".join([sentence] * max(1, length // (2 * len(sentence)))) + "\r\n"
    octets = text.encode(charset)
    encoding = rng.choice(("8bit", "quoted-printable", "base64")) if charset != "iso-2022-jp" else "7bit"
    if encoding == "base64":
        octets = _base64(octets)
    elif encoding == "quoted-printable":
        octets = quopri.encodestring(octets.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
    head = f"Content-Type: text/plain; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head.encode() + octets


def _html(text: str) -> bytes:
    paragraphs = "\r\n".join(f'<p style="margin: 0 0 1em">{line}</p>' for line in text.split("\r\n"))
    head = b"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    page = f"<html><body>\r\n{paragraphs}\r\n</body></html>\r\n".replace("=", "=3D")
    return head + "\r\n".join(_soft(line) for line in page.split("\r\n")).encode()


def _soft(line: str) -> str:
    """Soft line breaks after column 72, at a space, so that they never cut ``=3D``."""
    pieces = []
    while len(line) > 74:
        cut = line.rfind(" ", 1, 73)
        if cut < 0:
            break
        pieces.append(line[: cut + 1])
        line = line[cut + 1 :]
    return "=\r\n".join([*pieces, line])


def _alternative(rng: random.Random, text: str) -> bytes:
    return _multipart("alternative", [_plain(text), _html(text)])


def _mixed(rng: random.Random, text: str) -> bytes:
    sizes = [
        int(min(3_000_000, 26_000 * math.exp(rng.gauss(0, 1.35)))) for _ in range(rng.choice((1, 1, 1, 2, 3)))
    ]
    return _multipart("mixed", [_alternative(rng, text), *(_attachment(rng, size) for size in sizes)])


def _forwarded(rng: random.Random, number: int, text: str) -> bytes:
    inner = _mail(rng, number, number + 1, "inner", frozenset(), _plain(text), "").data
    return _multipart("mixed", [_plain("see below\r\n"), b"Content-Type: message/rfc822\r\n\r\n" + inner])


def _attachment(rng: random.Random, size: int) -> bytes:
    name = f"{rng.choice(words.WORDS)}-{rng.randrange(1000)}"
    kind, ending = rng.choice((("application/pdf", "pdf"), ("image/jpeg", "jpg"), ("application/zip", "zip")))
    head = (
        f'Content-Type: {kind}; name="{name}.{ending}"\r\nContent-Transfer-Encoding: base64\r\n'
        f'Content-Disposition: attachment; filename="{name}.{ending}"\r\n\r\n'
    )
    return head.encode() + _base64(rng.randbytes(size))


def _base64(data: bytes) -> bytes:
    return base64.encodebytes(data).replace(b"\n", b"\r\n")


def _multipart(subtype: str, parts: list[bytes]) -> bytes:
    boundary = b"=_" + f"{sum(map(len, parts)):012d}{len(parts):04d}".encode() + subtype[:1].encode()
    head = b'Content-Type: multipart/%s; boundary="%s"\r\n\r\n' % (subtype.encode(), boundary)
    body = b"".join(b"--%s\r\n%s\r\n" % (boundary, part) for part in parts)
    return head + body + b"--%s--\r\n" % boundary


def _address(rng: random.Random, number: int) -> tuple[str, str]:
    """A display name and an address; ``number`` chooses the person."""
    given, family = words.GIVEN[number % len(words.GIVEN)], words.FAMILY[number // 20 % len(words.FAMILY)]
    domain = words.DOMAINS[number % len(words.DOMAINS)]
    return f"{given} {family}", f"{given.lower()}.{family.lower()}.{number}@{domain}"


def first_of(number: int) -> int:
    """The number of the first message of the thread that message ``number`` is in: its own where nothing answers it.

    Every third message is in a thread: in each 36 numbers one thread of two, one of four, one of five and one alone.
    """
    return number if number % 3 != 1 else number + 3 * (_FIRSTS[number % 36 // 3] - number % 36 // 3)


def _answered(number: int) -> list[int]:
    """The messages that message ``number`` refers to, the first of the thread first."""
    at = number % 36 // 3
    if number % 3 != 1 or _PARENTS[at] == at:
        return []
    parent = number + 3 * (_PARENTS[at] - at)
    return [*_answered(parent), parent]


def _subject(rng: random.Random, corpus: str, number: int, needles: frozenset[str]) -> tuple[str, str]:
    """The subject as the header has it, and its base."""
    if corpus in THREADED and number % 3 == 1:
        of_thread = random.Random(f"subject {corpus} {first_of(number)}")
        base = " ".join(of_thread.choices(words.WORDS, k=of_thread.randint(2, 8)))
        leader = _LEADERS[number % len(_LEADERS)] if first_of(number) != number else ""
        return leader + base, base
    text = " ".join(rng.choices(words.WORDS, k=rng.randint(2, 8)))
    text = " ".join([text, *sorted(needles.intersection(words.SUBJECT_RARE))])
    if number % 9 == 3:
        charset, sentence = rng.choice(words.FOREIGN)
        start = sentence[:20].strip()
        head = Header(start, charset, maxlinelen=70).encode(linesep="\r\n")
        return f"{head} {text}", f"{start} {text}"
    return text, text


def _message_id(corpus: str, number: int) -> str:
    return f"<{corpus}.{number}.{number * 7919 % 100_003}@{words.DOMAINS[number % len(words.DOMAINS)]}>"


def _mail(
    rng: random.Random,
    number: int,
    count: int,
    corpus: str,
    needles: frozenset[str],
    body: bytes,
    kind: str,
) -> Mail:
    """The header in front of ``body``, which begins with its own Content- fields."""
    needles = _planted(body.decode("latin-1"), needles)
    person = rng.randrange(SENDERS)
    name, address = _address(rng, person)
    to_name, to_address = _address(rng, rng.randrange(SENDERS))
    arrived = FIRST_DAY + timedelta(days=DAYS * number / max(1, count), seconds=rng.randrange(60))
    arrived = arrived.replace(microsecond=0)
    when = arrived.strftime("%a, %d %b %Y %H:%M:%S +0000")
    sent = arrived - timedelta(seconds=rng.choice(_DELAYS))
    written = sent.astimezone(timezone(timedelta(minutes=rng.choice(_ZONES))))
    message_id = _message_id(corpus, number)
    subject, base = _subject(rng, corpus, number, needles)
    fields = [
        f"Return-Path: <{address}>",
        f"Received: from mx{number % 7}.example.net (mx{number % 7}.example.net [192.0.2.{number % 250}])\r\n"
        f"\tby mail.example.org (Postfix) with ESMTPS id {rng.randrange(16**10):010X}\r\n\tfor <{to_address}>; {when}",
        f"Received: from localhost (localhost [127.0.0.1])\r\n\tby mx{number % 7}.example.net with ESMTP; {when}",
        "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.org; s=mail;\r\n"
        f"\th=from:to:subject:date:message-id; bh={rng.randrange(10**20)}0123456789;\r\n\tb={rng.randrange(10**60)}",
        f"Message-ID: {message_id}",
        f"Date: {written.strftime('%a, %d %b %Y %H:%M:%S %z')}",
        f"From: {name} <{address}>",
        f"To: {to_name} <{to_address}>",
        f"Subject: {subject}",
        "MIME-Version: 1.0",
        f"X-Mailer: Bench {number % 5}.0",
    ]
    if number % 4 == 2:
        copies = (_address(rng, rng.randrange(SENDERS)) for _ in range(rng.randint(1, 4)))
        fields.insert(8, "Cc: " + ",\r\n\t".join(f"{who} <{mailbox}>" for who, mailbox in copies))
    answered = [_message_id(corpus, parent) for parent in _answered(number)] if corpus in THREADED else []
    if answered:
        fields += [f"In-Reply-To: {answered[-1]}", "References: " + "\r\n ".join(answered)]
    header = "\r\n".join(fields).encode()
    thread = first_of(number) if corpus in THREADED else number
    seen = rng.random() < 0.7
    return Mail(
        header + b"\r\n" + body,
        message_id.encode(),
        address,
        arrived,
        seen,
        needles,
        kind,
        sent,
        base,
        thread,
    )
