"""What the ros2_control driver is made of, without ROS: coasting, gripper goals, recovery, joint order."""

from __future__ import annotations

import importlib.util
import time
from typing import Any

import numpy as np
import pytest
from graph.fake_franka_ros2 import cubic, refusal
from hypothesis import given, settings
from hypothesis import strategies as st
from sensor_msgs.msg import JointState

from franka_node.drivers import DRIVERS, ros2_control
from franka_node.franka_config import FrankaConfig
from franka_node.limits import FR3, LIMITS
from franka_node.recovery import Step, StepFailed, recover
from franka_node.ros2_control.coasting import coast
from franka_node.ros2_control.commands import PHRASINGS
from franka_node.ros2_control.foreign import interface
from franka_node.ros2_control.gripper_queue import WIDEST, GripperQueue
from franka_node.ros2_control.joint_ear import JointEar
from vip_ros.errors import UserError
from vip_ros.stamps import from_ns

velocities = st.lists(
    st.one_of(st.just(0.0), st.floats(-2.6, 2.6), st.floats(-1e-5, 1e-5)), min_size=7, max_size=7
)


@settings(deadline=None)
@given(velocities)
def test_a_coasting_arm_decelerates_constantly_to_rest(dq):
    # Knots that lie nanoseconds apart would only test the arithmetic of this test.
    dq, deceleration = np.round(dq, 2), 0.7 * FR3.acceleration
    times, positions, speeds = coast(FR3.home, dq, deceleration)
    assert (np.diff(times) > 0).all() and (times > 0).all()
    if len(times) == 0:
        assert np.abs(dq).max() <= 1e-6
        return
    assert (speeds[-1] == 0).all()
    assert positions[-1] == pytest.approx(FR3.home + dq * np.abs(dq) / deceleration / 2, abs=1e-6)
    knots = (np.concatenate(([0], times)), np.vstack((FR3.home, positions)), np.vstack((dq, speeds)))
    samples = np.array([cubic(*knots, t)[1] for t in np.linspace(0, times[-1], 200, endpoint=False)])
    change = np.abs(np.diff(samples, axis=0)) / (times[-1] / 200)
    assert (change <= deceleration * 1.01).all()


@settings(deadline=None)
@given(velocities)
def test_every_trajectory_is_one_that_the_controller_takes(dq):
    phrasing = PHRASINGS.get("joint_trajectory_controller")(LIMITS.get("fr3"), 0.01)
    message = phrasing.moving(FR3.home, np.array(dq))
    assert refusal(message) == ""
    assert message.header.stamp.sec == 0 and list(message.points[0].positions) == FR3.home.tolist()


class Publisher:
    """The controller's end of the driver."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def get_subscription_count(self) -> int:
        return 1

    def publish(self, message: Any) -> None:
        self.sent.append(message)

    def wait_for_all_acked(self, limit: Any) -> bool:
        return True


def commanding(controller: str = "forward_command_controller") -> tuple[Any, Publisher]:
    """A driver that has just commanded an arm at home, without its node."""
    driver = DRIVERS.get("ros2_control")(FrankaConfig(driver="ros2_control", controller=controller))
    driver._publisher = publisher = Publisher()
    at(driver, FR3.home)
    driver.write(FR3.home, np.zeros(7), None)
    return driver, publisher


def at(driver: Any, q: np.ndarray, age: float = 0.0) -> None:
    """Let the robot tell where it is, or was."""
    message = JointState(name=list(FR3.joint_names), position=q.tolist(), velocity=[0.0] * 7)
    message.header.stamp = from_ns(time.time_ns() - round(age * 1e9))
    driver._arm.hear(message)


def test_the_last_hold_is_said_once_per_motion():
    driver, publisher = commanding()
    driver.stop()
    assert len(publisher.sent) == 2 and list(publisher.sent[-1].data) == FR3.home.tolist()
    driver.stop()
    assert len(publisher.sent) == 2
    driver.write(FR3.home, np.zeros(7), None)
    driver.stop()
    assert len(publisher.sent) == 4


@pytest.mark.parametrize(("moved", "age"), [(0.1, 0.0), (0.0, 2.0)])
def test_an_arm_that_is_elsewhere_or_silent_is_not_sent_back_at_the_end(moved, age):
    driver, publisher = commanding()
    at(driver, FR3.home + moved, age)
    driver.stop()
    assert len(publisher.sent) == 1


def test_a_controller_that_went_on_by_itself_is_not_called_back_at_the_end():
    driver, publisher = commanding("joint_trajectory_controller")
    driver._written = time.monotonic()  # whatever the machine did meanwhile
    driver.stop()
    assert len(publisher.sent) == 2
    driver.write(FR3.home, np.full(7, 0.1), None)
    driver._written -= 0.1
    driver.stop()
    assert len(publisher.sent) == 3


class Hand:
    """Counts the goals and cancellations it gets."""

    def __init__(self) -> None:
        self.goals: list[float] = []
        self.cancelled: list[float] = []

    def send(self, width: float):
        self.goals.append(width)
        return lambda: self.cancelled.append(width)


def drive(queue: GripperQueue, wishes, period: float = 0.05) -> None:
    for index, width in enumerate(wishes):
        queue.update(width, index * period)


def test_one_wish_makes_one_goal_and_flicker_none():
    hand = Hand()
    drive(GripperQueue(hand.send), [0.08] * 40 + [0.0] + [0.08] * 40)
    assert hand.goals == [WIDEST] and hand.cancelled == []


def test_noise_inside_the_hysteresis_makes_no_goals():
    hand = Hand()
    noise = np.random.default_rng(0).uniform(-0.004, 0.004, 400)
    drive(GripperQueue(hand.send), [0.04] * 4 + list(0.04 + noise))
    assert len(hand.goals) == 1


def test_a_new_goal_cancels_the_one_under_way():
    hand = Hand()
    drive(GripperQueue(hand.send), [0.08] * 20 + [0.0] * 20)
    assert hand.goals == [WIDEST, 0.0] and hand.cancelled == [WIDEST]


def test_a_drifting_wish_makes_few_goals_and_ends_where_it_ends():
    hand = Hand()
    drive(GripperQueue(hand.send), [*np.linspace(0.08, 0.0, 100), *[0.0] * 40])
    assert hand.goals[-1] == 0.0 and len(hand.goals) <= 18  # 5 s of drift, 0.3 s apart
    assert hand.cancelled == hand.goals[:-1]


def test_a_hand_that_shall_close_the_last_millimetre_does():
    hand = Hand()
    drive(GripperQueue(hand.send), [0.003] * 20 + [0.0] * 40)
    assert hand.goals == [0.003, 0.0]


class Robot:
    """Takes recovery steps and fails as often as it is told to."""

    def __init__(self, **failures: int) -> None:
        self.failures, self.log = failures, []

    def steps(self) -> list[Step]:
        return [Step(name, lambda name=name: self._run(name)) for name in ("clear", "activate", "switch")]

    def _run(self, name: str) -> None:
        self.log.append(name)
        if self.failures.get(name, 0) > 0:
            self.failures[name] -= 1
            raise StepFailed(f"{name} refused")


def test_the_steps_run_in_order_and_once_when_all_goes_well():
    robot = Robot()
    assert recover(robot.steps(), 3, lambda: None) == 1
    assert robot.log == ["clear", "activate", "switch"]


def test_after_a_failure_it_begins_with_the_first_step_again():
    robot, pauses = Robot(activate=1), []
    assert recover(robot.steps(), 3, lambda: pauses.append(1)) == 2
    assert robot.log == ["clear", "activate", "clear", "activate", "switch"] and len(pauses) == 1


def test_the_attempts_are_bounded_and_the_step_at_fault_is_named():
    robot = Robot(switch=99)
    with pytest.raises(UserError, match="failed 3 times, at last in 'switch': switch refused: free the arm"):
        recover(robot.steps(), 3, lambda: None, "free the arm")
    assert robot.log.count("switch") == 3


def test_what_only_a_person_can_mend_is_not_tried_again():
    def hopeless() -> None:
        raise UserError("franka_msgs is not installed")

    with pytest.raises(UserError, match="not installed"):
        recover([Step("clear", hopeless)], 3, lambda: pytest.fail("tried again"))


@pytest.mark.parametrize(
    ("topic", "controller"),
    [
        ("/fr3_arm_controller/joint_trajectory", "fr3_arm_controller"),
        ("/left/fr3_arm_controller/joint_trajectory", "fr3_arm_controller"),
        ("cell/left/forward_position_controller/commands", "forward_position_controller"),
        ("/commands", ""),
    ],
)
def test_the_controller_to_activate_again_is_named_as_its_manager_lists_it(topic, controller, monkeypatch):
    asked = []
    monkeypatch.setattr(ros2_control, "recovery_steps", lambda side, config, name: asked.append(name) or [])
    driver, _ = commanding()
    driver._side, driver._topic = object(), topic
    monkeypatch.setattr(driver, "_find", lambda: None)
    driver.recover()
    assert asked == [controller]


@pytest.mark.parametrize("package", ["franka_msgs", "controller_manager_msgs", "control_msgs"])
def test_types_that_are_not_there_are_named_with_the_way_out(package):
    if importlib.util.find_spec(package) is not None:
        pytest.skip(f"{package} is installed")
    with pytest.raises(UserError, match=f"{package}/srv/Some is not installed .*set some_name to ''"):
        interface(package, "srv", "Some", "some_name")


def test_joints_are_read_by_name_and_incomplete_messages_are_left_out():
    ear = JointEar(["a", "b"])
    ear.hear(JointState(name=["b"], position=[1.0]))
    assert ear.newest is None and ear.heard == ["b"] and not ear.wait(0.0)
    message = JointState(name=["finger", "b", "a"], position=[9.0, 2.0, 1.0], velocity=[9.0, 0.2, 0.1])
    message.header.stamp.sec = 5
    ear.hear(message)
    stamp_ns, q, dq = ear.newest
    assert stamp_ns == 5_000_000_000 and q.tolist() == [1.0, 2.0] and dq.tolist() == [0.1, 0.2]


def test_velocities_that_are_not_told_are_differences():
    ear = JointEar(["a"])
    for second, position in ((1, 0.5), (3, 0.9)):
        message = JointState(name=["a"], position=[position])
        message.header.stamp.sec = second
        ear.hear(message)
    assert ear.newest[2] == pytest.approx([0.2])
