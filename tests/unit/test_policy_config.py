"""Numbers of a bundle and parameters of the node that cannot be: one line each."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.policies import JOINTS, toy_bundle, toy_config

from policy_node.bundle import load_bundle
from policy_node.policy_node_config import PolicyNodeConfig
from vip_ros.errors import UserError


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rate", 0.0),
        ("rate", -10.0),
        ("rate", math.inf),
        ("rate", math.nan),
        ("step_duration", 0.0),
        ("step_duration", math.nan),
        ("horizon", 0),
        ("ensemble", -0.1),
        ("ensemble", math.inf),
        ("two_widths", [0.04]),
        ("two_widths", [0.0, 0.04, 0.08]),
        ("two_widths", [0.04, 0.04]),
        ("two_widths", [0.08, 0.0]),
        ("two_widths", [0.0, math.nan]),
        ("embedding_dim", 0),
        ("joints", []),
        ("joints", [*JOINTS[:6], JOINTS[0]]),
        ("senses", [JOINTS[0]]),
    ],
)
def test_a_bundle_with_a_value_that_cannot_be_is_one_line(tmp_path: Path, name: str, value: Any) -> None:
    path = toy_bundle(tmp_path / "policy") / "config.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), name: value}))
    wanted = "twice" if name in ("joints", "senses") and value else name
    with pytest.raises(UserError, match=rf"{wanted}.*\[.*config\.yaml\]") as caught:
        load_bundle(path.parent)
    assert "\n" not in str(caught.value)


def test_values_at_the_ends_of_their_ranges_are_taken() -> None:
    toy_config(rate=0.1, ensemble=0.0, two_widths=[0.0, 0.01], horizon=1, embedding_dim=1, joints=["a"])


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name in ("timeout", "max_age") for value in (0.0, -1.0, math.inf, math.nan)]
    + [("reached_hold", value) for value in (-0.1, math.inf, math.nan)],
)
def test_times_of_the_node_that_cannot_be_are_refused(name: str, value: float) -> None:
    with pytest.raises(UserError, match=f"{name} is .*policy_node") as caught:
        PolicyNodeConfig(**{name: value})
    assert "\n" not in str(caught.value)


def test_the_node_takes_its_defaults_and_a_goal_that_need_not_be_held() -> None:
    PolicyNodeConfig()
    PolicyNodeConfig(reached_hold=0.0)
