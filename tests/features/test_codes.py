"""Response codes without arguments (RFC 9051 section 7.1, RFC 5530 and the extensions' own), and EXPUNGE."""

from __future__ import annotations

import pytest

from imapkit.features.catalogue import full_registry
from imapkit.features.expunge import Expunged
from imapkit.protocol.codes import SimpleCode
from imapkit.protocol.status import Kind, Status
from tests.support.vectors import Row, check_response, ids

NO_CODES = (
    *(
        "UNAVAILABLE",
        "AUTHENTICATIONFAILED",
        "AUTHORIZATIONFAILED",
        "EXPIRED",
        "PRIVACYREQUIRED",
        "CONTACTADMIN",
    ),
    *(
        "NOPERM",
        "INUSE",
        "EXPUNGEISSUED",
        "CORRUPTION",
        "SERVERBUG",
        "CLIENTBUG",
        "CANNOT",
        "LIMIT",
        "OVERQUOTA",
    ),
    *(
        "ALREADYEXISTS",
        "NONEXISTENT",
        "TRYCREATE",
        "TOOBIG",
        "HASCHILDREN",
        "USEATTR",
        "NOTSAVED",
        "UIDNOTSTICKY",
    ),
    *("UNKNOWN-CTE", "NOMODSEQ"),
)
OK_CODES = ("ALERT", "PARSE", "READ-ONLY", "READ-WRITE", "CLOSED")

RESPONSES = [
    *(Row(f"NO [{name}] text".encode(), Status(Kind.NO, "text", SimpleCode(name))) for name in NO_CODES),
    *(Row(f"OK [{name}] text".encode(), Status(Kind.OK, "text", SimpleCode(name))) for name in OK_CODES),
    Row(b"BAD [CLIENTBUG] text", Status(Kind.BAD, "text", SimpleCode("CLIENTBUG"))),
    Row(b"44 EXPUNGE", Expunged(44)),  # RFC 9051 section 7.5.1
]


@pytest.mark.parametrize("row", RESPONSES, ids=ids(RESPONSES))
def test_responses(row: Row) -> None:
    check_response(row)


def test_the_most_telling_exception_is_raised() -> None:
    from imapkit import errors

    for name, cls in (
        ("AUTHENTICATIONFAILED", errors.AuthenticationFailed),
        ("TRYCREATE", errors.NoSuchMailbox),
        ("OVERQUOTA", errors.OverQuota),
        ("SERVERBUG", errors.Unavailable),
        (None, errors.CommandNo),
        ("X-NEW", errors.CommandNo),
    ):
        assert type(full_registry().error("text", name)) is cls
