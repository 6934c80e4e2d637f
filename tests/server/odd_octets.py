"""Command lines as nobody should send them: every command there is, with odd octets wherever its peer chooses some."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hypothesis import strategies as st

ODD: Final = (
    b"",
    b" ",
    b"\0",
    b"a\0b",
    b"\r",
    b"\n",
    b"a\r\nb",
    b"\xff",
    b"\xed\xa0\x80",
    b"\xed\xb3\xbf",
    b"\xc0\x80",
    b"\xc4\xb1nbox",
    b"\xf4\x90\x80\x80",
    b"\xef\xbf\xbf",
    b"\xef\xb7\xba",
    b"a\xcc\x88",
    b"\xe2\x80\xa8",
    b"&",
    b"&-",
    b"&AAA-",
    b"&2AA-",
    b"&3//f-",
    b"&Jjo!",
    b"\\",
    b'"',
    b"\\Seen",
    b"\\*",
    b"$",
    b"*",
    b"%",
    b"NIL",
    b"(",
    b")",
    b"()",
    b"{3}",
    b"]",
    b"[",
    b"9" * 5000,
    b"4294967296",
    b"18446744073709551616",
    b"0",
    b"-1",
    b"\xd9\xa1",
    b"=?utf-8?q?=00?=",
    b"=?utf-7?q?+2AA-?=",
    b"/",
    b"//",
    b"a//b",
    b"../x",
    b"INBOX",
    b"inbox/x",
    b"\x7f",
    b"\x80",
    b"X" * 1001,
    b"INBOX/" * 40,
    b"31-Feb-2026",
    b"1-Jan-0000",
    b"utf-16",
    b"idna",
    b"utf-7",
    b"unicode_escape",
    b"hex",
    b"CHARSET",
    b"RETURN",
    b"BODY[",
    b"BODY[]<0.1>",
    b"BODY[1.2.HEADER.FIELDS (X)]",
)

TEMPLATES: Final = tuple(
    line.encode()
    for line in r"""
NOOP %
CAPABILITY %
ID (% %)
ID (% % % %)
LOGIN % %
AUTHENTICATE % %
ENABLE % %
SELECT %
SELECT INBOX (%)
SELECT INBOX (QRESYNC (% % % (% %)))
SELECT INBOX (CONDSTORE)
EXAMINE %
CREATE %
CREATE % (USE (%))
DELETE %
RENAME % %
RENAME Sent %
SUBSCRIBE %
UNSUBSCRIBE %
LIST % %
LIST "" (% %)
LIST (%) % % RETURN (%)
LIST (SUBSCRIBED RECURSIVEMATCH) % % RETURN (CHILDREN STATUS (%))
LSUB % %
NAMESPACE %
STATUS % (%)
STATUS INBOX (% MESSAGES)
APPEND % {4+}\r\na\r\nb
APPEND INBOX (%) {4+}\r\na\r\nb
APPEND INBOX "%" {4+}\r\na\r\nb
APPEND INBOX (\Seen) {#}
APPEND INBOX ~{#}
APPEND INBOX (%) "01-Jan-2026 00:00:00 +0000" {#} {#}
APPEND INBOX %
IDLE %
CHECK %
CLOSE %
UNSELECT %
EXPUNGE %
UID EXPUNGE %
SEARCH %
SEARCH % %
SEARCH CHARSET % SUBJECT %
SEARCH HEADER % %
SEARCH HEADER % ""
SEARCH OR FROM % NOT (TEXT % BODY %)
SEARCH KEYWORD %
SEARCH UNKEYWORD %
SEARCH BEFORE %
SEARCH SENTON %
SEARCH LARGER %
SEARCH YOUNGER %
SEARCH MODSEQ %
SEARCH MODSEQ % all %
SEARCH EMAILID %
SEARCH UID %
SEARCH RETURN (%) %
SEARCH RETURN (MIN MAX COUNT SAVE) TO %
UID SEARCH CC % BCC % SUBJECT %
SORT (%) % ALL
SORT (SUBJECT FROM TO) UTF-8 TEXT %
SORT RETURN (%) (REVERSE DISPLAYFROM) UTF-8 %
UID SORT (ARRIVAL) % HEADER % %
THREAD % UTF-8 ALL
THREAD REFERENCES % SUBJECT %
UID THREAD ORDEREDSUBJECT UTF-8 %
FETCH % FLAGS
FETCH 1 %
FETCH 1:* (% %)
FETCH 1:* (FLAGS BODY[%])
FETCH 1:* BODY.PEEK[HEADER.FIELDS (%)]
FETCH 1:* BODY.PEEK[HEADER.FIELDS.NOT (% %)]
FETCH 1:* BODY.PEEK[1.HEADER.FIELDS (% %)]<0.100>
FETCH 1:* BODY.PEEK[1.HEADER.FIELDS.NOT (%)]
FETCH 1:* BODY[%]<%.%>
FETCH 1:* BINARY.PEEK[%]<%.%>
FETCH 1:* BINARY.SIZE[%]
FETCH 1:* BINARY.SIZE[1]
FETCH 1:* BINARY.PEEK[1]
FETCH 1:* (ENVELOPE BODYSTRUCTURE BODY PREVIEW INTERNALDATE RFC822.SIZE)
FETCH 1 (FLAGS) (CHANGEDSINCE %)
UID FETCH % (FLAGS) (CHANGEDSINCE % VANISHED)
STORE % +FLAGS (%)
STORE 1 FLAGS (% %)
STORE 1 FLAGS %
STORE 1:* (UNCHANGEDSINCE %) +FLAGS.SILENT (%)
UID STORE % -FLAGS (%)
COPY % %
COPY 1 %
UID COPY 1:* %
MOVE % %
UID MOVE % %
XODD %
UID % %
%
% %
""".strip().splitlines()
)


def _quoted(octets: bytes) -> bytes:
    return b'"' + octets.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


_FORMS: Final[tuple[Callable[[bytes], bytes], ...]] = (
    lambda octets: octets,
    _quoted,
    lambda octets: b"{%d+}\r\n" % len(octets) + octets,
    lambda octets: b"~{%d+}\r\n" % len(octets) + octets,
)


def _octets() -> st.SearchStrategy[bytes]:
    return st.one_of(st.sampled_from(ODD), st.binary(max_size=12), st.text(max_size=6).map(_utf8))


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


@st.composite
def command_lines(draw: st.DrawFn) -> bytes:
    """One command, a tag before it and CRLF behind it left out."""
    pieces = draw(st.sampled_from(TEMPLATES)).replace(rb"\r\n", b"\r\n").split(b"%")
    line = pieces[0]
    for piece in pieces[1:]:
        line += draw(st.sampled_from(_FORMS))(draw(_octets())) + piece
    while b"{#}" in line:
        octets = draw(st.lists(_octets(), max_size=4).map(b": ".join))
        line = line.replace(b"{#}", b"{%d+}\r\n" % len(octets) + octets, 1)
    return line


MAIL: Final = (
    b"From: Ann <ann@example.org>\r\nTo: b@example.org\r\nSubject: one\r\nDate: Sun, 1 Nov 2026 10:00:00 +0000\r\n"
    b"Message-ID: <1@x>\r\n\r\nbody\r\n",
    b"From: \xff\xfe\0 <@>\r\nSubject: =?utf-16?b?2AA=?= \xed\xa0\x80\r\nMessage-ID: \xff\r\nX\0Y: z\r\n\r\n\xff\0\r\n",
    b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\nContent-Transfer-Encoding: x-\xff\0\r\n\r\na\r\n'
    b"--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: \xed\xb0\x80\r\nX\0: a\r\n\r\nin\r\n--x--\r\n",
    b"Content-Type: text/plain; charset=utf-7\r\nSubject: =?utf-7?q?+2AA-?=\r\n\r\n+2AA-\r\n",
    b"Content-Type: text/html\r\n\r\n&#xd800;&#" + b"9" * 5000 + b";<p>\xef\xb7\xba",
    b"no header",
    b"",
)
