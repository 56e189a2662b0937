"""Videos and frame folders to embeddings, distances and rewards: the core of `vip encode`."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from vip_models.goals import Goal, GoalLibrary, default_library
from vip_reward_node.encoding import Encoding, encode_footage
from vip_reward_node.files import write_atomically
from vip_reward_node.footage import open_footage
from vip_reward_node.goal_maker import GoalMaker
from vip_reward_node.goal_source import resolve_goal
from vip_reward_node.metrics import bumps, voc
from vip_reward_node.plots import Curve, save_curve
from vip_reward_node.protocols import EncoderLike
from vip_reward_node.reward import RewardForm
from vip_reward_node.tracker import Judgement, ReachRule, judge
from vip_ros.errors import UserError

# Goals that each input has of its own: its last frame, or that with the subgoals on the way.
GOAL_LAST = "last"
GOAL_UVD = "uvd"
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class EncodeRequest:
    """What to encode and how.

    Args:
        inputs: video files, frame folders and episodes.
        out: folder for the results; made when missing.
        goal: "last" (each video's own last frame), "uvd" (the same with the subgoals found on the way), or
            what resolve_goal takes.
        rate: frames per second (Hz) to assume; None: the video's own.
        batch_size: frames per run of the encoder.
        metric: how distances to goals are measured, "l2" or "cosine"; "": as each encoder's authors do. A
            stored goal keeps its own.
        form: dense or sparse rewards, normalised or not.
        rule: when a goal counts as reached.
        library: goals by name.
    """

    inputs: Sequence[Path]
    out: Path
    goal: str = GOAL_LAST
    rate: float | None = None
    batch_size: int = 8
    metric: str = ""
    form: RewardForm = field(default_factory=RewardForm)
    rule: ReachRule = field(default_factory=ReachRule)
    library: GoalLibrary = field(default_factory=default_library)


@dataclass
class EncodeResult:
    """What came of a request.

    Attributes:
        metric: how distances were measured.
        metrics: by name, as in metrics.json.
        failures: a line for each input that failed.
        curves: what the figure of each input shows, by name.
    """

    metric: str
    metrics: dict[str, dict[str, Any]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    curves: dict[str, Curve] = field(default_factory=dict)


def encode_inputs(
    request: EncodeRequest, encoder: EncoderLike, progress: Progress | None = None
) -> EncodeResult:
    """Write NAME.npz and NAME.png for each input, and metrics.json for all of them.

    NAME.npz holds embeddings float32 [T, D], distances [T], rewards [T-1], stamps [T] (s), initial_distances
    [T], subgoal_index [T], reached [T], the goal [D] and the encoder's id. An input that cannot be read does
    not keep the others from being encoded.

    Args:
        request: what to encode.
        encoder: the encoder.
        progress: called with name, frames done and frames expected (0: not known) after each batch.

    Raises:
        UserError: no input, an input or the goal that is not there, or a folder that cannot be written.
    """
    check_inputs(request)
    maker = GoalMaker(encoder, request.metric)
    goal = None
    if request.goal not in (GOAL_LAST, GOAL_UVD):
        goal = resolve_goal(request.goal, maker, request.library)
        request.rule.check(goal, request.form)
    result = EncodeResult(maker.metric if goal is None else goal.metric)
    for name, source in zip(output_names(request.inputs), request.inputs, strict=True):
        try:
            footage = open_footage(source, request.rate)
            report = None if progress is None else _named(progress, name, footage.expected)
            encoding = encode_footage(footage, encoder, request.batch_size, report)
            target = goal or _own_goal(encoding, request, maker)
            verdict = judge(encoding.embeddings, target, encoding.stamps, request.rule, request.form)
            curve = _curve(name, encoding, target, verdict, goal is None, request)
            _write(curve, encoding, verdict, target, request.out)
        except UserError as error:
            result.failures.append(str(error))
            continue
        result.metrics[name] = _figures(encoding, verdict)
        result.curves[name] = curve
    summary = {
        "encoder": encoder.id,
        "goal": request.goal,
        "metric": result.metric,
        "reward_mode": request.form.mode,
        "normalised": request.form.normalise,
        "inputs": result.metrics,
    }
    write_json(request.out / "metrics.json", summary)
    return result


def check_inputs(request: EncodeRequest) -> None:
    """Make the folder for the results; raises UserError when that or an input is not to be had."""
    if not request.inputs:
        raise UserError("nothing to encode", "name at least one video or folder of frames")
    for source in request.inputs:
        if not source.exists():
            raise UserError(f"no such file or folder: {source}", "check the path")
    try:
        request.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot make the folder {request.out}", str(error.strerror)) from None


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file as a whole."""
    text = json.dumps(content, indent=2, allow_nan=False) + "\n"
    write_atomically(path, lambda draft: draft.write_text(text, encoding="utf-8"))


def output_names(inputs: Sequence[Path]) -> list[str]:
    """Return a name for each input: its stem, numbered ("clip-2") where an earlier input has taken it."""
    names: list[str] = []
    for source in inputs:
        resolved = source.resolve()
        stem = (resolved.name if resolved.is_dir() else resolved.stem) or "root"
        taken = {name.casefold() for name in names}
        name, number = stem, 1
        # A number that is another input's own name ("clip-2.mp4") is left to it.
        while name.casefold() in taken or (number > 1 and _is_stem(name, inputs)):
            number += 1
            name = f"{stem}-{number}"
        names.append(name)
    return names


def _is_stem(name: str, inputs: Sequence[Path]) -> bool:
    return any(name.casefold() in (source.stem.casefold(), source.name.casefold()) for source in inputs)


def _named(progress: Progress, name: str, expected: int) -> Callable[[int], None]:
    return lambda done: progress(name, done, expected)


def _own_goal(encoding: Encoding, request: EncodeRequest, maker: GoalMaker) -> Goal:
    if request.goal == GOAL_UVD:
        return maker.of_encoding(encoding, "own subgoals")
    return Goal("last frame", maker.encoder.id, encoding.embeddings[-1], metric=maker.metric)


def _curve(
    name: str, encoding: Encoding, goal: Goal, verdict: Judgement, own: bool, request: EncodeRequest
) -> Curve:
    return Curve(
        title=name,
        encoder=goal.encoder,
        stamps=encoding.stamps,
        distances=verdict.distances,
        rewards=verdict.rewards,
        frames=encoding.strip,
        goal=None if own else goal.image,
        ends_in_goal=own,
        value_curve=verdict.value_curve,
        stages=verdict.subgoal_index,
        metric=goal.metric,
        normalised=request.form.normalise,
    )


def _write(curve: Curve, encoding: Encoding, verdict: Judgement, goal: Goal, out: Path) -> None:
    arrays = {
        "embeddings": encoding.embeddings,
        "distances": verdict.distances,
        "rewards": verdict.rewards,
        "stamps": encoding.stamps,
        "initial_distances": verdict.initial_distances,
        "subgoal_index": verdict.subgoal_index,
        "reached": verdict.reached,
        "goal": goal.embedding,
        "encoder": np.array(goal.encoder),
    }
    write_atomically(out / f"{curve.title}.npz", lambda path: _write_npz(path, arrays))
    write_atomically(out / f"{curve.title}.png", lambda path: save_curve(curve, path))


def _figures(encoding: Encoding, verdict: Judgement) -> dict[str, Any]:
    """Return one input's entry in metrics.json; distances are in embedding units in every form."""
    curve = verdict.value_curve
    return {
        "source": str(encoding.source),
        "frames": len(curve),
        "frames_expected": encoding.expected,
        "bumps": bumps(curve),
        "voc": voc(curve),
        "initial_distance": float(verdict.raw_distances[0]),
        "final_distance": float(verdict.raw_distances[-1]),
        "subgoals": verdict.subgoal_count,
        "subgoals_passed": int(verdict.subgoal_index[-1]),
        "frames_per_second": len(curve) / encoding.seconds,
    }


def _write_npz(path: Path, arrays: dict[str, np.ndarray]) -> None:
    with path.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
