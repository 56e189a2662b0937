"""The services by which a goal is set, captured, loaded, saved and listed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rclpy.task import Future
from sensor_msgs.msg import Image
from std_srvs.srv import Trigger
from vip_interfaces.srv import CaptureGoal, ListGoals, LoadGoal, SaveGoal, SetGoal

from vip_models.goals import Goal, load_goal
from vip_reward_node.goal_maker import GoalMaker
from vip_reward_node.goal_source import resolve_goal
from vip_reward_node.pipeline import RewardPipeline
from vip_reward_node.reward_config import RewardConfig
from vip_ros.errors import UserError
from vip_ros.images import array_to_image, to_rgb
from vip_ros.qos import LATCHED

# Shown as the goal image where a goal has none, so that no viewer goes on showing the goal before it.
_NO_PICTURE = np.full((120, 160, 3), 96, np.uint8)


class GoalServices:
    """Offers the goal services of a node and latches the goal image.

    Args:
        node: the node that offers them.
        pipeline: whose goal they set.
        maker: makes goals.
        config: folder of the goal library, how many frames to capture and how long to wait for them.
    """

    def __init__(self, node: Node, pipeline: RewardPipeline, maker: GoalMaker, config: RewardConfig) -> None:
        self._node = node
        self._pipeline = pipeline
        self._maker = maker
        self._config = config
        self._library = config.library
        self._shown: tuple[str, int] | None = None
        self._waiting: Future | None = None
        self.listening = False
        self._pictures = node.create_publisher(Image, "vip/goal_image", LATCHED)
        # A capture that waits would keep the node's default group, and with it the images, waiting too.
        waits = ReentrantCallbackGroup()
        self._services = [
            node.create_service(SetGoal, "~/set_goal", self._set_goal),
            node.create_service(CaptureGoal, "~/capture_goal", self._capture_goal, callback_group=waits),
            node.create_service(Trigger, "~/capture_goal_now", self._capture_goal_now, callback_group=waits),
            node.create_service(LoadGoal, "~/load_goal", self._load_goal),
            node.create_service(SaveGoal, "~/save_goal", self._save_goal),
            node.create_service(ListGoals, "~/list_goals", self._list_goals),
            node.create_service(Trigger, "~/reset_episode", self._reset_episode),
        ]

    def load(self, text: str) -> str:
        """Put the goal in force that a text stands for (see resolve_goal) and return its name."""
        return self._put_in_force(resolve_goal(text, self._maker, self._library))

    def pause(self) -> None:
        """No images come any more: give up a capture under way."""
        self.listening = False
        self._pipeline.cancel_capture()
        _finish(self._waiting, None)

    def destroy(self) -> None:
        """Withdraw the services and the goal image."""
        for service in self._services:
            self._node.destroy_service(service)
        self._node.destroy_publisher(self._pictures)

    def _put_in_force(self, goal: Goal) -> str:
        self._pipeline.set_goal(goal)
        stages = "" if goal.subgoals is None else f" with {len(goal.subgoals)} subgoals"
        self._node.get_logger().info(f"goal: {goal.name}{stages}")
        self._show(goal, 0)
        return goal.name

    def show_stage(self, name: str, index: int) -> None:
        """Latch the picture of the subgoal in force, when it is another than before."""
        goal = self._pipeline.goal
        if goal is not None and goal.name == name and self._shown != (name, index):
            self._show(goal, index)

    def _show(self, goal: Goal, index: int) -> None:
        self._shown = (goal.name, index)
        picture = goal.image
        if goal.subgoals is not None and goal.subgoals.images is not None:
            picture = goal.subgoals.images[index]
        stamp = self._node.get_clock().now().to_msg()
        picture = _NO_PICTURE if picture is None else picture
        self._pictures.publish(array_to_image(picture, stamp, "camera_optical_frame"))

    def _set_goal(self, request: Any, response: Any) -> Any:
        make = self._maker.of_image
        return _answer(response, lambda: self._put_in_force(make(to_rgb(request.image), request.name)))

    def _load_goal(self, request: Any, response: Any) -> Any:
        return _answer(response, lambda: self.load(request.name))

    async def _capture_goal(self, request: Any, response: Any) -> Any:
        return await self._capture(response, request.frames or self._config.capture_frames, request.name)

    async def _capture_goal_now(self, request: Any, response: Any) -> Any:
        return await self._capture(response, self._config.capture_frames, "")

    async def _capture(self, response: Any, frames: int, name: str) -> Any:
        # The executor goes on with the images while this coroutine waits for them.
        future: Future = Future(executor=self._node.executor)
        try:
            if not self.listening:
                raise UserError("the node is not active: no images come", "activate it first")
            self._pipeline.start_capture(frames, name, lambda goal: _finish(future, goal))
        except UserError as error:
            return _refuse(response, error)
        self._waiting = future
        timer = self._node.create_timer(self._config.capture_timeout, lambda: _finish(future, None))
        goal = await future
        self._node.destroy_timer(timer)
        if goal is not None:
            return _answer(response, lambda: self._put_in_force(goal))
        self._pipeline.cancel_capture()
        limit = self._config.capture_timeout
        return _refuse(
            response, UserError(f"{frames} images did not come within {limit:g} s", "check the camera")
        )

    def _save_goal(self, request: Any, response: Any) -> Any:
        def save() -> Path:
            goal = self._pipeline.goal
            if goal is None:
                raise UserError("there is no goal to save", "set, capture or load one first")
            return self._library.save(replace(goal, name=request.name or goal.name))

        return _answer(response, save)

    def _list_goals(self, request: Any, response: Any) -> Any:
        for name in self._library.names():
            response.names.append(name)
            response.encoders.append(_encoder_of(self._library.path(name)))
        goal = self._pipeline.goal
        response.current = goal.name if goal else ""
        return response

    def _reset_episode(self, request: Any, response: Any) -> Any:
        self._pipeline.reset_episode()
        response.success, response.message = True, "the next image sets the initial distance"
        return response


def _encoder_of(path: Path) -> str:
    try:
        return load_goal(path).encoder
    except UserError:
        return "unreadable"


def _finish(future: Future | None, result: Goal | None) -> None:
    if future is not None and not future.done():
        future.set_result(result)


def _answer(response: Any, work: Callable[[], object]) -> Any:
    """Fill a response with what work returns (a goal's name or path), or with the user's error."""
    try:
        result = str(work())
    except UserError as error:
        return _refuse(response, error)
    response.success, response.message = True, result
    for name in ("goal", "path"):
        if hasattr(response, name):
            setattr(response, name, result)
    return response


def _refuse(response: Any, error: UserError) -> Any:
    response.success, response.message = False, str(error)
    return response
