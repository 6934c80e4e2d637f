"""The hints of the hostile corpus, checked against what the connection made of an entry.

Each hint is a key with the value that is right, or a list of values any of which is.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any

from imapkit.client.message import MessageInfo
from imapkit.features.base import CapabilityData
from imapkit.features.esearch import EsearchData
from imapkit.features.expunge import Expunged
from imapkit.features.fetch_data import FetchData
from imapkit.features.id import IdData
from imapkit.features.list_ import ListData
from imapkit.features.namespace import NamespaceData
from imapkit.features.search import SearchData
from imapkit.features.select import Exists, PermanentFlags
from imapkit.features.status import StatusData
from imapkit.protocol.bodypart import MultiPart, attachments, disposition_param, media_type, param, walk
from imapkit.protocol.client import Asked, Farewell, Finished, Greeted
from imapkit.protocol.envelope import groups
from imapkit.protocol.response import BrokenResponse, UnknownResponse
from imapkit.protocol.status import Status
from imapkit.wire import utf7

from .hostile import Outcome


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("utf-8", "replace")


def _statuses(outcome: Outcome) -> Iterator[Status]:
    for event in outcome.events:
        if isinstance(event, Status):
            yield event
        elif isinstance(event, Finished | Greeted | Farewell):
            yield event.status


def _structures(outcome: Outcome) -> Iterator[Any]:
    for data in outcome.of(FetchData):
        for found in (data.bodystructure, data.body):
            if found is not None:
                yield found


def _leaves(outcome: Outcome) -> list[Any]:
    return [
        part for found in _structures(outcome) for _, part in walk(found) if not isinstance(part, MultiPart)
    ]


def _envelopes(outcome: Outcome) -> list[Any]:
    return [data.envelope for data in outcome.of(FetchData) if data.envelope is not None]


def _literals(outcome: Outcome) -> list[bytes | None]:
    return [one.data.read() if one.data else None for data in outcome.of(FetchData) for one in data.sections]


def _status_items(outcome: Outcome, name: str) -> list[object]:
    return [data.get(name) for data in outcome.of(StatusData)]


def _code_numbers(outcome: Outcome, name: str) -> list[object]:
    codes = [status.code for status in _statuses(outcome) if status.code is not None]
    return [getattr(code, "number", getattr(code, "modseq", None)) for code in codes if code.name == name]


def _names(outcome: Outcome) -> list[str]:
    found = [data.name for data in outcome.of(ListData)] + [data.mailbox for data in outcome.of(StatusData)]
    found += [dict(data.fields or ()).get("name") or "" for data in outcome.of(IdData)]
    return [utf7.encode(name).decode("utf-8", "replace") if utf7.is_raw(name) else name for name in found]


def _numbers(outcome: Outcome) -> list[list[int]]:
    found = [list(data.numbers) for data in outcome.of(SearchData)]
    return [*found, *([*data.all.numbers()] if data.all else [] for data in outcome.of(EsearchData))]


READ: dict[str, Callable[[Outcome], list[Any]]] = {
    "uid": lambda o: [d.uid for d in o.of(FetchData)] + [d.uid for d in o.of(BrokenResponse)],
    "uids": lambda o: [
        [d.uid for d in o.of(FetchData)],
        *(d.raw.decode().split()[-1] for d in o.of(UnknownResponse)),
    ],
    "seq": lambda o: [d.seq for d in o.of(FetchData)] + [d.number for d in o.of(BrokenResponse)],
    "status": lambda o: [s.kind.value for s in _statuses(o)],
    "tag": lambda o: [s.tag for s in _statuses(o)],
    "code": lambda o: [s.code_name for s in _statuses(o)],
    "text": lambda o: [s.text for s in _statuses(o)] + [b.raw.decode() for b in o.of(BrokenResponse)],
    "name": _names,
    "names": lambda o: [_names(o)],
    "delimiter": lambda o: (
        [d.delimiter for d in o.of(ListData)] + [e.delimiter for d in o.of(NamespaceData) for e in d.personal]
    ),
    "delimiters": lambda o: [[d.delimiter for d in o.of(ListData)]],
    "octets": lambda o: [getattr(p, "octets", None) for p in _leaves(o)],
    "parts": lambda o: (
        [len(s.children) for s in _structures(o) if isinstance(s, MultiPart)] + [len(_leaves(o))]
    ),
    "part1_type": lambda o: [media_type(p) for p in _leaves(o)[:1]],
    "part1_charset": lambda o: [(_text(param(p, b"charset")) or "").lower() for p in _leaves(o)[:1]],
    "part1_encoding": lambda o: [_text(p.encoding) for p in _leaves(o)[:1]],
    "part1_disposition": lambda o: [
        _text(p.extension.disposition.type) for p in _leaves(o)[:1] if p.extension.disposition
    ],
    "attachments": lambda o: [
        [_text(disposition_param(p, b"filename")) for _, p in attachments(s)] for s in _structures(o)
    ],
    "subject": lambda o: (
        [MessageInfo(d).subject for d in o.of(FetchData) if d.envelope]
        + [_text(e.subject) for e in _envelopes(o)]
    ),
    "subject_raw": lambda o: [_text(e.subject) for e in _envelopes(o)],
    "message_id": lambda o: [_text(e.message_id) for e in _envelopes(o)],
    "in_reply_to": lambda o: [_text(e.in_reply_to) for e in _envelopes(o)],
    "date": lambda o: [_text(e.date) for e in _envelopes(o)],
    "groups": lambda o: [[_text(name) for name, _ in groups(e.to) if name] for e in _envelopes(o)],
    "to_count": lambda o: [len(e.to) for e in _envelopes(o)],
    "to": lambda o: [list(e.to) for e in _envelopes(o)],
    "flags": lambda o: [list(d.flags) for d in o.of(FetchData) if d.flags is not None],
    "internaldate": lambda o: [d.internaldate for d in o.of(FetchData)],
    "size": lambda o: [d.size for d in o.of(FetchData)],
    "modseq": lambda o: [d.modseq for d in o.of(FetchData)] + [d.modseq for d in o.of(SearchData)],
    "ids": lambda o: [*_numbers(o), *([[]] if not _numbers(o) else [])],
    "exists": lambda o: [d.count for d in o.of(Exists)],
    "expunged": lambda o: [[d.seq for d in o.of(Expunged)]],
    "messages": lambda o: _status_items(o, "MESSAGES"),
    "uidnext": lambda o: _status_items(o, "UIDNEXT") + _code_numbers(o, "UIDNEXT"),
    "unseen": lambda o: _status_items(o, "UNSEEN") + _code_numbers(o, "UNSEEN"),
    "highestmodseq": lambda o: _status_items(o, "HIGHESTMODSEQ") + _code_numbers(o, "HIGHESTMODSEQ"),
    "mailboxid": lambda o: (
        [str(v).strip("()") for v in _status_items(o, "MAILBOXID")]
        + [str(getattr(s.code, "mailbox_id", getattr(s.code, "id", ""))) for s in _statuses(o)]
    ),
    "continuation": lambda o: [bool(o.of(Asked))],
    "has": lambda o: [word.upper() for d in o.of(CapabilityData) for word in d.capabilities],
    "body": lambda o: [_text(found) for found in _literals(o)],
    "body_bytes": lambda o: [base64.b64encode(found or b"").decode() for found in _literals(o)],
    "binary": lambda o: [
        base64.b64encode(b.data.read() if b.data else b"").decode() for d in o.of(FetchData) for b in d.binary
    ],
    "part_1_1": lambda o: [_text(found) for found in _literals(o)],
    "part_1_2": lambda o: [_text(found) for found in _literals(o)],
    "shared_count": lambda o: [len(d.shared) for d in o.of(NamespaceData)],
    "permanentflags_contains": lambda o: [
        sorted(s.code.flags) for s in _statuses(o) if isinstance(s.code, PermanentFlags)
    ],
}
"""What an entry's hint is compared with: every value found. Hints about things that are no part of a response are not here."""


def wrong(entry: dict[str, Any], outcome: Outcome) -> list[str]:
    """The hints of an entry that do not hold."""
    expected: dict[str, Any] = entry["what_should_come_out"].get("assert") or {}
    return [
        f"{key}: {READ[key](outcome)!r} should have {value!r}"
        for key, value in expected.items()
        if key in READ and not _holds(key, READ[key](outcome), value)
    ]


def count(entry: dict[str, Any]) -> int:
    """How many hints of an entry are checked."""
    return len((entry["what_should_come_out"].get("assert") or {}).keys() & READ.keys())


def _holds(key: str, found: list[Any], value: Any) -> bool:
    if key == "permanentflags_contains":
        return any(set(value) <= set(flags) for flags in found)
    if value in found or (value is None and not found):
        return True
    return isinstance(value, list) and any(one in found for one in value)
