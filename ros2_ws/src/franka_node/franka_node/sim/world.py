"""One simulated arm and table: physics at 500 Hz, driven by joint targets, varied by (task, seed)."""

from __future__ import annotations

import copy
import functools
import zlib

import mujoco
import numpy as np
from numpy.typing import NDArray

from franka_node.arm_bodies import GRIPPER_SPEED
from franka_node.sim.appearance import ONE_LAB
from franka_node.sim.panda import DQ_MAX, FINGER_NAMES, JOINT_NAMES, MAX_WIDTH, Q_MAX, Q_MIN
from franka_node.sim.scene import TIMESTEP
from franka_node.sim.tasks import TASKS, Task, task_name
from vip_ros.errors import InternalError

Array = NDArray[np.float64]

_BROAD_START = 3.0  # times the usual spread of the starting posture, for encoder training
VARIATIONS = (*ONE_LAB, "colours", "broad")
# The most that the servo targets move per physics step: joints [rad], then fingers [m].
_REACH = np.concatenate([DQ_MAX, [GRIPPER_SPEED / 2] * 2]) * TIMESTEP
# What variation writes to; put back before each episode so that a scene depends on its seed alone.
_VARIED = (
    "body_pos",
    "body_quat",
    "geom_rgba",
    "geom_matid",
    "geom_size",
    "flex_rgba",
    "mat_rgba",
    "light_pos",
    "light_dir",
    "light_diffuse",
    "cam_pos",
    "cam_quat",
    "cam_fovy",
)


class World:
    """A task's scene, episode by episode.

    Args:
        task: task name, in any spelling of case and separators.
        seed: of the first episode.
        variation: 'standard' (one lab: the same furniture in another place), 'cluttered' (a few things lying
            about, the light of the day), 'colours' (other furniture), or 'broad' for encoder training (also
            textures, camera, strong light, more starting postures); the attribute of that name may be changed
            between episodes.

    Raises:
        UserError: no such task.
    """

    def __init__(self, task: str, seed: int = 0, variation: str = "standard") -> None:
        self.task = task_name(task)
        self.variation = variation
        self.rules: Task = TASKS.get(self.task)()
        self.model = copy.copy(_compiled(self.task))
        self.data = mujoco.MjData(self.model)
        self._joints = np.array([self.model.joint(name).qposadr[0] for name in JOINT_NAMES])
        self._dofs = np.array([self.model.joint(name).dofadr[0] for name in JOINT_NAMES])
        self._fingers = np.array([self.model.joint(name).qposadr[0] for name in FINGER_NAMES])
        self.reset(seed)

    def reset(self, seed: int) -> None:
        """Begin the episode of that seed: objects, colours, lights, and the arm's starting posture."""
        if self.variation not in VARIATIONS:
            raise InternalError(f"variation '{self.variation}' is none of {VARIATIONS}")
        self.seed = int(seed)
        pristine = _compiled(self.task)
        for field in _VARIED:
            getattr(self.model, field)[:] = getattr(pristine, field)
        mujoco.mj_resetData(self.model, self.data)
        self.rules.vary(self.model, self.data, self._rng(0), recolour=self.variation not in ONE_LAB)
        self.rules.vary_looks(self.model, self._rng(1), self.variation)
        spread = self.rules.start_noise * (_BROAD_START if self.variation == "broad" else 1.0)
        noise = np.clip(self._rng(2).normal(0.0, 1.0, 7), -2, 2) * spread
        q = np.clip(self.rules.start_q + noise, Q_MIN, Q_MAX)
        self.data.qpos[self._joints] = q
        self.data.qpos[self._fingers] = self.rules.start_gripper / 2
        self._target = np.concatenate([q, [self.rules.start_gripper / 2] * 2])
        self.data.ctrl[:] = self._target
        mujoco.mj_forward(self.model, self.data)
        self.rules.show(self.model, self.data)

    @property
    def q(self) -> Array:
        """Joint angles [7], rad."""
        return self.data.qpos[self._joints]

    @property
    def dq(self) -> Array:
        """Joint velocities [7], rad/s."""
        return self.data.qvel[self._dofs]

    @property
    def gripper(self) -> float:
        """Opening width between the fingers, m."""
        return float(self.data.qpos[self._fingers].sum())

    @property
    def qpos(self) -> Array:
        """A copy of all generalised positions [nq]: with task and seed they determine the picture."""
        return self.data.qpos.copy()

    @property
    def success(self) -> bool:
        """Whether the task is done now."""
        return self.rules.success(self.model, self.data)

    @property
    def time(self) -> float:
        """Simulated time since the episode began, s."""
        return float(self.data.time)

    def step(self, q_target: Array, gripper_target: float, duration: float) -> None:
        """Run the physics while the servos follow a straight line to the target, no faster than the arm may.

        Args:
            q_target: joint angles [7] to command at the end of the step, rad.
            gripper_target: opening width to move to at the hand's own speed, m.
            duration: s; rounded to whole physics steps, at least one.
        """
        steps = max(1, round(duration / TIMESTEP))
        fingers = np.full(2, np.clip(gripper_target, 0.0, MAX_WIDTH) / 2)
        goal = np.concatenate([np.clip(q_target, Q_MIN, Q_MAX), fingers])
        line = np.clip((goal - self._target) / steps, -_REACH, _REACH)
        for _ in range(steps):
            self._target += line
            self.data.ctrl[:] = self._target
            self.rules.hold(self.model, self.data, 2 * self._target[-1])
            mujoco.mj_step(self.model, self.data)
        self._place()

    def set_qpos(self, qpos: Array) -> None:
        """Put every joint where it is told, without physics: the drawing side of another world.

        Raises:
            InternalError: the state is of another task's scene.
        """
        if len(qpos) != self.model.nq:
            raise InternalError(f"state has {len(qpos)} positions, task '{self.task}' has {self.model.nq}")
        self.data.qpos[:] = qpos
        self._place()

    def _place(self) -> None:
        # A physics step leaves bodies where they were before it; pictures show where they are.
        mujoco.mj_kinematics(self.model, self.data)
        mujoco.mj_camlight(self.model, self.data)
        if self.model.nflex:
            mujoco.mj_flex(self.model, self.data)
        self.rules.show(self.model, self.data)

    def _rng(self, stream: int) -> np.random.Generator:
        """Return a generator that depends on task, seed and purpose, but on nothing drawn before."""
        return np.random.default_rng([zlib.crc32(self.task.encode()), self.seed, stream])


@functools.lru_cache(maxsize=8)
def _compiled(task: str) -> mujoco.MjModel:
    rules = TASKS.get(task)()
    spec = rules.new_scene()
    rules.add_objects(spec)
    return spec.compile()
