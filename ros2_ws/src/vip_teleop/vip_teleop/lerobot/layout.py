"""Names and places in a LeRobot v3 dataset.

The layout is that of LeRobot's own documentation (LeRobotDataset v3.0) and of its loader, release 0.4.4:
meta/info.json, meta/stats.json, meta/tasks.parquet, meta/episodes, data and videos in numbered files. Here
every episode has its own data file and its own video, which the format allows.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

from vip_ros.errors import UserError
from vip_ros.extras import install_extra

VERSION = "v3.0"
CHUNK = 1000
"""Files per folder."""

DATA_PATH = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
VIDEO_PATH = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
EPISODES_PATH = "meta/episodes/chunk-000/file-000.parquet"
INFO_PATH, STATS_PATH, TASKS_PATH = "meta/info.json", "meta/stats.json", "meta/tasks.parquet"

IMAGE_KEY = "observation.images.front"
STATE_KEY, ACTION_KEY = "observation.state", "action"
REWARD_KEY, SUCCESS_KEY, DONE_KEY = "next.reward", "next.success", "next.done"
STAMP_KEY = "observation.stamp_ns"
"""Our own column: the camera's stamp, ns since the epoch; `timestamp` is the same from the start, s."""


def pyarrow() -> ModuleType:
    """Return pyarrow with its parquet module; raises UserError where it is not installed."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise UserError("pyarrow is not installed", install_extra("lerobot")) from None
    return pyarrow


def place(episode: int) -> dict[str, int]:
    """Return where the files of an episode are."""
    return {"chunk_index": episode // CHUNK, "file_index": episode % CHUNK}


def data_file(root: Path, episode: int) -> Path:
    """Return the data file of an episode."""
    return root / DATA_PATH.format(**place(episode))


def video_file(root: Path, episode: int) -> Path:
    """Return the video of an episode."""
    return root / VIDEO_PATH.format(video_key=IMAGE_KEY, **place(episode))


def features(
    joints: list[str], has_gripper: bool, size: tuple[int, int], fps: int, rewards: bool
) -> dict[str, Any]:
    """Return the features of info.json.

    Args:
        joints: names of the state's columns.
        has_gripper: whether the action ends with the gripper's width.
        size: height and width of the pictures, px.
        fps: nominal pictures per second, Hz.
        rewards: whether there is a column of rewards.
    """
    arm = [name for name in joints if "finger" not in name]
    video = {
        "video.height": size[0],
        "video.width": size[1],
        "video.codec": "h264",
        "video.pix_fmt": "yuv420p",
        "video.is_depth_map": False,
        "video.fps": fps,
        "video.channels": 3,
        "has_audio": False,
    }
    made: dict[str, Any] = {
        IMAGE_KEY: {
            "dtype": "video",
            "shape": [*size, 3],
            "names": ["height", "width", "channels"],
            "info": video,
        },
        STATE_KEY: _vector("float32", joints),
        ACTION_KEY: _vector("float32", [*arm, *(["gripper_width"] if has_gripper else [])]),
        SUCCESS_KEY: _scalar("bool"),
        DONE_KEY: _scalar("bool"),
        STAMP_KEY: _scalar("int64"),
    }
    if rewards:
        made[REWARD_KEY] = _scalar("float32")
    made["timestamp"] = _scalar("float32")
    for name in ("frame_index", "episode_index", "index", "task_index"):
        made[name] = _scalar("int64")
    return made


def _vector(dtype: str, names: list[str]) -> dict[str, Any]:
    return {"dtype": dtype, "shape": [len(names)], "names": names}


def _scalar(dtype: str) -> dict[str, Any]:
    return {"dtype": dtype, "shape": [1], "names": None}
