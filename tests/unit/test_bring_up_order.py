"""What the lifecycle manager decides: order, retries, restarts, giving up."""

from __future__ import annotations

from vip_bringup.transitions import ACTIVE, INACTIVE, UNCONFIGURED, BringUp, Patience

PATIENCE = Patience(appear=60.0, configure=100.0, activate=10.0, retry=0.5, lost=2.0)


def _plan(*names: str) -> BringUp:
    plan = BringUp(names or ("first", "second"), PATIENCE, now=0.0)
    for name in plan.tracks:
        plan.observe(name, UNCONFIGURED, 0.0)
    return plan


def _do(plan: BringUp, now: float, success: bool = True) -> list[tuple[str, str]]:
    requests = plan.due(now)
    for name, transition in requests:
        plan.requested(name, transition, now)
        plan.answered(name, success, now)
    return requests


def _active(*names: str) -> BringUp:
    plan = _plan(*names)
    for step in range(10):
        _do(plan, float(step))
    assert plan.complete
    list(plan.lines())
    return plan


def test_all_are_configured_at_once_and_activated_in_order() -> None:
    plan = _plan("a", "b", "c")
    assert _do(plan, 0.0) == [("a", "configure"), ("b", "configure"), ("c", "configure")]
    assert _do(plan, 0.1) == [("a", "activate")]
    assert _do(plan, 0.2) == [("b", "activate")]
    assert _do(plan, 0.3) == [("c", "activate")]
    assert plan.complete


def test_a_slow_node_holds_back_the_activation_of_those_after_it() -> None:
    plan = _plan()
    plan.requested("first", "configure", 0.0)
    plan.requested("second", "configure", 0.0)
    plan.answered("second", True, 0.1)
    assert plan.due(0.2) == []
    plan.answered("first", True, 5.0)
    assert plan.due(5.0) == [("first", "activate")]


def test_refused_activation_is_tried_again_and_lets_the_others_go_on() -> None:
    plan = _plan()
    _do(plan, 0.0)
    plan.complained("first", "no fresh image yet")
    assert _do(plan, 1.0, success=False) == [("first", "activate")]
    assert _do(plan, 1.1) == [("second", "activate")]
    assert _do(plan, 1.6) == [("first", "activate")]
    assert plan.complete
    assert ("warn", "first: not yet: no fresh image yet (trying for up to 10 s)") in list(plan.lines())


def test_activation_that_never_succeeds_is_given_up_with_the_reason() -> None:
    plan = _plan("only")
    _do(plan, 0.0)
    plan.complained("only", "no fresh joint state")
    for step in range(1, 30):
        _do(plan, float(step), success=False)
    assert plan.failure == "only could not be activated within 10 s: no fresh joint state"
    assert plan.due(50.0) == []


def test_failed_configuration_ends_the_bring_up_at_once() -> None:
    plan = _plan("only")
    plan.requested("only", "configure", 0.0)
    plan.complained("only", "unknown encoder 'vipp'")
    plan.answered("only", False, 0.1)
    assert plan.failure == "only could not be configured: unknown encoder 'vipp'"


def test_restarted_node_is_brought_up_again() -> None:
    plan = _active()
    plan.observe("first", UNCONFIGURED, 20.0)
    assert not plan.complete
    assert _do(plan, 20.0) == [("first", "configure")]
    assert _do(plan, 20.1) == [("first", "activate")]
    assert plan.complete


def test_restarted_node_may_fail_to_configure_for_a_while() -> None:
    plan = _active("only")
    plan.observe("only", UNCONFIGURED, 20.0)
    _do(plan, 20.0, success=False)
    assert not plan.failure
    assert plan.due(20.1) == []
    _do(plan, 20.6, success=False)
    _do(plan, 31.0, success=False)
    assert "could not be configured again within 10 s" in plan.failure


def test_node_deactivated_by_hand_is_left_alone() -> None:
    plan = _active()
    plan.observe("first", INACTIVE, 20.0)
    assert plan.due(20.0) == []
    assert plan.complete
    plan.observe("first", ACTIVE, 30.0)
    plan.observe("first", UNCONFIGURED, 31.0)
    assert plan.due(31.0) == [("first", "configure")]


def test_request_lost_with_a_killed_process_is_made_again() -> None:
    plan = _plan("only")
    plan.requested("only", "configure", 0.0)
    plan.observe("only", UNCONFIGURED, 1.0)
    assert plan.due(1.0) == []
    plan.observe("only", UNCONFIGURED, 3.0)
    plan.observe("only", UNCONFIGURED, 3.2)
    assert plan.due(3.2) == [("only", "configure")]


def test_answer_lost_on_the_way_back_is_seen_in_the_state() -> None:
    plan = _plan("only")
    plan.requested("only", "configure", 0.0)
    plan.observe("only", INACTIVE, 3.0)
    assert plan.due(3.0) == [("only", "activate")]


def test_long_configuration_is_reported_and_limited() -> None:
    plan = _plan("only")
    plan.requested("only", "configure", 0.0)
    plan.due(10.5)
    assert list(plan.lines()) == [("info", "only: still busy to configure (10 s)")]
    plan.due(101.0)
    assert plan.failure == "only did not configure within 100 s"


def test_node_that_never_appears_is_named() -> None:
    plan = BringUp(["ghost"], PATIENCE, now=0.0)
    assert plan.due(30.0) == []
    assert not plan.failure
    plan.due(61.0)
    assert plan.failure == "ghost did not appear within 60 s: see its log"
