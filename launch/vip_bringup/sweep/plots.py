"""Pictures of a sweep: success against the temperature and against the number of demonstrations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from vip_bringup.sweep.tables import row_name
from vip_reward_node.files import write_atomically

Result = dict[str, Any]


def write_plots(out: Path, results: Sequence[Result]) -> list[Path]:
    """Draw what the finished cells allow and return the pictures' paths."""
    paths = []
    if len({cell["tau"] for cell in results if cell["tau"] is not None}) > 1:
        chosen = [cell for cell in results if cell["tau"] is not None]
        paths.append(
            _curves(out / "tau.png", chosen, "tau", "τ, per standard deviation of the reward or advantage")
        )
    if len({cell["demonstrations"] for cell in results}) > 1:
        label = "demonstrations"
        paths.append(_curves(out / "demonstrations.png", results, label, label))
    return paths


def _curves(path: Path, results: Sequence[Result], key: str, label: str) -> Path:
    """Draw success against one quantity: a panel per task, a line per method with its interval."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    tasks = list(dict.fromkeys(cell["task"] for cell in results))
    lines = list(dict.fromkeys(_line_name(cell, key) for cell in results))
    figure, panels = plt.subplots(
        1, len(tasks), figsize=(1.2 + 3.4 * len(tasks), 3.6), layout="constrained", squeeze=False, sharey=True
    )
    for panel, task in zip(panels[0], tasks, strict=True):
        for number, name in enumerate(lines):
            chosen = sorted(
                (cell for cell in results if cell["task"] == task and _line_name(cell, key) == name),
                key=lambda cell: float(cell[key]),
            )
            if not chosen:
                continue
            at = [cell[key] for cell in chosen]
            colour = f"C{number}"
            panel.plot(at, [cell["success_rate"] for cell in chosen], "o-", color=colour, label=name)
            low, high = zip(*(cell["wilson95"] for cell in chosen), strict=True)
            panel.fill_between(at, low, high, color=colour, alpha=0.12, linewidth=0)
        panel.set(title=task, xlabel=label, ylim=(-0.03, 1.03))
        panel.grid(alpha=0.25)
        panel.spines[["top", "right"]].set_visible(False)
    panels[0][0].set_ylabel("success, 95 % Wilson interval")
    handles, names = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=min(4, len(names)), frameon=False)
    write_atomically(path, lambda draft: figure.savefig(draft, dpi=120, format="png"))
    plt.close(figure)
    return path


def _line_name(cell: Result, key: str) -> str:
    """Return what is the same along a line: all but the quantity that it is drawn over."""
    named = row_name({**cell, "tau": None} if key == "tau" else cell)
    if key != "demonstrations":
        return f"{named}, {cell['demonstrations']}+{cell['failures']}"
    return f"{named}, {cell['failures']} failures" if cell["failures"] else named
