"""A LeRobot v3 dataset → episodes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from sensor_msgs.msg import JointState

from vip_ros.errors import UserError
from vip_ros.images import array_to_image
from vip_ros.stamps import from_ns
from vip_teleop.episode import IMAGE_TOPIC, JOINT_COMMAND_TOPIC, JOINT_STATE_TOPIC
from vip_teleop.episode_writer import EpisodeWriter
from vip_teleop.lerobot import layout
from vip_teleop.lerobot.video import read_video

_FINGERS = ("panda_finger_joint1", "panda_finger_joint2")
_WIDTH = "gripper_width"
_LONGEST, _LATEST_NS = 1e6, 2**31 * 10**9
"""What a time of an episode, s, and a stamp stay below; ROS counts the seconds of a stamp in 32 bits."""

_STRANGE = (LookupError, TypeError, ValueError, AttributeError, OverflowError)
"""What reading a file of another structure than expected brings about."""

_EPOCH_NS = 1_600_000_000_000_000_000
"""Where the time of a dataset without absolute stamps begins; episodes follow one another from there."""


class Dataset:
    """A dataset on disk.

    Args:
        root: its folder.

    Raises:
        UserError: not a dataset of version 3, or one without a camera, joints or actions.
    """

    def __init__(self, root: Path) -> None:
        pa = layout.pyarrow()
        self.root = root
        try:
            self.info: dict[str, Any] = json.loads((root / layout.INFO_PATH).read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise UserError("not a LeRobot dataset", str(error), str(root)) from None
        if not isinstance(self.info, dict):
            raise UserError("not a LeRobot dataset", f"{layout.INFO_PATH} is no mapping", str(root))
        version = str(self.info.get("codebase_version", "?"))
        if not version.startswith("v3"):
            cure = "convert it with LeRobot's convert_dataset_v21_to_v30"
            raise UserError(f"a LeRobot dataset of version {version}", cure, str(root))
        try:
            files = sorted((root / "meta/episodes").glob("*/*.parquet"))
            self.episodes = [row for file in files for row in pa.parquet.read_table(file).to_pylist()]
            features = self.info["features"]
            self.camera = next(key for key, value in features.items() if value["dtype"] == "video")
            self.state_names = _names(features, layout.STATE_KEY)
            self.action_names = _names(features, layout.ACTION_KEY)
        except (OSError, StopIteration, pa.ArrowException, *_STRANGE) as error:
            cure = f"it needs a video, {layout.STATE_KEY} and {layout.ACTION_KEY} ({error!r})"
            raise UserError("this dataset cannot become episodes", cure, str(root)) from None

    def rows(self, entry: dict[str, Any]) -> dict[str, np.ndarray]:
        """Return the columns of an episode, [T, ...] each; UserError where they are missing or do not fit."""
        pa = layout.pyarrow()
        with self._readable():
            where = {name: entry[f"data/{name}"] for name in ("chunk_index", "file_index")}
            path, index = self._inside("data_path", where), entry["episode_index"]
            try:
                table = pa.parquet.read_table(path, filters=[("episode_index", "=", index)])
            except (OSError, pa.ArrowException) as error:
                raise UserError("the dataset is damaged", str(error), str(self.root)) from None
            rows = {name: np.array(table[name].to_pylist()) for name in table.column_names}
            needed = {layout.STATE_KEY: self.state_names, layout.ACTION_KEY: self.action_names}
            for key, names in needed.items():
                if _numbers(rows[key]) != len(names):
                    raise ValueError(f"{key} is not {len(names)} numbers per row")
            for key, most in (("timestamp", _LONGEST), (layout.STAMP_KEY, _LATEST_NS)):
                if key == layout.STAMP_KEY and key not in rows:
                    continue
                times = rows[key]
                if not len(times) or _numbers(times) != 1 or not ((times >= 0) & (times < most)).all():
                    raise ValueError(f"{key} is not a time per row")
                rows[key] = times.reshape(-1)
            return rows

    def video(self, entry: dict[str, Any]) -> tuple[Path, float, float]:
        """Return the video of an episode and its part of it, s; UserError where they are missing."""
        prefix = f"videos/{self.camera}"
        with self._readable():
            where = {name: entry[f"{prefix}/{name}"] for name in ("chunk_index", "file_index")}
            path = self._inside("video_path", {"video_key": self.camera, **where})
            return path, float(entry[f"{prefix}/from_timestamp"]), float(entry[f"{prefix}/to_timestamp"])

    def task(self, entry: dict[str, Any]) -> str:
        """Return what an episode was about; UserError where it is missing."""
        with self._readable():
            return str(entry["tasks"][0])

    @contextmanager
    def _readable(self) -> Iterator[None]:
        """Turn what a structure other than LeRobot's brings about into a UserError."""
        try:
            yield
        except _STRANGE as error:
            raise UserError("the dataset is damaged", repr(error), str(self.root)) from error

    def _inside(self, pattern: str, where: dict[str, Any]) -> Path:
        """Return the file that a pattern of info.json names; raises UserError for one outside the dataset."""
        try:
            path = (self.root / self.info[pattern].format(**where)).resolve()
        except (ValueError, LookupError, AttributeError, TypeError) as error:
            raise UserError(f"the dataset's {pattern} cannot be read", repr(error), str(self.root)) from None
        if not path.is_relative_to(self.root.resolve()):
            raise UserError(f"the dataset's {pattern} leads out of it", "do not trust it", str(self.root))
        return path


def import_dataset(
    root: Path, directory: Path, told: Callable[[int, int], None] = lambda *_: None
) -> list[Path]:
    """Write every episode of a dataset into a folder; returns their folders.

    Pictures come as the video has them, which is not without loss. The stamps are the dataset's own where it
    holds them, else its timestamps counted from a fixed date.

    Args:
        root: folder of the dataset.
        directory: folder of the episodes; created.
        told: called with the number of episodes done and of all.

    Raises:
        UserError: see Dataset; a video whose frames are not those of the rows.
    """
    dataset = Dataset(root)
    made = []
    start_ns = _EPOCH_NS
    for index, entry in enumerate(dataset.episodes):
        rows = dataset.rows(entry)
        made.append(_write(dataset, entry, rows, directory, start_ns))
        start_ns += round(float(rows["timestamp"][-1]) * 1e9) + 10_000_000_000
        told(index + 1, len(dataset.episodes))
    return made


def _write(
    dataset: Dataset, entry: dict[str, Any], rows: dict[str, np.ndarray], directory: Path, start_ns: int
) -> Path:
    stamps = _stamps(rows, start_ns)
    period = int(np.median(np.diff(stamps))) if len(stamps) > 1 else 0
    following = np.append(stamps[1:], stamps[-1] + period).tolist()
    task = _file_name(dataset.task(entry))
    count = 0
    with EpisodeWriter(directory, task, teleop="lerobot") as writer:
        frames = read_video(*dataset.video(entry))
        for (_, pixels), stamp, due in zip(frames, stamps.tolist(), following, strict=False):
            state = _joints(dataset.state_names, rows[layout.STATE_KEY][count], stamp)
            command = _joints(dataset.action_names, rows[layout.ACTION_KEY][count], stamp)
            writer.write(JOINT_STATE_TOPIC, state, stamp)
            writer.write(IMAGE_TOPIC, array_to_image(pixels, from_ns(stamp), "camera_optical_frame"), stamp)
            writer.write(JOINT_COMMAND_TOPIC, command, due)
            count += 1
        if count != len(stamps):
            problem = f"{len(stamps)} rows and {count} pictures"
            raise UserError(f"the dataset is damaged: {problem}", "export it again", str(dataset.root))
        return writer.finish(_outcome(rows), f"imported from {dataset.root.name}")


def _outcome(rows: dict[str, np.ndarray]) -> str:
    if layout.SUCCESS_KEY not in rows:
        return "unknown"
    return "success" if bool(rows[layout.SUCCESS_KEY].any()) else "failure"


def _stamps(rows: dict[str, np.ndarray], start_ns: int) -> np.ndarray:
    if layout.STAMP_KEY in rows:
        return rows[layout.STAMP_KEY].astype(np.int64)
    return start_ns + np.round(rows["timestamp"].astype(np.float64) * 1e9).astype(np.int64)


def _joints(names: list[str], values: np.ndarray, stamp: int) -> JointState:
    """Return a joint state; a gripper's width becomes the travel of two fingers, half each."""
    message = JointState()
    message.header.stamp = from_ns(stamp)
    for name, value in zip(names, np.atleast_1d(values).tolist(), strict=True):
        if name == _WIDTH:
            message.name.extend(_FINGERS)
            message.position.extend([value / 2, value / 2])
        else:
            message.name.append(name)
            message.position.append(value)
    return message


def _names(features: dict[str, Any], key: str) -> list[str]:
    names = features[key]["names"]
    if isinstance(names, dict):  # some datasets name a group of columns
        names = next(iter(names.values()))
    return (
        [str(name) for name in names] if names else [f"{key}_{i}" for i in range(features[key]["shape"][0])]
    )


def _numbers(column: np.ndarray) -> int:
    """Return how many numbers a column [T] or [T, N] has per row; 0 for anything else."""
    if column.dtype.kind not in "fiu" or column.ndim > 2:
        return 0
    return 1 if column.ndim == 1 else int(column.shape[1])


def _file_name(task: str) -> str:
    kept = "".join(letter if letter.isalnum() else "_" for letter in task.lower()).strip("_")
    return kept or "imported"
