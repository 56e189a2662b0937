"""The Franka kitchen: the furniture of gymnasium-robotics before this project's own arm, and its cameras.

Gupta et al., "Relay Policy Learning", 2019, as carried by gymnasium-robotics. Its models are read where that
package is installed; nothing of them is part of this project. Their textures and reflections are left out:
they cost the renderer all but a tenth of its speed, without a graphics card.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import mujoco
import numpy as np
from numpy.typing import NDArray

from franka_node.sim.appearance import vary_lights
from franka_node.sim.objects import visual_only
from franka_node.sim.panda import VISUAL_GROUP, add_panda
from franka_node.sim.scene import add_sky, look_at, set_options

Array = NDArray[np.float64]

PACKAGE, EXTRA = "gymnasium_robotics", "kitchen"
_ITEMS = ("oven", "counters", "backwall", "slidecabinet", "hingecabinet", "microwave", "kettle")
_FURNITURE_GROUP = 1  # of the visible geoms in gymnasium-robotics
_BASE_HEIGHT = 1.8  # m, of the robot's foot above the kitchen's floor
KETTLE = np.array([0.35, 0.269, -0.174])  # m
# Where the furniture stands in the kitchen's own frame: metres, radians about the vertical.
_PLACES = {
    "counters": ("0 0 0", 0.0),
    "oven": ("0 0 0", 0.0),
    "backwall": ("0 0 0", 0.0),
    "slidecabinet": ("0.4 0.3 2.6", 0.0),
    "hingecabinet": ("-0.504 0.28 2.6", 0.0),
    "microwave": ("-0.75 -0.025 1.6", 0.3),
}
# The VIP paper's cameras, in the kitchen's frame: place [m] and quaternion w x y z.
_PAPER = {
    "left": ((-1.4, -0.75, 3.0), (0.78, 0.49, -0.22, -0.32)),
    "right": ((1.4, -0.75, 3.0), (0.76, 0.50, 0.21, 0.35)),
}
# Others, in the frame of the robot: place and what is looked at, m.
_OWN = {
    "front": ((-1.35, 0.55, 1.25), (0.6, 0.2, 0.3)),
    "top": ((0.1, 0.2, 2.1), (0.45, 0.2, 0.1)),
}
_FOVY = 45.0  # degrees
_TURN = np.array([np.sqrt(0.5), 0.0, 0.0, -np.sqrt(0.5)])  # from the kitchen's frame to the robot's
# Materials are told apart by their last word.
_COLOURS = {
    "blue": (0.46, 0.50, 0.60),
    "metal": (0.70, 0.71, 0.73),
    "marble": (0.78, 0.76, 0.72),
    "wood": (0.50, 0.34, 0.20),
    "black": (0.17, 0.17, 0.18),
    "white": (0.90, 0.90, 0.90),
    "window": (0.28, 0.29, 0.31),
    "block": (0.10, 0.10, 0.10),
    "burner": (0.90, 0.10, 0.05),
}
_UNPAINTED = (0.5, 0.5, 0.5, 1.0)  # a geom whose material gives the colour
_REPAINTED = ("blue", "metal", "marble", "black", "white")


def missing() -> str:
    """Return the package that is not installed, empty when it is."""
    return "" if find_spec(PACKAGE) else f"the furniture of the package {PACKAGE.replace('_', '-')}"


def kitchen_scene() -> mujoco.MjSpec:
    """Return the kitchen with the arm in it; the body 'kitchen' carries all furniture but the kettle."""
    spec = mujoco.MjSpec.from_string(_document(_assets()))
    set_options(spec)
    for light in spec.lights:
        light.castshadow = False
    _paint(spec)
    add_panda(spec)
    _add_surroundings(spec)
    return spec


def vary_kitchen_looks(model: mujoco.MjModel, rng: np.random.Generator, variation: str) -> None:
    """Vary the lights and, for encoder training, the cameras; arguments as of vary_appearance."""
    vary_lights(model, rng, variation)
    if variation != "broad":
        return
    for camera in range(model.ncam):
        model.cam_pos[camera] += rng.uniform(-1, 1, 3) * 0.10
        mujoco.mju_quatIntegrate(model.cam_quat[camera], rng.uniform(-1, 1, 3) * 0.04, 1.0)
        model.cam_fovy[camera] = _FOVY * rng.uniform(0.85, 1.15)


def recolour_furniture(model: mujoco.MjModel, shades: Array) -> None:
    """Give cabinets, handles, worktop, stove and kettle the colours [5, 3]."""
    new = dict(zip(_REPAINTED, shades, strict=True))
    for geom in np.flatnonzero(model.geom_matid >= 0):
        kind = _kind(model.mat(model.geom_matid[geom]).name)
        if kind in new:
            model.geom_rgba[geom, :3] = new[kind]


def draw_colours(rng: np.random.Generator) -> Array:
    """Return colours for recolour_furniture [5, 3]: handles bright enough to stand out."""
    shades = rng.uniform(0.15, 0.85, (len(_REPAINTED), 3))
    shades[_REPAINTED.index("metal")] = rng.uniform(0.6, 0.95) + rng.uniform(-0.05, 0.05, 3)
    shades[_REPAINTED.index("black")] *= 0.6
    return shades


def _assets() -> Path:
    found = find_spec(PACKAGE)
    assert found is not None and found.submodule_search_locations, "asked for by name only when installed"
    return Path(found.submodule_search_locations[0]) / "envs" / "assets" / "kitchen_franka"


def _document(assets: Path) -> str:
    """Return the MJCF that includes the furniture's own files, each where it stands."""
    files = assets / "kitchen_assets" / "item_assets"
    parts = "".join(_include(files / f"{item}_asset.xml") for item in _ITEMS)
    bodies = "".join(
        f'<body pos="{place}" euler="0 0 {turn}">{_include(files / f"{item}_chain.xml")}</body>'
        for item, (place, turn) in _PLACES.items()
    )
    turn = " ".join(map(str, _TURN))
    return (
        f'<mujoco><compiler angle="radian" meshdir="{assets}/franka_assets/meshes"'
        f' texturedir="{assets}/kitchen_assets/textures"/>{parts}<worldbody>'
        f'<body name="kitchen" pos="0 0 {-_BASE_HEIGHT}" quat="{turn}">'
        f'<body pos="-0.1 0.75 0">{bodies}</body></body>'
        f'<body name="kettle"><freejoint name="kettle_free"/>{_include(files / "kettle_chain.xml")}</body>'
        "</worldbody></mujoco>"
    )


def _include(file: Path) -> str:
    return f'<include file="{file}"/>'


def _paint(spec: mujoco.MjSpec) -> None:
    for geom in spec.geoms:
        if geom.group != _FURNITURE_GROUP:
            continue
        geom.group = VISUAL_GROUP
        if np.array_equal(geom.rgba, _UNPAINTED):
            geom.rgba = [*_COLOURS[_kind(geom.material)], 1.0]
        else:
            geom.material = ""
    for material in spec.materials:
        material.textures = [""] * len(material.textures)
        material.reflectance = 0.0
        material.specular, material.shininess = 0.2, 0.3
    for texture in list(spec.textures):
        spec.delete(texture)


def _kind(material: str) -> str:
    return material.rsplit("_", 1)[-1]


def _add_surroundings(spec: mujoco.MjSpec) -> None:
    world = spec.worldbody
    for name, (place, quat) in _PAPER.items():
        world.add_camera(name=name, pos=_turned(place), quat=_times(_TURN, quat), fovy=_FOVY)
    for name, (place, target) in _OWN.items():
        world.add_camera(name=name, pos=place, quat=look_at(place, target), fovy=_FOVY)
    post, floor = mujoco.mjtGeom.mjGEOM_CYLINDER, mujoco.mjtGeom.mjGEOM_BOX
    half = _BASE_HEIGHT / 2
    world.add_geom(
        name="post",
        type=post,
        pos=[0, 0.04, -half],
        size=[0.12, half, 0],
        rgba=[0.5] * 3 + [1],
        **visual_only(),
    )
    world.add_geom(
        name="floor",
        type=floor,
        pos=[0, 0, -_BASE_HEIGHT - 0.05],
        size=[3, 3, 0.05],
        rgba=[0.6, 0.58, 0.55, 1],
        **visual_only(),
    )
    for name, place, direction, shade in (
        ("key", (-0.8, 1.0, 1.9), (0.7, -0.4, -0.7), 0.45),
        ("fill", (-0.8, -1.2, 1.6), (0.7, 0.6, -0.5), 0.25),
    ):
        world.add_light(
            name=name,
            pos=place,
            dir=direction,
            diffuse=[shade] * 3,
            specular=[0.1] * 3,
            castshadow=False,
        )
    add_sky(spec)


def _turned(place: tuple[float, float, float]) -> list[float]:
    x, y, z = place
    return [y, -x, z - _BASE_HEIGHT]


def _times(a: Array, b: tuple[float, float, float, float]) -> Array:
    product = np.zeros(4)
    mujoco.mju_mulQuat(product, a, np.array(b))
    return product
