"""Pictures of a world, without a screen."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

from franka_node.sim.gl import new_context
from franka_node.sim.panda import VISUAL_GROUP
from franka_node.sim.shadows import PlanarShadows
from franka_node.sim.world import World
from vip_ros.errors import unknown_name


class Renderer:
    """Draws a world as one of its cameras sees it. Make it and use it in one and the same thread.

    Args:
        world: what to draw; its state is read at every render.
        camera: name of a fixed camera; empty: the one that looks on at the task.
        width: pixels.
        height: pixels.
        samples: per pixel, for smooth edges; 0 is twice as fast as 4, and what cameras and training use.

    Raises:
        UserError: no such camera, or this machine cannot draw.
    """

    def __init__(
        self, world: World, camera: str = "", width: int = 320, height: int = 240, samples: int = 0
    ) -> None:
        chosen = _camera_id(world, camera or world.rules.camera)
        self.world = world
        self._gl = new_context(width, height)
        # Read once, when the context is made.
        world.model.vis.quality.offsamples = samples
        world.model.vis.quality.shadowsize = 0
        world.model.vis.global_.offwidth, world.model.vis.global_.offheight = width, height
        self._scene = mujoco.MjvScene(world.model, maxgeom=2 * world.model.ngeom + 64)  # things and shadows
        self._scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = False
        self._scene.flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = False
        self._context = mujoco.MjrContext(world.model, mujoco.mjtFontScale.mjFONTSCALE_100)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._context)
        self._shadows = PlanarShadows(world.model) if world.rules.planar_shadows else None
        self._options = mujoco.MjvOption()
        self._options.geomgroup[:] = 0
        self._options.geomgroup[[0, VISUAL_GROUP]] = 1
        self._options.sitegroup[:] = 0
        self._camera = mujoco.MjvCamera()
        self._camera.type = mujoco.mjtCamera.mjCAMERA_FIXED
        self._camera.fixedcamid = chosen
        self._rectangle = mujoco.MjrRect(0, 0, width, height)
        self._pixels = np.empty((height, width, 3), np.uint8)

    def look_through(self, camera: str) -> None:
        """Draw as another camera sees it from now on; raises UserError when there is no such camera."""
        self._camera.fixedcamid = _camera_id(self.world, camera)

    def render(self) -> NDArray[np.uint8]:
        """Return the picture now: a new array [H, W, 3], RGB."""
        self._gl.make_current()
        mujoco.mjv_updateScene(
            self.world.model,
            self.world.data,
            self._options,
            None,
            self._camera,
            mujoco.mjtCatBit.mjCAT_ALL,
            self._scene,
        )
        if self._shadows is not None:
            self._shadows.add_to(self._scene)
        mujoco.mjr_render(self._rectangle, self._scene, self._context)
        mujoco.mjr_readPixels(self._pixels, None, self._rectangle, self._context)
        return np.ascontiguousarray(self._pixels[::-1])  # OpenGL counts rows from below

    def close(self) -> None:
        """Give the graphics memory back; the renderer cannot be used afterwards."""
        self._gl.make_current()
        self._context.free()
        self._gl.free()


def _camera_id(world: World, camera: str) -> int:
    names = [world.model.camera(i).name for i in range(world.model.ncam)]
    if camera not in names:
        raise unknown_name("camera", camera, names)
    return names.index(camera)
