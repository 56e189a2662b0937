"""Episodes → a LeRobot v3 dataset."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vip_ros.errors import UserError
from vip_teleop.episode_reader import EpisodeReader
from vip_teleop.lerobot import layout
from vip_teleop.lerobot.rows import EpisodeRows, read_rows
from vip_teleop.lerobot.statistics import PictureFigures, column_figures
from vip_teleop.lerobot.video import write_video

Table = dict[str, NDArray[Any]]


def export(
    episodes: Sequence[Path],
    out: Path,
    robot: str = "panda",
    told: Callable[[int], None] = lambda _: None,
) -> Path:
    """Write episodes as a dataset; it appears under its name when it is complete.

    Args:
        episodes: their folders; all with the same joints and picture size.
        out: folder of the dataset, which must not exist.
        robot: name of the robot's type.
        told: called with the number of episodes done.

    Raises:
        UserError: no episodes, several robots or sizes, a damaged episode, a folder that exists.
    """
    layout.pyarrow()
    if not episodes:
        raise UserError("there are no episodes", "record some with 'vip record'")
    if out.exists():
        raise UserError(f"{out} exists already", "name a new folder with --out")
    out.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        _Exporter(beside, episodes, robot).run(told)
        beside.chmod(0o755)
        return beside.rename(out)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


class _Exporter:
    """Writes one dataset into an empty folder."""

    def __init__(self, root: Path, episodes: Sequence[Path], robot: str) -> None:
        self._root, self._robot = root, robot
        self._readers = [EpisodeReader(path) for path in episodes]
        self._rows = [read_rows(reader) for reader in self._readers]
        first = self._rows[0]
        for reader, rows in zip(self._readers, self._rows, strict=True):
            if rows.joints != first.joints or rows.has_gripper != first.has_gripper:
                raise UserError(
                    "the episodes are of different robots", "export each by itself", str(reader.path)
                )
        self._tasks = sorted({rows.task for rows in self._rows})
        periods = np.concatenate([np.diff(rows.stamps) for rows in self._rows])
        self._fps = max(1, round(1e9 / float(np.median(periods))))
        # A column is there for all or for none: a reward that was never measured is not 0.
        self._rewards = all(rows.rewards is not None for rows in self._rows)
        self._size: tuple[int, int] | None = None
        self._pictures = PictureFigures()
        self._entries: list[dict[str, Any]] = []
        self._tables: list[Table] = []

    def run(self, told: Callable[[int], None]) -> None:
        index = 0
        for episode, (reader, rows) in enumerate(zip(self._readers, self._rows, strict=True)):
            table = self._table(rows, episode, index)
            _write_table(layout.data_file(self._root, episode), table)
            write_video(layout.video_file(self._root, episode), self._frames(reader), self._fps)
            self._entries.append(self._entry(rows, episode, index))
            self._tables.append(table)
            index += len(rows.stamps)
            told(episode + 1)
        self._write_meta(index)

    def _table(self, rows: EpisodeRows, episode: int, index: int) -> Table:
        count = len(rows.stamps)
        last = np.arange(count) == count - 1
        table: Table = {
            layout.STATE_KEY: rows.state,
            layout.ACTION_KEY: rows.action,
            layout.SUCCESS_KEY: last & rows.success,
            layout.DONE_KEY: last,
            layout.STAMP_KEY: rows.stamps,
        }
        if self._rewards and rows.rewards is not None:
            # R belongs to the step that ends with the next picture.
            table[layout.REWARD_KEY] = np.append(rows.rewards[1:], np.float32(0.0))
        table["timestamp"] = rows.timestamps.astype(np.float32)
        table["frame_index"] = np.arange(count)
        table["episode_index"] = np.full(count, episode)
        table["index"] = np.arange(index, index + count)
        table["task_index"] = np.full(count, self._tasks.index(rows.task))
        return table

    def _frames(self, reader: EpisodeReader) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        for stamp, pixels in reader.images():
            size = (pixels.shape[0], pixels.shape[1])
            self._size = self._size or size
            if size != self._size:
                raise UserError("the pictures differ in size", "export each size by itself", str(reader.path))
            self._pictures.add(pixels)
            yield stamp, pixels

    def _entry(self, rows: EpisodeRows, episode: int, index: int) -> dict[str, Any]:
        where = layout.place(episode)
        video = f"videos/{layout.IMAGE_KEY}"
        return {
            "episode_index": episode,
            "tasks": [rows.task],
            "length": len(rows.stamps),
            **{f"data/{name}": value for name, value in where.items()},
            "dataset_from_index": index,
            "dataset_to_index": index + len(rows.stamps),
            **{f"{video}/{name}": value for name, value in where.items()},
            f"{video}/from_timestamp": 0.0,
            f"{video}/to_timestamp": float(rows.timestamps[-1] + 1.0 / self._fps),
            "meta/episodes/chunk_index": 0,
            "meta/episodes/file_index": 0,
        }

    def _write_meta(self, frames: int) -> None:
        assert self._size is not None  # every episode has pictures
        first = self._rows[0]
        info = {
            "codebase_version": layout.VERSION,
            "robot_type": self._robot,
            "total_episodes": len(self._rows),
            "total_frames": frames,
            "total_tasks": len(self._tasks),
            "chunks_size": layout.CHUNK,
            "data_files_size_in_mb": 100,
            "video_files_size_in_mb": 200,
            "fps": self._fps,
            "splits": {"train": f"0:{len(self._rows)}"},
            "data_path": layout.DATA_PATH,
            "video_path": layout.VIDEO_PATH,
            "features": layout.features(
                first.joints, first.has_gripper, self._size, self._fps, self._rewards
            ),
        }
        figures = {
            name: column_figures(np.concatenate([table[name] for table in self._tables]))
            for name in self._tables[0]
        }
        figures[layout.IMAGE_KEY] = self._pictures.figures()
        _write_json(self._root / layout.INFO_PATH, info)
        _write_json(self._root / layout.STATS_PATH, figures)
        _write_entries(self._root / layout.EPISODES_PATH, self._entries)
        _write_tasks(self._root / layout.TASKS_PATH, self._tasks)


def _write_table(path: Path, table: Table) -> None:
    pa = layout.pyarrow()
    columns = {}
    for name, values in table.items():
        flat = pa.array(values.ravel())
        columns[name] = flat if values.ndim == 1 else pa.FixedSizeListArray.from_arrays(flat, values.shape[1])
    path.parent.mkdir(parents=True, exist_ok=True)
    pa.parquet.write_table(pa.table(columns), path, compression="snappy")


def _write_entries(path: Path, entries: list[dict[str, Any]]) -> None:
    pa = layout.pyarrow()
    path.parent.mkdir(parents=True, exist_ok=True)
    pa.parquet.write_table(pa.Table.from_pylist(entries), path, compression="snappy")


def _write_tasks(path: Path, tasks: list[str]) -> None:
    """Write the tasks with their names as the index, as pandas has it: the loader looks there."""
    pa = layout.pyarrow()
    table = pa.table({"task_index": pa.array(range(len(tasks)), pa.int64()), "task": pa.array(tasks)})

    def column(name: str, kind: str, stored: str) -> dict[str, Any]:
        return {
            "name": name,
            "field_name": name,
            "pandas_type": kind,
            "numpy_type": stored,
            "metadata": None,
        }

    pandas = {
        "index_columns": ["task"],
        "column_indexes": [],
        "columns": [column("task_index", "int64", "int64"), column("task", "unicode", "object")],
        "creator": {"library": "pyarrow", "version": pa.__version__},
        "pandas_version": "2.0.0",
    }
    pa.parquet.write_table(table.replace_schema_metadata({"pandas": json.dumps(pandas)}), path)


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=4), encoding="utf-8")
