"""The ABNF terminals of IMAP as compiled bytes patterns (RFC 3501 section 9, RFC 9051 section 9).

Every pattern is used with ``match(buf, pos)`` and is linear in time. 8-bit octets are let through where UTF8=ACCEPT or
IMAP4rev2 allow them and old clients send them anyway; the reader that cares checks afterwards.
"""

from __future__ import annotations

import re
from typing import Final

# ATOM-CHAR = <any CHAR except atom-specials>; atom-specials = "(" ")" "{" SP CTL list-wildcards quoted-specials resp-specials
ATOM: Final = re.compile(rb'[^\x00-\x20(){%*"\\\]\x7f-\xff]+')
# ASTRING-CHAR = ATOM-CHAR / resp-specials
ASTRING: Final = re.compile(rb'[^\x00-\x20(){%*"\\\x7f-\xff]+')
# tag = 1*<any ASTRING-CHAR except "+">
TAG: Final = re.compile(rb'[^\x00-\x20(){%*"\\\x7f-\xff+]+')
# list-char = ATOM-CHAR / list-wildcards / resp-specials
LIST_CHARS: Final = re.compile(rb'[^\x00-\x20(){"\\\x7f]+')
# What servers in the wild send where an atom or a keyword should stand: anything up to SP, parenthesis or line end.
LOOSE_ATOM: Final = re.compile(rb"[^\x00-\x20()\x7f]+")
# flag = "\" atom / flag-keyword; Gmail's keywords hold brackets, so this is loose: anything but SP and parentheses.
FLAG: Final = re.compile(rb"\\?[^\x00-\x20(){%\"\\\x7f]+|\\\*")
LOOSE_FLAG: Final = re.compile(rb"[^\x00-\x20()\x7f]+")
# quoted = DQUOTE *QUOTED-CHAR DQUOTE
QUOTED: Final = re.compile(rb'"((?:[^"\\\r\n\x00]|\\["\\])*)"')
LOOSE_QUOTED: Final = re.compile(rb'"((?:[^"\\\r\n]|\\.)*)"')
QUOTED_PAIR: Final = re.compile(rb"\\(.)")
NUMBER: Final = re.compile(rb"[0-9]{1,20}")
# literal = "{" number ["+"] "}" CRLF; literal8 = "~{" number ["+"] "}" CRLF
LITERAL_MARK: Final = re.compile(rb"(~?)\{([0-9]{1,20})(\+?)\}\r?\n")
# The same at the end of a line, which is where the framer meets it.
LITERAL_TAIL: Final = re.compile(rb"(~?)\{([0-9]{1,20})(\+?)\}$")
# sequence-set = (seq-number / seq-range) ["," sequence-set]; "*" and "$" included
SEQUENCE_SET: Final = re.compile(rb"\$|[0-9*][0-9*:,]*")
TEXT: Final = re.compile(rb"[^\r\n]*")
BASE64: Final = re.compile(rb"[A-Za-z0-9+/]*={0,2}")

NEEDS_LITERAL: Final = re.compile(rb"[\x00\r\n\x80-\xff]")
NEEDS_LITERAL_UTF8: Final = re.compile(rb"[\x00\r\n]")
NEEDS_ESCAPE: Final = re.compile(rb'["\\]')
