"""The transcripts of this directory, and the features each of them shows (its note ``features``)."""

from __future__ import annotations

from pathlib import Path

from imapkit.testing.transcript import Transcript

FILES = tuple(sorted(Path(__file__).parent.glob("*.imap")))


def load(path: Path) -> Transcript:
    return Transcript.parse(path.read_text(encoding="utf-8"))


def features(transcript: Transcript) -> set[str]:
    return set(transcript.notes["features"].split())
