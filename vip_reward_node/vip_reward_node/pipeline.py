"""From one camera image to an embedding and, once there is a goal, a reward: the core of reward_node."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from vip_models.goals import Goal, mean_goal
from vip_models.window import FrameStream
from vip_reward_node.goal_maker import GoalMaker, content_name
from vip_reward_node.reward import RewardForm, RewardSample
from vip_reward_node.tracker import ReachRule, RewardTracker
from vip_reward_node.video import Image
from vip_ros.errors import UserError


@dataclass(frozen=True)
class Judged:
    """One image after the encoder: embedding float32 [D], and its reward where there is a goal."""

    embedding: np.ndarray
    goal: str
    sample: RewardSample | None


class RewardPipeline:
    """Encodes images one by one and measures them against the goal in force.

    One thread may call process() while others set goals and capture them.

    Args:
        maker: makes goals; its encoder is the one that encodes.
        rule: when a goal counts as reached and a subgoal as passed.
        form: the form of the rewards.
    """

    def __init__(
        self, maker: GoalMaker, rule: ReachRule | None = None, form: RewardForm | None = None
    ) -> None:
        self._maker = maker
        self._encoder = maker.encoder
        self._stream = FrameStream(maker.encoder)
        self._rule = rule or ReachRule()
        self._form = form or RewardForm()
        self._lock = threading.Lock()
        self._goal: Goal | None = None
        self._tracker: RewardTracker | None = None
        self._capture: _Capture | None = None

    @property
    def goal(self) -> Goal | None:
        """The goal in force, or None."""
        return self._goal

    def process(self, rgb: Image, seconds: float | None = None) -> Judged:
        """Take the next image of the episode.

        Args:
            rgb: uint8 [H, W, 3] RGB.
            seconds: when it was taken, s; None: as RewardTracker.update has it.

        Raises:
            UserError: an image that the encoder does not take, or an embedding that is not finite.
        """
        embedding = self._stream.encode(rgb[None], 1)[0]
        with self._lock:
            name = self._goal.name if self._goal else ""
            sample = self._form.of(self._tracker.update(embedding, seconds)) if self._tracker else None
            judged = Judged(embedding, name, sample)
            full = self._capture if self._capture and self._capture.add(embedding, rgb) else None
            if full is not None:
                self._capture = None
        if full is not None:
            full.done(full.goal(self._maker))
        return judged

    def set_goal(self, goal: Goal) -> None:
        """Measure against this goal from the next image on, which sets a new initial distance.

        Raises:
            UserError: the goal was made with another encoder, or a sparse reward cannot be told from it;
                the one in force stays.
        """
        goal.check_encoder(self._encoder.id)
        self._rule.check(goal, self._form)
        with self._lock:
            self._goal, self._tracker = goal, RewardTracker(goal, self._rule)

    def begin_video(self) -> None:
        """Let the next image have none before it, for an encoder that looks at several."""
        self._stream.reset()

    def reset_episode(self) -> None:
        """Let the next image begin an episode: a new initial distance, and no frames before it."""
        self.begin_video()
        with self._lock:
            if self._tracker is not None:
                self._tracker.reset()

    def start_capture(self, frames: int, name: str, done: Callable[[Goal], None]) -> None:
        """Make a goal of the mean embedding of the next frames; done(goal) runs in process()'s thread.

        Raises:
            UserError: fewer than one frame, or a capture is under way.
        """
        if frames < 1:
            raise UserError("a goal needs at least one frame", "ask for 1 or more")
        with self._lock:
            if self._capture is not None:
                raise UserError("a goal is being captured already", "wait for it to end")
            self._capture = _Capture(frames, name, done)

    def cancel_capture(self) -> None:
        """Give up the capture under way, if there is one."""
        with self._lock:
            self._capture = None


class _Capture:
    """Collects the embeddings of a goal in the making."""

    def __init__(self, frames: int, name: str, done: Callable[[Goal], None]) -> None:
        self._frames = frames
        self._name = name
        self._embeddings: list[np.ndarray] = []
        self._image: Image | None = None
        self.done = done

    def add(self, embedding: np.ndarray, rgb: Image) -> bool:
        """Take one frame; returns whether it was the last one needed."""
        self._embeddings.append(embedding)
        full = len(self._embeddings) >= self._frames
        if full:
            self._image = np.array(rgb)
        return full

    def goal(self, maker: GoalMaker) -> Goal:
        """Return the goal of the frames taken; its picture is the last of them."""
        assert self._image is not None
        name = self._name or content_name(self._image)
        return mean_goal(name, maker.encoder.id, np.stack(self._embeddings), self._image, maker.metric)
