"""The core of reward_node: goals set and captured while images come in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from clips import write_png, write_video

from vip_models.goals import Goal, GoalLibrary, save_goal
from vip_reward_node.gaps import SequenceGaps
from vip_reward_node.goal_source import resolve_goal
from vip_reward_node.pipeline import RewardPipeline, content_name
from vip_ros.errors import UserError


class MeanColour:
    """An encoder whose embedding is the mean colour of the frame, [3]."""

    id = "mean-colour@000000000000"

    def encode(self, frames: np.ndarray, batch_size: int = 8) -> np.ndarray:
        return frames.mean(axis=(1, 2)).astype(np.float32)


def grey(level: int) -> np.ndarray:
    return np.full((4, 6, 3), level, np.uint8)


@pytest.fixture
def pipeline() -> RewardPipeline:
    return RewardPipeline(MeanColour())


def test_without_a_goal_there_is_an_embedding_only(pipeline: RewardPipeline) -> None:
    judged = pipeline.process(grey(7))
    assert judged.embedding.tolist() == [7.0, 7.0, 7.0]
    assert (judged.goal, judged.sample) == ("", None)


def test_a_goal_gives_rewards_from_the_next_image_on(pipeline: RewardPipeline) -> None:
    pipeline.set_goal(pipeline.make_goal(grey(10), "dark"))
    samples = [pipeline.process(grey(level)).sample for level in (13, 12, 10)]
    assert [round(sample.reward / 3**0.5, 5) for sample in samples] == [0.0, 1.0, 2.0]
    assert samples[-1].progress == 1.0


def test_a_new_goal_starts_anew(pipeline: RewardPipeline) -> None:
    pipeline.set_goal(pipeline.make_goal(grey(10)))
    pipeline.process(grey(20))
    pipeline.set_goal(pipeline.make_goal(grey(0)))
    sample = pipeline.process(grey(20)).sample
    assert (sample.reward, sample.initial_distance) == (0.0, sample.distance)


def test_goal_of_another_encoder_is_refused_and_the_old_one_stays(pipeline: RewardPipeline) -> None:
    pipeline.set_goal(pipeline.make_goal(grey(10), "mine"))
    with pytest.raises(UserError, match="was made with encoder other"):
        pipeline.set_goal(Goal("foreign", "other@0", np.zeros(3, np.float32)))
    assert pipeline.process(grey(0)).goal == "mine"


def test_captured_goal_is_the_mean_of_the_next_frames(pipeline: RewardPipeline) -> None:
    goals: list[Goal] = []
    pipeline.start_capture(2, "live", goals.append)
    for level in (10, 20, 90):
        pipeline.process(grey(level))
    assert [goal.embedding.tolist() for goal in goals] == [[15.0, 15.0, 15.0]]
    assert (goals[0].name, goals[0].image[0, 0, 0]) == ("live", 20)


def test_one_capture_at_a_time(pipeline: RewardPipeline) -> None:
    pipeline.start_capture(1, "", lambda goal: None)
    with pytest.raises(UserError, match="already"):
        pipeline.start_capture(1, "", lambda goal: None)
    pipeline.cancel_capture()
    pipeline.start_capture(1, "", lambda goal: None)


def test_capture_of_no_frames_is_refused(pipeline: RewardPipeline) -> None:
    with pytest.raises(UserError, match="at least one"):
        pipeline.start_capture(0, "", lambda goal: None)


def test_a_goal_without_a_name_is_called_after_its_content(pipeline: RewardPipeline) -> None:
    assert pipeline.make_goal(grey(1)).name == content_name(grey(1)) != content_name(grey(2))


def test_goal_keeps_its_own_copy_of_the_image(pipeline: RewardPipeline) -> None:
    rgb = grey(5)
    goal = pipeline.make_goal(rgb)
    rgb[:] = 0
    assert goal.image[0, 0, 0] == 5


@pytest.mark.parametrize("kind", ["picture", "video", "file", "folder", "name"])
def test_a_goal_can_be_named_in_five_ways(tmp_path: Path, kind: str) -> None:
    encoder, library = MeanColour(), GoalLibrary(tmp_path / "library")
    stored = Goal("stored", encoder.id, np.full(3, 8.0))
    texts = {
        "picture": lambda: write_png(tmp_path / "goal.png", (8, 8, 8)),
        "video": lambda: write_video(tmp_path / "clip.avi", 3),
        "file": lambda: save_goal(stored, tmp_path / "any.npz"),
        "folder": lambda: save_goal(stored, tmp_path / "bundle").parent,
        "name": lambda: library.save(stored).stem,
    }
    goal = resolve_goal(str(texts[kind]()), encoder, library)
    assert goal.encoder == encoder.id
    assert np.abs(goal.embedding - 8.0).max() < 3.0


@pytest.mark.parametrize("text", ["none.png", "some/where", ".."])
def test_a_path_without_a_goal_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="goal|image"):
        resolve_goal(text, MeanColour(), GoalLibrary(tmp_path / "library"))


def test_gaps_are_the_numbers_that_did_not_come() -> None:
    gaps = SequenceGaps()
    assert [gaps.lost(number) for number in (5, 6, 9, 10, 1, 3, None, 7)] == [0, 0, 2, 0, 0, 1, 0, 0]
