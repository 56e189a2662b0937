"""When a run ends, and when the policy is fit to begin one."""

from __future__ import annotations

import numpy as np
import pytest
from support.policies import DIM, ENCODER, JOINTS, READY, toy_config

from policy_node.observation import Observer
from policy_node.runs import FAULT, REACHED, TIMEOUT, Run
from vip_ros.errors import UserError

S = 1_000_000_000
NAMES = [*JOINTS, "panda_finger_joint1"]
POSITIONS = [*READY, 0.0]


def _fed(rate: float = 20.0, count: int = 20) -> tuple[Observer, int]:
    observer = Observer(toy_config(), max_age=0.5)
    now = S
    for index in range(count):
        now = S + round(index / rate * S)
        observer.note_joint_state(now, NAMES, POSITIONS, now)
        observer.note_embedding(now, ENCODER, np.zeros(DIM), now)
    return observer, now


def test_run_ends_when_time_is_up() -> None:
    run = Run(10 * S, timeout=2.0, hold=0.3)
    assert run.check_time(11 * S) is None
    ending = run.check_time(12 * S)
    assert ending is not None
    assert ending.outcome == TIMEOUT


def test_time_in_which_a_person_has_the_arm_does_not_count() -> None:
    run = Run(10 * S, timeout=2.0, hold=0.3)
    run.note_driver(False, 10 * S)
    for second in (11, 12, 13, 14):
        run.note_driver(True, second * S)
    assert run.check_time(15 * S) is None and run.person_time(15 * S) == 4.0
    run.note_driver(False, 15 * S)
    assert run.elapsed(15 * S) == 1.0 and run.check_time(15 * S + S // 2) is None
    ending = run.check_time(16 * S)
    assert ending is not None and ending.outcome == TIMEOUT


def test_run_does_not_go_on_without_a_guard_that_was_heard() -> None:
    run = Run(10 * S, timeout=60.0, hold=0.3)
    assert run.check_time(20 * S) is None  # never heard of one
    run.note_driver(False, 20 * S)
    assert run.check_time(22 * S) is None
    ending = run.check_time(23 * S)
    assert ending is not None and ending.outcome == FAULT and "franka_node" in ending.message


def test_goal_must_stay_reached_for_a_while() -> None:
    run = Run(0, timeout=10.0, hold=0.3)
    states = [(1.0, True), (1.2, True), (1.25, False), (1.3, True), (1.5, True), (1.6, True)]
    endings = [run.note_reward(round(t * S), 0.4, 0.9, reached) for t, reached in states]
    assert endings[:-1] == [None] * 5
    assert endings[-1] is not None
    assert endings[-1].outcome == REACHED
    assert (run.distance, run.progress) == (0.4, 0.9)


def test_images_from_before_the_start_do_not_count_as_reached() -> None:
    run = Run(10 * S, timeout=10.0, hold=0.0)
    assert run.note_reward(9 * S, 0.1, 1.0, True) is None
    assert run.note_reward(10 * S, 0.1, 1.0, True) is not None


def test_observer_pairs_the_embedding_with_the_joints_of_its_image() -> None:
    observer = Observer(toy_config(), max_age=0.5)
    for index in range(5):
        observer.note_joint_state(S + index * S // 100, JOINTS, [float(index)] * 7, S)
    seen = observer.note_embedding(S + S // 40, ENCODER, np.arange(4.0), S)
    assert seen is not None
    assert seen.q == pytest.approx([2.5] * 7)
    assert seen.embedding.tolist() == [0, 1, 2, 3]


def test_ready_with_two_fresh_streams() -> None:
    observer, now = _fed()
    observer.check_ready(now + S // 10)


@pytest.mark.parametrize("part", ["embedding", "joint_state"])
def test_not_ready_without_one_of_the_streams(part: str) -> None:
    observer = Observer(toy_config(), max_age=0.5)
    if part == "embedding":
        observer.note_joint_state(S, NAMES, POSITIONS, S)
    else:
        for index in range(9):
            observer.note_embedding(S + index, ENCODER, np.zeros(DIM), S)
    with pytest.raises(UserError, match=f"no {part.replace('_', ' ')} has arrived"):
        observer.check_ready(S)


def test_not_ready_when_a_stream_went_silent() -> None:
    observer, now = _fed()
    with pytest.raises(UserError, match=r"newest embedding is 0\.60 s old"):
        observer.check_ready(now + round(0.6 * S))


def test_not_ready_at_a_rate_the_policy_was_not_trained_for() -> None:
    observer, now = _fed(rate=5.0)
    with pytest.raises(UserError, match=r"5\.0 Hz"):
        observer.check_ready(now)


def test_not_ready_after_too_few_embeddings() -> None:
    observer, now = _fed(count=2)
    with pytest.raises(UserError, match="too few"):
        observer.check_ready(now)


def test_not_ready_for_another_encoder_or_robot() -> None:
    observer, now = _fed()
    observer.note_embedding(now, "other@1", np.zeros(DIM), now)
    with pytest.raises(UserError, match="other@1 is running"):
        observer.check_ready(now)
    observer = Observer(toy_config(), max_age=0.5)
    observer.note_joint_state(S, ["fr3_joint1"], [0.0], S)
    with pytest.raises(UserError, match="fr3_joint1"):
        observer.check_ready(S)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_bad_numbers_are_counted_and_give_no_observation(bad: float) -> None:
    observer, now = _fed()
    assert observer.note_embedding(now, ENCODER, [bad, 0, 0, 0], now) is None
    assert observer.invalid == 1
    observer.note_joint_state(now, NAMES, [bad, *POSITIONS[1:]], now)
    assert (observer.invalid, observer.last_invalid) == (2, "joint state is not finite")
    assert observer.note_embedding(now, ENCODER, np.zeros(DIM), now) is None
    with pytest.raises(UserError, match="joint state is not valid"):
        observer.check_ready(now)
    observer.note_joint_state(now, NAMES, POSITIONS, now)
    assert observer.note_embedding(now, ENCODER, np.zeros(DIM), now) is not None


def test_embedding_far_from_any_joint_state_is_dropped() -> None:
    observer, now = _fed()
    assert observer.note_embedding(now + S, ENCODER, np.zeros(DIM), now + S) is None
    assert observer.embeddings.drops == 1
    assert observer.invalid == 0
