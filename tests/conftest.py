"""What holds for every test: no skip in CI for want of a program, no two crash tests at once."""

from collections.abc import Generator

import pytest

from tests.programs import REQUIRED


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure where the environment promises that every program is installed."""
    report = yield
    # An expected failure is reported as a skip with `wasxfail`; it did run.
    if REQUIRED and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.longrepr = f"IMAPKIT_REQUIRE_PROGRAMS=1 allows no skip, but: {reason}"
    return report


# First, because xdist reads the groups in the same hook.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the crash tests on one worker: two servers killed at once would measure each other's disk."""
    for item in items:
        if item.get_closest_marker("crash"):
            item.add_marker(pytest.mark.xdist_group("crash"))
