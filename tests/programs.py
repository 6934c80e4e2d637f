"""Programs that tests run but that this project did not write.

A test that needs one asks for it by `need("curl")`. Where it is missing the test is skipped, by name;
with IMAPKIT_REQUIRE_PROGRAMS=1 (as in `.ci/run`, which installs them all) the same skip is a failure.
"""

import os
import shutil

import pytest

REQUIRED = os.environ.get("IMAPKIT_REQUIRE_PROGRAMS") == "1"
# Daemons live in sbin, which is not on every user's PATH.
SEARCH_PATH = os.environ.get("PATH", os.defpath) + ":/usr/sbin:/usr/local/sbin:/sbin"


def find(*names: str) -> str | None:
    """The path of the first of these programs that is installed."""
    for name in names:
        if path := shutil.which(name, path=SEARCH_PATH):
            return path
    return None


def need(*names: str) -> str:
    """The path of the first of these programs that is installed; where there is none the test ends here."""
    if path := find(*names):
        return path
    reason = f"needs the program {' or '.join(names)}"
    if REQUIRED:
        pytest.fail(f"{reason}, and IMAPKIT_REQUIRE_PROGRAMS=1 allows no skip", pytrace=False)
    pytest.skip(reason)
