"""Address lists, dates, base subjects: the values that ENVELOPE and SORT are made of."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imapkit.message.address import MAX_ADDRESSES, parse_addresses
from imapkit.message.dates import parse_date
from imapkit.message.subject import base_subject
from imapkit.protocol.envelope import GROUP_END, Address


def address(mailbox: bytes, host: bytes, name: bytes | None = None, route: bytes | None = None) -> Address:
    return Address(name, route, mailbox, host)


def group(name: bytes) -> Address:
    return Address(None, None, name, None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"", []),
        (b" , ,", []),
        (b"bob@example.com", [address(b"bob", b"example.com")]),
        (b"<bob@example.com>", [address(b"bob", b"example.com")]),
        (b"Bob  B. Brown <bob@example.com>", [address(b"bob", b"example.com", b"Bob B. Brown")]),
        (b'"Brown, Bob" <bob@example.com>', [address(b"bob", b"example.com", b"Brown, Bob")]),
        (b'"say \\"hi\\"" <a@b>', [address(b"a", b"b", b'say "hi"')]),
        (b"a@b, c@d,e@f", [address(b"a", b"b"), address(b"c", b"d"), address(b"e", b"f")]),
        (b"=?utf-8?Q?Doe,_J=C3=B8rn?= <a@b>", [address(b"a", b"b", b"=?utf-8?Q?Doe,_J=C3=B8rn?=")]),
        # RFC 5322 appendix A
        (
            b"Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>",
            [address(b"pete", b"silly.test", b"Pete")],
        ),
        (
            b"A Group(Some people):Chris Jones <c@(Chris's host.)public.example>, joe@example.org, John <jdoe@one.test>"
            b" (my dear friend); (the end of the group)",
            [
                group(b"A Group"),
                address(b"c", b"public.example", b"Chris Jones"),
                address(b"joe", b"example.org"),
                address(b"jdoe", b"one.test", b"John"),
                GROUP_END,
            ],
        ),
        (
            b"(Empty list)(start)Hidden recipients :(nobody(that I know))  ;",
            [group(b"Hidden recipients"), GROUP_END],
        ),
        (
            b"Joe Q. Public <john.q.public@example.com>",
            [address(b"john.q.public", b"example.com", b"Joe Q. Public")],
        ),
        (
            b"Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example",
            [
                address(b"mary", b"example.net", b"Mary Smith", b"@node.test"),
                address(b"jdoe", b"test.example"),
            ],
        ),
        (b"<@a,@b:box@host>", [address(b"box", b"host", None, b"@a,@b")]),
        (b'"quoted local"@example.com', [address(b"quoted local", b"example.com")]),
        (b"user@[192.0.2.1]", [address(b"user", b"[192.0.2.1]")]),
        (b"<bob (his account)@ (his host) example.com>", [address(b"bob", b"example.com")]),
        (
            b"<bob@example.com> (Bob), (Al) <al@example.com>",
            [address(b"bob", b"example.com", b"Bob"), address(b"al", b"example.com", b"Al")],
        ),
        # found in the wild
        (b"bob@example.com (Bob Brown)", [address(b"bob", b"example.com", b"Bob Brown")]),
        (b"undisclosed-recipients:;", [group(b"undisclosed-recipients"), GROUP_END]),
        (b"Team: a@b, c@d", [group(b"Team"), address(b"a", b"b"), address(b"c", b"d"), GROUP_END]),
        (b"a@b; c@d", [address(b"a", b"b"), address(b"c", b"d")]),
        (b"Bob Brown", [address(b"Bob Brown", b"")]),
        (b"Bob <>", [address(b"", b"", b"Bob")]),
        (b"<>", []),
        (b"Bob <bob>", [address(b"bob", b"", b"Bob")]),
        (b"Bob bob@example.com", [address(b"bob", b"example.com", b"Bob")]),
        (b"a@b c@d", [address(b"a", b"b"), address(b"c", b"d")]),
        (b"a@b@c", [address(b"a@b", b"c")]),
        (b"bob@example.com <bob@example.com>", [address(b"bob", b"example.com", b"bob@example.com")]),
        (b"Bob <bob@example.com", [address(b"bob", b"example.com", b"Bob")]),
        (b"<a@b> <c@d>", [address(b"a", b"b"), address(b"c", b"d")]),
        (b'"Bob <bob@example.com>', [address(b"bob", b"example.com", b'"Bob')]),
        (b"Bob (a <bob@example.com>", [address(b"bob", b"example.com", b"Bob (a")]),
        (b"J\xf6rg <j@x>", [address(b"j", b"x", b"J\xf6rg")]),
    ],
)
def test_address_lists(value: bytes, expected: list[Address]) -> None:
    assert list(parse_addresses(value)) == expected


def test_number_of_addresses_is_bounded() -> None:
    assert len(parse_addresses(b"a@b," * (MAX_ADDRESSES + 10))) == MAX_ADDRESSES
    assert len(parse_addresses(b"a@b,c@d,e@f", 2)) == 2


@given(st.text(alphabet='<>,:;@()[]"\\ ab.=?q', max_size=60))
def test_any_value_gives_legal_addresses(text: str) -> None:
    depth = 0
    for found in parse_addresses(text.encode()):
        if found.host is None:  # only the marks of groups have no host, and they pair
            depth += -1 if found.mailbox is None else 1
            assert found.name is None and depth in (0, 1)
        else:
            assert found.mailbox is not None
    assert depth == 0


def at(*when: int, zone: float = 0) -> datetime:
    return datetime(*when, tzinfo=timezone(timedelta(hours=zone)))  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"Fri, 21 Nov 1997 09:55:06 -0600", at(1997, 11, 21, 9, 55, 6, zone=-6)),
        (b"21 Nov 97 09:55:06 GMT", at(1997, 11, 21, 9, 55, 6)),
        (b"Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", at(1997, 11, 21)),
        (b"Thu,\t13 Feb 1969 23:32 -0330 (Newfoundland Time)", at(1969, 2, 13, 23, 32, zone=-3.5)),
        (b"Tue, 1 Jul 2003 10:52:37 +0200", at(2003, 7, 1, 10, 52, 37, zone=2)),
        (b"Sat, 01 Jan 2000 00:00:00 PST", at(2000, 1, 1, zone=-8)),
        (b"31 Dec 2000 16:01:33 -0800", at(2001, 1, 1, 0, 1, 33)),
        (b"Mon Sep  7 18:03:12 2009", at(2009, 9, 7, 18, 3, 12)),
        (b"Mon, 07 September 2009 6:03 PM +0000", at(2009, 9, 7, 18, 3)),
        (b"2009-09-07 18:03:12 +0200", at(2009, 9, 7, 18, 3, 12, zone=2)),
        (b"2009-09-07T18:03:12Z", at(2009, 9, 7, 18, 3, 12)),
        (b"Mon, 7 Sep 2009 18:03:12 +9999", at(2009, 9, 7, 18, 3, 12)),
        (b"Mon, 7 Sep 2009 25:03:12 +0100", at(2009, 9, 7, zone=1)),
        (b"Mon, 7 Sep 2009", at(2009, 9, 7)),
        (b"Wed, 30 Jun 2015 23:59:60 +0000", at(2015, 6, 30, 23, 59, 59)),
    ],
)
def test_dates(value: bytes, expected: datetime) -> None:
    assert parse_date(value) == expected


def test_the_zone_is_kept() -> None:
    found = parse_date(b"31 Dec 2000 16:01:33 -0800")
    assert found is not None and found.date().isoformat() == "2000-12-31"


@pytest.mark.parametrize(
    "value", [b"", b"yesterday", b"31 Feb 2000 10:00:00 +0000", b"1 Foo 2000", b"\xff", b"Mon, 7 Sep 0000"]
)
def test_no_date(value: bytes) -> None:
    assert parse_date(value) is None


@given(st.binary(max_size=60) | st.text("0123456789: -+JanFeb,()", max_size=50).map(str.encode))
def test_dates_never_raise(value: bytes) -> None:
    found = parse_date(value)
    assert found is None or isinstance(found.timestamp(), float)


@pytest.mark.parametrize(
    ("subject", "expected", "reply"),
    [
        ("hello", "hello", False),
        ("Re: hello", "hello", True),
        ("RE : hello", "hello", True),
        ("Fwd: Re: Fw: hello", "hello", True),
        ("Re[2]: hello", "hello", True),
        ("[list] hello", "hello", False),
        ("[list] Re: hello", "hello", True),
        ("Re: [list] [other] hello", "hello", True),
        ("[list]", "[list]", False),
        ("[a] [b]", "[b]", False),
        ("Re: [list]", "[list]", True),
        ("hello (fwd)", "hello", True),
        ("hello (FWD) (fwd)  ", "hello", True),
        ("[Fwd: hello]", "hello", True),
        ("[fwd: Re: [list] hello (fwd)]", "hello", True),
        ("Re: [Fwd: [fwd: hello]]", "hello", True),
        ("  a \t\r\n b  ", "a b", False),
        ("Re:", "", True),
        ("", "", False),
        ("Regarding: hello", "Regarding: hello", False),
        ("[unclosed Re: hello", "[unclosed Re: hello", False),
    ],
)
def test_base_subject(subject: str, expected: str, reply: bool) -> None:
    assert base_subject(subject) == (expected, reply)


@given(st.text(alphabet="[]():refwd xa", max_size=40))
def test_base_subject_is_stable(subject: str) -> None:
    base, _ = base_subject(subject)
    assert base_subject(base)[0] == base
