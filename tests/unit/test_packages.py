"""Each ROS package declares what it imports, and can be told apart by its own files."""

from __future__ import annotations

import ast
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ROOT / "ros2_ws" / "src"
PACKAGES = sorted(path.name for path in SOURCES.iterdir() if (path / "package.xml").is_file())
PYTHON = [name for name in PACKAGES if name != "vip_interfaces"]

# Python libraries that Ubuntu ships: module → rosdep key.
KEYS = {
    "OpenGL": "python3-opengl",
    "PIL": "python3-pil",
    "cv2": "python3-opencv",
    "matplotlib": "python3-matplotlib",
    "numpy": "python3-numpy",
    "pytest": "python3-pytest",
    "rich": "python3-rich",
    "yaml": "python3-yaml",
}
# Those that come from the Python package index: module → distribution of pyproject.toml.
INDEX = {
    "av": "av",
    "fastapi": "nicegui",
    "franky": "franky-control",
    "mcap": "mcap",
    "mink": "mink",
    "mujoco": "mujoco",
    "nicegui": "nicegui",
    "onnx": "onnx",
    "onnxruntime": "onnxruntime",
    "open_clip": "open_clip_torch",
    "openvino": "openvino",
    "panda_py": "panda-python",
    "pyarrow": "pyarrow",
    "pygame": "pygame-ce",
    "pyrealsense2": "pyrealsense2",
    "rerun": "rerun-sdk",
    "rosbags": "rosbags",
    "ruckig": "ruckig",
    "safetensors": "safetensors",
    "tensorboard": "tensorboard",
    "timm": "timm",
    "torch": "torch",
    "torchvision": "torchvision",
    "tqdm": "tqdm",
    "transformers": "transformers",
    "websockets": "nicegui",
}
# Those that the benchmark compares with where the person has them, by the only files that import them.
PEERS = {"launch/vip_bringup/bench/peers.py": {"tensordict", "torchrl", "vip"}}


def _manifest(package: str) -> ElementTree.Element:
    return ElementTree.parse(SOURCES / package / "package.xml").getroot()


def _declared(package: str) -> set[str]:
    return {str(tag.text) for tag in _manifest(package).iter() if tag.tag.endswith("depend")}


def _imported(package: str) -> set[str]:
    """Return the top-level names of everything that a package's modules import."""
    names: set[str] = set()
    for path in (SOURCES / package).resolve().rglob("*.py"):
        names |= _imported_by(path) - PEERS.get(str(path.relative_to(ROOT)), set())
    return names - set(sys.stdlib_module_names) - {package, "setuptools"}


def _imported_by(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module)
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("package", PYTHON)
def test_what_a_package_imports_is_declared(package: str) -> None:
    imported, declared = _imported(package), _declared(package)
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    missing = set()
    for name in imported - set(INDEX):
        if KEYS.get(name, name) not in declared:
            missing.add(KEYS.get(name, name))
    assert not missing
    unknown = {name for name in imported & set(INDEX) if not re.search(rf'"{INDEX[name]}\W', project)}
    assert not unknown


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_names_its_version_licence_and_keeper(package: str) -> None:
    manifest = _manifest(package)
    assert manifest.findtext("name") == package
    assert manifest.findtext("license") == "Apache-2.0"
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.M)
    assert version is not None and manifest.findtext("version") == version[1]
    assert len(str(manifest.findtext("description"))) > 30
    keeper = manifest.find("maintainer")
    assert keeper is not None and keeper.text and "@" in keeper.get("email", "")


def test_the_licence_lies_where_it_is_looked_for() -> None:
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")[:400]
    assert "Apache-2.0" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
