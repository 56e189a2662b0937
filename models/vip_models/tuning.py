"""Which runtime is the fastest on this machine without changing the distances: measured, not assumed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from vip_models.card import EncoderCard
from vip_models.distances import distances
from vip_models.encoder import Encoder
from vip_models.machine import this_machine
from vip_models.runtimes import RUNTIMES
from vip_models.timing import in_turns, ratio, timed
from vip_models.torch_tools import available_cores
from vip_models.tuning_store import Trial, Tuning
from vip_models.weights import file_sha256
from vip_ros.errors import UserError

MAX_ERROR = 0.01
REFERENCE = "cpu"
# "auto" is one of the others, and torch in eager mode is what all of them are faster than.
_NOT_TRIED = ("auto", "torch", REFERENCE)
_BATCH = 8
# A runtime is timed beside the reference for about so long per batch size, s, and no more often than this.
_SECONDS, _ROUNDS = 4.0, 40

Report = Callable[[str], None]


def tune(
    card: EncoderCard,
    weights: Path,
    videos: Sequence[np.ndarray],
    frames: str,
    max_error: float = MAX_ERROR,
    threads: int = 0,
    report: Report = lambda runtime: None,
) -> Tuning:
    """Measure every runtime beside ONNX Runtime in float32, and choose the fastest that is exact enough.

    Speed is that of a single frame from pixels to embedding, because a robot's camera gives single frames.

    Args:
        card: the encoder.
        weights: its weights file.
        videos: uint8 [T,H,W,3] each; distances are measured to its last frame.
        frames: where they come from, for people.
        max_error: largest error of any distance that is allowed, as a share of the first distance.
        threads: CPU threads, 0 for all cores.
        report: called with the name of each runtime before it is measured.

    Raises:
        UserError: no videos, videos in which nothing happens, or weights that do not fit.
    """
    sha256, threads = file_sha256(weights), threads or available_cores()

    def load(runtime: str) -> Encoder:
        report(runtime)
        return Encoder(card, sha256, RUNTIMES.get(runtime)(card, weights, sha256, threads))

    bench = _Bench(load(REFERENCE), videos)
    trials = [Trial(REFERENCE, bench.base[0], bench.base[1], 0.0, 0.0)]
    for runtime in (name for name in RUNTIMES.names() if name not in _NOT_TRIED):
        try:
            trials.append(bench.measure(load(runtime), max_error))
        except UserError as error:
            trials.append(Trial(runtime, problem=str(error)))
    choice = min((t for t in trials if not t.problem), key=lambda trial: trial.one_ms or 0.0)
    encoder = f"{card.name}@{sha256[:12]}"
    return Tuning(encoder, this_machine().key, frames, max_error, tuple(trials), choice.runtime)


class _Bench:
    """The reference, what it makes of the videos and how long one frame and a batch take it, ms."""

    def __init__(self, reference: Encoder, videos: Sequence[np.ndarray]) -> None:
        if not videos:
            raise UserError("no frames to measure errors on", "give a video with --frames")
        self._reference, self._videos = reference, videos
        self._truth = [reference.encode(video, _BATCH) for video in videos]
        for embeddings in self._truth:
            self._errors(embeddings, embeddings)
        self._pictures = [np.resize(videos[0], (count, *videos[0].shape[1:])) for count in (1, _BATCH)]
        works = [_encoding(reference, pictures) for pictures in self._pictures]
        self.base = tuple(1e3 * float(np.median(t)) for t in in_turns(works, 2 * _SECONDS, _ROUNDS))

    def measure(self, encoder: Encoder, max_error: float) -> Trial:
        made = [encoder.encode(video, _BATCH) for video in self._videos]
        pairs = [self._errors(truth, other) for truth, other in zip(self._truth, made, strict=True)]
        # NumPy's max keeps a NaN wherever it stands; max() would drop one after the first video.
        distance, step = (float(error) for error in np.max(pairs, axis=0))
        one, eight = (ms * self._pace(encoder, p) for ms, p in zip(self.base, self._pictures, strict=True))
        problem = "" if distance <= max_error else f"changes distances by more than {max_error:.2%}"
        return Trial(encoder.runtime, one, eight, distance, step, problem)

    def _errors(self, truth: np.ndarray, other: np.ndarray) -> tuple[float, float]:
        return embedding_errors(truth, other, self._reference.card.metric)

    def _pace(self, encoder: Encoder, pictures: np.ndarray) -> float:
        works = [_encoding(each, pictures) for each in (encoder, self._reference)]
        return ratio(*in_turns(works, _SECONDS, _ROUNDS))


def _encoding(encoder: Encoder, pictures: np.ndarray) -> Callable[[], float]:
    return timed(lambda: encoder.encode(pictures, _BATCH))


def embedding_errors(truth: np.ndarray, other: np.ndarray, metric: str = "l2") -> tuple[float, float]:
    """Compare two encodings [T,D] of one video by what a reward is made of.

    Args:
        truth: of the reference.
        other: of what is compared with it.
        metric: of the distances, as the encoder's card names it.

    Returns:
        The largest error of a distance to the last frame, as a share of the first distance; and the median
        error of an embedding, in median distances between consecutive frames.

    Raises:
        UserError: nothing happens in the video, so that nothing can be compared; or one is no number.
    """
    curves = [distances(points, points[-1], metric) for points in (truth, other)]
    step = np.median(_apart(truth[1:], truth[:-1], metric)) if len(truth) > 1 else 0.0
    if len(truth) < 2 or curves[0][0] == 0.0 or step == 0.0:
        raise UserError("nothing moves in the frames", "give a video in which something happens")
    distance = float(np.abs(curves[1] - curves[0]).max() / curves[0][0])
    return distance, float(np.median(_apart(other, truth, metric)) / step)


def _apart(some: np.ndarray, others: np.ndarray, metric: str) -> np.ndarray:
    """Return the distance of each embedding [T,D] to the other of its row, [T]."""
    return np.concatenate([distances(a[None], b, metric) for a, b in zip(some, others, strict=True)])
