"""The simulated camera: draws the newest state of the simulated world."""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING, Any

from vip_interfaces.msg import SimState

from vip_reward_node.cameras.base import CAMERAS, CameraSource, Frame, SourceConfig
from vip_ros.errors import UserError
from vip_ros.qos import SENSOR
from vip_ros.stamps import to_ns

if TYPE_CHECKING:
    from rclpy.node import Node

    from franka_node.sim.renderer import Renderer
    from franka_node.sim.world import World

_RATE = 20.0
_SIZE = (320, 240)
# The simulator may start after the camera, s; later a gap of more than the second is a lost camera.
_FIRST_PATIENCE = 10.0
_PATIENCE = 2.0


@CAMERAS.register("sim")
class SimulatedCamera(CameraSource):
    """Listens to sim/state; each frame carries the stamp of the state it shows."""

    def __init__(self, config: SourceConfig) -> None:
        super().__init__(config)
        self.rate = config.rate or _RATE
        self.size = (config.width, config.height) if config.width else _SIZE
        self._subscription: Any = None
        self._changed = threading.Condition()
        self._newest: SimState | None = None
        self._seen = False
        self._due = 0.0
        self._world: World | None = None
        self._renderer: Renderer | None = None

    @classmethod
    def matches(cls, source: str) -> bool:
        """Return whether the simulated camera is meant."""
        return source == "sim"

    def attach(self, node: Node) -> None:
        """Subscribe to the state of the simulated world."""
        self._subscription = node.create_subscription(SimState, "sim/state", self._keep, SENSOR)

    def detach(self, node: Node) -> None:
        """Stop listening."""
        if self._subscription is not None:
            node.destroy_subscription(self._subscription)
            self._subscription = None

    def open(self) -> None:
        """Check that the simulator is installed; the world is built at the first state."""
        try:
            import franka_node.sim.renderer  # noqa: F401
        except ImportError as error:
            raise UserError("the simulator cannot be loaded", f"install mujoco ({error})") from None
        self._due = time.monotonic()

    def read(self) -> Frame | None:
        """Wait until the next picture is due, then draw the first state that comes: it is the youngest."""
        if self.cancel.wait(max(0.0, self._due - time.monotonic())):
            return None
        state = self._next_state()
        if state is None:
            return None
        self._due = max(self._due + 1.0 / self.rate, time.monotonic())
        return Frame(self._draw(state), to_ns(state.header.stamp))

    def close(self) -> None:
        """Give the graphics memory back."""
        renderer, self._renderer, self._world = self._renderer, None, None
        if renderer is not None:
            renderer.close()

    def _keep(self, state: SimState) -> None:
        with self._changed:
            self._newest = state
            self._changed.notify_all()

    def _next_state(self) -> SimState | None:
        """Return the next state to arrive, None when cancelled."""
        patience = _PATIENCE if self._seen else _FIRST_PATIENCE
        end = time.monotonic() + patience
        with self._changed:
            self._newest = None
            while self._newest is None:
                if self.cancel.is_set():
                    return None
                if time.monotonic() > end:
                    raise UserError(
                        f"no state of the simulated world for {patience:.0f} s",
                        "start franka_node with the simulated driver",
                        "sim/state",
                    )
                self._changed.wait(0.1)
            self._seen = True
            return self._newest

    def _draw(self, state: SimState) -> Any:
        from franka_node.sim.renderer import Renderer
        from franka_node.sim.world import World

        if self._world is None or self._world.task != state.task:
            self.close()
            self._world = World(state.task, state.seed)
        elif self._world.seed != state.seed:
            self._world.reset(state.seed)
        if self._renderer is None:
            assert self.size is not None
            self._renderer = Renderer(self._world, "", *self.size)
            fovy = math.radians(float(self._world.model.camera(self._world.rules.camera).fovy[0]))
            self.focal = self.size[1] / 2 / math.tan(fovy / 2)
        self._world.set_qpos(state.qpos)
        return self._renderer.render()
