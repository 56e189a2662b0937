"""The picture of the graph in docs/architecture.md: boxes placed by hand, arrows as the nodes have them.

.venv/bin/python -m vip_bringup.graph_picture --out docs/images/graph.png
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vip_bringup.node_interfaces import Topic, ask_nodes

# Node → (middle x, middle y, what it is for).
_PLACES = {
    "camera_node": (0.0, 0.0, "pictures"),
    "reward_node": (3.0, 0.0, "encoder, reward, goals"),
    "policy_node": (6.0, 0.0, "learned policy"),
    "teleop_node": (6.0, -1.7, "a person's device"),
    "franka_node": (9.2, 0.0, "guard, then the arm"),
    "monitor_node": (3.0, -1.7, "strip chart, markers"),
    "recorder_node": (0.0, -1.7, "episodes, from every topic"),
}
_WIDTH, _HEIGHT = 1.5, 0.5
# What says how things are, rather than making them go, would hide the way of an image.
_LEFT_OUT = ("/diagnostics", "vip/recorder_state", "sim/state", "robot_description", "camera/camera_info")
_BOX, _EDGE, _ARROW, _TEXT = "#e8f0fa", "#2f7fd0", "#52606d", "#1f2933"


def edges(topics: Mapping[str, Topic]) -> dict[tuple[str, str], list[str]]:
    """Return (from, to) → topics, between the nodes that the picture shows."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, topic in sorted(topics.items()):
        for source in topic.publishers & set(_PLACES):
            for target in (topic.subscribers & set(_PLACES)) - {source}:
                if name not in _LEFT_OUT:
                    found[source, target].append(name)
    return dict(found)


def draw(found: Mapping[tuple[str, str], list[str]], path: Path) -> None:
    """Draw the graph into a PNG."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(11.5, 4.3), dpi=100, layout="constrained")
    axes.set(xlim=(-0.95, 10.15), ylim=(-2.1, 1.15))
    axes.axis("off")
    boxes = {name: _box(axes, x, y, name, about) for name, (x, y, about) in _PLACES.items()}
    for (source, target), topics in found.items():
        _arrow(axes, boxes, (source, target), topics, both=(target, source) in found)
    figure.savefig(path, metadata={"Software": None})
    plt.close(figure)


def _box(axes: Any, x: float, y: float, name: str, about: str) -> Any:
    from matplotlib.patches import FancyBboxPatch

    corner = (x - _WIDTH / 2, y - _HEIGHT / 2)
    style = "round,pad=0.02,rounding_size=0.06"
    box = FancyBboxPatch(corner, _WIDTH, _HEIGHT, boxstyle=style, fc=_BOX, ec=_EDGE, lw=1.4, zorder=3)
    axes.add_patch(box)
    axes.text(x, y + 0.09, name, ha="center", va="center", fontsize=10, weight="bold", color=_TEXT, zorder=4)
    axes.text(x, y - 0.12, about, ha="center", va="center", fontsize=7.5, color=_ARROW, zorder=4)
    return box


def _arrow(axes: Any, boxes: Mapping[str, Any], ends: tuple[str, str], topics: list[str], both: bool) -> None:
    from matplotlib.patches import FancyArrowPatch

    (x0, y0, _), (x1, y1, _) = (_PLACES[name] for name in ends)
    # A way over the heads of those between; two ways between the same two keep apart.
    over_others = abs(x1 - x0) > 3.5 and y0 == y1
    bend = -0.3 if over_others else (0.16 if both else 0.0)
    patch = FancyArrowPatch(
        (x0, y0), (x1, y1), connectionstyle=f"arc3,rad={bend}", arrowstyle="-|>", mutation_scale=13,
        patchA=boxes[ends[0]], patchB=boxes[ends[1]], shrinkA=1, shrinkB=2, color=_ARROW, lw=1.1, zorder=1,
    )  # fmt: skip
    axes.add_patch(patch)
    # The middle of the curve that arc3 draws.
    x = (x0 + x1) / 2 + bend * (y1 - y0) / 2
    y = (y0 + y1) / 2 - bend * (x1 - x0) / 2
    axes.text(
        x, y, "\n".join(topics), ha="center", va="center", fontsize=7, color=_TEXT, zorder=2,
        bbox={"fc": "white", "ec": "none", "pad": 0.8},
    )  # fmt: skip


def main() -> int:
    """Draw the picture."""
    parser = argparse.ArgumentParser(prog="python -m vip_bringup.graph_picture", description=main.__doc__)
    parser.add_argument("--out", type=Path, default=Path("docs/images/graph.png"), metavar="FILE")
    out = parser.parse_args().out
    with tempfile.TemporaryDirectory(prefix="vip-graph-") as folder:
        draw(edges(ask_nodes(Path(folder)).topics), out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
