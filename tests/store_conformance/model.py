"""A mail store as naive as can be: dictionaries, no numbers saved, everything worked out when asked."""

from __future__ import annotations

from dataclasses import dataclass, field

from imapkit.ports.store import FlagAction


@dataclass
class Box:
    """UIDs with their flags, and the state after each change, by MODSEQ."""

    uidnext: int = 1
    messages: dict[int, frozenset[str]] = field(default_factory=dict)
    subjects: dict[int, str] = field(default_factory=dict)
    recent: set[int] = field(default_factory=set)
    history: dict[int, dict[int, frozenset[str]]] = field(default_factory=dict)
    changed: dict[int, int] = field(default_factory=dict)
    """UID to the MODSEQ of its last change."""

    def add(self, flags: frozenset[str], subject: str) -> int:
        uid = self.uidnext
        self.uidnext += 1
        self.messages[uid], self.subjects[uid] = flags, subject
        self.recent.add(uid)
        return uid

    def store(self, uids: list[int], action: FlagAction, flags: frozenset[str]) -> list[int]:
        changed = []
        for uid in uids:
            if uid not in self.messages:
                continue
            old = self.messages[uid]
            new = {
                FlagAction.ADD: old | flags,
                FlagAction.REMOVE: old - flags,
                FlagAction.REPLACE: flags,
            }[action]
            if new != old:
                self.messages[uid] = new
                changed.append(uid)
        return changed

    def expunge(self, uids: list[int]) -> list[int]:
        gone = [uid for uid in uids if uid in self.messages]
        for uid in gone:
            del self.messages[uid], self.subjects[uid]
            self.recent.discard(uid)
        return gone
