"""Message packages that only a ROS installation has, built once from stand-ins of the same types."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import subprocess
import sys
import zipfile
from pathlib import Path

SOURCE = Path(__file__).parent / "foreign_interfaces"
PACKAGES = ("control_msgs", "controller_manager_msgs", "franka_msgs", "tf2_msgs")


class NotBuilt(Exception):
    """The packages could not be built here; the text says why."""


def environment(cache: Path) -> dict[str, str]:
    """Return the variables by which a process finds the packages, building them when that is due.

    Raises:
        NotBuilt: there is no compiler, or what the build needs cannot be fetched.
    """
    if all(importlib.util.find_spec(package) for package in PACKAGES):
        return {}
    prefix = _built(cache)
    (site,) = prefix.glob("lib/python*/site-packages")
    return {
        "PYTHONPATH": _with("PYTHONPATH", site),
        "LD_LIBRARY_PATH": _with("LD_LIBRARY_PATH", prefix / "lib"),
    }


def _with(variable: str, path: Path) -> str:
    return os.pathsep.join(filter(None, (str(path), os.environ.get(variable, ""))))


def _built(cache: Path) -> Path:
    files = sorted(path for path in SOURCE.rglob("*") if path.is_file())
    digest = hashlib.sha256(b"".join(str(f.relative_to(SOURCE)).encode() + f.read_bytes() for f in files))
    digest.update(sys.version.encode())
    folder = cache / f"foreign-interfaces-{digest.hexdigest()[:12]}"
    if not folder.is_dir():
        wheels = cache / f"{folder.name}.building-{os.getpid()}"
        command = [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--no-deps",
            "--quiet",
            "--wheel-dir",
            wheels,
            SOURCE,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise NotBuilt((done.stderr.strip() or "pip wheel failed").splitlines()[-1])
        (wheel,) = wheels.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(wheels / "content")
        (data,) = (wheels / "content").glob("*.data/data")
        data.rename(folder)
    return folder
