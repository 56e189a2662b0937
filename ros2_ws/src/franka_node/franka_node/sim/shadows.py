"""Planar shadows: each thing drawn once more, flattened on the table, at a third of a shadow map's cost.

Blinn, "Me and my (fake) shadow", IEEE Computer Graphics and Applications, 1988.
"""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

from franka_node.sim.world import World

_SHADE = 0.62  # brightness of the table in shadow
_LIFT = 0.0008  # m above the table
_FLATNESS = 0.002  # height that is left; without any, normals are undefined
_LIGHT = (-0.18, -0.30, -1.0)  # direction of the light that throws the shadow
_ROOM = ("table", "floor", "wall_back", "wall_side")


def flattening() -> NDArray[np.float64]:
    """Return the matrix [3, 3] that moves points along the light on to (almost) the plane of the table."""
    direction = np.array(_LIGHT)
    matrix = np.eye(3)
    matrix[:, 2] -= direction / direction[2]
    matrix[2, 2] = _FLATNESS
    return matrix


def add_planar_shadows(world: World, scene: mujoco.MjvScene) -> None:
    """Add the shadows of this moment to a scene that has just been updated; drops those that do not fit."""
    matrix = flattening()
    room = {world.model.geom(name).id for name in _ROOM}
    table = world.model.geom("table")
    rgba = world.model.mat_rgba[table.matid[0]].copy()
    rgba[:3] *= _SHADE
    for i in range(scene.ngeom):
        source = scene.geoms[i]
        if source.objid in room or source.objtype != mujoco.mjtObj.mjOBJ_GEOM or source.pos[2] < -0.1:
            continue
        if scene.ngeom >= scene.maxgeom:
            return
        shadow = scene.geoms[scene.ngeom]
        position = matrix @ source.pos + np.array([0.0, 0.0, _LIFT])
        mujoco.mjv_initGeom(shadow, source.type, source.size, position, (matrix @ source.mat).ravel(), rgba)
        shadow.dataid = source.dataid
        shadow.specular = shadow.shininess = 0.0
        scene.ngeom += 1
