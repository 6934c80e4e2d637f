"""``IMAPKIT_PURE=1``: run every module of the package from its source, where a wheel brings compiled ones too.

Loaded only when asked for. The rule this file must not break: modules of other packages are found as ever.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, ModuleSpec, SourceFileLoader
from types import ModuleType


class SourceOnly(MetaPathFinder):
    """Finds the modules of this package, and only as source files."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if path is None or not fullname.startswith("imapkit."):
            return None
        for entry in path:
            found = FileFinder(entry, (SourceFileLoader, SOURCE_SUFFIXES)).find_spec(fullname, target)
            if found is not None:
                return found
        return None


def force() -> None:
    """From now on, compiled modules of this package are passed over."""
    sys.meta_path.insert(0, SourceOnly())
