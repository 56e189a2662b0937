"""`vip train` on episodes that failed, too: it weighs episodes as wholes, unless told how to weigh."""

from __future__ import annotations

import argparse
from pathlib import Path
from types import SimpleNamespace

import pytest

from policy_node.learning import TrainConfig
from vip_bringup.commands import train as command
from vip_bringup.sweep.methods import METHODS

FIGURES = {
    "samples": 9,
    "episodes": 3,
    "steps": 1,
    "train_seconds": 0.0,
    "error": 0.1,
    "error_on": "training episodes",
}


@pytest.fixture
def train(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Return a function that trains on so many of either kind: options used, text printed."""

    def trained(
        successes: int, failures: int, algorithm: str = "rwr", *options: str, flags: list[str] | None = None
    ):
        used: list[TrainConfig] = []

        def fake(*given: object):
            used.extend(option for option in given if isinstance(option, TrainConfig))
            return SimpleNamespace(task="push_bottle", training=FIGURES)

        outcomes = ["success"] * successes + ["failure"] * failures
        monkeypatch.setattr("policy_node.training.train", fake)
        monkeypatch.setattr("vip_bringup.sweep.eyes.load_eyes", lambda *_: SimpleNamespace(id="vip-sim"))
        monkeypatch.setattr("vip_teleop.episode.list_episodes", lambda _: range(len(outcomes)))
        monkeypatch.setattr(
            "vip_teleop.episode.load_info", lambda index: SimpleNamespace(outcome=outcomes[index])
        )
        parser = argparse.ArgumentParser()
        command.add_arguments(parser)
        given = [argument for option in options for argument in ("--set", option)]
        places = ["--episodes", str(tmp_path), "--out", str(tmp_path / "policy")]
        arguments = [*places, "--algorithm", algorithm, *given, *(flags or [])]
        assert command.run(parser.parse_args(arguments)) == 0
        printed = capsys.readouterr()
        return used[0], " ".join((printed.out + printed.err).split())

    return trained


def test_where_episodes_failed_they_are_weighed_as_wholes_and_it_is_said(train) -> None:
    config, said = train(10, 20, "rwr", "steps=50")
    assert config == TrainConfig(**METHODS["rwr-episode"].options, steps=50)
    assert "20 of 30 episodes did not succeed" in said and "--set reward_steps=-2" in said


def test_where_nothing_failed_nothing_changes(train) -> None:
    config, said = train(20, 0)
    assert config == TrainConfig() and "succeed" not in said


@pytest.mark.parametrize(
    "option", ["reward_steps=-1", "tau=1.0", "goal=picture", "reward=sparse", "metric=cosine"]
)
def test_a_person_who_chose_how_to_weigh_is_heeded(train, option: str) -> None:
    config, said = train(10, 20, "rwr", option)
    name, value = option.split("=")
    untouched = {"goal", "tau", "reward_steps", "reward", "metric"} - {name}
    assert str(getattr(config, name)) == value and "succeed" not in said
    assert all(getattr(config, other) == getattr(TrainConfig(), other) for other in untouched)


def test_a_seed_on_the_command_line_wins_over_a_file(train, tmp_path: Path) -> None:
    file = tmp_path / "options.yaml"
    file.write_text("seed: 3\nlearning_rate: 1e-2\n", encoding="utf-8")
    config, _ = train(20, 0, flags=["--config", str(file)])
    assert (config.seed, config.learning_rate) == (3, 0.01)
    assert train(20, 0, flags=["--config", str(file), "--seed", "5"])[0].seed == 5


def test_other_algorithms_keep_their_own_options(train) -> None:
    assert train(10, 20, "awr")[0] == TrainConfig()
