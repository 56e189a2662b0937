"""The core of reward_node: goals set and captured while images come in."""

from __future__ import annotations

import numpy as np
import pytest
from fakes import FourFrames, MeanColour

from vip_models.goals import Goal
from vip_reward_node.gaps import SequenceGaps
from vip_reward_node.goal_maker import GoalMaker
from vip_reward_node.pipeline import RewardPipeline
from vip_reward_node.reward import RewardForm
from vip_reward_node.tracker import ReachRule
from vip_ros.errors import UserError


def grey(level: int) -> np.ndarray:
    return np.full((4, 6, 3), level, np.uint8)


@pytest.fixture
def pipeline() -> RewardPipeline:
    return RewardPipeline(GoalMaker(MeanColour()))


def goal_of(level: int, name: str = "") -> Goal:
    return GoalMaker(MeanColour()).of_image(grey(level), name)


def test_without_a_goal_there_is_an_embedding_only(pipeline: RewardPipeline) -> None:
    judged = pipeline.process(grey(7))
    assert judged.embedding.tolist() == [7.0, 7.0, 7.0]
    assert (judged.goal, judged.sample) == ("", None)


def test_a_goal_gives_rewards_from_the_next_image_on(pipeline: RewardPipeline) -> None:
    pipeline.set_goal(goal_of(10, "dark"))
    samples = [pipeline.process(grey(level)).sample for level in (13, 12, 10)]
    assert [round(sample.reward / 3**0.5, 5) for sample in samples] == [0.0, 1.0, 2.0]
    assert samples[-1].progress == 1.0


def test_a_new_goal_starts_anew(pipeline: RewardPipeline) -> None:
    pipeline.set_goal(goal_of(10))
    pipeline.process(grey(20))
    pipeline.set_goal(goal_of(0))
    sample = pipeline.process(grey(20)).sample
    assert (sample.reward, sample.initial_distance) == (0.0, sample.distance)


def test_goal_of_another_encoder_is_refused_and_the_old_one_stays(pipeline: RewardPipeline) -> None:
    pipeline.set_goal(goal_of(10, "mine"))
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


def test_gaps_are_the_numbers_that_did_not_come() -> None:
    gaps = SequenceGaps()
    assert [gaps.lost(number) for number in (5, 6, 9, 10, 1, 3, None, 7)] == [0, 0, 2, 0, 0, 1, 0, 0]


def test_an_encoder_that_sees_several_frames_sees_the_last_live_ones() -> None:
    encoder = FourFrames()
    pipeline = RewardPipeline(GoalMaker(encoder))
    live = [pipeline.process(grey(level)).embedding for level in range(0, 80, 10)]
    offline = encoder.encode(np.stack([grey(level) for level in range(0, 80, 10)]))
    assert np.array_equal(np.stack(live), offline)


def test_rewards_come_in_the_form_asked_for() -> None:
    form, rule = RewardForm("sparse", normalise=True), ReachRule(progress=0.5)
    pipeline = RewardPipeline(GoalMaker(MeanColour()), rule, form)
    pipeline.set_goal(goal_of(0))
    samples = [pipeline.process(grey(level)).sample for level in (40, 30, 10)]
    assert [sample.reward for sample in samples] == [0.0, 0.0, 1.0]
    assert [sample.distance for sample in samples] == [1.0, 0.75, 0.25]


def test_goal_that_gives_no_sparse_reward_is_refused_and_the_old_one_stays() -> None:
    pipeline = RewardPipeline(GoalMaker(MeanColour()), form=RewardForm("sparse"))
    pipeline.set_goal(Goal("near", MeanColour().id, np.zeros(3), threshold=1.0))
    with pytest.raises(UserError, match="no threshold"):
        pipeline.set_goal(goal_of(0))
    assert pipeline.process(grey(0)).goal == "near"


def test_an_episode_begins_without_the_frames_before_it() -> None:
    encoder = FourFrames()
    pipeline = RewardPipeline(GoalMaker(encoder))
    episode = [grey(level) for level in (50, 60, 70)]
    for _ in range(2):
        live = [pipeline.process(rgb).embedding for rgb in episode]
        np.testing.assert_array_equal(live, encoder.encode(np.stack(episode)))
        pipeline.reset_episode()
