"""Episodes that cannot be learned from are named in one line, and no half-trained policy is left behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.episodes import toy_demonstration, toy_episode

pytest.importorskip("torch", reason="torch (the train extra) is not installed")

from policy_node.bundle import load_bundle
from policy_node.learning import TrainConfig
from policy_node.training import train
from vip_models.card import EncoderCard
from vip_ros.errors import UserError
from vip_teleop.demonstration import Demonstration
from vip_teleop.recording import write_demonstration

QUICK = TrainConfig(steps=60, check_every=30, hidden=[16], networks=1)


class MeanColour:
    card = EncoderCard(name="mean")

    def __init__(self, number: int = 1, value: float = 1.0) -> None:
        self.id, self.value = f"mean@{number:012d}", value

    def encode(self, frames: np.ndarray, batch_size: int = 8) -> np.ndarray:
        return self.value * frames.mean(axis=(1, 2)).astype(np.float32)


def _cut(made: Demonstration, rows: slice) -> Demonstration:
    names = ("stamps", "frames", "q", "dq", "q_command", "gripper")
    return replace(made, **{name: getattr(made, name)[rows] for name in names})


def _not_a_number(made: Demonstration) -> Demonstration:
    made.q[4, 2] = np.nan
    return made


def _other_joints(made: Demonstration) -> Demonstration:
    return replace(made, joint_names=tuple(f"fr3_joint{i}" for i in range(1, 8)))


BAD: dict[str, tuple[Callable[[Demonstration], Demonstration], str]] = {
    "one picture": (lambda made: _cut(made, slice(1)), "close_drawer_0002.*leave it out"),
    "not a number": (_not_a_number, "joint state 4 has 'panda_joint3' at nan .*close_drawer_0002"),
    "another robot": (_other_joints, "fr3_joint1.*panda_joint1.*close_drawer_0002"),
    "another rate": (lambda made: _cut(made, slice(None, None, 3)), "close_drawer_0002 has 6.* per second"),
}


@pytest.mark.parametrize("case", BAD)
def test_the_episode_at_fault_is_named_and_nothing_is_written(
    tmp_path: Path, vip_cache: Path, case: str
) -> None:
    change, message = BAD[case]
    for seed in range(2):
        toy_episode(tmp_path / "episodes", rows=24, seed=seed)
    write_demonstration(change(toy_demonstration(rows=24, seed=2)), tmp_path / "episodes", "scripted", 10**18)
    with pytest.raises(UserError, match=message) as caught:
        train(tmp_path / "episodes", MeanColour(), "rwr", tmp_path / "policy", QUICK)
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir() if "policy" in path.name] == []


def test_an_encoder_that_gives_no_numbers_is_named(tmp_path: Path, vip_cache: Path) -> None:
    toy_episode(tmp_path / "episodes")
    with pytest.raises(UserError, match="embedding is not finite"):
        train(tmp_path / "episodes", MeanColour(value=np.nan), "rwr", tmp_path / "policy", QUICK)


def test_a_failed_training_leaves_the_older_policy_alone(tmp_path: Path, vip_cache: Path) -> None:
    toy_episode(tmp_path / "episodes", rows=24)
    train(tmp_path / "episodes", MeanColour(1), "rwr", tmp_path / "policy", QUICK)
    write_demonstration(
        _not_a_number(toy_demonstration(rows=24, seed=2)), tmp_path / "episodes", "scripted", 10**18
    )
    with pytest.raises(UserError):
        train(tmp_path / "episodes", MeanColour(2), "rwr", tmp_path / "policy", QUICK)
    assert load_bundle(tmp_path / "policy").config.encoder == "mean@000000000001"


@pytest.mark.parametrize("algorithm", ["bc", "rwr", "awr", "iql"])
def test_a_single_episode_makes_a_policy(tmp_path: Path, vip_cache: Path, algorithm: str) -> None:
    toy_episode(tmp_path / "episodes", rows=24)
    train(tmp_path / "episodes", MeanColour(), algorithm, tmp_path / "policy", QUICK)
    assert load_bundle(tmp_path / "policy").config.training["episodes"] == 1


def test_episodes_recorded_beside_another_encoder_are_encoded_anew(tmp_path: Path, vip_cache: Path) -> None:
    for seed, encoder in enumerate(("vip-resnet50@000000000001", "r3m-resnet18@000000000002")):
        path = toy_episode(tmp_path / "episodes", rows=24, seed=seed)
        text = (path / "episode.yaml").read_text(encoding="utf-8")
        (path / "episode.yaml").write_text(text.replace("encoder: ''", f"encoder: {encoder}"), "utf-8")
    train(tmp_path / "episodes", MeanColour(), "rwr", tmp_path / "policy", QUICK)
    assert load_bundle(tmp_path / "policy").config.encoder == "mean@000000000001"
