"""Parameters of reward_node."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vip_models.card import METRICS
from vip_models.goals import GoalLibrary, default_library
from vip_reward_node.picture_watch import PictureRules
from vip_reward_node.reward import RewardForm
from vip_reward_node.tracker import ReachRule
from vip_ros.config import option
from vip_ros.errors import UserError, unknown_name


@dataclass(frozen=True)
class RewardConfig(PictureRules):
    """Parameters of reward_node; paths are relative to the folder that the node was started in."""

    encoder: str = option("vip-sim", "name of an encoder card, or the path of a card file")
    weights: str = option("", "weights file; empty: the card's own")
    runtime: str = option("auto", "auto (as tuned), cpu, openvino, cuda, tensorrt or torch")
    threads: int = option(0, "CPU threads of the encoder; 0: all cores")
    goal: str = option(
        "", "image, video (its last frame), folder of them, goal file, name, text:… or uvd:VIDEO; empty: none"
    )
    goals_dir: str = option("", "folder of the goal library; empty: ~/.local/share/vip/goals")
    capture_frames: int = option(10, "live frames whose mean embedding makes a captured goal")
    capture_timeout: float = option(10.0, "longest wait for the frames of a captured goal, s")
    metric: str = option("", "how distances to goals are measured: l2 or cosine; empty: the encoder's own")
    reward_mode: str = option("dense", "dense, or sparse: 1 where the goal is reached, else 0")
    normalise: bool = option(False, "divide distance and dense reward by the initial distance")
    reached_progress: float = option(0.0, "progress that reaches a goal without a threshold, [0, 1]; 0: none")
    subgoal_ratio: float = option(0.2, "share of its initial distance below which a subgoal is passed")
    subgoal_slack: float = option(3.0, "how far a subgoal may be off the demonstration's budget, frames")

    def __post_init__(self) -> None:
        """Refuse a way of rewarding that does not exist."""
        super().__post_init__()
        if self.metric and self.metric not in METRICS:
            raise unknown_name("metric", self.metric, METRICS)
        if self.capture_frames < 1 or not self.capture_timeout > 0.0:
            raise UserError(
                f"capture_frames is {self.capture_frames}, capture_timeout {self.capture_timeout:g}",
                "give at least 1 frame and a time above 0 s",
            )
        self.form, self.rule  # noqa: B018

    @property
    def library(self) -> GoalLibrary:
        """The goal library."""
        return GoalLibrary(Path(self.goals_dir).expanduser()) if self.goals_dir else default_library()

    @property
    def form(self) -> RewardForm:
        """The form of the rewards."""
        return RewardForm(self.reward_mode, self.normalise)

    @property
    def rule(self) -> ReachRule:
        """When goals and subgoals count as reached."""
        return ReachRule(self.reached_progress, self.subgoal_ratio, self.subgoal_slack)
