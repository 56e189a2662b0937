"""Videos and frame folders to embeddings, distances and rewards: the core of `vip encode`."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from vip_reward_node.files import write_atomically
from vip_reward_node.metrics import bumps, voc
from vip_reward_node.plots import Curve, save_curve
from vip_reward_node.protocols import EncoderLike
from vip_reward_node.reward import distances
from vip_reward_node.thumbnails import Thumbnails
from vip_reward_node.video import Footage, Image, TimedFrame, read_goal_image
from vip_ros.errors import UserError

GOAL_LAST = "last"
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Encoding:
    """One video after the encoder.

    Args:
        source: the file or folder it came from.
        expected: frames that the file says it holds; 0 when it does not say.
        embeddings: float32 [T, D].
        stamps: seconds since the first frame [T].
        seconds: wall time that decoding and encoding took together.
        strip: a few small frames, evenly spaced, the first and the last among them.
    """

    source: Path
    expected: int
    embeddings: np.ndarray
    stamps: np.ndarray
    seconds: float
    strip: Sequence[TimedFrame] = ()


@dataclass(frozen=True)
class EncodeRequest:
    """What to encode and how.

    Args:
        inputs: video files and frame folders.
        out: folder for the results; made when missing.
        goal: "last" (each video's own last frame), or the path of a goal image or of a video that ends in it.
        rate: frames per second (Hz) to assume; None: the video's own.
        batch_size: frames per run of the encoder.
    """

    inputs: Sequence[Path]
    out: Path
    goal: str = GOAL_LAST
    rate: float | None = None
    batch_size: int = 8


@dataclass
class EncodeResult:
    """What came of a request: metrics by name as in metrics.json, and a line for each input that failed."""

    metrics: dict[str, dict[str, Any]] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)


def encode_inputs(
    request: EncodeRequest, encoder: EncoderLike, progress: Progress | None = None
) -> EncodeResult:
    """Write NAME.npz and NAME.png for each input, and metrics.json for all of them.

    NAME.npz holds embeddings float32 [T, D], distances [T], rewards [T-1], stamps [T] (s), and the ids of
    encoder and goal. An input that cannot be read does not keep the others from being encoded.

    Args:
        request: what to encode.
        encoder: the encoder.
        progress: called with name, frames done and frames expected (0: not known) after each batch.

    Raises:
        UserError: no input, an input or the goal image that is not there, or a folder that cannot be written.
    """
    if not request.inputs:
        raise UserError("nothing to encode", "name at least one video or folder of frames")
    for source in request.inputs:
        if not source.exists():
            raise UserError(f"no such file or folder: {source}", "check the path")
    goal = None if request.goal == GOAL_LAST else read_goal_image(Path(request.goal))
    try:
        request.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"cannot make the folder {request.out}", str(error.strerror)) from None
    result = EncodeResult()
    for name, source in zip(output_names(request.inputs), request.inputs, strict=True):
        try:
            footage = Footage(source, request.rate)
            report = None if progress is None else _named(progress, name, footage.expected)
            encoding = encode_footage(footage, encoder, request.batch_size, report)
            result.metrics[name] = _save(encoding, name, goal, encoder, request)
        except UserError as error:
            result.failures.append(str(error))
    summary = {"encoder": encoder.id, "goal": request.goal, "inputs": result.metrics}
    text = json.dumps(summary, indent=2, allow_nan=False) + "\n"
    write_atomically(request.out / "metrics.json", lambda path: path.write_text(text, encoding="utf-8"))
    return result


def encode_footage(
    footage: Footage,
    encoder: EncoderLike,
    batch_size: int = 8,
    progress: Callable[[int], None] | None = None,
) -> Encoding:
    """Encode every frame, decoding the next batch while the encoder works on this one.

    Raises:
        UserError: fewer than two frames, or one that cannot be decoded.
    """
    started = time.perf_counter()
    embeddings: list[np.ndarray] = []
    stamps: list[float] = []
    strip = Thumbnails()
    for batch in _prefetched(iter(footage), batch_size):
        embeddings.append(encoder.encode(np.stack([frame.rgb for frame in batch]), batch_size))
        for frame in batch:
            stamps.append(frame.stamp)
            strip.add(frame)
        if progress is not None:
            progress(len(stamps))
    if len(stamps) < 2:
        raise UserError(
            f"{footage.path} holds {len(stamps)} frame(s) that can be decoded", "a reward needs two or more"
        )
    seconds = time.perf_counter() - started
    return Encoding(
        footage.path, footage.expected, np.concatenate(embeddings), np.array(stamps), seconds, strip.pick()
    )


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


def _prefetched(frames: Iterator[TimedFrame], size: int) -> Iterator[list[TimedFrame]]:
    """Yield batches of up to size frames; one more is being decoded meanwhile."""

    def take() -> list[TimedFrame]:
        return list(islice(frames, size))

    with ThreadPoolExecutor(1, "decode") as pool:
        ahead = pool.submit(take)
        while batch := ahead.result():
            ahead = pool.submit(take)
            yield batch


def _save(
    encoding: Encoding, name: str, goal: Image | None, encoder: EncoderLike, request: EncodeRequest
) -> dict[str, Any]:
    target = encoding.embeddings[-1] if goal is None else encoder.encode(goal[None], 1)[0]
    curve = distances(encoding.embeddings, target)
    arrays = {
        "embeddings": encoding.embeddings,
        "distances": curve,
        "rewards": -np.diff(curve),
        "stamps": encoding.stamps,
        "goal": target,
        "encoder": np.array(encoder.id),
    }
    write_atomically(request.out / f"{name}.npz", lambda path: _write_npz(path, arrays))
    figure = Curve(name, encoder.id, encoding.stamps, curve, encoding.strip, goal)
    write_atomically(request.out / f"{name}.png", lambda path: save_curve(figure, path))
    return {
        "source": str(encoding.source),
        "frames": len(curve),
        "frames_expected": encoding.expected,
        "bumps": bumps(curve),
        "voc": voc(curve),
        "initial_distance": float(curve[0]),
        "final_distance": float(curve[-1]),
        "frames_per_second": len(curve) / encoding.seconds,
    }


def _write_npz(path: Path, arrays: dict[str, np.ndarray]) -> None:
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
