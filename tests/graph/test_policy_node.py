"""policy_node as a process: it acts only when ready, says why not, and ends every run on purpose."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from action_msgs.msg import GoalStatus
from graph.helpers import NodeProcess, Probe
from rclpy.action import ActionClient
from rclpy.qos import QoSProfile
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger
from support.policies import DIM, ENCODER, JOINTS, READY, toy_bundle
from vip_interfaces.action import RunPolicy
from vip_interfaces.msg import Embedding, GuardState, JointActionChunk, Reward

from vip_ros.qos import LATCHED, RELIABLE_10, SENSOR
from vip_ros.stamps import to_ns

pytestmark = pytest.mark.graph


class Robot:
    """A probe in place of camera, reward_node and robot: joint states and embeddings at a steady rate.

    The attributes may be changed at any time; None silences a stream.
    """

    def __init__(self, probe: Probe, rate: float = 20.0) -> None:
        self.probe = probe
        self.q: list[float] | None = [*READY]
        self.embedding: list[float] | None = [0.0] * DIM
        self.encoder, self.names, self.reached = ENCODER, list(JOINTS), False
        self._states = probe.publisher(JointState, "joint_states", SENSOR)
        self._embeddings = probe.publisher(Embedding, "vip/embedding", SENSOR)
        self._rewards = probe.publisher(Reward, "vip/reward", RELIABLE_10)
        self._guard = probe.publisher(GuardState, "franka/guard_state", LATCHED)
        self.sent_stamps: list[int] = []
        self.chunks = probe.subscribe(JointActionChunk, "policy/action", QoSProfile(depth=500))
        self.status = probe.statuses()
        self.client = ActionClient(probe.node, RunPolicy, "policy_node/run_policy")
        probe.node.create_timer(1.0 / rate, self._tick)

    def guard(self, mode: int, fault: str = "", detail: str = "") -> None:
        self._guard.publish(GuardState(mode=mode, fault=fault, fault_detail=detail))

    def run(self, timeout: float = 20.0) -> Run:
        """Send the action goal and wait until it is accepted."""
        assert self.client.wait_for_server(20.0)
        feedback: list[Any] = []
        future = self.client.send_goal_async(
            RunPolicy.Goal(timeout=timeout), lambda message: feedback.append(message.feedback)
        )
        self.probe.wait_for(future.done, what="an answer to the goal")
        return Run(self.probe, future.result(), feedback)

    def wait_chunks(self, count: int) -> None:
        self.probe.wait_for(lambda: len(self.chunks) >= count, what=f"{count} chunks")

    def wait_invalid(self, at_least: int) -> str:
        def newest() -> str | None:
            status = self.status("policy_node: policy")
            return status["last_invalid"] if status and int(status["invalid"]) >= at_least else None

        return str(self.probe.wait_for(newest, what="a count of invalid inputs"))

    def _tick(self) -> None:
        stamp = self.probe.node.get_clock().now().to_msg()
        if self.q is not None:
            state = JointState(name=self.names, position=self.q)
            state.header.stamp = stamp
            self._states.publish(state)
        if self.embedding is not None:
            message = Embedding(encoder=self.encoder, data=self.embedding)
            message.header.stamp = stamp
            self.sent_stamps.append(to_ns(stamp))
            self._embeddings.publish(message)
            reward = Reward(encoder=self.encoder, distance=0.5, progress=0.75, reached=self.reached)
            reward.header.stamp = stamp
            self._rewards.publish(reward)


class Run:
    """A run asked for through the action."""

    def __init__(self, probe: Probe, handle: Any, feedback: list[Any]) -> None:
        self.probe, self.handle, self.feedback = probe, handle, feedback

    def result(self) -> Any:
        future = self.handle.get_result_async()
        self.probe.wait_for(future.done, what="the run's result")
        return future.result()

    def cancel(self) -> None:
        future = self.handle.cancel_goal_async()
        self.probe.wait_for(future.done, what="an answer to the cancel")


@pytest.fixture
def robot(ros_domain: int) -> Iterator[Robot]:
    with Probe() as probe:
        yield Robot(probe)


@pytest.fixture
def node(robot: Robot, tmp_path: Path) -> Iterator[NodeProcess]:
    params = {"bundle": str(toy_bundle(tmp_path / "policy"))}
    with NodeProcess("policy_node.policy_node", params) as process:
        yield process


@pytest.fixture
def active(robot: Robot, node: NodeProcess) -> Robot:
    node.wait_active(robot.probe)
    return robot


def test_chunks_carry_the_stamp_of_the_embedding_at_the_policys_rate(active: Robot) -> None:
    active.embedding = [0.1] + [0.0] * (DIM - 1)
    run = active.run()
    active.wait_chunks(12)
    run.cancel()
    chunk = active.chunks[3]
    stamps = [to_ns(message.header.stamp) for message in active.chunks if not message.final]
    assert set(stamps) <= set(active.sent_stamps)
    assert np.median(np.diff(stamps)) == pytest.approx(1e8, rel=0.3)
    assert (chunk.source, chunk.horizon, chunk.joint_names) == ("policy", 3, JOINTS)
    assert chunk.step_duration == 0.1
    positions = np.reshape(chunk.positions, (3, 7))
    assert positions == pytest.approx(READY + np.array([[0.12], [0.14], [0.16]]), abs=1e-5)
    assert len(chunk.gripper) == 0


def test_nothing_is_sent_before_a_run_and_after_its_final_chunk(active: Robot) -> None:
    seen = len(active.sent_stamps)
    active.probe.wait_for(lambda: len(active.sent_stamps) > seen + 10, what="embeddings without a run")
    assert active.chunks == []
    run = active.run()
    active.wait_chunks(3)
    run.cancel()
    result = run.result()
    assert result.status == GoalStatus.STATUS_CANCELED
    assert (result.result.outcome, result.result.chunks) == ("canceled", len(active.chunks) - 1)
    assert [chunk.final for chunk in active.chunks] == [False] * (len(active.chunks) - 1) + [True]
    stamps = [to_ns(chunk.header.stamp) for chunk in active.chunks]
    assert stamps == sorted(set(stamps))
    count, seen = len(active.chunks), len(active.sent_stamps)
    active.probe.wait_for(lambda: len(active.sent_stamps) > seen + 6, what="embeddings after the run")
    assert len(active.chunks) == count


def test_run_ends_when_the_goal_stays_reached(active: Robot) -> None:
    run = active.run()
    active.wait_chunks(2)
    active.reached = True
    result = run.result()
    assert result.status == GoalStatus.STATUS_SUCCEEDED
    assert result.result.outcome == "reached"
    assert active.probe.wait_for(lambda: run.feedback, what="feedback")[-1].progress == pytest.approx(0.75)


def test_run_ends_at_its_timeout(active: Robot) -> None:
    result = active.run(timeout=0.6).result()
    assert result.result.outcome == "timeout"
    assert 0.6 <= result.result.duration < 10.0


def test_guard_fault_ends_the_run_and_refuses_the_next(active: Robot) -> None:
    run = active.run()
    active.wait_chunks(2)
    active.guard(GuardState.STOPPING, "image_stale", "no image for 0.3 s")
    result = run.result().result
    assert result.outcome == "fault"
    assert "image_stale: no image for 0.3 s" in result.message
    response = active.probe.call(Trigger, "policy_node/start")
    assert not response.success
    assert "image_stale" in response.message
    assert not active.run().handle.accepted
    active.guard(GuardState.HOLD)
    active.probe.wait_for(
        lambda: active.probe.call(Trigger, "policy_node/start").success, what="a start after the reset"
    )


def test_services_start_and_stop_a_run_for_people_without_an_action_client(active: Robot) -> None:
    assert active.probe.call(Trigger, "policy_node/start").success
    active.wait_chunks(3)
    second = active.probe.call(Trigger, "policy_node/start")
    assert (second.success, "in progress" in second.message) == (False, True)
    assert active.probe.call(Trigger, "policy_node/stop").success
    active.probe.wait_for(lambda: active.chunks[-1].final, what="the final chunk")
    assert not active.probe.call(Trigger, "policy_node/stop").success


@pytest.mark.parametrize("stream", ["q", "embedding"])
def test_nan_gives_no_chunk_and_is_counted(active: Robot, stream: str) -> None:
    active.run()
    active.wait_chunks(2)
    setattr(active, stream, [float("nan")] * len(getattr(active, stream)))
    reason = active.wait_invalid(3)
    assert "not finite" in reason
    for chunk in active.chunks:
        assert np.isfinite(chunk.positions).all()
    count = len(active.chunks)
    active.wait_invalid(int(active.status("policy_node: policy")["invalid"]) + 5)
    assert len(active.chunks) == count
    setattr(active, stream, [*READY] if stream == "q" else [0.0] * DIM)
    active.wait_chunks(count + 2)


@pytest.mark.parametrize("stream", ["q", "embedding"])
def test_activates_only_with_fresh_inputs(robot: Robot, node: NodeProcess, stream: str) -> None:
    setattr(robot, stream, None)
    assert node.configure(robot.probe)
    assert not node.activate(robot.probe)
    assert node.state(robot.probe) == "inactive"
    response = robot.probe.call(Trigger, "policy_node/start")
    assert (response.success, "inactive" in response.message) == (False, True)
    setattr(robot, stream, [*READY] if stream == "q" else [0.0] * DIM)
    node.wait_active(robot.probe)


def test_policy_of_another_encoder_or_robot_is_refused(robot: Robot, node: NodeProcess) -> None:
    robot.encoder = "other@ffffffffffff"
    assert node.configure(robot.probe)
    robot.probe.wait_for(
        lambda: not node.activate(robot.probe) and "other@ffffffffffff is running" in node.output,
        what="the refusal of the encoder",
    )
    robot.encoder, robot.names = ENCODER, [f"fr3_joint{i}" for i in range(1, 8)]
    robot.probe.wait_for(
        lambda: not node.activate(robot.probe) and "fr3_joint1" in node.output,
        what="the refusal of the robot",
    )
    assert "Traceback" not in node.output


def test_slow_embeddings_are_refused_with_both_rates(ros_domain: int, tmp_path: Path) -> None:
    params = {"bundle": str(toy_bundle(tmp_path / "policy"))}
    with Probe() as probe, NodeProcess("policy_node.policy_node", params) as node:
        Robot(probe, rate=4.0)
        assert node.configure(probe)
        probe.wait_for(
            lambda: not node.activate(probe) and "trained to act at 10 Hz" in node.output,
            what="the refusal of the rate",
        )


@pytest.mark.parametrize(("bundle", "complaint"), [("", "vip train"), ("nowhere", "no policy here")])
def test_missing_bundle_is_one_line(ros_domain: int, bundle: str, complaint: str) -> None:
    with Probe() as probe, NodeProcess("policy_node.policy_node", {"bundle": bundle}) as node:
        assert not node.configure(probe)
        assert node.state(probe) == "unconfigured"
        assert complaint in node.output
        assert "Traceback" not in node.output


def test_deactivation_ends_the_run_with_a_final_chunk(active: Robot, node: NodeProcess) -> None:
    run = active.run()
    active.wait_chunks(3)
    assert node.change(active.probe, "deactivate")
    assert run.result().result.outcome == "canceled"
    active.probe.wait_for(lambda: active.chunks[-1].final, what="the final chunk")
    assert node.activate(active.probe)


def test_interrupt_ends_the_run_and_the_process(active: Robot, node: NodeProcess) -> None:
    active.run()
    active.wait_chunks(3)
    assert node.interrupt() == 0
    active.probe.wait_for(lambda: active.chunks[-1].final, what="the final chunk")
    assert "Traceback" not in node.output
