"""A hand that was only ever sent to two widths goes to those alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.policies import DIM, READY, toy_bundle, toy_dataset

from policy_node.bundle import load_bundle
from policy_node.gripper import HandSwitch, two_widths
from policy_node.learning import LearnedPolicy, TrainConfig
from policy_node.policy import Policy
from policy_node.training import describe

OPEN, CLOSED = 0.08, 0.035


def test_two_widths_are_found_although_commands_pass_between_them() -> None:
    commanded = np.array([OPEN] * 60 + [0.06, 0.05] + [CLOSED] * 40)
    assert two_widths(commanded) == [CLOSED, OPEN]


@pytest.mark.parametrize(
    "commanded",
    [np.full(50, OPEN), np.linspace(CLOSED, OPEN, 50), np.array([0.0] * 30 + [0.04] * 30 + [0.08] * 30)],
    ids=["one width", "every width", "three widths"],
)
def test_a_hand_that_went_elsewhere_is_left_alone(commanded: np.ndarray) -> None:
    assert two_widths(commanded) == []


def test_a_plan_half_way_is_carried_out_whole() -> None:
    settled = HandSwitch([CLOSED, OPEN]).settle(np.array([0.078, 0.07, 0.045, 0.036]))
    assert settled.tolist() == [OPEN, OPEN, CLOSED, CLOSED]


def test_an_unclear_plan_does_not_turn_the_hand_round() -> None:
    middle = (OPEN + CLOSED) / 2
    hand = HandSwitch([CLOSED, OPEN])
    hand.settle(np.array([CLOSED, CLOSED]))
    assert hand.settle(np.array([middle + 0.003, middle + 0.003])).tolist() == [CLOSED, CLOSED]
    assert hand.settle(np.array([middle + 0.006, middle - 0.003])).tolist() == [OPEN, OPEN]
    hand.reset()
    assert hand.settle(np.array([middle - 0.001])).tolist() == [CLOSED]


def test_a_policy_sends_its_hand_to_the_widths_of_its_bundle(tmp_path: Path) -> None:
    bundle = load_bundle(toy_bundle(tmp_path / "policy", gripper=True))
    plain = Policy(bundle).act(np.zeros(DIM), READY).gripper
    settled = Policy(replace(bundle, config=replace(bundle.config, two_widths=[CLOSED, OPEN])))
    assert plain is not None and not set(plain) & {CLOSED, OPEN}
    widths = settled.act(np.zeros(DIM), READY).gripper
    assert widths is not None and set(widths) <= {CLOSED, OPEN}


@pytest.mark.parametrize(("wanted", "found"), [(True, [CLOSED, OPEN]), (False, [])])
def test_a_training_notes_the_two_widths_of_its_episodes(wanted: bool, found: list[float]) -> None:
    dataset = toy_dataset(episodes=2)
    closing = np.where(np.arange(40)[:, None] < 20, OPEN, CLOSED) * np.ones((1, 3))
    episodes = [replace(episode, gripper=closing) for episode in dataset.episodes]
    config = TrainConfig(two_widths=wanted)
    description = describe(
        replace(dataset, episodes=episodes), LearnedPolicy({}, {}), "bc", config, {"seconds": 0}
    )
    assert description.two_widths == found
