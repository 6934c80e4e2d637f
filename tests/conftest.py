"""What holds for every test: in CI nothing is skipped for want of a program; how long an example takes on a busy machine says nothing."""

from collections.abc import Generator

import pytest
from hypothesis import settings

from tests.programs import REQUIRED

settings.register_profile("imapkit", deadline=None)
settings.load_profile("imapkit")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure where the environment promises that every program is installed."""
    report = yield
    # An expected failure is reported as a skip with `wasxfail`; it did run.
    alone = item.get_closest_marker("not_installable_here") is not None
    if REQUIRED and report.skipped and not alone and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.longrepr = f"IMAPKIT_REQUIRE_PROGRAMS=1 allows no skip, but: {reason}"
    return report
