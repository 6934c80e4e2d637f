"""The base subject of RFC 5256 section 2.1: what SORT and THREAD compare."""

from __future__ import annotations

import re
from typing import Final

_SPACES: Final = re.compile(r"[\t\r\n ]+")
_BLOB: Final = re.compile(r"\[[^\[\]]*\]\s*")
_REFWD: Final = re.compile(r"(?:re|fwd?)\s*(?:\[[^\[\]]*\]\s*)?:", re.IGNORECASE)
_MAX: Final = 10_000


def base_subject(subject: str) -> tuple[str, bool]:
    """The base subject of a decoded subject, and whether anything of a reply or a forward was taken off."""
    text = _SPACES.sub(" ", subject[:_MAX])
    reply = False
    while True:
        text, forwarded = _strip_trailers(text)
        text, answered = _strip_leaders(text)
        reply = reply or forwarded or answered
        if not (text[:5].lower() == "[fwd:" and text.endswith("]")):
            return text, reply
        text = text[5:-1]
        reply = True


def _strip_trailers(text: str) -> tuple[str, bool]:
    """Step 2: "(fwd)" and white space off the end."""
    end = len(text)
    forwarded = False
    while end:
        if text[end - 1].isspace():
            end -= 1
        elif text[max(end - 5, 0) : end].lower() == "(fwd)":
            end -= 5
            forwarded = True
        else:
            break
    return text[:end], forwarded


def _strip_leaders(text: str) -> tuple[str, bool]:
    """Steps 3 to 5: white space, "Re:" and the like behind any number of blobs, and blobs that leave something."""
    at = 0
    answered = False
    while True:
        while at < len(text) and text[at].isspace():
            at += 1
        # subj-leader = (*subj-blob subj-refwd) / WSP
        after = at
        blob = _BLOB.match(text, after)
        first = blob
        while blob is not None:
            after = blob.end()
            blob = _BLOB.match(text, after)
        leader = _REFWD.match(text, after)
        if leader is not None:
            at = leader.end()
            answered = True
            continue
        # No leader behind the blobs: each may go as long as something is left of the subject
        if first is not None and after < len(text):
            return text[after:], answered
        if first is not None:
            return _last_blob(text, at), answered
        return text[at:], answered


def _last_blob(text: str, at: int) -> str:
    """Only blobs are left: the last of them is the subject."""
    while True:
        blob = _BLOB.match(text, at)
        if blob is None or blob.end() >= len(text):
            return text[at:]
        at = blob.end()
