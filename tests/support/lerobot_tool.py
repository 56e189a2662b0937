"""LeRobot's own code at work on datasets; runs under any Python that has it, without this project.

PYTHON lerobot_tool.py read DATASET OUT.npz
PYTHON lerobot_tool.py write DATASET
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

CAMERA = "observation.images.front"
LENGTHS = (9, 7)
"""Frames of the two episodes that are written."""
FPS = 20
TASKS = ("Close the drawer!", "open it")


def row(episode: int, index: int) -> dict[str, np.ndarray]:
    """Return one frame of the dataset that is written: smooth, so that a video keeps it."""
    pixels = np.zeros((48, 64, 3), np.uint8)
    pixels[:, : 5 * index + 4, episode] = 180
    state = np.array([episode, index], np.float32)
    return {"observation.state": state, "action": state + 1, CAMERA: pixels}


def read(root: Path, out: Path) -> None:
    """Load every item of a dataset and keep it as arrays."""
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    loaded = LeRobotDataset("local/dataset", root=root, video_backend="pyav")
    items = [loaded[index] for index in range(len(loaded))]
    columns = {
        name: np.stack([np.asarray(item[name]) for item in items]) for name in items[0] if name != "task"
    }
    tasks = np.array([item["task"] for item in items])
    np.savez(out, task=tasks, counts=[loaded.num_episodes, loaded.num_frames, loaded.fps], **columns)


def write(root: Path) -> None:
    """Make a dataset as LeRobot's own recorder does."""
    from lerobot.datasets.lerobot_dataset import LeRobotDataset

    vector = {"dtype": "float32", "shape": (2,), "names": ["first", "second"]}
    picture = {"dtype": "video", "shape": (48, 64, 3), "names": ["height", "width", "channels"]}
    features = {"observation.state": vector, "action": vector, CAMERA: picture}
    made = LeRobotDataset.create("local/dataset", FPS, features, root=root, robot_type="toy", use_videos=True)
    for episode, length in enumerate(LENGTHS):
        for index in range(length):
            made.add_frame({**row(episode, index), "task": TASKS[episode]})
        made.save_episode()
    made.finalize()


if __name__ == "__main__":
    {"read": read, "write": write}[sys.argv[1]](*map(Path, sys.argv[2:]))
