"""The parameters of teleop_node."""

from __future__ import annotations

import dataclasses

from vip_ros.config import option
from vip_ros.errors import UserError, unknown_name
from vip_teleop.intent import FRAMES


@dataclasses.dataclass(frozen=True)
class TeleopConfig:
    """Device, speeds and frame; each device takes what concerns it."""

    device: str = option("", "who drives: keyboard, joy, gamepad, spacemouse, leader, kinesthetic, scripted")
    rate: float = option(30.0, "action chunks per second, Hz")
    robot: str = option("", "table of limits: fer, fr3, ...; empty: by the joints' names")
    frame: str = option("base", "what a direction is relative to at the start: base or tool")
    linear_speed: float = option(0.10, "speed at full deflection at the start, m/s")
    angular_speed: float = option(0.50, "turning speed at full deflection at the start, rad/s")
    velocity_share: float = option(0.5, "share of the joints' velocity limits in use, (0, 1]")
    ramp: float = option(0.15, "time from rest to full speed, s")
    dead_man: float = option(0.8, "keyboard: the switch is released this long after the last key, s")
    input_timeout: float = option(0.3, "pads and leader: a message older than this releases the switch, s")
    joy_topic: str = option("joy", "joy: sensor_msgs/Joy")
    joy_layout: str = option("joy_node", "joy: who sends it, joy_node or game_controller_node")
    deadzone: float = option(0.1, "pads and SpaceMouse: share of the travel that is the middle, [0, 0.9]")
    spacemouse_twist_topic: str = option("spacenav/twist", "spacemouse: geometry_msgs/Twist")
    spacemouse_joy_topic: str = option("spacenav/joy", "spacemouse: sensor_msgs/Joy, for its buttons")
    leader_topic: str = option("leader/joint_states", "leader: joint states of the arm that is moved by hand")
    leader_reach: float = option(0.8, "leader: farthest joint from the robot's at which it may engage, rad")
    leader_catch_up: float = option(0.3, "leader: joint speed until the robot has caught up, rad/s")
    style: str = option("expert", "scripted: expert, detour, miss, short or wander")
    noise: float = option(-1.0, "scripted: amplitude of the tremor, m; below 0: the style's own")
    skill: float = option(-1.0, "scripted: speed factor, 1 is brisk; below 0: the style's own range")
    failure: float = option(0.0, "scripted: share of demonstrations that fail on purpose, [0, 1]")

    def __post_init__(self) -> None:
        if self.frame not in FRAMES:
            raise unknown_name("frame", self.frame, FRAMES, "teleop_node frame")
        self._check("rate", 5.0, 100.0, "Hz")
        self._check("linear_speed", 0.005, 0.5, "m/s")
        self._check("angular_speed", 0.02, 2.5, "rad/s")
        self._check("velocity_share", 0.01, 1.0, "")
        self._check("ramp", 0.0, 2.0, "s")
        self._check("dead_man", 0.1, 2.0, "s")
        self._check("input_timeout", 0.05, 2.0, "s")
        self._check("deadzone", 0.0, 0.9, "")
        self._check("leader_reach", 0.0, 3.0, "rad")
        self._check("leader_catch_up", 0.01, 1.0, "rad/s")
        self._check("failure", 0.0, 1.0, "")
        self._check("noise", -1.0, 0.1, "m")
        self._check("skill", -1.0, 2.0, "")

    def _check(self, name: str, lowest: float, highest: float, unit: str) -> None:
        value = getattr(self, name)
        if not lowest <= value <= highest:
            wanted = f"give {lowest:g} to {highest:g} {unit}".rstrip()
            raise UserError(f"{name} is {value:g}", wanted, "teleop_node")
