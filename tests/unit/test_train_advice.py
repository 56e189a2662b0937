"""What `vip train` says after a training on episodes that failed, too."""

from __future__ import annotations

import argparse
from pathlib import Path
from types import SimpleNamespace

import pytest

from vip_bringup.commands import train as command

FIGURES = {"samples": 9, "steps": 1, "train_seconds": 0.0, "error": 0.1, "error_on": "training episodes"}


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """Return a function that trains on so many successes and failures and returns what was printed."""

    def trained(successes: int, failures: int, algorithm: str = "rwr", *options: str) -> str:
        figures = {**FIGURES, "episodes": successes + failures, "successes": successes}
        policy = SimpleNamespace(task="push_bottle", training=figures)
        monkeypatch.setattr("policy_node.training.train", lambda *_: policy)
        monkeypatch.setattr("vip_bringup.sweep.eyes.load_eyes", lambda *_: SimpleNamespace(id="vip-sim"))
        parser = argparse.ArgumentParser()
        command.add_arguments(parser)
        given = [argument for option in options for argument in ("--set", option)]
        places = ["--episodes", str(tmp_path), "--out", str(tmp_path / "policy")]
        assert command.run(parser.parse_args([*places, "--algorithm", algorithm, *given])) == 0
        printed = capsys.readouterr()
        return " ".join((printed.out + printed.err).split())

    return trained


def test_failures_under_rewards_of_a_moment_are_met_with_the_options_that_tell_them(say) -> None:
    assert "20 of the episodes failed" in say(10, 20)
    assert "--set reward_steps=-1 --set tau=3" in say(10, 20)


def test_nothing_is_advised_where_nothing_failed_or_the_rewards_look_far(say) -> None:
    assert "failed" not in say(20, 0)
    assert "failed" not in say(10, 20, "rwr", "reward_steps=-1")
    assert "failed" not in say(10, 20, "awr")
