"""How imapkit's figures grow with the mailbox: kept as JSON beside the results, shown as a section of them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

FILE = Path(__file__).with_name("growth.json")
NOISE = 1.3
"""A factor up to this counts as none."""


@dataclass(frozen=True, slots=True)
class Figures:
    """One row at all sizes; None where there is no figure."""

    name: str
    unit: str
    more_is_better: bool
    values: list[float | None]
    with_size: bool = True
    """False for what should not depend on the size of the mailbox at all (the time of one small thing)."""

    def factor(self, sizes: list[int]) -> float | None:
        """How much more one message costs at the last size than at the first: 1 is linear, less is better."""
        found = [(size, value) for size, value in zip(sizes, self.values, strict=True) if value is not None]
        if len(found) < 2:
            return None
        (small, first), (large, last) = found[0], found[-1]
        if first <= 0 or last <= 0:
            return None
        if self.more_is_better:
            return first / last
        return last / first / (large / small if self.with_size else 1)


@dataclass
class Growth:
    """Everything one run found."""

    machine: str
    sizes: list[int]
    figures: list[Figures] = field(default_factory=list)
    note: str = ""
    """What one must know of this run; written by hand into the file."""

    def save(self, path: Path = FILE) -> None:
        """As JSON, a figure a line."""
        lines = ",\n".join(json.dumps(asdict(each)) for each in self.figures)
        head = json.dumps({"machine": self.machine, "sizes": self.sizes, "note": self.note})[:-1]
        path.write_text(f'{head}, "figures": [\n{lines}\n]}}\n', encoding="utf-8")

    @classmethod
    def load(cls, path: Path = FILE) -> Growth | None:
        """What was saved, if anything was."""
        if not path.exists():
            return None
        found = json.loads(path.read_text(encoding="utf-8"))
        figures = [Figures(**each) for each in found["figures"]]
        return cls(found["machine"], found["sizes"], figures, found.get("note", ""))

    def text(self) -> str:
        """The section."""
        heads = " | ".join(f"{size:,}" for size in self.sizes)
        rows = [f"| work | unit | {heads} | factor |", "|---|---|" + "---:|" * (len(self.sizes) + 1)]
        worse = []
        for each in self.figures:
            factor = each.factor(self.sizes)
            cells = " | ".join("" if value is None else _figure(value) for value in each.values)
            arrow = "↑" if each.more_is_better else "↓"
            shown = "" if factor is None else f"{factor:.2g}"
            rows.append(f"| {each.name} | {each.unit} {arrow} | {cells} | {shown} |")
            if factor is not None and factor > NOISE:
                worse.append(f"- {each.name}: {factor:.2g}")
        said = "\nNothing grows worse than that.\n"
        if worse:
            said = f"\nMore than {NOISE:g}, which is worse than linear:\n\n" + "\n".join(worse) + "\n"
        note = f"{self.note}\n\n" if self.note else ""
        return _HEAD.format(machine=self.machine) + note + "\n".join(rows) + "\n" + said


_TITLE = "\n## Growth\n"
_HEAD = (
    _TITLE
    + """
Written by `python -m bench.growth --write` (`make bench-growth`), imapkit alone, {machine}. Columns: messages in the big mailbox; the
realistic mailbox and what is copied grow with it. "factor" is the cost of one message at the last size by that at the first: 1 is
linear growth, less is better. For single small things (a latency, one mailbox of many, rates of APPEND) it is plainly time by time.

"""
)


def _figure(value: float) -> str:
    if value >= 10_000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 1000 else f"{value:,.0f}"


def section() -> str:
    """For the results: empty as long as nothing was measured."""
    found = Growth.load()
    return found.text() if found else ""


def renew(page: Path, growth: Growth) -> None:
    """Put the section into the place of the one that a page of results has."""
    text = page.read_text(encoding="utf-8")
    start = text.find(_TITLE)
    end = text.find("\n## ", start + len(_TITLE))
    if start >= 0 and end >= 0:
        page.write_text(text[:start] + growth.text() + text[end:], encoding="utf-8")
