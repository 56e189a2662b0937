"""What an encoder is worth: the order of its distances, and whether it still knows where things are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from franka_node.sim.dataset import render_videos
from franka_node.sim.lockstep import LockstepEnv
from franka_node.sim.tasks import table_tasks
from vip_models import Encoder
from vip_reward_node.metrics import bumps, voc
from vip_reward_node.video import Footage

Embed = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
Figures = dict[str, dict[str, float]]
SCENE_PARTS = ("x_cm", "y_cm", "yaw_degrees", "opening_cm")
_RIDGES = (1e-3, 1e-2, 1e-1, 1.0, 10.0, 100.0)


def held_out_videos(task: str, count: int, seed: int) -> list[NDArray[np.uint8]]:
    """Render demonstrations of a task that no training saw, each [T,H,W,3] at 10 Hz.

    Scenes, colours, light, clutter and, in half of them, textures and camera offsets are new.
    """
    return list(render_videos(count, seed, tasks=[task], styles=("expert",)))


def order_figures(embed: Embed, videos: Sequence[NDArray[np.uint8]]) -> dict[str, float]:
    """Return mean VOC and bumps of the distance to each video's last frame."""
    curves = []
    for video in videos:
        embeddings = embed(video)
        curves.append(np.linalg.norm(embeddings - embeddings[-1], axis=1))
    return {
        "voc": round(float(np.mean([voc(curve) for curve in curves])), 3),
        "bumps": round(float(np.mean([bumps(curve) for curve in curves])), 3),
    }


def scenes(count: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Return first frames [N,H,W,3] of CloseDrawer and what is in them [N,4] (see SCENE_PARTS)."""
    env = LockstepEnv("close_drawer", seed)
    frames, truths = [], []
    for i in range(count):
        env.reset(seed + i)
        frames.append(env.observe()[0])
        body, data = env.world.model.body("cabinet"), env.world.data
        yaw = np.rad2deg(2 * np.arctan2(body.quat[3], body.quat[0]))
        opening = data.joint("drawer").qpos[0]
        truths.append([100 * body.pos[0], 100 * body.pos[1], yaw, 100 * opening])
    env.close()
    return np.stack(frames), np.array(truths)


def probe(features: NDArray[np.floating], truths: NDArray[np.float64], train: int) -> dict[str, float]:
    """Fit truth [N,4] from features [N,D] linearly on the first rows; return the mean error on the rest.

    Ridge regression in its dual form; the penalty is the best of a few on the last quarter of those rows.
    """
    fit = train * 3 // 4
    penalty = min(
        _RIDGES, key=lambda r: np.mean(_errors(features, truths, slice(fit), slice(fit, train), r, True))
    )
    errors = _errors(features, truths, slice(train), slice(train, None), penalty, False)
    return {name: round(float(error), 2) for name, error in zip(SCENE_PARTS, errors, strict=True)}


def _errors(
    features: NDArray[np.floating],
    truths: NDArray[np.float64],
    fit: slice,
    test: slice,
    penalty: float,
    scaled: bool,
) -> NDArray[np.float64]:
    mean, spread = features[fit].mean(axis=0), features[fit].std(axis=0) + 1e-6
    a, b = (features[fit] - mean) / spread, (features[test] - mean) / spread
    centre = truths[fit].mean(axis=0)
    kernel = a @ a.T / a.shape[1] + penalty * np.eye(len(a))
    predicted = b @ a.T / a.shape[1] @ np.linalg.solve(kernel, truths[fit] - centre) + centre
    errors = np.abs(predicted - truths[test]).mean(axis=0)
    return errors / truths[fit].std(axis=0) if scaled else errors


def pixels(frames: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the frames themselves as features [N, 30*40*3]: every eighth pixel's 8x8 mean."""
    count, height, width, _ = frames.shape
    blocks = frames[:, : height // 8 * 8, : width // 8 * 8].reshape(count, height // 8, 8, width // 8, 8, 3)
    return blocks.mean(axis=(2, 4), dtype=np.float32).reshape(count, -1)


def figures(
    encoders: dict[str, Encoder], real: Path | None, seed: int, videos: int = 20
) -> dict[str, Figures]:
    """Measure encoders, and plain pixels, on held-out simulated scenes and on a folder of real videos.

    Args:
        encoders: by the name that their row has.
        real: folder of videos, or None.
        seed: of the held-out scenes.
        videos: held-out demonstrations of each task.

    Returns:
        Per encoder, figures by task, by real video and for the read-out of positions.
    """
    demonstrations = {task: held_out_videos(task, videos, seed) for task in table_tasks()}
    frames, truths = scenes(300, seed + videos)
    films = (
        {}
        if real is None
        else {p.stem: np.stack([f.rgb for f in Footage(p)]) for p in sorted(real.glob("*.mp4"))}
    )
    ways: dict[str, Embed] = {
        "pixels": pixels,
        **{name: encoder.encode for name, encoder in encoders.items()},
    }
    report = {}
    for name, embed in ways.items():
        row = {task: order_figures(embed, shown) for task, shown in demonstrations.items()}
        row.update({f"real_{film}": order_figures(embed, [pictures]) for film, pictures in films.items()})
        row["read_out"] = probe(embed(frames), truths, 200)
        report[name] = row
    return report
