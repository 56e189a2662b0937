"""Where a policy may be written: nobody's own files are taken away, no training is lost at its end."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.policies import toy_bundle

from policy_node import bundle_folder
from policy_node.bundle import load_bundle
from policy_node.bundle_folder import check_output
from vip_ros.errors import UserError

BUNDLE = "format: 1\naction_space: joint_position_offset\n"


def _project(folder: Path) -> None:
    (folder / "config.yaml").write_text("site_name: mine\n")
    (folder / "thesis.tex").write_text("years of work")


def _notes_beside_a_policy(folder: Path) -> None:
    toy_bundle(folder)
    (folder / "notes.txt").write_text("what I saw")


def _folder_called_like_a_picture(folder: Path) -> None:
    toy_bundle(folder)
    (folder / "goal.png").unlink()
    (folder / "goal.png").mkdir()


def _no_weights(folder: Path) -> None:
    (folder / "config.yaml").write_text(BUNDLE)


def _other_configuration(folder: Path) -> None:
    (folder / "config.yaml").write_text("format: 1\n")
    (folder / "policy.safetensors").touch()


def _no_yaml(folder: Path) -> None:
    (folder / "config.yaml").write_text("{")
    (folder / "policy.safetensors").touch()


@pytest.mark.parametrize(
    "fill",
    [
        _project,
        _notes_beside_a_policy,
        _folder_called_like_a_picture,
        _no_weights,
        _other_configuration,
        _no_yaml,
    ],
)
def test_what_is_not_a_policy_alone_is_not_replaced(tmp_path: Path, fill) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    fill(folder)
    before = sorted(path.name for path in folder.rglob("*"))
    for write in (toy_bundle, check_output):
        with pytest.raises(UserError, match="exists and is not a policy.*choose another --out") as caught:
            write(folder)
        assert "\n" not in str(caught.value)
    assert sorted(path.name for path in folder.rglob("*")) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_policy_an_empty_folder_and_nothing_may_be_written(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    toy_bundle(tmp_path / "old")
    (tmp_path / "old" / ".goal.123.npz").touch()  # a goal whose writer was killed
    for name in ("empty", "old", "deep/er/new"):
        check_output(tmp_path / name)
        load_bundle(toy_bundle(tmp_path / name, horizon=5))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep", "empty", "old"]
    assert not (tmp_path / "old" / ".goal.123.npz").exists()


def test_what_cannot_be_written_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    cases = {
        tmp_path / "file": "not a policy",
        tmp_path / "file" / "policy": "cannot write the policy",
        tmp_path / "file" / "deep" / "policy": "cannot write the policy",
        tmp_path / "dangling": "not a policy",
        tmp_path / "..": "no name",
        Path("/"): "no name",
        Path("/proc/policy"): "cannot write the policy",
        Path("/proc"): "mount point",
    }
    for path, complaint in cases.items():
        with pytest.raises(UserError, match=complaint):
            check_output(path)


def test_a_check_leaves_nothing_behind(tmp_path: Path) -> None:
    check_output(tmp_path / "deep" / "policy")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("swaps", [True, False])
def test_an_older_policy_is_replaced_with_and_without_a_swap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, swaps: bool
) -> None:
    if not swaps:
        monkeypatch.setattr(bundle_folder, "_exchanged", lambda one, other: False)
    toy_bundle(tmp_path / "policy")
    toy_bundle(tmp_path / "policy", horizon=5)
    assert load_bundle(tmp_path / "policy").config.horizon == 5
    assert [path.name for path in tmp_path.iterdir()] == ["policy"]


class _Killed(BaseException):
    pass


@pytest.mark.parametrize("error", [_Killed, OSError])
def test_the_older_policy_can_be_found_when_the_new_one_does_not_arrive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    monkeypatch.setattr(bundle_folder, "_exchanged", lambda one, other: False)
    policy, rename = toy_bundle(tmp_path / "policy"), Path.rename

    def stopped(path: Path, target: Path) -> Path:
        if target == policy and path.parent == tmp_path:
            raise error
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", stopped)
    with pytest.raises(_Killed if error is _Killed else UserError):
        toy_bundle(policy, horizon=5)
    found = [*tmp_path.glob(".policy-old-*/policy")] if error is _Killed else [policy]
    assert [load_bundle(path).config.horizon for path in found] == [3]


def test_a_link_to_a_policy_gives_way_and_its_target_stays(tmp_path: Path) -> None:
    (tmp_path / "newest").symlink_to(toy_bundle(tmp_path / "first"))
    toy_bundle(tmp_path / "newest", horizon=5)
    assert load_bundle(tmp_path / "newest").config.horizon == 5
    assert load_bundle(tmp_path / "first").config.horizon == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first", "newest"]


def test_training_refuses_the_output_before_it_looks_at_an_episode(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="torch (the train extra) is not installed")
    from policy_node.learning import TrainConfig
    from policy_node.training import train

    class Unused:
        id = "unused@000000000000"

    _project(tmp_path)
    with pytest.raises(UserError, match="not a policy"):
        train(tmp_path / "no_episodes_here", Unused(), "bc", tmp_path, TrainConfig())
    assert (tmp_path / "thesis.tex").exists()
