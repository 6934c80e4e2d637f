"""ENVELOPE: the RFC's example, what real servers send, round trips."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imapkit.errors import ProtocolError
from imapkit.protocol.envelope import (
    GROUP_END,
    Address,
    Envelope,
    groups,
    mailboxes,
    read_envelope,
    write_envelope,
)
from imapkit.wire.cursor import Cursor
from imapkit.wire.frame import Frame, Framer
from imapkit.wire.limits import CLIENT
from imapkit.wire.writer import Writer

TERRY = Address(b"Terry Gray", None, b"gray", b"cac.washington.edu")
RFC_9051 = (
    b'("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev1 WG mtg summary and minutes"'
    b' (("Terry Gray" NIL "gray" "cac.washington.edu"))'
    b' (("Terry Gray" NIL "gray" "cac.washington.edu"))'
    b' (("Terry Gray" NIL "gray" "cac.washington.edu"))'
    b' ((NIL NIL "imap" "cac.washington.edu"))'
    b' ((NIL NIL "minutes" "CNRI.Reston.VA.US")("John Klensin" NIL "KLENSIN" "MIT.EDU"))'
    b' NIL NIL "<B27397-0100000@cac.washington.ed>")'
)


def frame(wire: bytes) -> Frame:
    framer = Framer(CLIENT, gate=False)
    framer.feed(wire + b"\r\n")
    found = framer.next()
    assert isinstance(found, Frame)
    return found


def read(wire: bytes, lenient: bool = True) -> Envelope:
    cursor = Cursor(frame(wire), lenient=lenient, limits=CLIENT)
    envelope = read_envelope(cursor)
    cursor.finish()
    return envelope


def written(envelope: Envelope) -> bytes:
    writer = Writer()
    write_envelope(writer, envelope)
    return writer.octets()


@pytest.mark.parametrize("lenient", [False, True])
def test_example_of_rfc_9051(lenient: bool) -> None:
    envelope = read(RFC_9051, lenient)
    assert envelope == Envelope(
        date=b"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)",
        subject=b"IMAP4rev1 WG mtg summary and minutes",
        from_=(TERRY,),
        sender=(TERRY,),
        reply_to=(TERRY,),
        to=(Address(None, None, b"imap", b"cac.washington.edu"),),
        cc=(
            Address(None, None, b"minutes", b"CNRI.Reston.VA.US"),
            Address(b"John Klensin", None, b"KLENSIN", b"MIT.EDU"),
        ),
        message_id=b"<B27397-0100000@cac.washington.ed>",
    )
    assert written(envelope) == RFC_9051


ANN = Address(b"Ann", None, b"ann", b"example.org")
A = b'(("Ann" NIL "ann" "example.org"))'


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        (b"()", Envelope()),
        (b'("d" "s")', Envelope(b"d", b"s")),
        (b'("d" "s" ' + A + b")", Envelope(b"d", b"s", (ANN,))),
        (
            b'("d" "s" ' + A + b" " + A + b" " + A + b' NIL NIL NIL "<irt>")',  # no message id
            Envelope(b"d", b"s", (ANN,), (ANN,), (ANN,), in_reply_to=b"<irt>"),
        ),
        (
            b'("d" "s" NIL NIL NIL "<irt>" "<id>")',
            Envelope(b"d", b"s", in_reply_to=b"<irt>", message_id=b"<id>"),
        ),
        (b'(NIL "s" (NIL ("Ann" NIL "ann" "example.org")) () NIL)', Envelope(None, b"s", (ANN,))),
        (
            b'(NIL "s" ( ("Ann" NIL "ann" "example.org" )  ("Ann" NIL "ann" "example.org") ))',
            Envelope(None, b"s", (ANN, ANN)),
        ),
        (b'(NIL 42 (("Ann" NIL "ann")))', Envelope(None, b"42", (Address(b"Ann", None, b"ann"),))),
        (b'( "d"  "s"\t' + A + b" )", Envelope(b"d", b"s", (ANN,))),
        (b'("d" ("odd") NIL)', Envelope(b"d")),
        (
            b"(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL surplus (more))",
            Envelope(),
        ),
        (b'(NIL {4}\r\na"\r\n NIL)', Envelope(None, b'a"\r\n')),
    ],
)
def test_what_servers_send(wire: bytes, expected: Envelope) -> None:
    assert read(wire) == expected


@pytest.mark.parametrize(
    "wire",
    [b"", b"NIL", b"(", b'("d" "s"', b'("d" "s" (("a" NIL', b'("d" "unclosed', b'("d" "s" ' + b"(" * 500],
)
def test_errors_are_the_librarys_own(wire: bytes) -> None:
    for lenient in (False, True):
        with pytest.raises(ProtocolError):
            read(wire, lenient)


def test_every_truncation() -> None:
    for end in range(len(RFC_9051)):
        for lenient in (False, True):
            with pytest.raises(ProtocolError):
                read(RFC_9051[:end], lenient)


def test_strict_reader_refuses_what_the_grammar_forbids() -> None:
    for wire in (
        b'("d" "s")',
        RFC_9051.replace(b'")("', b'") ("'),
        RFC_9051.replace(b" NIL NIL ", b" () NIL "),
    ):
        with pytest.raises(ProtocolError):
            read(wire, lenient=False)


def test_groups() -> None:
    boys, girls = Address(None, None, b"boys", None), Address(None, None, b"girls", None)
    people = (ANN, boys, ANN, ANN, GROUP_END, girls, GROUP_END, ANN)
    assert groups(people) == [(None, [ANN]), (b"boys", [ANN, ANN]), (b"girls", []), (None, [ANN])]
    assert list(mailboxes(people)) == [ANN, ANN, ANN, ANN]


def test_email_addresses() -> None:
    assert ANN.email == "ann@example.org"
    assert Address(None, None, b"ann", b"").email == "ann"
    assert Address(None, None, "jörg".encode(), b"x").email == "jörg@x"
    # Gmail has put the whole address where the name belongs
    swapped = Address(b"<sender@domain.com>", None, b"name", None)
    assert swapped.email == "sender@domain.com" and not swapped.is_group_start
    assert GROUP_END.email == ""


OCTETS = st.none() | st.binary(max_size=12).filter(lambda octets: b"\0" not in octets)
PEOPLE = st.lists(st.builds(Address, OCTETS, OCTETS, OCTETS, OCTETS), max_size=3).map(tuple)


@given(st.builds(Envelope, OCTETS, OCTETS, PEOPLE, PEOPLE, PEOPLE, PEOPLE, PEOPLE, PEOPLE, OCTETS, OCTETS))
def test_round_trip(envelope: Envelope) -> None:
    wire = written(envelope)
    assert read(wire, lenient=False) == envelope
    assert read(wire, lenient=True) == envelope


@given(st.text(alphabet='() "\\NILa0{}1\t@', max_size=60))
def test_any_text(text: str) -> None:
    try:
        read(b"(" + text.encode() + b")")
    except ProtocolError:
        return
