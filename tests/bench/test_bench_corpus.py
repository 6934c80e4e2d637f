"""The mail that is measured with: the same on every run, as large as promised, its facts true of its bytes."""

from __future__ import annotations

import hashlib
import statistics
from email import message_from_bytes, policy

from bench.corpus import (
    Mail,
    extra_mail,
    holding,
    huge_mail,
    realistic_box,
    realistic_mail,
    small_box,
    small_mail,
)

from bench import words
from imapkit.message.subject import base_subject


def test_the_same_on_every_run() -> None:
    """Changed figures must come from changed code: a new corpus is a new digest here, and a new column of figures."""
    octets = b"".join(mail.data for mail in small_box(50) + realistic_box(50)) + extra_mail(3, 5_000)
    assert (
        hashlib.sha256(octets).hexdigest()
        == "9765629fec831024e8e93a5eebf66b1468c02e782d2db97fba41c4673627a2f9"
    )


def test_a_message_depends_on_its_number_alone() -> None:
    assert small_box(30)[17].data == small_mail(17, 30).data
    assert small_mail(17, 30).data != small_mail(18, 30).data
    assert small_mail(17, 30).data != small_mail(17, 30, seed=1).data
    assert realistic_box(20)[7].data == realistic_mail(7, 20).data


def test_sizes_are_as_promised() -> None:
    small = [mail.size for mail in small_box(1_000)]
    assert 2_200 < statistics.median(small) < 2_600
    real = [mail.size for mail in realistic_box(600)]
    assert 7_000 < statistics.median(real) < 10_000
    assert 28_000 < statistics.mean(real) < 50_000
    assert abs(len(extra_mail(1, 5_000)) - 5_000) < 600
    assert abs(len(huge_mail(1_000_000)) - 1_000_000) < 30_000


def test_facts_are_true_of_the_bytes() -> None:
    """Found by another reader of mail than ours."""
    mails = small_box(300) + realistic_box(100)
    for mail in mails:
        parsed = message_from_bytes(mail.data, policy=policy.default)
        assert str(parsed["message-id"]).encode() == mail.message_id
        assert parsed["from"].addresses[0].addr_spec == mail.sender
        assert mail.data.count(b"\n") == mail.data.count(b"\r\n"), "every line ends in CRLF"
        if mail.kind != "forwarded":
            _needles_are_those(mail, str(parsed["subject"]), _text(parsed))


def _text(parsed) -> str:  # type: ignore[no-untyped-def]
    return "\n".join(part.get_content() for part in parsed.walk() if part.get_content_maintype() == "text")


def _needles_are_those(mail: Mail, subject: str, text: str) -> None:
    for needle in (*words.BODY_RARE, *words.BODY_COMMON, *words.BODY_MOST, *words.TWO_CHARACTERS):
        assert (needle in text) == (needle in mail.needles), (needle, mail.needles)
    for needle in words.SUBJECT_RARE:
        assert (needle in subject) == (needle in mail.needles), (needle, subject)


def test_every_rare_needle_is_somewhere() -> None:
    mails = small_box(3_100)
    for needle in (*words.BODY_RARE, *words.SUBJECT_RARE):
        assert 1 <= len(holding(mails, needle)) < 20
    assert not any(holding(mails, needle) for needle in words.ABSENT)


def test_threads_are_true_of_the_bytes() -> None:
    """Members name each other in References, the first one first, and have one base subject, as the engine takes it."""
    mails = small_box(400)
    of_id = {mail.message_id.decode(): mail for mail in mails}
    assert len(of_id) == len(mails)
    answers = 0
    for mail in mails:
        parsed = message_from_bytes(mail.data, policy=policy.default)
        subject = " ".join(str(parsed["subject"]).split())
        base, reply = base_subject(subject)
        assert base == " ".join(mail.subject.split())
        assert parsed["date"].datetime == mail.sent <= mail.arrived
        named = str(parsed["references"] or "").split()
        assert reply == bool(named)
        if named:
            answers += 1
            assert str(parsed["in-reply-to"]) == named[-1]
            assert {of_id[name].thread for name in named} == {mail.thread}
            assert of_id[named[0]] is mails[mail.thread]
    assert answers > 60
