"""What it would take to reach the aim of a row that misses it: shown in the table's second part, where the row is short today."""

from __future__ import annotations

from typing import Final

_COMMAND = (
    "a command that starts the event loop for one message is mostly the way through Python (wake-up, frame, record, handler, answer):"
    " a compiled session, without coroutines on its usual path"
)
_MIXED = (
    "APPEND and EXPUNGE are a tenth of the operations and half of the CPU time, for what an arrival writes, its search text and index, and"
    " what the other sessions and the other worker then read: a cheaper commit, and one worker for all sessions of an account; the rest is"
    " the way of each command through Python"
)
_COMMIT = (
    "of some 500 µs on the loop for an APPEND reading the message is a tenth and SQLite a fifth (half of that the fourteen pages of"
    " the commit): the rest is the way to the sync thread and back, coroutines and records"
)
_TOGETHER = (
    "half of it is reading the message (of which mdbox reads nothing yet), the rest its rows: a scanner in C, and fewer rows for"
    " a message"
)
_PAGES = "a body in the file of the account costs a system call for each 4 KB: larger pages, which a commit would have to write"

_AT_REST = "an account at rest keeps the rows of its mailboxes (half of its 6 KB): they could be read again when somebody looks"
_PAIR = "the trigrams that begin with a pair are looked up one by one, and their lists lie apart in the file: lists of pairs"
RECORDS: Final = "records of addresses and parts made in C, not by Python"
"""The same of the client's typed records."""

NEEDED: Final[dict[str, str]] = {
    "FETCH ENVELOPE and columns, first": "a hundred megabytes are read ahead page by page: wire-ready columns compressed, many in a row",
    "FETCH HEADER.FIELDS, first": "the stored fields of many messages compressed in one piece, as the sort keys are",
    "SORT (REVERSE DATE), first": "half of it is the answer's numbers and the order itself: numbers written in C, the order kept",
    "SORT (SUBJECT), first": "ranks of the texts kept with the pieces, rather than worked out by comparing all texts",
    "THREAD REFERENCES, first": "numbers of message ids kept with the pieces, rather than worked out from all texts",
    "memory of an idle session (PSS), one account": "a session of fewer Python objects: what waits for input held in one slotted object",
    "memory of an idle session (PSS), many accounts": _AT_REST,
    "memory of an idle session (PSS), TLS": "OpenSSL's own buffers released while a session waits, which Python's ssl does not offer",
    "10,000 idle sessions: memory of each (PSS)": _AT_REST,
    "SELECT, warm": _COMMAND,
    "connect, LOGIN, SELECT, LOGOUT": "fewer objects and log entries for a session",
    "the same, each another of many accounts": (
        "an account that this worker does not have open yet: the read of its file (0.4 ms) and the hash of its password, each once a"
        " worker; a worker that hands the connection to the one that has the account"
    ),
    "connect … LOGOUT under TLS, full handshake": "the handshake is most of it; uvloop's TLS wants a leaner connection",
    "connect … LOGOUT under TLS, resumed": "OpenSSL's stateful tickets through Python cost as much as the handshake they save",
    "connect … LOGOUT under TLS, many accounts": "what one account needs, and what many do without TLS",
    "APPEND to EXISTS on an idle session": "EXISTS told before \\Recent is taken, which is a commit of its own for IMAP4rev1",
    "FETCH 1:* (UID FLAGS)": "lines made from columns in C",
    "FETCH ENVELOPE and columns": "wire-ready columns in rows of their own, apart from what FETCH does not read",
    "FETCH BODYSTRUCTURE": "wire-ready columns in rows of their own, apart from what FETCH does not read",
    "FETCH bodies, realistic mail": _PAGES,
    "FETCH first 64 KB of each": _PAGES,
    "FETCH BODY[2] of multiparts": "three times Maildir is more octets a second than loopback carries: a bound of another kind",
    "FETCH one small BODY[], latency": _COMMAND,
    "SORT (REVERSE DATE)": "the answer's numbers written in C",
    "SORT (SUBJECT)": "the answer's numbers written in C",
    "THREAD REFERENCES": "rendering the unchanged threads once, and again only what changed",
    "SEARCH SINCE": "dates kept in order, so that those behind a day are a run of places",
    "SEARCH FROM": "the distinct senders kept in memory beside the columns",
    "SEARCH BODY, in most": "the answer's numbers written in C",
    "SEARCH BODY, two characters": _PAIR,
    "SEARCH TEXT, two characters": _PAIR,
    "SEARCH BODY, no index yet": "texts packed together, and a second process that looks into them",
    "SEARCH TEXT, no index yet": "texts packed together, and a second process that looks into them",
    "STORE of one message, latency": "less Python on the way of a STORE, half of it the session's: SQLite takes a sixth of the time",
    "APPEND 5 KB, one connection": _COMMIT,
    "APPEND 5 KB, pipelined": _COMMIT,
    "APPEND 5 KB, 16 to 16 mailboxes": _COMMIT
    + "; and one worker for all sessions of an account, so that workers do not wait for each other's lock",
    "APPEND 5 KB, 16 to one mailbox": _COMMIT
    + "; and one worker for all sessions of an account, so that workers do not wait for each other's lock",
    "MULTIAPPEND 5 KB, 50 a command": _TOGETHER,
    "MULTIAPPEND, sdbox in place of mdbox": _TOGETHER,
    "APPEND of realistic sizes": "a large body costs three syncs, one after the other: the first begun while the message is read",
    "EXPUNGE": "trash batches packed while nobody waits",
    "MOVE": "trash batches packed while nobody waits",
    "mixed work, 50 clients": _MIXED,
    "mixed work, CPU an operation": _MIXED,
    "mixed work, 99th percentile": "commits of two workers that take turns rather than wait for each other's lock",
    "LIST of 2,000": "the answer kept until a mailbox changes",
    "LIST-STATUS of 2,000": "the answer kept until a mailbox changes",
    "FETCH CHANGEDSINCE, ten changes": _COMMAND,
    "SELECT with QRESYNC, ten changes": _COMMAND,
}
