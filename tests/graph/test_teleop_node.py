"""teleop_node as a process: devices drive the simulated arm through the guard, and take it from a policy."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from graph.helpers import NodeProcess, Probe
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CameraInfo, JointState, Joy
from std_srvs.srv import Trigger
from support.commanded import assert_commands_inside
from support.policies import DIM, ENCODER, toy_bundle
from vip_interfaces.msg import Embedding, GuardState, JointActionChunk, SimState, TeleopState
from vip_interfaces.srv import ResetScene

from franka_node.limits import FER
from franka_node.sim.kinematics import forward
from vip_ros.qos import LATCHED, RELIABLE_10, SENSOR
from vip_ros.stamps import from_ns

pytestmark = [pytest.mark.graph, pytest.mark.alone]

MODULE = "vip_teleop.teleop_node"
REST = [0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0]
DEAD_MAN = [0, 0, 0, 0, 0, 1]


class Bench:
    """The simulated arm behind its guard, a person at a gamepad, and an encoder that sees nothing."""

    def __init__(self, probe: Probe, robot: NodeProcess) -> None:
        self.probe, self.robot = probe, robot
        deep = QoSProfile(depth=5000)
        self.states = probe.subscribe(JointState, "joint_states", SENSOR)
        self.commands = probe.subscribe(JointState, "franka/joint_command", deep)
        self.guard = probe.subscribe(GuardState, "franka/guard_state", LATCHED)
        self.chunks = probe.subscribe(JointActionChunk, "policy/action", deep)
        self.teleop = probe.subscribe(TeleopState, "vip/teleop_state", LATCHED)
        self.scenes = probe.subscribe(SimState, "sim/state", SENSOR)
        self.joy = probe.publisher(Joy, "joy", RELIABLE_10)
        self.leader = probe.publisher(JointState, "leader/joint_states", SENSOR)
        self.images = probe.publisher(CameraInfo, "camera/camera_info", SENSOR)
        self.embeddings = probe.publisher(Embedding, "vip/embedding", SENSOR)
        self.axes, self.buttons = [*REST], [0] * 6
        self.follow: np.ndarray | None = None
        probe.node.create_timer(0.04, self._tick)

    @property
    def q(self) -> np.ndarray:
        return np.array(self.states[-1].position[:7])

    @property
    def tip(self) -> np.ndarray:
        return forward(self.q)[:3, 3]

    def call(self, service: str) -> Any:
        return self.probe.ask(Trigger, service)

    def wait(self, predicate: Any, what: str, limit: float = 30.0) -> Any:
        return self.probe.wait_for(predicate, limit, what)

    def wait_guard(self, mode: int, source: str = "", fault: str = "") -> None:
        def there() -> bool:
            last = self.guard[-1] if self.guard else None
            return last is not None and (last.mode, last.source, last.fault) == (mode, source, fault)

        self.wait(there, f"guard mode {mode}, driver '{source}', fault '{fault}'")

    def new_scene(self) -> None:
        """Begin from the scene's start posture, nobody driving."""
        self.axes, self.buttons, self.follow = [*REST], [0] * 6, None
        self.probe.wait_for(lambda: self.states and self.guard)
        request = ResetScene.Request(task="close_drawer", seed=3)
        assert self.probe.ask(ResetScene, "franka_node/reset_scene", request).success
        assert self.call("franka_node/hand_back").success
        self.wait_guard(GuardState.HOLD)
        for heard in (self.commands, self.chunks, self.teleop, self.guard):
            heard.clear()

    def push(self, *, ahead: float = 0.0, left: float = 0.0) -> None:
        """Hold the dead-man switch and push the left stick."""
        self.axes, self.buttons = [left, ahead, *REST[2:]], [*DEAD_MAN]

    def wait_following(self, what: str) -> None:
        """Wait until the robot is where the leader is; one whose messages were late is engaged again."""

        def there() -> bool:
            if self.teleop and "engage to follow" in self.teleop[-1].message:
                self.call("teleop_node/engage")
            return bool(self.q == pytest.approx(self.follow, abs=0.02))

        self.wait(there, what)

    def let_go(self) -> None:
        self.axes, self.buttons = [*REST], [0] * 6

    def assert_commands_inside(self) -> None:
        assert len(self.commands) > 10
        assert_commands_inside(self.commands, FER)

    def _tick(self) -> None:
        self.joy.publish(Joy(axes=self.axes, buttons=self.buttons))
        stamp = from_ns(self.probe.node.get_clock().now().nanoseconds)
        info, embedding = CameraInfo(), Embedding(encoder=ENCODER, data=[-0.016, *[0.0] * (DIM - 1)])
        info.header.stamp = embedding.header.stamp = stamp
        self.images.publish(info)
        self.embeddings.publish(embedding)
        if self.follow is not None:
            self.leader.publish(JointState(name=list(FER.joint_names), position=list(self.follow)))


@pytest.fixture(scope="module")
def stack(module_domain: None) -> Iterator[Bench]:
    with Probe() as probe, NodeProcess("franka_node.franka_node") as robot:
        bench = Bench(probe, robot)
        robot.wait_active(probe, 90.0)
        yield bench


@pytest.fixture
def bench(stack: Bench) -> Iterator[Bench]:
    stack.new_scene()
    yield stack
    stack.let_go()


def teleop(device: str, **params: Any) -> NodeProcess:
    return NodeProcess(MODULE, {"device": device, **params})


def test_a_gamepad_drives_the_hand_and_letting_go_ends_in_hold(bench: Bench) -> None:
    with teleop("joy") as node:
        node.wait_active(bench.probe)
        begin = bench.tip
        bench.push(ahead=1.0)
        bench.wait_guard(GuardState.TRACKING, "teleop")
        bench.wait(lambda: bench.tip[0] > begin[0] + 0.05, "the hand to move ahead")
        assert bench.teleop[-1].engaged and bench.teleop[-1].device == "joy"
        bench.let_go()
        bench.wait_guard(GuardState.HOLD)
        final = bench.chunks[-1]
        assert final.final and final.source == "teleop" and not bench.chunks[-2].final
        assert abs(bench.tip[1] - begin[1]) < 0.01 and abs(bench.tip[2] - begin[2]) < 0.01
        bench.assert_commands_inside()


def test_a_person_takes_the_arm_from_a_running_policy_and_hands_it_back(bench: Bench, tmp_path: Path) -> None:
    params = {"bundle": str(toy_bundle(tmp_path / "policy")), "timeout": 8.0}
    with teleop("joy") as hand, NodeProcess("policy_node.policy_node", params) as policy:
        hand.wait_active(bench.probe)
        policy.wait_active(bench.probe)
        assert bench.call("policy_node/start").success
        bench.wait_guard(GuardState.TRACKING, "policy")
        bench.push(left=1.0)
        begin = bench.tip
        bench.wait_guard(GuardState.TRACKING, "teleop")
        bench.wait(lambda: bench.tip[1] > begin[1] + 0.05, "the hand to move left")
        refused = bench.call("franka_node/hand_back")
        assert not refused.success and "a person still drives" in refused.message
        bench.let_go()
        bench.wait_guard(GuardState.HOLD, "teleop")
        asked = sum(chunk.source == "policy" for chunk in bench.chunks)
        bench.wait(
            lambda: sum(chunk.source == "policy" for chunk in bench.chunks) > asked + 5, "the policy to go on"
        )
        assert bench.guard[-1].source == "teleop" and bench.guard[-1].mode == GuardState.HOLD
        assert "a person drives" in bench.guard[-1].last_rejection
        assert bench.call("franka_node/hand_back").success
        bench.wait_guard(GuardState.TRACKING, "policy")
        bench.wait(lambda: "a person had the arm for" in policy.output, "the run to end")
        bench.assert_commands_inside()
        drove = [state.source for state in bench.guard if state.source]
        assert [source for source, _ in groupby(drove)] == ["policy", "teleop", "policy"]


def test_a_scripted_demonstrator_closes_the_drawer_live(bench: Bench) -> None:
    with teleop("scripted") as node:
        node.wait_active(bench.probe)
        assert bench.call("teleop_node/engage").success
        bench.wait(lambda: any(state.engaged for state in bench.teleop), "the demonstration to begin")
        bench.wait(lambda: not bench.teleop[-1].engaged, "the demonstration to end", 60.0)
        bench.wait_guard(GuardState.HOLD)
        assert bench.scenes[-1].success
        bench.assert_commands_inside()


def test_a_leader_that_falls_silent_lets_go_and_must_be_engaged_anew(bench: Bench) -> None:
    with teleop("leader") as node:
        node.wait_active(bench.probe)
        begin = bench.q
        silent = bench.call("teleop_node/engage")
        assert not silent.success and "no joint states on leader/joint_states" in silent.message
        bench.follow = begin + np.eye(7)[3] * 0.15
        bench.wait(lambda: bench.call("teleop_node/engage").success, "the leader to be heard")
        bench.wait_following("the robot to catch up")
        leader, bench.follow = bench.follow, None
        bench.wait_guard(GuardState.HOLD)
        bench.follow = leader + np.eye(7)[3] * 0.1
        heard = len(bench.teleop)
        bench.wait(
            lambda: any("engage" in state.message for state in bench.teleop[heard:]), "the leader again"
        )
        assert bench.guard[-1].mode == GuardState.HOLD and bench.q == pytest.approx(leader, abs=0.02)


def test_a_leader_engaged_before_a_deactivation_moves_nothing_after_the_next_activation(bench: Bench) -> None:
    with teleop("leader") as node:
        node.wait_active(bench.probe)
        bench.follow = bench.q + np.eye(7)[3] * 0.05
        bench.wait(lambda: bench.call("teleop_node/engage").success, "the leader to be heard")
        bench.wait_following("the robot to catch up")
        assert node.change(bench.probe, "deactivate")
        bench.wait_guard(GuardState.HOLD)
        rest, bench.follow = bench.q, bench.follow + np.eye(7)[3] * 0.2
        bench.chunks.clear()
        heard = len(bench.teleop)
        assert node.activate(bench.probe)
        bench.wait(
            lambda: any("engage to follow" in state.message for state in bench.teleop[heard:]),
            "a released leader",
        )
        assert not bench.chunks and bench.q == pytest.approx(rest, abs=0.01)
        assert bench.call("teleop_node/engage").success
        bench.wait_following("the robot to follow again")


def test_guiding_by_hand_tells_the_measured_joints_while_the_guard_is_inactive_only(bench: Bench) -> None:
    with teleop("kinesthetic") as node:
        node.wait_active(bench.probe)
        assert bench.call("teleop_node/engage").success
        bench.wait(
            lambda: any("deactivate franka_node" in state.message for state in bench.teleop), "a refusal"
        )
        assert bench.call("teleop_node/release").success
        assert not bench.chunks
        assert bench.robot.change(bench.probe, "deactivate")
        try:
            bench.wait_guard(GuardState.INACTIVE)
            bench.commands.clear()
            bench.wait(lambda: tried_again(bench), "the joints to be told")
            # What a hand does to a real arm, a new scene does to this one: it stands elsewhere at once.
            before = bench.q
            request = ResetScene.Request(task="close_drawer", seed=11)
            assert bench.probe.ask(ResetScene, "franka_node/reset_scene", request).success
            bench.wait(lambda: np.abs(bench.q - before).max() > 0.01, "the arm to stand elsewhere")
            bench.wait(lambda: told(bench) == pytest.approx(bench.q, abs=1e-3), "its joints to be told")
            assert bench.call("teleop_node/release").success
            assert not bench.commands
        finally:
            assert bench.robot.activate(bench.probe)


def tried_again(bench: Bench) -> bool:
    """Release and engage anew unless chunks come: teleop_node may hear of the guard's mode a little later."""
    if not bench.chunks:
        assert bench.call("teleop_node/release").success and bench.call("teleop_node/engage").success
    return len(bench.chunks) > 5


def told(bench: Bench) -> np.ndarray:
    """Return the posture that the newest chunk holds from its first to its last point."""
    rows = np.reshape(bench.chunks[-1].positions, (bench.chunks[-1].horizon, -1))
    assert np.ptp(rows, axis=0).max() == 0.0
    return rows[0]


def test_a_killed_teleop_node_leaves_an_arm_at_rest_and_a_named_fault(bench: Bench) -> None:
    with teleop("joy") as node:
        node.wait_active(bench.probe)
        bench.push(ahead=0.5)
        bench.wait_guard(GuardState.TRACKING, "teleop")
        node.kill()
        bench.let_go()
        bench.wait_guard(GuardState.FAULT, fault="action_stale")
        held = bench.q
        assert bench.call("franka_node/reset").success
        assert bench.q == pytest.approx(held, abs=0.02)


@pytest.mark.slow
def test_a_second_teleop_node_is_refused(bench: Bench) -> None:
    with teleop("joy") as first, NodeProcess(MODULE, {"device": "joy"}, name="rival") as rival:
        first.wait_active(bench.probe)
        assert rival.configure(bench.probe)
        bench.wait(
            lambda: not rival.activate(bench.probe) and "another teleop_node" in rival.output, "the refusal"
        )


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({}, "no device: set teleop_node.device to one of gamepad, joy"),
        ({"device": "joystick"}, "unknown teleop device 'joystick'"),
        ({"device": "keyboard"}, "the keyboard device needs a terminal"),
        ({"device": "joy", "joy_layout": "xbox"}, "unknown joy_layout 'xbox'"),
        ({"device": "scripted", "style": "experd"}, "did you mean 'expert'"),
        ({"device": "joy", "frame": "world"}, "unknown frame 'world'"),
    ],
)
def test_a_wrong_setting_is_answered_in_one_line(ros_domain: int, params: dict, message: str) -> None:
    with NodeProcess(MODULE, {**params, "autostart": True}) as process:
        assert process.wait_exit() == 2
        assert message in process.output and "Traceback" not in process.output
