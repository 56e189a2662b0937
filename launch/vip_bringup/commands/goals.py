"""vip goals: the library of goals, each bound to the encoder that made it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from vip_ros.errors import UserError

if TYPE_CHECKING:
    from vip_models.goals import Goal, GoalLibrary

NAME = "goals"
HELP = "list, show, make, delete or import the goals that rewards are measured to"
EXAMPLE = """vip goals make closed demonstrations/ --encoder vip-sim
  vip goals make closed --text "close the drawer" --encoder clip-vit-b32
  vip goals make stages --uvd demonstration.mp4
  vip goals list"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the actions and their options."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--goals-dir",
        type=Path,
        metavar="DIR",
        help="folder of the library (default: ~/.local/share/vip/goals)",
    )
    actions.add_parser("list", parents=[common], help="all goals by name")
    show = actions.add_parser("show", parents=[common], help="what is known about one goal")
    show.add_argument("name")
    show.add_argument("--image", type=Path, metavar="FILE", help="write the goal image to this file (.png)")
    delete = actions.add_parser("delete", parents=[common], help="remove goals")
    delete.add_argument("name", nargs="+")
    _add_make(actions.add_parser("make", parents=[common], help="a new goal"))
    bring = actions.add_parser("import", parents=[common], help="a goal from a file or a policy bundle")
    bring.add_argument("file", type=Path, help="goal file (.npz), or a folder that holds goal.npz")
    bring.add_argument("--name", help="name in the library (default: the goal's own)")
    bring.add_argument("--replace", action="store_true", help="replace the goal of that name")


def _add_make(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name")
    parser.add_argument(
        "source", nargs="*", type=Path,
        help="images, videos and episodes (their last frames) and folders of such: the goal is the mean",
    )  # fmt: skip
    parser.add_argument("--text", metavar="WORDS", help="a goal in words, for encoders with a text tower")
    parser.add_argument("--uvd", type=Path, metavar="VIDEO", help="a demonstration, with subgoals on the way")
    parser.add_argument("--encoder", default="vip-sim", metavar="ID", help="encoder card (default: vip-sim)")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="weights file instead of the card's own")
    parser.add_argument(
        "--metric", default="", choices=("l2", "cosine"),
        help="how distances to goals are measured (default: as the encoder's authors do, see its card)",
    )  # fmt: skip
    parser.add_argument(
        "--smoothing", default="kernel", choices=("kernel", "savgol", "none"),
        help="how --uvd smooths distances (default: kernel)",
    )  # fmt: skip
    parser.add_argument(
        "--min-interval", type=int, default=18, metavar="N",
        help="a stage found by --uvd takes more than N frames (default: 18)",
    )  # fmt: skip
    parser.add_argument("--replace", action="store_true", help="replace the goal of that name")


def run(args: argparse.Namespace) -> int:
    """Do the action and return the exit code."""
    from vip_models.goals import GoalLibrary, default_library

    library = GoalLibrary(args.goals_dir.expanduser()) if args.goals_dir else default_library()
    _ACTIONS[args.action](library, args)
    return 0


def _list(library: GoalLibrary, args: argparse.Namespace) -> None:
    names = library.names()
    if not names:
        print(f"no goals in {library.folder}; make one with: vip goals make NAME IMAGE")
    width = max((len(name) for name in names), default=0)
    for name in names:
        try:
            print(f"{name:<{width}}  {_summary(library.load(name))}")
        except UserError as error:
            print(f"{name:<{width}}  unreadable: {error.what}")


def _show(library: GoalLibrary, args: argparse.Namespace) -> None:
    goal = library.load(args.name)
    if args.image is not None:
        _write_image(goal, args.image)
    print(f"{library.path(args.name)}\n{_summary(goal)}")
    threshold = "none" if goal.threshold is None else f"{goal.threshold:.4g}"
    image = "none" if goal.image is None else f"{goal.image.shape[1]}x{goal.image.shape[0]}"
    print(f"reached at distance: {threshold}\nimage: {image}")
    if goal.subgoals is not None:
        budgets = " ".join(f"{budget:g}" for budget in goal.subgoals.budgets)
        print(f"frames per subgoal: {budgets} (at {goal.subgoals.rate:g} Hz)")


def _make(library: GoalLibrary, args: argparse.Namespace) -> None:
    if sum((bool(args.source), args.text is not None, args.uvd is not None)) != 1:
        raise UserError("a goal is made of one thing", "give SOURCE…, --text WORDS or --uvd VIDEO")
    _check_free(library, args.name, args.replace)
    from vip_models import load_encoder
    from vip_reward_node.goal_maker import GoalMaker
    from vip_reward_node.subgoals import Decomposition

    how = Decomposition(args.smoothing, args.min_interval)
    maker = GoalMaker(load_encoder(args.encoder, args.weights), args.metric, how)
    if args.text is not None:
        goal = maker.of_text(args.text, args.name)
    elif args.uvd is not None:
        goal = maker.of_demonstration(args.uvd, args.name)
    else:
        goal = maker.of_paths(args.source, args.name)
    print(f"{library.save(goal)}\n{_summary(goal)}")


def _import(library: GoalLibrary, args: argparse.Namespace) -> None:
    from vip_models.goals import load_goal

    goal = load_goal(args.file)
    goal = replace(goal, name=args.name or goal.name)
    _check_free(library, goal.name, args.replace)
    print(f"{library.save(goal)}\n{_summary(goal)}")


def _delete(library: GoalLibrary, args: argparse.Namespace) -> None:
    for name in args.name:
        print(f"deleted {library.delete(name)}")


def _check_free(library: GoalLibrary, name: str, taken_is_fine: bool) -> None:
    if library.path(name).exists() and not taken_is_fine:
        raise UserError(f"there is a goal '{name}' already", "choose another name, or give --replace")


def _summary(goal: Goal) -> str:
    stages = "" if goal.subgoals is None else f"  {len(goal.subgoals)} subgoals"
    return f"{goal.encoder}  {goal.embedding.size}-d  {goal.metric}{stages}"


def _write_image(goal: Goal, path: Path) -> None:
    from PIL import Image

    if goal.image is None:
        raise UserError(f"goal '{goal.name}' has no image", "make the goal from images")
    try:
        Image.fromarray(goal.image).save(path)
    except (OSError, ValueError) as error:
        raise UserError(f"cannot write {path}", str(error)) from None


_ACTIONS: dict[str, Callable[[GoalLibrary, argparse.Namespace], None]] = {
    "list": _list,
    "show": _show,
    "make": _make,
    "delete": _delete,
    "import": _import,
}
