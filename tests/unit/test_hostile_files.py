"""What a stranger's file may not do: run, fill the memory, or reach files outside its folder."""

from __future__ import annotations

import json
import pickle
import resource
import struct
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.policies import toy_bundle

from policy_node.bundle import load_bundle
from vip_bringup.graph import build_graph
from vip_models.card import EncoderCard, load_card
from vip_models.formats.torch_file import load_torch_file
from vip_models.goals import Goal, GoalLibrary, load_goal, save_goal
from vip_models.pretraining.sources.arrays import ArrayFile
from vip_models.pretraining.sources.folders import read_image as read_frame
from vip_reward_node.video import read_image
from vip_ros.config import load_yaml
from vip_ros.errors import UserError
from vip_teleop.episode import check_task, load_info
from vip_teleop.overlay import _image as read_reference

TAGS = (
    "!!python/object/apply:os.system ['touch {marker}']",
    "!!python/object/new:os.system ['touch {marker}']",
    "x: !!python/name:os.system",
    "!!python/module:os",
)
OUTSIDE = ("../x", "..", "a/../../x", "/etc/passwd", "a/b", "a\\..\\b", "", ".hidden", "x\n", "x\0y", "~/x")
YAML_READERS: dict[str, Callable[[Path], Any]] = {
    "configuration": load_yaml,
    "encoder card": lambda path: load_card(str(path)),
    "graph": lambda path: build_graph(str(path)),
    "episode": lambda path: load_info(_renamed(path, "episode.yaml").parent),
    "policy": lambda path: load_bundle(_renamed(path, "config.yaml").parent),
}
PICTURE_READERS: dict[str, Callable[[Path], Any]] = {
    "goal or frame": read_image,
    "pre-training": read_frame,
    "overlay": read_reference,
}


def _renamed(path: Path, name: str) -> Path:
    return path.replace(path.with_name(name))


@pytest.fixture
def little_memory() -> Iterator[None]:
    """Let this process have at most 3 GB more than it has: a bomb that goes off is a MemoryError."""
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (used + 3 * 10**9, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


class _Bomb:
    def __init__(self, marker: Path) -> None:
        self._marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self._marker,))


@pytest.mark.parametrize("reader", YAML_READERS)
@pytest.mark.parametrize("tag", TAGS)
def test_tags_in_yaml_make_no_objects(tmp_path: Path, reader: str, tag: str) -> None:
    marker = tmp_path / "ran"
    path = tmp_path / "file.yaml"
    path.write_text(tag.format(marker=marker))
    with pytest.raises(UserError):
        YAML_READERS[reader](path)
    assert not marker.exists()


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(
            ["a0: &a0 [x, x]", *(f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]" for k in range(1, 12))]
        ),
        "a: &a [*a, *a]",
        "[" * 20_000,
        "x: " + "y" * 11_000_000,
    ],
    ids=["nine laughs", "without end", "deep", "long"],
)
def test_yaml_that_unfolds_to_too_much_is_refused(tmp_path: Path, little_memory: None, text: str) -> None:
    path = tmp_path / "file.yaml"
    path.write_text(text)
    with pytest.raises(UserError):
        load_yaml(path)


def test_aliases_of_a_usual_configuration_are_read(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_text("a: &a {x: 1, y: [1, 2]}\nb: *a\nc: *a\n")
    assert load_yaml(path)["c"] == {"x": 1, "y": [1, 2]}


@pytest.mark.timeout(400)  # torch is imported here, which takes its time on a busy machine
@pytest.mark.parametrize("name", ["weights.pt", "goal.npz", "frames.npy"])
def test_pickles_are_not_run(tmp_path: Path, name: str) -> None:
    marker, path = tmp_path / "ran", tmp_path / name
    bomb = np.array([_Bomb(marker)], dtype=object)
    if name == "weights.pt":
        path.write_bytes(pickle.dumps({"state": _Bomb(marker)}, protocol=2))
        read: Callable[[], Any] = lambda: load_torch_file(path)  # noqa: E731
    elif name == "goal.npz":
        np.savez(path, name="x", encoder="x", embedding=bomb, image=bomb, threshold=0.0)
        read = lambda: load_goal(path)  # noqa: E731
    else:
        np.save(path, bomb, allow_pickle=True)
        read = lambda: next(ArrayFile(path).frames())  # noqa: E731
    with pytest.raises((UserError, pickle.UnpicklingError)):
        read()
    assert not marker.exists()


def _png_bomb(width: int, height: int) -> bytes:
    """Return a PNG that says how large it is and has next to nothing in it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    row = zlib.compress(bytes(100_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", row) + chunk(b"IEND", b"")


@pytest.mark.parametrize("reader", PICTURE_READERS)
@pytest.mark.parametrize("size", [(30_000, 30_000), (10_000, 6_000), (2**31 - 1, 1), (0, 5)])
def test_giant_pictures_are_refused_before_they_are_decoded(
    tmp_path: Path, little_memory: None, reader: str, size: tuple[int, int]
) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(_png_bomb(*size))
    with pytest.raises(UserError):
        PICTURE_READERS[reader](path)


def test_arrays_that_unpack_to_too_much_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vip_models.goals._MOST_BYTES", 10_000_000)
    path = tmp_path / "goal.npz"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("embedding.npy", "w", force_zip64=True) as stream,
    ):
        stream.write(_npy_header((5_000_000,)))
        stream.write(bytes(20_000_000))
    assert path.stat().st_size < 100_000
    with pytest.raises(UserError, match="unpacks to more than"):
        load_goal(path)


def test_arrays_that_are_not_as_large_as_they_say_are_refused(tmp_path: Path, little_memory: None) -> None:
    path = tmp_path / "goal.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("embedding.npy", _npy_header((10**12,)) + bytes(16))
    with pytest.raises(UserError, match="not as large as it says"):
        load_goal(path)


def _npy_header(shape: tuple[int, ...]) -> bytes:
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}"
    text += " " * (-(len(text) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


@pytest.mark.parametrize("name", OUTSIDE)
def test_names_that_lead_out_of_a_folder_are_refused(tmp_path: Path, name: str) -> None:
    library = GoalLibrary(tmp_path / "goals")
    goal = Goal(name, "x@1", np.ones(3, np.float32))
    for act in (lambda: library.save(goal), lambda: library.load(name), lambda: library.delete(name)):
        with pytest.raises(UserError):
            act()
    with pytest.raises(UserError):
        check_task(name)
    with pytest.raises(UserError):
        load_card(name)
    if name:
        with pytest.raises(UserError, match="name"):
            EncoderCard(name=name)
    assert [path.name for path in tmp_path.rglob("*")] == []


@pytest.mark.parametrize("key", ["weights", "goal"])
def test_a_policy_whose_files_lead_elsewhere_reads_its_own_only(tmp_path: Path, key: str) -> None:
    bundle = toy_bundle(tmp_path / "policy")
    config = bundle / "config.yaml"
    config.write_text(config.read_text() + f"{key}: ../../secret\n")
    with pytest.raises(UserError, match=key):
        load_bundle(bundle)


def test_a_zip_whose_entries_lead_out_writes_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    path = folder / "goal.npz"
    save_goal(Goal("x", "x@1", np.ones(3, np.float32)), path)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("../../slipped.npy", _npy_header((4,)) + bytes(16))
        archive.writestr("/tmp/slipped.npy", _npy_header((4,)) + bytes(16))
    load_goal(path)
    assert [found.name for found in tmp_path.rglob("*") if found.is_file()] == ["goal.npz"]


@pytest.mark.parametrize(
    "pattern", ["../../../etc/{chunk_index}", "/etc/passwd", "{chunk_index.__class__}", "{0}"]
)
def test_a_dataset_whose_patterns_lead_out_is_refused(tmp_path: Path, pattern: str) -> None:
    pytest.importorskip("pyarrow")
    from vip_teleop.lerobot.importing import Dataset

    (tmp_path / "meta").mkdir()
    features = {
        "observation.images.camera": {"dtype": "video"},
        "observation.state": {"dtype": "float32", "names": ["a"]},
        "action": {"dtype": "float32", "names": ["a"]},
    }
    info = {"codebase_version": "v3.0", "features": features, "data_path": pattern, "video_path": pattern}
    (tmp_path / "meta" / "info.json").write_text(json.dumps(info))
    entry = {"data/chunk_index": 0, "data/file_index": 0, "episode_index": 0}
    with pytest.raises(UserError):
        Dataset(tmp_path).rows(entry)


def test_no_module_of_the_stack_reads_pickles_or_runs_text() -> None:
    """Ruff's rules for pickle, marshal, yaml.load, eval, exec, shells and unpacked archives find nothing."""
    root = Path(__file__).resolve().parents[2]
    rules = "S301,S302,S306,S307,S102,S506,S202,S602,S604,S605"
    folders = ["vip_reward_node", "policy_node", "launch", "models", "ros2_ws/src"]
    command = [sys.executable, "-m", "ruff", "check", "--select", rules, "--no-cache", *folders]
    found = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if "No module named ruff" in found.stderr:
        pytest.skip("ruff is not installed")
    assert found.returncode == 0, found.stdout
