"""An episode as pictures: contact sheet, joint plot, reward curve."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from vip_ros.errors import UserError
from vip_teleop.episode_reader import EpisodeReader, JointSeries

REWARD_TOPIC = "/vip/reward"
_COLUMNS, _ROWS = 5, 4
_CELL = 240  # px, width of one picture on the sheet
_SIZE = (9.0, 5.0)  # in


def contact_sheet(reader: EpisodeReader) -> NDArray[np.uint8]:
    """Return a sheet of pictures spread over the episode with their times, uint8 [H, W, 3] RGB."""
    stamps, chosen = _spread(reader, _COLUMNS * _ROWS)
    cells = []
    for stamp, frame in zip(stamps, chosen, strict=True):
        height = round(_CELL * frame.shape[0] / frame.shape[1])
        cell = cv2.resize(frame, (_CELL, height), interpolation=cv2.INTER_AREA)
        text = f"{(stamp - stamps[0]) * 1e-9:.1f} s"
        for colour, width in (((0, 0, 0), 3), ((255, 255, 255), 1)):
            cv2.putText(
                cell, text, (6, height - 8), cv2.FONT_HERSHEY_SIMPLEX, 0.5, colour, width, cv2.LINE_AA
            )
        cells.append(cell)
    blank = np.zeros_like(cells[0])
    cells += [blank] * (-len(cells) % _COLUMNS)
    rows = [np.hstack(cells[at : at + _COLUMNS]) for at in range(0, len(cells), _COLUMNS)]
    return np.asarray(np.vstack(rows), np.uint8)


def plot_joints(reader: EpisodeReader, path: Path) -> None:
    """Draw the measured joint positions (solid) and the commanded ones (dashed) over time."""
    measured, commanded = reader.joint_states(), reader.joint_commands()
    origin = int(measured.recorded[0])
    figure = Figure(_SIZE, layout="constrained")
    axes = figure.add_subplot()
    names = [name for name in measured.names if "finger" not in name]
    for index, name in enumerate(names):
        colour = f"C{index}"
        axes.plot(*_curve(measured, name, origin), color=colour, label=name)
        if name in commanded.names:
            axes.plot(*_curve(commanded, name, origin), color=colour, linestyle="--", linewidth=0.8)
    axes.set(title=f"{reader.path.name}: measured, and commanded (dashed)", xlabel="s", ylabel="rad")
    axes.legend(fontsize=7, ncols=2)
    axes.grid(alpha=0.3)
    _save(figure, path)


def plot_rewards(reader: EpisodeReader, path: Path) -> bool:
    """Draw distance and summed reward over time; returns False where the episode has none."""
    rows = [
        (at, float(message.distance), float(message.reward), str(message.goal))
        for _, at, message in reader.messages(REWARD_TOPIC)
    ]
    if not rows:
        return False
    times = (np.array([row[0] for row in rows], np.int64) - rows[0][0]) * 1e-9
    figure = Figure(_SIZE, layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True)
    upper.plot(times, [row[1] for row in rows], color="tab:blue")
    upper.set(title=f"{reader.path.name}: goal {rows[-1][3]}, {reader.info.encoder}", ylabel="distance")
    lower.plot(times, np.cumsum([row[2] for row in rows]), color="tab:green")
    lower.set(xlabel="s", ylabel="sum of rewards")
    for axes in (upper, lower):
        axes.grid(alpha=0.3)
    _save(figure, path)
    return True


def draw_all(reader: EpisodeReader, folder: Path) -> list[Path]:
    """Write contact_sheet.png, joints.png and reward.png (where there are rewards); returns what was made.

    Raises:
        UserError: the episode lacks pictures or joints, or the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        made = [folder / "contact_sheet.png", folder / "joints.png"]
        cv2.imwrite(str(made[0]), cv2.cvtColor(contact_sheet(reader), cv2.COLOR_RGB2BGR))
        plot_joints(reader, made[1])
        if plot_rewards(reader, folder / "reward.png"):
            made.append(folder / "reward.png")
    except OSError as error:
        raise UserError("cannot write the pictures", str(error), str(folder)) from None
    return made


def _spread(reader: EpisodeReader, count: int) -> tuple[list[int], list[NDArray[np.uint8]]]:
    """Return the stamps, ns, and pictures at evenly spread places, without holding the others in memory."""
    total = sum(1 for _ in reader.stamps())
    if not total:
        raise UserError("the episode has no pictures", "record it again", str(reader.path))
    places = set(np.linspace(0, total - 1, min(count, total)).round().astype(int).tolist())
    pairs = [pair for index, pair in enumerate(reader.images()) if index in places]
    return [stamp for stamp, _ in pairs], [frame for _, frame in pairs]


def _curve(series: JointSeries, name: str, origin: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    times = (series.recorded - origin).astype(np.float64) * 1e-9
    return times, series.columns([name])[:, 0]


def _save(figure: Figure, path: Path) -> None:
    FigureCanvasAgg(figure).print_figure(path, dpi=110)
