"""The licences of what is installed beside this project, as the packages state them."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

OWN = ("vip-robot", "vip-interfaces")
UNKNOWN = "unknown"

# Packages whose metadata misleads or says nothing, by what stands in the files themselves.
_BY_HAND = {
    # Its GPL part is an Emacs mode that no wheel holds.
    "docutils": "public domain AND BSD-2-Clause",
    # Empty packages that only name others; their sources are ROS's, under its licence.
    "ros-jazzy-rclpy": "Apache-2.0",
    # eProsima's, as their sources say.
    "ros-fastcdr": "Apache-2.0",
    "ros-fastrtps": "Apache-2.0",
}
_PERMISSIVE = re.compile(
    r"apache|bsd|mit\b|mit-|isc|python software|psf|zlib|unlicense|hpnd|historical permission|cnri|0bsd|"
    r"public domain|cc0|boost|bsl-1|any-osi",
    re.IGNORECASE,
)
_FILE_COPYLEFT = re.compile(r"mpl|mozilla|lgpl|lesser general|eclipse|epl-", re.IGNORECASE)
_COPYLEFT = re.compile(r"\bagpl|affero|(?<!l)gpl|(?<!lesser )general public", re.IGNORECASE)
_PROPRIETARY = re.compile(r"proprietary|nvidia|commercial", re.IGNORECASE)


@dataclass(frozen=True)
class Licence:
    """One package.

    Attributes:
        name, version: of the package.
        text: licence as stated, in one line; UNKNOWN where it states none.
        kind: permissive, file-level copyleft, copyleft, proprietary or unknown.
    """

    name: str
    version: str
    text: str
    kind: str


def installed_licences() -> list[Licence]:
    """Return the licences of all packages of this environment but this project's own, by name."""
    found = {}
    for distribution in distributions():
        name = re.sub(r"[-_.]+", "-", distribution.metadata["Name"] or "").lower()
        if name and name not in OWN:
            text = _BY_HAND.get(name) or _stated(distribution) or _of_ros_package(name) or UNKNOWN
            found[name] = Licence(name, distribution.version, text, kind_of(text))
    return [found[name] for name in sorted(found)]


def kind_of(text: str) -> str:
    """Return the kind of a licence by its name or expression; of several that are joined the strictest."""
    if text == UNKNOWN:
        return UNKNOWN
    # A choice between licences is as good as its best part; everything else binds together.
    parts = re.split(r"\s+OR\s+", text)
    kinds = [_kind_of_all(part) for part in parts]
    order = ("permissive", "file-level copyleft", "copyleft", "proprietary", UNKNOWN)
    return min(kinds, key=order.index)


def _kind_of_all(text: str) -> str:
    without_exceptions = re.sub(
        r"GPL-3\.0[\w.-]*\s+WITH\s+GCC-exception[\w.-]*", "", text, flags=re.IGNORECASE
    )
    for kind, pattern in (
        ("proprietary", _PROPRIETARY),
        ("copyleft", _COPYLEFT),
        ("file-level copyleft", _FILE_COPYLEFT),
        ("permissive", _PERMISSIVE),
    ):
        if pattern.search(without_exceptions):
            return kind
    return UNKNOWN


def _of_ros_package(name: str) -> str:
    """Return what a ROS package's package.xml says, which its wheel's metadata leaves out."""
    path = Path(sys.prefix) / "share" / name.removeprefix("ros-").replace("-", "_") / "package.xml"
    if not path.is_file():
        return ""
    stated = re.findall(r"<license[^>]*>([^<]+)</license>", path.read_text(encoding="utf-8"))
    return " AND ".join(" ".join(text.split()) for text in stated)


def _stated(distribution: Distribution) -> str:
    metadata: Any = distribution.metadata  # its protocol knows less than the message that it is
    expression = metadata.get("License-Expression")
    if expression:
        return str(expression)
    classifiers = [
        line.rsplit(" :: ", 1)[-1]
        for line in metadata.get_all("Classifier") or []
        if line.startswith("License ::") and not line.endswith("OSI Approved")
    ]
    free_text = str(metadata.get("License") or "").strip()
    short = free_text.split("\n")[0][:80] if free_text and free_text.upper() != "UNKNOWN" else ""
    return " AND ".join(classifiers) or short
