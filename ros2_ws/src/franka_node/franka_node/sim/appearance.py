"""How light, surfaces and camera vary from episode to episode, written into a compiled model."""

from __future__ import annotations

import mujoco
import numpy as np
from numpy.typing import NDArray

from franka_node.sim.scene import CAMERAS, CLUTTER_COUNT, look_at
from franka_node.sim.textures import TEXTURES

Array = NDArray[np.float64]

# Share by which brightness, tint and place of the lights vary.
_LIGHT = {"standard": 0.04, "cluttered": 0.12, "colours": 0.20, "broad": 0.45}
# Most things that lie about, and what they look like in the one lab that demonstrations are made in.
_CLUTTER = {"standard": 0, "cluttered": 3, "colours": 4, "broad": CLUTTER_COUNT}
ONE_LAB = ("standard", "cluttered")
"""Variations in which things keep their colours: one lab, as a person has it."""
_LAB_CLUTTER = np.array([[0.7, 0.5, 0.3], [0.2, 0.3, 0.6], [0.8, 0.4, 0.1], [0.5, 0.2, 0.5], [0.3, 0.3, 0.3]])
_SURFACES = {"table": ("table",), "floor": ("floor",), "wall": ("wall_back", "wall_side")}
_USUAL = {
    "table": np.array([0.90, 0.90, 0.88]),
    "floor": np.array([0.28, 0.33, 0.36]),
    "wall": np.array([0.70, 0.72, 0.74]),
}


def vary_appearance(model: mujoco.MjModel, rng: np.random.Generator, variation: str) -> None:
    """Vary the picture but not the physics.

    Args:
        model: compiled scene, written to.
        rng: all randomness comes from here.
        variation: standard is one lab; cluttered the same through a day, with things lying about; colours
            another room and other things; broad also textures, camera offsets and strong light.
    """
    vary_lights(model, rng, variation)
    _vary_surfaces(model, rng, variation)
    _scatter_clutter(model, rng, variation)
    if variation == "broad":
        _vary_cameras(model, rng)


def vary_lights(model: mujoco.MjModel, rng: np.random.Generator, variation: str) -> None:
    """Vary brightness, tint, place and direction of all lights, as much as the variation asks for."""
    amount = _LIGHT[variation]
    for i in range(model.nlight):
        model.light_diffuse[i] *= 1.0 + rng.uniform(-amount, amount)
        model.light_diffuse[i] *= 1.0 + rng.uniform(-0.3, 0.3, 3) * amount
        shift = rng.uniform(-1.0, 1.0, 3) * amount * np.array([1.0, 1.0, 0.5])
        model.light_pos[i] += shift
        direction = model.light_dir[i] - 0.5 * shift
        model.light_dir[i] = direction / np.linalg.norm(direction)


def _vary_surfaces(model: mujoco.MjModel, rng: np.random.Generator, variation: str) -> None:
    broad = variation == "broad"
    shade = 0.01 if variation in ONE_LAB else 0.05
    names = list(TEXTURES)
    for surface, geoms in _SURFACES.items():
        usual = "speckle" if surface == "table" else "plain"
        texture = names[rng.integers(len(names))] if broad else usual
        colour = rng.uniform(0.15, 1.0, 3) if broad else _USUAL[surface] + rng.uniform(-shade, shade)
        material = model.material(f"{surface}_{texture}").id
        model.mat_rgba[material, :3] = np.clip(colour, 0.0, 1.0)
        for geom in geoms:
            model.geom_matid[model.geom(geom).id] = material


def _vary_cameras(model: mujoco.MjModel, rng: np.random.Generator) -> None:
    for name, pose in CAMERAS.items():
        position = np.array(pose.position) + rng.uniform(-1, 1, 3) * np.array([0.12, 0.10, 0.10])
        target = np.array(pose.target) + rng.uniform(-0.05, 0.05, 3)
        camera = model.camera(name).id
        model.cam_pos[camera] = position
        model.cam_quat[camera] = look_at(position, target)
        model.cam_fovy[camera] = pose.fovy * rng.uniform(0.85, 1.15)


def _scatter_clutter(model: mujoco.MjModel, rng: np.random.Generator, variation: str) -> None:
    chosen = rng.permutation(CLUTTER_COUNT)[: rng.integers(0, _CLUTTER[variation] + 1)]
    for i in chosen:
        geom, body = model.geom(f"clutter{i}").id, model.body(f"clutter{i}").id
        if variation not in ONE_LAB:
            model.geom_size[geom] *= rng.uniform(0.6, 1.3)
        model.geom_rgba[geom, :3] = _LAB_CLUTTER[i] if variation in ONE_LAB else rng.uniform(0.0, 1.0, 3)
        # At the rim of the table, where the arm and the task's objects do not come; mostly in the picture.
        along, side = rng.uniform(-0.1, 0.8), rng.choice([-1, -1, 1]) * rng.uniform(0.30, 0.50)
        model.body_pos[body] = [along, side, 0.045]
        turn = rng.uniform(0, np.pi)
        model.body_quat[body] = [np.cos(turn / 2), 0, 0, np.sin(turn / 2)]
