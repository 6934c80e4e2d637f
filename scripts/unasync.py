"""Make the synchronous twin of the client's I/O shell: client/_async/*.py becomes client/_sync/*.py.

The rules are few and textual, so whoever writes `_async` keeps to what they know. A rule that matches nothing in the
whole tree fails: the table describes what the source uses, and nothing else.
"""

import re
from pathlib import Path

from scripts.generators import Files, Generator, tidy

CLIENT = Path("src/imapkit/client")
HEADER = "# Generated from {source} by scripts/unasync.py; do not edit: the next run overwrites it.\n"

# Applied in this order, docstrings and comments included: they describe the twin as well.
RULES: tuple[tuple[str, str], ...] = (
    (r"\basync (def|with|for)\b", r"\1"),
    (r"\bawait ", ""),
    (r"\b__a(enter|exit|iter|next)__\b", r"__\1__"),
    (r"\bStopAsyncIteration\b", "StopIteration"),
    (r"\bAsync(?=[A-Z])", ""),
    (r"_async\b", "_sync"),
)


def translate(source: str, rules: tuple[tuple[str, str], ...], used: set[str]) -> str:
    """The source after every rule; the patterns that matched are added to *used*."""
    for pattern, replacement in rules:
        source, count = re.subn(pattern, replacement, source)
        if count:
            used.add(pattern)
    return source


def render(root: Path, rules: tuple[tuple[str, str], ...] = RULES) -> Files:
    """Every file of the synchronous twin, as it should be."""
    used: set[str] = set()
    files: Files = {}
    for path in sorted((root / CLIENT / "_async").rglob("*.py")):
        inner = path.relative_to(root / CLIENT / "_async")
        target = CLIENT / "_sync" / inner
        text = HEADER.format(source=path.relative_to(root / "src").as_posix())
        text += translate(path.read_text(encoding="utf-8"), rules, used)
        files[target] = tidy(text, target)
    unused = [pattern for pattern, _ in rules if pattern not in used]
    if files and unused:
        raise ValueError(f"scripts/unasync.py: rules that match nothing in client/_async: {unused}")
    return files


GENERATOR = Generator("unasync", render, owns=(f"{CLIENT.as_posix()}/_sync/**/*.py",))
