"""Policy bundles: written whole, read strictly, refused where they do not fit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image
from safetensors.numpy import load_file, save_file
from support.policies import DIM, ENCODER, JOINTS, toy_bundle, toy_config, toy_tensors

from policy_node.bundle import load_bundle, save_bundle
from vip_models.goals import Goal, save_goal
from vip_ros.errors import UserError


def test_bundle_comes_back_as_it_was_written(tmp_path: Path) -> None:
    bundle = load_bundle(toy_bundle(tmp_path / "policy", training={"loss": 0.5}))
    assert bundle.config == toy_config(training={"loss": 0.5})
    assert bundle.goal.name == "drawer shut"
    assert bundle.goal.threshold == 0.5
    out = bundle.network(np.zeros(DIM + 7, np.float32)).reshape(3, 7)
    assert np.allclose(out[:, 0], [0.02, 0.04, 0.06])
    assert sorted(path.name for path in (tmp_path / "policy").iterdir()) == [
        "config.yaml",
        "goal.npz",
        "goal.png",
        "policy.safetensors",
    ]
    assert np.asarray(Image.open(tmp_path / "policy" / "goal.png")).shape == (6, 8, 3)


def test_new_bundle_replaces_an_old_one_and_leaves_no_rest(tmp_path: Path) -> None:
    toy_bundle(tmp_path / "policy")
    toy_bundle(tmp_path / "policy", horizon=5)
    assert load_bundle(tmp_path / "policy").config.horizon == 5
    assert [path.name for path in tmp_path.iterdir()] == ["policy"]


def test_other_folders_are_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "me.png").touch()
    with pytest.raises(UserError, match="not a policy"):
        toy_bundle(tmp_path / "photos")
    assert (tmp_path / "photos" / "me.png").exists()


def test_failed_write_keeps_the_old_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    toy_bundle(tmp_path / "policy")

    def full(*args: Any, **kwargs: Any) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("policy_node.bundle.save_goal", full)
    with pytest.raises(UserError, match="no space left"):
        toy_bundle(tmp_path / "policy", horizon=5)
    assert load_bundle(tmp_path / "policy").config.horizon == 3
    assert [path.name for path in tmp_path.iterdir()] == ["policy"]


def test_missing_bundle_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="vip train"):
        load_bundle(tmp_path)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"format": 99}, "format 99"),
        ({"rat": 5}, "did you mean 'rate'"),
        ({"rate": "fast"}, "float"),
        ({"action_space": "torque"}, "joint_position_offset"),
        ({"embedding_dim": 9}, "differ in size"),
        ({"horizon": 4}, "differ in size"),
        ({"encoder": "other@ffffffffffff"}, "goal is of another encoder"),
    ],
)
def test_config_that_does_not_fit_is_one_line(tmp_path: Path, change: dict[str, Any], complaint: str) -> None:
    path = toy_bundle(tmp_path / "policy") / "config.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **change}))
    with pytest.raises(UserError, match=complaint) as caught:
        load_bundle(tmp_path / "policy")
    assert "\n" not in str(caught.value)


def test_incomplete_config_names_what_is_missing(tmp_path: Path) -> None:
    path = toy_bundle(tmp_path / "policy") / "config.yaml"
    values = yaml.safe_load(path.read_text())
    del values["horizon"]
    path.write_text(yaml.safe_dump(values))
    with pytest.raises(UserError, match="horizon"):
        load_bundle(tmp_path / "policy")


def test_damaged_weights_are_one_line(tmp_path: Path) -> None:
    folder = toy_bundle(tmp_path / "policy")
    (folder / "policy.safetensors").write_bytes(b"\x00" * 64)
    with pytest.raises(UserError, match="cannot read the policy's weights"):
        load_bundle(folder)
    (folder / "policy.safetensors").unlink()
    with pytest.raises(UserError, match="cannot read the policy's weights"):
        load_bundle(folder)


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("layers.0.bias", None, "layers.0.bias"),
        ("output_std", None, "output_std"),
        ("layers.0.bias", np.zeros(5, np.float32), "do not fit together"),
        ("input_std", np.zeros(DIM + 7, np.float32), "do not fit together"),
        ("layers.0.bias", np.full(21, np.nan, np.float32), "not finite"),
    ],
)
def test_weights_that_cannot_work_are_refused(
    tmp_path: Path, name: str, value: np.ndarray | None, complaint: str
) -> None:
    folder = toy_bundle(tmp_path / "policy")
    tensors = load_file(folder / "policy.safetensors")
    tensors.pop(name)
    if value is not None:
        tensors[name] = value
    save_file(tensors, folder / "policy.safetensors")
    with pytest.raises(UserError, match=complaint):
        load_bundle(folder)


def test_goal_of_another_encoder_is_refused(tmp_path: Path) -> None:
    folder = toy_bundle(tmp_path / "policy")
    save_goal(Goal("g", "other@0", np.ones(DIM, np.float32)), folder)
    with pytest.raises(UserError, match="another encoder"):
        load_bundle(folder)


def test_fit_checks_give_the_reason() -> None:
    config = toy_config()
    config.check_encoder(ENCODER)
    config.check_joints([*JOINTS, "panda_finger_joint1"])
    config.check_rate(8.0)
    with pytest.raises(UserError, match=r"trained on encoder toy@.*other@1 is running"):
        config.check_encoder("other@1")
    with pytest.raises(UserError, match="panda_joint1.*fr3_joint1"):
        config.check_joints(["fr3_joint1"])
    with pytest.raises(UserError, match=r"5\.0 Hz.*10 Hz"):
        config.check_rate(5.0)


def test_bundle_without_a_goal_image_has_no_picture(tmp_path: Path) -> None:
    config = toy_config()
    goal = Goal("g", ENCODER, np.ones(DIM, np.float32))
    save_bundle(tmp_path / "policy", config, toy_tensors(config), goal)
    assert not (tmp_path / "policy" / "goal.png").exists()
    assert load_bundle(tmp_path / "policy").goal.image is None
