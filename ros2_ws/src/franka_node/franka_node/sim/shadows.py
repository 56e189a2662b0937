"""Planar shadows: each thing drawn once more, flattened on the table, at a third of a shadow map's cost.

Blinn, "Me and my (fake) shadow", IEEE Computer Graphics and Applications, 1988.
"""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

from franka_node.sim.panda import CORE_PREFIX

_SHADE = 0.62  # brightness of the table in shadow
_LIFT = 0.0008  # m above the table
_FLATNESS = 0.002  # height that is left; without any, normals are undefined
_LIGHT = (-0.18, -0.30, -1.0)  # direction of the light that throws the shadow
_ROOM = ("table", "floor", "wall_back", "wall_side")


class PlanarShadows:
    """Adds the shadows of everything but the room itself to a scene.

    Args:
        model: compiled scene with a geom 'table' whose top is the plane z = 0.
    """

    def __init__(self, model: mujoco.MjModel) -> None:
        self._model = model
        names = [model.geom(i).name for i in range(model.ngeom)]
        self._casts = [name not in _ROOM and not name.startswith(CORE_PREFIX) for name in names]
        self._matrix = flattening()

    def add_to(self, scene: mujoco.MjvScene) -> None:
        """Add the shadows of this moment to a scene just updated; those beyond its capacity are left out."""
        model, matrix = self._model, self._matrix
        rgba = model.mat_rgba[model.geom("table").matid[0]].copy()
        rgba[:3] *= _SHADE
        for i in range(scene.ngeom):
            source = scene.geoms[i]
            if source.objtype != mujoco.mjtObj.mjOBJ_GEOM or not self._casts[source.objid]:
                continue
            if source.pos[2] < 0.0 or scene.ngeom >= scene.maxgeom:
                continue
            shadow = scene.geoms[scene.ngeom]
            position = matrix @ source.pos
            position[2] += _LIFT
            mujoco.mjv_initGeom(
                shadow, source.type, source.size, position, (matrix @ source.mat).ravel(), rgba
            )
            shadow.dataid = source.dataid
            shadow.specular = shadow.shininess = 0.0
            scene.ngeom += 1


def flattening() -> NDArray[np.float64]:
    """Return the matrix [3, 3] that moves points along the light on to (almost) the plane of the table."""
    direction = np.array(_LIGHT)
    matrix = np.eye(3)
    matrix[:, 2] -= direction / direction[2]
    matrix[2, 2] = _FLATNESS
    return matrix
