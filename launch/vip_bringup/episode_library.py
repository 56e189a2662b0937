"""What `vip episodes` does, action by action, and how it says so."""

from __future__ import annotations

import argparse
from pathlib import Path

import yaml
from rich.table import Table

from vip_bringup.demo.progress import CONSOLE, step
from vip_ros.errors import UserError
from vip_teleop.episode import is_episode, list_episodes, list_unfinished, load_info
from vip_teleop.episode_check import verify
from vip_teleop.library import copying
from vip_teleop.library.overview import Row, overview
from vip_teleop.library.split import split

_NUMBERS = ("s", "frames", "MB", "warnings")


def run_list(args: argparse.Namespace) -> int:
    """Print one line per episode."""
    rows = overview(args.directory)
    table = Table(box=None, pad_edge=False)
    for column in ("episode", "task", "outcome", "s", "frames", "MB", "by", "warnings"):
        table.add_column(column, justify="right" if column in _NUMBERS else "left", no_wrap=True)
    for row in rows:
        table.add_row(*_cells(row, args.directory))
    CONSOLE.print(table)
    whole = [row for row in rows if row.info.complete]
    solved = sum(row.info.outcome == "success" for row in whole)
    CONSOLE.print(f"{len(whole)} episodes, {solved} successes, {len(rows) - len(whole)} interrupted")
    if any(row.info.warnings for row in rows):
        CONSOLE.print("what the warnings say: vip episodes show EPISODE")
    if left := list_unfinished(args.directory):
        CONSOLE.print(f"{len(left)} recordings under way or interrupted: the next recorder recovers them")
    return 0


def run_verify(args: argparse.Namespace) -> int:
    """Read episodes through; returns 1 when one is not sound."""
    paths = _some(args.directory)
    bad = 0
    with step(f"verifying {len(paths)} episodes") as bar:
        for index, path in enumerate(paths):
            for problem in verify(path):
                bad += 1
                CONSOLE.print(f"{path.name}: {problem}", style="red")
            bar.update("reading", index + 1, len(paths))
    if not bad:
        CONSOLE.print("all sound")
    return int(bad > 0)


def run_show(args: argparse.Namespace) -> int:
    """Print the description and draw the pictures."""
    from vip_teleop.episode_reader import EpisodeReader
    from vip_teleop.library.pictures import draw_all

    reader = EpisodeReader(args.episode)
    CONSOLE.print(yaml.safe_dump(copying.description(reader.info), sort_keys=False).rstrip(), markup=False)
    if args.out is not None:
        for path in draw_all(reader, args.out):
            CONSOLE.print(f"{path}")
    return 0


def run_replay(args: argparse.Namespace) -> int:
    """Play an episode on the robot; returns 1 when the simulated task was not solved by it."""
    from vip_bringup.episode_replay import replay_episode

    solved = replay_episode(args.episode, args.config, args.settings, args.speed)
    if solved is None:
        CONSOLE.print("played to the end")
        return 0
    CONSOLE.print("played to the end: the task " + ("is solved" if solved else "is not solved"))
    return int(not solved)


def run_trim(args: argparse.Namespace) -> int:
    """Cut an episode."""
    return _made(copying.trim(_one(args.episode), args.out, args.begin, args.end))


def run_mark(args: argparse.Namespace) -> int:
    """Copy an episode with another outcome."""
    return _made(copying.label(_one(args.episode), args.out, args.outcome))


def run_merge(args: argparse.Namespace) -> int:
    """Gather the episodes of several folders."""
    sources = [path for folder in args.sources for path in _some(folder)]
    _gather(sources, args.out, f"{len(sources)} episodes into {args.out}")
    return 0


def run_split(args: argparse.Namespace) -> int:
    """Divide a folder into two."""
    train, test = split(_some(args.directory), args.test, args.seed)
    for name, part in (("train", train), ("test", test)):
        if (args.out / name).is_dir() and list_episodes(args.out / name):
            raise UserError(f"{args.out / name} holds episodes already", "name another folder with --out")
        _gather(part, args.out / name, f"{len(part)} episodes to {name}")
    return 0


def run_recompute(args: argparse.Namespace) -> int:
    """Compute embeddings and rewards anew."""
    from vip_bringup.episode_rewards import recompute
    from vip_models import load_encoder

    paths = _some(args.directory)
    encoder = load_encoder(args.encoder, weights=args.weights)
    with step(f"{len(paths)} episodes with {encoder.id}") as bar:
        for index, path in enumerate(paths):
            recompute(path, args.out, encoder, args.goal)
            bar.update("computing", index + 1, len(paths))
    CONSOLE.print(f"{args.out}: {len(paths)} episodes")
    return 0


def run_import(args: argparse.Namespace) -> int:
    """Turn a LeRobot dataset into episodes."""
    from vip_teleop.lerobot.importing import import_dataset

    with step(f"episodes of {args.dataset}") as bar:
        made = import_dataset(args.dataset, args.out, lambda done, all_: bar.update("reading", done, all_))
    CONSOLE.print(f"{args.out}: {len(made)} episodes")
    return 0


def _cells(row: Row, directory: Path) -> tuple[str, ...]:
    info = row.info
    name = str(row.path.relative_to(directory)) if row.path != directory else row.path.name
    size = f"{row.size / 1e6:.1f}"
    warnings = str(len(info.warnings) or "")
    return name, info.task, info.outcome, f"{info.duration:.1f}", str(row.frames), size, info.teleop, warnings


def _one(episode: Path) -> Path:
    if not is_episode(episode):
        raise UserError("not a complete episode", "name an episode's folder", str(episode))
    load_info(episode)
    return episode


def _some(directory: Path) -> list[Path]:
    paths = list_episodes(directory)
    if not paths:
        raise UserError("there are no episodes", "record some with 'vip record'", str(directory))
    return paths


def _made(path: Path) -> int:
    CONSOLE.print(f"{path}")
    return 0


def _gather(sources: list[Path], directory: Path, title: str) -> None:
    with step(title) as bar:
        done: list[Path] = []

        def told(path: Path) -> None:
            done.append(path)
            bar.update("copying", len(done), len(sources))

        copying.merge(sources, directory, told)
