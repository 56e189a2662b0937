"""Offline figures: a video beside the network's own best, and beside the published script's way."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vip_bringup.bench.figures import Figure
from vip_bringup.bench.footage import camera_size, write_video
from vip_bringup.bench.limits import figure
from vip_bringup.bench.official import OfficialWay, applies
from vip_bringup.bench.subject import Subject
from vip_models.machine import this_machine
from vip_models.timing import in_turns, ratio, timed
from vip_models.tuning import embedding_errors
from vip_reward_node.encode import EncodeRequest
from vip_reward_node.encoding import encode_footage
from vip_reward_node.video import Footage

_BATCHES = (1, 2, 4, 8, 16, 32)
_VIDEO_FRAMES = 96
_OFFICIAL_FRAMES = 16
# What `vip encode` does unless it is told otherwise.
_BATCH = EncodeRequest.batch_size


def offline_figures(subject: Subject, frames: np.ndarray, seconds: float) -> list[Figure]:
    """Time a video from file to embeddings and the network alone in its best batch, in turns."""
    encoder, machine = subject.encoder, this_machine()
    with tempfile.TemporaryDirectory(prefix="vip-bench-") as folder:
        path = Path(folder) / "video.mp4"
        write_video(np.resize(frames, (_VIDEO_FRAMES, *frames.shape[1:])), path)
        prepared = encoder.prepare([frame.rgb for frame in Footage(path)])
        best = _best_batch(subject, prepared, seconds / 2)
        works = [
            timed(lambda: encode_footage(Footage(path), encoder, _BATCH)),
            timed(lambda: encoder.embed(prepared, best)),
        ]
        video, bare = in_turns(works, seconds, least=3)
    count = len(prepared)
    name = encoder.name
    return [
        Figure("best_batch", best, "frames", "batch with the network's best throughput"),
        Figure("best_fps", count / float(np.median(bare)), "frames/s", "  that throughput"),
        Figure(
            "offline_fps", count / float(np.median(video)), "frames/s", f"a video, in batches of {_BATCH}"
        ),
        figure(
            name, machine, "offline_ratio", ratio(bare, video), "x", "  over the network's best throughput"
        ),
    ]


def official_figures(subject: Subject, videos: Sequence[np.ndarray], seconds: float) -> list[Figure]:
    """Time the published script's way and this project's in turns, and compare the distances."""
    encoder, machine = subject.encoder, this_machine()
    if not applies(encoder.card):
        return []
    official = OfficialWay(encoder.card, subject.path)
    chosen = np.linspace(0, len(videos[0]) - 1, _OFFICIAL_FRAMES).astype(int)
    clip = np.stack([camera_size(videos[0][index]) for index in chosen])
    works = [
        timed(lambda: official.encode(clip)),
        timed(lambda: encoder.encode(clip, _BATCH)),
        timed(lambda: official.encode(clip[:1])),
        timed(lambda: encoder.encode(clip[:1], 1)),
    ]
    theirs, ours, their_one, our_one = in_turns(works, seconds)
    pairs = [
        embedding_errors(official.encode(video), encoder.encode(video, _BATCH), encoder.card.metric)
        for video in videos
    ]
    distance, step = (max(column) for column in zip(*pairs, strict=True))
    name, one = encoder.name, "  one frame at a time, times the published way"
    return [
        Figure("official_fps", len(clip) / float(np.median(theirs)), "frames/s", "the published way"),
        Figure("our_fps", len(clip) / float(np.median(ours)), "frames/s", "this project, same frames"),
        figure(name, machine, "official_ratio", ratio(theirs, ours), "x", "  times the published way"),
        Figure("official_single_ratio", ratio(their_one, our_one), "x", one),
        figure(
            name, machine, "official_distance_error", 100 * distance, "%", "  largest error of a distance"
        ),
        Figure("official_step_error", step, "steps", "  median error of an embedding, in frame steps"),
    ]


def _best_batch(subject: Subject, prepared: np.ndarray, seconds: float) -> int:
    encoder = subject.encoder
    longest = prepared[: max(_BATCHES)]
    works = [timed(lambda size=size: encoder.embed(longest, size)) for size in _BATCHES]  # type: ignore[misc]
    times = in_turns(works, seconds, least=3)
    return _BATCHES[int(np.argmin([np.median(each) for each in times]))]
