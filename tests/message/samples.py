"""Messages for the tests of this folder: some from RFCs, some written here, and the corpus of real ones where it is present."""

import os
from pathlib import Path

DATA = Path(__file__).parent / "data"
_ROOT = Path(__file__).parents[2]
CORPUS = Path(os.environ.get("IMAPKIT_CORPUS", _ROOT.parent / "shared" / "data" / "mail"))


def crlf(text: str) -> bytes:
    """Text with CRLF line ends."""
    return text.replace("\r\n", "\n").replace("\n", "\r\n").encode("latin-1")


def written() -> list[Path]:
    """The messages written for these tests."""
    return sorted(DATA.glob("*.eml"))


def corpus() -> list[Path]:
    """Real and broken messages from outside of the repository, if they are there."""
    return sorted(path for path in CORPUS.glob("*") if path.is_file()) if CORPUS.is_dir() else []


# RFC 3501 section 8, the message that RFC 9051 has too
RFC_SAMPLE_HEADER = crlf(
    "Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\n"
    "From: Terry Gray <gray@cac.washington.edu>\n"
    "Subject: IMAP4rev1 WG mtg summary and minutes\n"
    "To: imap@cac.washington.edu\n"
    "cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>\n"
    "Message-Id: <B27397-0100000@cac.washington.edu>\n"
    "MIME-Version: 1.0\n"
    "Content-Type: TEXT/PLAIN; CHARSET=US-ASCII\n"
    "\n"
)
RFC_SAMPLE_ENVELOPE = (
    b'("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev1 WG mtg summary and minutes"'
    b' (("Terry Gray" NIL "gray" "cac.washington.edu"))'
    b' (("Terry Gray" NIL "gray" "cac.washington.edu"))'
    b' (("Terry Gray" NIL "gray" "cac.washington.edu"))'
    b' ((NIL NIL "imap" "cac.washington.edu"))'
    b' ((NIL NIL "minutes" "CNRI.Reston.VA.US")("John Klensin" NIL "KLENSIN" "MIT.EDU"))'
    b' NIL NIL "<B27397-0100000@cac.washington.edu>")'
)

# RFC 2046 section 5.1.1
RFC_2046 = crlf(
    "From: Nathaniel Borenstein <nsb@bellcore.com>\n"
    "To: Ned Freed <ned@innosoft.com>\n"
    "Date: Sun, 21 Mar 1993 23:56:48 -0800 (PST)\n"
    "Subject: Sample message\n"
    "MIME-Version: 1.0\n"
    'Content-type: multipart/mixed; boundary="simple boundary"\n'
    "\n"
    "This is the preamble.  It is to be ignored, though it\n"
    "is a handy place for composition agents to include an\n"
    "explanatory note to non-MIME conformant readers.\n"
    "\n"
    "--simple boundary\n"
    "\n"
    "This is implicitly typed plain US-ASCII text.\n"
    "It does NOT end with a linebreak.\n"
    "--simple boundary\n"
    "Content-type: text/plain; charset=us-ascii\n"
    "\n"
    "This is explicitly typed plain US-ASCII text.\n"
    "It DOES end with a linebreak.\n"
    "\n"
    "--simple boundary--\n"
    "\n"
    "This is the epilogue.  It is also to be ignored.\n"
)

# RFC 2049 appendix A, with content in place of "…"
RFC_2049 = crlf(
    "MIME-Version: 1.0\n"
    "From: Nathaniel Borenstein <nsb@nsb.fv.com>\n"
    "To: Ned Freed <ned@innosoft.com>\n"
    "Date: Fri, 07 Oct 1994 16:15:05 -0700 (PDT)\n"
    "Subject: A multipart example\n"
    "Content-Type: multipart/mixed;\n"
    "              boundary=unique-boundary-1\n"
    "\n"
    "This is the preamble area of a multipart message.\n"
    "\n"
    "--unique-boundary-1\n"
    "\n"
    "  ... Some text appears here ...\n"
    "\n"
    "--unique-boundary-1\n"
    "Content-type: text/plain; charset=US-ASCII\n"
    "\n"
    "This could have been part of the previous part, but\n"
    "illustrates explicit versus implicit typing of body parts.\n"
    "\n"
    "--unique-boundary-1\n"
    "Content-Type: multipart/parallel; boundary=unique-boundary-2\n"
    "\n"
    "--unique-boundary-2\n"
    "Content-Type: audio/basic\n"
    "Content-Transfer-Encoding: base64\n"
    "\n"
    "AAECAwQ=\n"
    "\n"
    "--unique-boundary-2\n"
    "Content-Type: image/jpeg\n"
    "Content-Transfer-Encoding: base64\n"
    "\n"
    "BQYHCAk=\n"
    "\n"
    "--unique-boundary-2--\n"
    "\n"
    "--unique-boundary-1\n"
    "Content-type: text/enriched\n"
    "\n"
    "This is <bold><italic>enriched.</italic></bold>\n"
    "\n"
    "--unique-boundary-1\n"
    "Content-Type: message/rfc822\n"
    "\n"
    "From: (mailbox in US-ASCII)\n"
    "To: (address in US-ASCII)\n"
    "Subject: (subject in US-ASCII)\n"
    "Content-Type: Text/plain; charset=ISO-8859-1\n"
    "Content-Transfer-Encoding: Quoted-printable\n"
    "\n"
    "  ... Additional text in ISO-8859-1 goes here ... =E9\n"
    "\n"
    "--unique-boundary-1--\n"
)
