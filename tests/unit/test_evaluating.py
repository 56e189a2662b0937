"""`vip eval`: films of failures, what the live graph is told, and a person's verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.policies import toy_bundle

from vip_bringup.cli import main
from vip_bringup.demo.report import EpisodeTrace
from vip_bringup.evaluating import lockstep, person
from vip_bringup.evaluating.films import FailureFilms
from vip_bringup.evaluating.live import LiveEvaluation, _report, policy_settings, simulation_settings
from vip_bringup.evaluating.sight import Sight
from vip_bringup.live_evaluation import LiveEvaluator
from vip_ros.errors import UserError


def _see(films: FailureFilms, pictures: int = 3) -> None:
    for index in range(pictures):
        films.see(np.full((24, 32, 3), 40 * index, np.uint8), 2.0 - index)


def test_only_failures_are_filmed(tmp_path: Path) -> None:
    films = FailureFilms(tmp_path / "films", "close_drawer", 10.0)
    for seed, success in ((5, True), (6, False)):
        _see(films)
        films.end(seed, success, "timeout")
    assert films.written == [tmp_path / "films" / "6.mp4"]
    assert [path.name for path in (tmp_path / "films").iterdir()] == ["6.mp4"]
    assert (tmp_path / "films" / "6.mp4").stat().st_size > 500


def test_without_a_folder_nothing_is_kept_or_filmed(tmp_path: Path) -> None:
    films = FailureFilms(None, "close_drawer", 10.0)
    _see(films)
    films.end(1, False, "timeout")
    assert films.written == []
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot make the folder"):
        FailureFilms(tmp_path / "file" / "x", "close_drawer", 10.0)


def test_lockstep_films_what_the_policy_saw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from policy_node.evaluation import EpisodeResult

    def simulate(bundle: Path, load: Any, task: str, *rest: Any) -> dict[str, Any]:
        *_, ended, watch = rest
        for seed, success in ((1, False), (2, True)):
            watch(np.zeros((24, 32, 3), np.uint8), np.zeros(4, np.float32))
            ended(EpisodeResult(seed, success, 1.0))
        return {"task": task}

    monkeypatch.setattr(lockstep, "evaluate_in_simulator", simulate)
    told: list[int] = []
    report = lockstep.evaluate_lockstep(
        toy_bundle(tmp_path / "policy"),
        "",
        2,
        1,
        1.0,
        Sight(),
        tmp_path / "films",
        lambda r: told.append(r.seed),
    )
    assert report["videos"] == [str(tmp_path / "films" / "1.mp4")] and told == [1, 2]


def test_a_card_of_ones_own_is_seen_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = toy_bundle(tmp_path / "policy")
    seen: list[tuple[str, Path | None]] = []
    monkeypatch.setattr(lockstep, "load_eyes", lambda *asked: seen.append(asked))

    def simulate(bundle: Path, load: Any, *rest: Any) -> dict[str, Any]:
        load(lockstep.load_bundle(bundle).config)
        return {}

    monkeypatch.setattr(lockstep, "evaluate_in_simulator", simulate)
    lockstep.evaluate_lockstep(bundle, "", 1, 1, 1.0, Sight("my/own.yaml", tmp_path), None, lambda _: None)
    assert seen == [("my/own.yaml", tmp_path)]


def test_a_card_that_is_not_shipped_is_asked_for() -> None:
    assert Sight().card_of("vip-sim@0123456789ab") == "vip-sim" and Sight().card_of("pixels@1") == "pixels"
    with pytest.raises(UserError, match="'mine', which is not shipped: give its card: --encoder"):
        Sight().card_of("mine@0123456789ab")


def test_the_graph_is_told_policy_encoder_and_task(tmp_path: Path) -> None:
    settings = policy_settings(tmp_path, "vip-sim") + simulation_settings("push_bottle")
    assert f"policy_node.bundle={tmp_path}" in settings and "reward_node.encoder=vip-sim" in settings
    assert "franka_node.task=push_bottle" in settings
    assert LiveEvaluation(tmp_path).driver() == "simulated"
    assert LiveEvaluation(tmp_path, config="real").driver() != "simulated"


def test_the_live_report_has_the_figures_of_the_other_one_and_the_latency() -> None:
    traces = [
        EpisodeTrace(7, True, "success", 3.0, latencies=[0.02, 0.04]),
        EpisodeTrace(8, False, "timeout", 10.0),
    ]
    report = _report({"task": "close_drawer"}, "live", traces, 3)
    assert (report["successes"], report["episodes"], report["mode"], report["seed"]) == (1, 2, "live", 7)
    assert report["latency_ms"]["p50"] == pytest.approx(30.0) and report["dropped_frames"] == 3
    assert [detail["outcome"] for detail in report["episode_details"]] == ["success", "timeout"]


def test_a_person_judges_and_may_have_an_episode_again(monkeypatch: pytest.MonkeyPatch) -> None:
    traces = [EpisodeTrace(1, outcome="timeout"), EpisodeTrace(1, outcome="reached")]
    answers = iter(["what?", "a", "", "Y"])
    monkeypatch.setattr(LiveEvaluator, "episode", lambda self, task, seed, timeout: traces.pop(0))
    monkeypatch.setattr("builtins.input", lambda question: next(answers))
    evaluator = person.PersonEvaluator.__new__(person.PersonEvaluator)
    trace = evaluator.episode("pour", 1, 5.0)
    assert trace.success and trace.outcome == "reached" and traces == []


def test_nobody_at_the_terminal_is_told_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(question: str) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", closed)
    with pytest.raises(UserError, match="nobody to answer"):
        person._ask("?", "yn")


def test_a_real_robot_needs_a_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    policy = toy_bundle(tmp_path / "policy")
    assert main(["eval", "--live", "--config", "real", "--policy", str(policy)]) == 2
    assert "a person has to judge a real robot" in capsys.readouterr().err


@pytest.mark.parametrize("extra", [["--like", "x"], ["--set", "a.b=1"], ["--config", "real"]])
def test_live_options_without_live_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], extra: list[str]
) -> None:
    assert main(["eval", "--policy", str(tmp_path), *extra]) == 2
    assert "add --live" in capsys.readouterr().err
