"""The scripted demonstrator: plans like a person, with a person's variety, in the simulator."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from franka_node.limits import FER
from franka_node.reference import Reference
from vip_teleop.chunks import HORIZON, STEP, ahead
from vip_teleop.demonstration import Demonstration
from vip_teleop.device_base import SwitchedDevice
from vip_teleop.devices import DEVICES
from vip_teleop.intent import Array, Intent, SimScene, View
from vip_teleop.retiming import due_times
from vip_teleop.teleop_config import TeleopConfig

if TYPE_CHECKING:
    from franka_node.sim.experts import Style
    from franka_node.sim.lockstep import LockstepEnv
    from franka_node.sim.world import World

# The demonstration is over this long after its last target, s: the arm has caught up.
_REST = 0.4
# The clock of a demonstration starts with a joint state newer than this, s.
_FRESH = 0.1
# How far the arm may be behind the plan at full pace, and where the plan waits for it, rad.
_LAG, _LOST = 0.12, 0.3
# The plan's pace changes from rest to full within this time, s: a jolt would throw the arm off the path.
_PACE_TIME = 0.4
# Shares of the joints' limits that a live demonstration asks for. The guard allows half of the acceleration
# (guard_config.GuardConfig); asked for more the hand leaves its path and topples things.
_VELOCITY, _ACCELERATION = 0.6, 0.3
# Streams of random numbers that belong to a scene's seed: the demonstrator's variety, and its mistakes.
_VARIETY, _MISTAKES = 7, 11


@dataclasses.dataclass(frozen=True)
class _Plan:
    """A demonstration: joints over s, and the opening (m) that is wanted until each time due (s)."""

    joints: Reference
    due: Array
    widths: list[float]


@DEVICES.register("scripted")
class ScriptedDevice(SwitchedDevice):
    """Demonstrates without a person: live when engaged, or in lockstep with a simulator of its own.

    Args:
        config: style, skill, noise and share of failures.
        rate: pictures and commands per second of a lockstep demonstration, Hz.
    """

    joints = True

    def __init__(self, config: TeleopConfig | None = None, rate: float = 20.0) -> None:
        super().__init__(config)
        self._rate = rate
        self._scene: LockstepEnv | None = None
        self._world: World | None = None
        self._plan: _Plan | None = None
        self._elapsed = self._pace = 0.0
        self._last = float("nan")

    def open(self) -> None:
        """Check the style's name; raises UserError naming those that exist."""
        from franka_node.sim.experts import style_named

        style_named(self.config.style)

    def switch(self, engage: bool) -> str:
        """Begin a demonstration from the scene as it is now, or break it off."""
        self._plan = None
        return super().switch(engage)

    def read(self, view: View) -> Intent:
        """Return the next targets of the demonstration that was asked for."""
        if not self.pressed:
            self._plan = None
            return Intent(message="released: engage to begin a demonstration")
        if view.scene is None or view.q is None:
            return Intent(message="no simulated scene to act in: the scripted device needs the simulator")
        if self._plan is None:
            self._plan = self._make_plan(view.scene)
            self._elapsed, self._pace, self._last = 0.0, 1.0, float("nan")
            return Intent(message="planned")  # planning took a while: look again before moving
        if np.isnan(self._last):
            if view.mode != "HOLD" or view.q_age > _FRESH:
                return Intent(message="waiting until the arm holds still")
            self._last = view.now
        plan = self._plan
        self._advance(plan, view.now, view.q)
        if self._elapsed > plan.joints.end + _REST:
            self.pressed, self._plan = False, None
            return Intent(message="demonstration over")
        width = float(plan.widths[min(int(np.searchsorted(plan.due, self._elapsed)), len(plan.widths) - 1)])
        path = np.array([plan.joints.at(time)[0] for time in self._elapsed + self._pace * ahead()])
        return Intent(engaged=True, path=path, gripper=width, message="demonstrating")

    def _advance(self, plan: _Plan, now: float, q: Array) -> None:
        """Let the plan's clock run on, at a pace in [0, 1]: it waits for an arm that is behind."""
        passed = min(now - self._last, STEP * HORIZON)
        behind = float(np.abs(np.array(plan.joints.at(self._elapsed)[0]) - q).max())
        wanted = float(np.clip((_LOST - behind) / (_LOST - _LAG), 0.0, 1.0))
        change = passed / _PACE_TIME
        self._pace += float(np.clip(wanted - self._pace, -change, change))
        self._elapsed += self._pace * passed
        self._last = now

    def _make_plan(self, scene: SimScene) -> _Plan:
        """Return how to do it from the live scene, no faster than the arm can follow behind its guard."""
        from franka_node.sim.experts import expert
        from franka_node.sim.world import World

        if self._world is None or self._world.task != scene.task:
            self._world = World(scene.task, scene.seed)
        self._world.reset(scene.seed)
        self._world.set_qpos(scene.qpos)
        rng = np.random.default_rng([scene.seed, _VARIETY])
        begin = self._world.q.copy()
        commands = list(expert(self._world, rng, self._style(scene.seed), 1.0 / STEP))
        path = np.vstack((begin, *(q for q, _ in commands)))
        due = due_times(path, STEP, _VELOCITY * FER.velocity, _ACCELERATION * FER.acceleration)
        return _Plan(Reference(due, path, np.zeros_like(begin)), due[1:], [width for _, width in commands])

    def _style(self, seed: int) -> Style:
        from franka_node.sim.experts import style_named

        config = self.config
        style = style_named(config.style)
        if config.noise >= 0:
            style = dataclasses.replace(style, tremor=config.noise)
        if config.skill > 0:
            style = dataclasses.replace(style, speed=(config.skill, config.skill))
        mistakes = np.random.default_rng([seed, _MISTAKES])
        if mistakes.random() < config.failure:
            style = dataclasses.replace(style, outcome=str(mistakes.choice(["miss", "short"])))
        return style

    def demonstrate(self, task: str, seed: int) -> Demonstration:
        """Attempt the task once in the scene of that seed, in a simulator that waits."""
        from franka_node.sim.lockstep import LockstepEnv, collect
        from franka_node.sim.panda import FINGER_NAMES, JOINT_NAMES
        from franka_node.sim.tasks import task_name

        name = task_name(task)
        if self._scene is None or self._scene.world.task != name:
            self.close()
            self._scene = LockstepEnv(name, seed)
        run = collect(name, seed, self._rate, self._style(seed), env=self._scene)
        return Demonstration(
            task=run.task,
            seed=run.seed,
            success=run.success,
            rate=run.rate,
            stamps=run.stamps,
            frames=run.frames,
            q=run.q,
            dq=run.dq,
            q_command=run.q_command,
            gripper=run.gripper,
            joint_names=JOINT_NAMES,
            finger_names=FINGER_NAMES,
            width=run.width,
        )

    def close(self) -> None:
        """Give the graphics memory back."""
        super().close()
        if self._scene is not None:
            self._scene.close()
            self._scene = None
