"""Names for the numbers of IMAP, so that type checkers keep them apart (RFC 9051 section 2.3.1)."""

from __future__ import annotations

from typing import NewType

Uid = NewType("Uid", int)
Seq = NewType("Seq", int)
ModSeq = NewType("ModSeq", int)
UidValidity = NewType("UidValidity", int)
