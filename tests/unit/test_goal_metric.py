"""Distances are measured as the encoder's authors measure them, everywhere, unless told otherwise."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from clips import write_png, write_video
from fakes import MeanColour, Reader
from support.episodes import toy_episode

from policy_node.dataset import load_dataset
from policy_node.learning import TrainConfig
from policy_node.training import goal_of
from vip_models import card_names, load_card
from vip_models.distances import distances
from vip_models.goals import Goal, GoalLibrary, save_goal
from vip_reward_node.compare import compare_encoders
from vip_reward_node.encode import EncodeRequest, encode_inputs
from vip_reward_node.goal_maker import GoalMaker
from vip_reward_node.goal_source import resolve_goal
from vip_reward_node.pipeline import RewardPipeline
from vip_reward_node.reward_config import RewardConfig
from vip_reward_node.subgoals import find_subgoals
from vip_reward_node.tracker import judge
from vip_ros.errors import UserError

# An encoder whose card says l2, one whose card says cosine, and what is asked for -> what is measured.
CASES = [
    (MeanColour, "", "l2"),
    (Reader, "", "cosine"),
    (MeanColour, "cosine", "cosine"),
    (Reader, "l2", "l2"),
]


def rgb(*colour: int) -> np.ndarray:
    return np.full((4, 6, 3), colour, np.uint8)


@pytest.mark.parametrize("name", card_names())
def test_a_card_says_how_its_authors_compare(name: str) -> None:
    by_angle = name.startswith(("clip", "liv"))
    assert load_card(name).metric == ("cosine" if by_angle else "l2")


@pytest.mark.parametrize(("encoder", "asked", "metric"), CASES)
def test_every_way_of_making_a_goal_takes_the_metric(
    tmp_path: Path, encoder: type[MeanColour], asked: str, metric: str
) -> None:
    maker, library = GoalMaker(encoder(), asked), GoalLibrary(tmp_path / "goals")
    picture = write_png(tmp_path / "a.png", (9, 90, 9))
    video = write_video(tmp_path / "b.avi", 30)
    goals = [maker.of_image(rgb(1, 2, 3))]
    texts = (str(picture), f"{picture},{video}", f"last:{video}", f"uvd:{video}")
    goals += [resolve_goal(text, maker, library) for text in texts]
    if encoder is Reader:
        goals.append(resolve_goal("text:red", maker, library))
    assert {goal.metric for goal in goals} == {metric}
    library.save(goals[-1])
    assert library.load(goals[-1].name).metric == metric


@pytest.mark.parametrize(("encoder", "asked", "metric"), CASES)
def test_live_rewards_take_the_metric_of_captured_goals_too(
    encoder: type[MeanColour], asked: str, metric: str
) -> None:
    pipeline = RewardPipeline(GoalMaker(encoder(), asked))
    pipeline.start_capture(1, "live", pipeline.set_goal)
    pipeline.process(rgb(200, 0, 0))
    sample = pipeline.process(rgb(100, 100, 0)).sample
    assert pipeline.goal is not None and pipeline.goal.metric == metric
    expected = distances([[100.0, 100.0, 0.0]], [200.0, 0.0, 0.0], metric)[0]
    assert sample is not None and sample.distance == pytest.approx(expected)


@pytest.mark.parametrize(("encoder", "asked", "metric"), CASES)
@pytest.mark.parametrize("goal", ["last", "uvd"])
def test_encoding_takes_the_metric_for_each_videos_own_goal(
    tmp_path: Path, encoder: type[MeanColour], asked: str, metric: str, goal: str
) -> None:
    video = write_video(tmp_path / "clip.avi", 5)
    encode_inputs(EncodeRequest([video], tmp_path / "out", goal, metric=asked), encoder())
    arrays = np.load(tmp_path / "out" / "clip.npz", allow_pickle=False)
    expected = distances(arrays["embeddings"], arrays["embeddings"][-1], metric)
    assert arrays["distances"] == pytest.approx(expected)
    assert json.loads((tmp_path / "out" / "metrics.json").read_text())["metric"] == metric


def test_a_stored_goal_keeps_its_own_metric(tmp_path: Path) -> None:
    video = write_video(tmp_path / "clip.avi", 3)
    path = save_goal(Goal("stored", Reader().id, np.ones(3), metric="l2"), tmp_path / "goal.npz")
    result = encode_inputs(EncodeRequest([video], tmp_path / "out", str(path), metric="cosine"), Reader())
    assert result.metric == "l2"


def test_compared_encoders_are_each_measured_in_their_own_way(tmp_path: Path) -> None:
    video = write_video(tmp_path / "clip.avi", 3)
    encoders = {"straight": MeanColour, "angle": lambda: Reader("reader")}
    rows = compare_encoders(EncodeRequest([video], tmp_path / "out"), encoders).rows
    assert [(row.encoder, row.metric) for row in rows] == [("straight", "l2"), ("angle", "cosine")]
    assert "cosine" in (tmp_path / "out" / "compare.md").read_text()


def test_stages_of_a_demonstration_are_looked_for_in_the_goals_metric() -> None:
    # Straight on by the angle, but there and back by the length.
    angles = np.linspace(0.0, 1.0, 81)
    lengths = 1.0 + np.concatenate([np.linspace(0.0, 5.0, 41), np.linspace(5.0, 0.0, 41)[1:]])
    walk = lengths[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    assert len(find_subgoals(walk, metric="l2")) == 2
    assert find_subgoals(walk, metric="cosine") == [80]


def test_subgoals_are_followed_in_the_goals_metric(tmp_path: Path) -> None:
    maker = GoalMaker(Reader())
    goal = resolve_goal(f"uvd:{write_video(tmp_path / 'demo.avi', 30)}", maker, GoalLibrary(tmp_path))
    assert goal.subgoals is not None
    verdict = judge(np.array([[9.0, 0.0, 0.0]]), goal)
    assert verdict.distances == pytest.approx(
        distances([[9.0, 0.0, 0.0]], goal.subgoals.embeddings[0], "cosine")
    )


@pytest.mark.parametrize(("encoder", "asked", "metric"), CASES)
def test_training_rewards_and_the_policys_goal_take_the_metric(
    tmp_path: Path, vip_cache: Path, encoder: type[MeanColour], asked: str, metric: str
) -> None:
    dataset = load_dataset([toy_episode(tmp_path, rows=20)], encoder(), 0.1, 3, metric=asked)
    (episode,) = dataset.episodes
    curve = distances(episode.embeddings, dataset.goal.embedding, metric)
    assert dataset.rewards(episode)[:-2] == pytest.approx(curve[:-2] - curve[2:])
    assert goal_of(dataset).metric == metric


@pytest.mark.parametrize("config", [RewardConfig, TrainConfig])
def test_a_metric_that_does_not_exist_is_refused_and_none_means_the_encoders(config: type) -> None:
    assert config().metric == ""
    assert config(metric="cosine").metric == "cosine"
    with pytest.raises(UserError, match=r"unknown metric 'l3'.*cosine, l2"):
        config(metric="l3")
