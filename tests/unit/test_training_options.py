"""Training options that no policy can come of are refused, and a training that learned nothing says so."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from support.policies import toy_dataset

pytest.importorskip("torch", reason="torch (the train extra) is not installed")

from policy_node.algorithms import ALGORITHMS
from policy_node.learning import TrainConfig
from vip_bringup.sweep.methods import METHODS
from vip_ros.errors import UserError

FLOATS = [field.name for field in fields(TrainConfig) if isinstance(field.default, float)]
FROM_0 = ("embedding_noise", "joint_noise", "finger_noise", "weight_decay", "reward_scale", "patience")


@pytest.mark.parametrize("name", FLOATS)
def test_no_number_may_be_infinite_or_none(name: str) -> None:
    for value in (math.inf, -math.inf, math.nan):
        with pytest.raises(UserError, match=f"{name} is -?(inf|nan).*finite"):
            TrainConfig(**{name: value})


@pytest.mark.parametrize(
    "options",
    [
        *({name: -1} for name in FROM_0),
        {"max_weight": 0.5},
        {"seed": -1},
        {"seed": 2**63},
        {"hidden": [64, 0]},
        {"hidden": [-1]},
        {"batch_size": 1, "batch_norm": True},
    ],
)
def test_numbers_out_of_their_range_are_one_line(options: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=rf"{next(iter(options))} is .*\[training options\]: give") as caught:
        TrainConfig(**options)
    assert "\n" not in str(caught.value)


def test_defaults_the_ends_of_the_ranges_and_every_row_of_a_sweep_are_taken() -> None:
    TrainConfig()
    TrainConfig(**dict.fromkeys(FROM_0, 0), max_weight=1.0, seed=2**63 - 1, hidden=[], batch_size=1)
    TrainConfig(batch_size=2, batch_norm=True)
    for method in METHODS.values():
        for task in ("close_drawer", "push_bottle"):
            method.config(task, {})


@pytest.mark.parametrize(
    ("algorithm", "options"),
    [("bc", {"learning_rate": 1e30}), ("rwr", {"reward_scale": 1e-320, "tau": 1e300})],
)
def test_a_training_that_learned_nothing_makes_no_policy(
    vip_cache: Path, algorithm: str, options: dict[str, float]
) -> None:
    config = replace(TrainConfig(steps=20, check_every=10, hidden=[8]), **options)
    with pytest.raises(UserError, match="learned nothing.*learning_rate") as caught:
        ALGORITHMS.get(algorithm)(toy_dataset(episodes=2), config, None)
    assert "\n" not in str(caught.value)


def test_the_option_that_some_ways_to_learn_do_not_read_says_so() -> None:
    (steps,) = (field for field in fields(TrainConfig) if field.name == "reward_steps")
    assert "unused by awr and iql" in steps.metadata["doc"] and "sparse" in steps.metadata["doc"]
