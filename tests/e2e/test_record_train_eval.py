"""vip record, vip train and vip eval as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from vip_bringup.cli import main


@pytest.fixture
def weights(tmp_path: Path, vip_cache: Path) -> Path:
    """Return untrained weights of the shipped encoder's network."""
    pytest.importorskip("torch", reason="torch (the train extra) is not installed")
    from vip_models.testing import write_random_checkpoint

    return write_random_checkpoint("vip-sim", tmp_path / "weights.pt")


def _vip(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


@pytest.mark.timeout(500)
def test_demonstrations_become_a_policy_that_is_judged(tmp_path: Path, weights: Path) -> None:
    demonstrations, policy, figures = tmp_path / "demos", tmp_path / "policy", tmp_path / "eval.json"
    wanted = ("--task", "CloseDrawer", "--episodes", 2, "--seed", 5, "--lockstep")
    assert _vip("record", *wanted, "--out", demonstrations) == 0
    assert sorted(path.name[-4:] for path in demonstrations.iterdir()) == ["0000", "0001"]
    training = ("--episodes", demonstrations, "--weights", weights, "--set", "steps=100", "--out", policy)
    assert _vip("train", *training, "--algorithm", "bc") == 0
    config = yaml.safe_load((policy / "config.yaml").read_text())
    assert (config["task"], config["algorithm"]) == ("close_drawer", "bc")
    assert config["encoder"].startswith("vip-sim@")
    assert config["training"]["steps"] == 100
    judged = ("--policy", policy, "--weights", weights, "--episodes", 2, "--timeout", 0.5, "--json", figures)
    assert _vip("eval", *judged, "--task", "CloseDrawer") == 0
    report = json.loads(figures.read_text())
    assert (report["task"], report["episodes"]) == ("close_drawer", 2)
    assert len(report["wilson95"]) == 2


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("record", "--task", "CloseDrawr", "--out", "o"), "did you mean 'close_drawer'"),
        (("record", "--task", "CloseDrawer", "--teleop", "spacemous", "--out", "o"), "available: "),
        (("record", "--task", "CloseDrawer", "--episodes", "0", "--out", "o"), "at least 1"),
        (("train", "--episodes", "nowhere", "--weights", "WEIGHTS", "--out", "o"), "no such folder"),
        (("train", "--episodes", ".", "--set", "stepps=3", "--out", "o"), "did you mean 'steps'"),
        (("train", "--episodes", ".", "--set", "steps", "--out", "o"), "option=value"),
        (
            ("train", "--episodes", ".", "--weights", "WEIGHTS", "--algorithm", "rw", "--out", "o"),
            "did you mean 'rwr'? available: awr, bc, ",
        ),
        (("train", "--episodes", ".", "--weights", "WEIGHTS", "--out", "o"), "vip record"),
        (("eval", "--policy", "nowhere"), "vip train"),
        (("eval", "--policy", "nowhere", "--episodes", "0"), "at least 1"),
    ],
)
def test_mistakes_are_one_line(
    arguments: tuple[str, ...],
    complaint: str,
    tmp_path: Path,
    weights: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert _vip(*(str(weights) if argument == "WEIGHTS" else argument for argument in arguments)) == 2
    error = capsys.readouterr().err
    assert complaint in error
    assert error.count("\n") == 1
    assert list((tmp_path / "here").iterdir()) == []
