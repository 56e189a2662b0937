"""Kill -9 of a recorder at random moments of a session, again and again.

    .venv/bin/python benchmarks/recorder_kills.py --kills 200

A child process records short episodes and says "kept NAME" on its standard output as soon as `keep` has
returned, as the service does. It is killed after a random time and started anew on the same folder, where it
recovers what was interrupted. At the end every name that was told must be there, whole and readable, and
nothing else may be listed as an episode.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from vip_teleop.episode import INTERRUPTED_FOLDER, list_episodes, list_unfinished, load_info
from vip_teleop.episode_check import verify
from vip_teleop.recovery import recover

_CHILD = """
import sys, time
from pathlib import Path
import numpy as np
from rclpy.serialization import serialize_message
from sensor_msgs.msg import JointState
from vip_ros.images import array_to_image
from vip_ros.stamps import from_ns
from vip_teleop.recorder import Recorder
from vip_teleop.sample import Sample
from vip_teleop.take import TakeOptions

recorder = Recorder(Path(sys.argv[1]), "task", TakeOptions(flush_every=0.05))
for found in recorder.recover():
    print("recovered", found.kept, found.path.name if found.path else "-", flush=True)
noise = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)


def record(rows):
    recorder.start()
    for row in range(rows):
        now = time.time_ns()
        image = serialize_message(array_to_image(noise, from_ns(now), "camera"))
        state = serialize_message(JointState(name=["a", "b"], position=[float(row), 1.0]))
        recorder.offer(Sample("/camera/image_raw", "sensor_msgs/msg/Image", image, now, now))
        recorder.offer(Sample("/joint_states", "sensor_msgs/msg/JointState", state, now, now))
        time.sleep(0.002)


record(2)  # a first one loads what is loaded once
recorder.discard()
print("ready", flush=True)
while True:
    record(10)
    recorder.mark("success")
    print("kept", recorder.keep().name, flush=True)
"""


@dataclass(frozen=True)
class KillFigures:
    """What came of the kills; lost, unreadable and half must be 0."""

    kills: int
    kept: int
    listed: int
    lost: int
    unreadable: int
    half: int
    recovered: int
    leftovers: int
    seconds: float


def torture(folder: Path, kills: int, seed: int = 0, longest: float = 1.0) -> KillFigures:
    """Kill a recorder that many times and judge the folder.

    Args:
        folder: of the episodes, empty at first.
        kills: how many.
        seed: of the random moments.
        longest: a kill comes at most that long after the recorder is ready, s.
    """
    moments = random.Random(seed)
    told: list[str] = []
    begin = time.monotonic()
    for _ in range(kills):
        told += _one_life(folder, moments.uniform(0.0, longest))
    recover(folder)
    # A kept name that the killed child had no time to tell is an episode like the others.
    episodes = list_episodes(folder)
    unreadable = sum(bool(verify(path)) for path in episodes)
    half = sum(not load_info(path).complete for path in episodes) + sum(
        load_info(path).counts["/camera/image_raw"] != 10 for path in episodes
    )
    aside = folder / INTERRUPTED_FOLDER
    return KillFigures(
        kills=kills,
        kept=len(told),
        listed=len(episodes),
        lost=len(set(told) - {path.name for path in episodes}),
        unreadable=unreadable,
        half=half,
        recovered=len(list_episodes(aside)) if aside.is_dir() else 0,
        leftovers=len(list_unfinished(folder)),
        seconds=round(time.monotonic() - begin, 1),
    )


def _one_life(folder: Path, seconds: float) -> list[str]:
    """Let a recorder live for a time after it is ready; return the names it said were kept."""
    process = subprocess.Popen([sys.executable, "-c", _CHILD, str(folder)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    lines = []
    while (line := process.stdout.readline()) and line != b"ready\n":
        lines.append(line)
    if not line:
        raise RuntimeError(f"the recorder ended by itself with status {process.wait()}")
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    lines += process.stdout.readlines()
    process.wait()
    words = [line.decode().split() for line in lines if line.endswith(b"\n")]
    return [word[1] for word in words if word[0] == "kept"]


def main() -> int:
    """Run the torture and print its figures as JSON; returns 1 when anything was lost."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="recorder-kills-") as folder:
        figures = torture(Path(folder), arguments.kills, arguments.seed)
    print(json.dumps(asdict(figures), indent=1))
    return int(bool(figures.lost or figures.unreadable or figures.half or figures.leftovers))


if __name__ == "__main__":
    sys.exit(main())
