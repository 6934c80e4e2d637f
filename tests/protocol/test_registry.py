"""The registry takes only what some feature runs or reads, and gives steps in their order."""

from __future__ import annotations

import pytest

from imapkit.features.catalogue import built_in
from imapkit.features.catalogue import registry as all_features
from imapkit.features.fetch import FetchPlan
from imapkit.features.status import StatusPlan
from imapkit.protocol.registry import Feature, Phase, Point, Registry


class Plan:
    """A plan that nobody declared."""


def visitor() -> Feature:
    return Feature("VISITOR", spec=("invented",), summary="What somebody else brings")


def test_a_step_in_a_plan_that_nobody_runs_is_refused() -> None:
    feature = visitor()
    feature.hook(Plan, Phase.PLAN)(lambda ctx, plan: None)
    with pytest.raises(ValueError, match="VISITOR adds a step to Plan, which no feature here runs"):
        all_features(extra=[feature])


def test_a_step_at_a_phase_that_its_owner_does_not_run_is_refused() -> None:
    feature = visitor()
    feature.hook(StatusPlan, Phase.EMIT)(lambda ctx, plan: None)
    with pytest.raises(ValueError, match="VISITOR adds a step to STATUS at EMIT, which is not run"):
        all_features(extra=[feature])


def test_a_word_at_a_point_that_nobody_reads_is_refused() -> None:
    feature = visitor()
    feature.word_reader(Point.SORT_KEY, "GLOW", lambda c, g: NotImplemented)
    alone = [one for one in built_in() if one.name not in ("SORT", "SORT=DISPLAY")]
    with pytest.raises(ValueError, match="VISITOR declares a sort key, and no feature here reads those"):
        Registry([*alone, feature])


@pytest.mark.parametrize("name", [one.name for one in built_in() if not one.core])
def test_what_others_add_to_a_disabled_feature_is_no_mistake(name: str) -> None:
    assert name not in {feature.name for feature in all_features(disabled=[name]).features}


def test_steps_come_in_their_order_and_empty_phases_are_empty() -> None:
    first, second = visitor(), Feature("LATER", spec=("invented",), summary="Another")
    late = second.hook(FetchPlan, Phase.SELECT, order=300)(lambda ctx, plan: None)
    early = first.hook(FetchPlan, Phase.SELECT, order=1)(lambda ctx, plan: None)
    steps = all_features(extra=[second, first]).steps(FetchPlan, Phase.SELECT)
    assert steps[0].call is early and steps[-1].call is late
    assert all_features().steps(FetchPlan, Phase.AFTER) == ()


def test_a_plan_of_a_visitor_is_open_to_others() -> None:
    owner, guest = visitor(), Feature("GUEST", spec=("invented",), summary="Another")
    owner.plan("VISIT", Phase.COMPLETE)(Plan)
    step = guest.hook(Plan, Phase.COMPLETE)(lambda ctx, plan: None)
    assert [hook.call for hook in all_features(extra=[owner, guest]).steps(Plan, Phase.COMPLETE)] == [step]
