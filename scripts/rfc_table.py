"""The table of supported RFCs, from the features themselves, into the README and the documentation.

A document holds the table between two marker lines; everything else in it is written by hand.
"""

from pathlib import Path

from imapkit.tools.feature_table import markdown
from scripts.generators import Files, Generator

BEGIN = "<!-- generated: the RFC table, by scripts/generate.py -->"
END = "<!-- end of the generated part -->"
DOCUMENTS = (Path("README.md"), Path("docs/rfcs.md"))


def between(text: str, inner: str) -> str:
    """The text with what stands between the markers replaced. Raises ValueError where they are missing."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"no markers for the RFC table: a line {BEGIN!r} and a line {END!r}")
    return f"{before}{BEGIN}\n{inner}\n{END}{after}"


def render(root: Path) -> Files:
    """The documents as they should be."""
    return {path: between((root / path).read_text(encoding="utf-8"), markdown()) for path in DOCUMENTS}


GENERATOR = Generator("RFC table", render)
