"""Hands an episode to Rerun: to its viewer, or to a file that the viewer opens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from vip_bringup.episode_tracks import Tracks, read_tracks
from vip_ros.errors import UserError
from vip_ros.images import to_rgb
from vip_teleop.episode_reader import EpisodeReader

_TIME = "time"
_GOAL = "/vip/goal_image"
# Of the pictures in the recording: hardly seen, and a tenth of the size.
_QUALITY = 90


def show(episode: Path, save: Path | None, told: Callable[[int, int], None]) -> str:
    """Open an episode in Rerun's viewer, or write it to a file; returns what was done, for a person.

    Args:
        episode: the episode's folder.
        save: file to write instead; the viewer opens it with `rerun FILE`.
        told: called with the pictures done and how many there are.

    Raises:
        UserError: not an episode, Rerun is not installed, or the file cannot be written.
    """
    reader = EpisodeReader(episode)
    rr = _rerun()
    rr.init("vip_episode", recording_id=f"{episode.resolve().name}-{reader.info.start_ns}")
    if save is None:
        rr.spawn(default_blueprint=_blueprint())
    else:
        _check_writable(save)
        rr.save(save, default_blueprint=_blueprint())
    _log(rr, reader, read_tracks(reader), told)
    rr.disconnect()
    return "the viewer is open" if save is None else f"{save}: open it with 'rerun {save}'"


def _rerun() -> Any:
    try:
        import rerun
    except ModuleNotFoundError:
        raise UserError(
            "Rerun is not installed", "install it with: .venv/bin/pip install rerun-sdk"
        ) from None
    return rerun


def _check_writable(path: Path) -> None:
    try:
        with path.open("ab"):
            pass
    except OSError as error:
        raise UserError("cannot write the recording", error.strerror or str(error), str(path)) from None


def _blueprint() -> Any:
    import rerun.blueprint as rrb

    pictures = rrb.Vertical(
        rrb.Spatial2DView(origin="camera", name="camera"), rrb.Spatial2DView(origin="goal", name="goal")
    )
    curves = rrb.Vertical(
        rrb.TimeSeriesView(contents=["distance"], name="distance to the goal"),
        rrb.TimeSeriesView(contents=["progress", "reward"], name="progress, reward"),
        rrb.TimeSeriesView(contents=["joints/**"], name="joints, rad (fingers: m)"),
    )
    words = rrb.Vertical(
        rrb.TextLogView(origin="guard", name="guard"), rrb.TextDocumentView(origin="about", name="episode")
    )
    return rrb.Blueprint(
        rrb.Horizontal(pictures, curves, words, column_shares=[3, 4, 2]), collapse_panels=True
    )


def _log(rr: Any, reader: EpisodeReader, tracks: Tracks, told: Callable[[int, int], None]) -> None:
    info, start = reader.info, reader.info.start_ns
    about = f"# {reader.path.name}\n\n{info.task}: **{info.outcome}**, {info.duration:.1f} s, {info.teleop}\n"
    warnings = "".join(f"\n- {warning}" for warning in info.warnings)
    rr.log("about", rr.TextDocument(about + warnings, media_type="text/markdown"), static=True)
    for name, (times, values) in tracks.arrays().items():
        index = rr.TimeColumn(_TIME, duration=times)
        rr.send_columns(name, indexes=[index], columns=rr.Scalars.columns(scalars=values))
    for time, text in tracks.guard:
        rr.set_time(_TIME, duration=time)
        level = rr.TextLogLevel.ERROR if "FAULT" in text else rr.TextLogLevel.INFO
        rr.log("guard", rr.TextLog(text, level=level))
    for _, recorded, message in reader.messages(_GOAL):
        rr.set_time(_TIME, duration=max((recorded - start) * 1e-9, 0.0))
        rr.log("goal", rr.Image(to_rgb(message)).compress(jpeg_quality=_QUALITY))
    stamps = list(reader.stamps())
    for index, (stamp, picture) in enumerate(reader.images(), 1):
        rr.set_time(_TIME, duration=(stamp - start) * 1e-9)
        rr.log("camera", rr.Image(picture).compress(jpeg_quality=_QUALITY))
        told(index, len(stamps))
