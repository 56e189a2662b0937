"""Parameters of recorder_node."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vip_ros.config import option
from vip_ros.errors import UserError
from vip_teleop.bag_writer import COMPRESSIONS
from vip_teleop.checks import CheckLimits
from vip_teleop.disk import DiskLimits
from vip_teleop.image_codec import check_format
from vip_teleop.take import TakeOptions

TOPICS = [
    "camera/*",
    "vip/*",
    "policy/*",
    "franka/*",
    "sim/*",
    "joint_states",
    "joy",
    "spacenav/*",
    "leader/*",
    "/diagnostics",
    "/tf",
    "/tf_static",
]
# Pictures drawn from what is recorded anyway, and the camera a second time in another form.
EXCLUDED = ["camera/image_raw/*", "vip/monitor/*", "vip/overlay"]
REQUIRED = ["camera/image_raw 5", "joint_states 20"]


@dataclass(frozen=True)
class RecorderConfig:
    """Parameters of recorder_node."""

    directory: str = option("", "folder of the episodes")
    task: str = option("", "task in force; empty: the simulated world's, or as named at the start")
    episodes: int = option(0, "episodes wanted; 0: no end")
    topics: list[str] = option(TOPICS, "topics to record; * stands for any text")
    exclude: list[str] = option(EXCLUDED, "topics to leave out; * stands for any text")
    required: list[str] = option(REQUIRED, "topics that must come, each with its lowest rate, Hz")
    image_format: str = option("raw", "how pictures are recorded: raw, png (without loss) or jpeg")
    compression: str = option("lz4", "compression of the bag: lz4, zstd (four times the CPU) or none")
    flush_every: float = option(1.0, "most that a kill may cost, s")
    queue_mib: float = option(256.0, "most that may wait to be written, MiB")
    warn_minutes: float = option(10.0, "recording time left on the disk at which to warn, min")
    warn_mib: float = option(2048.0, "free space at which to warn, MiB")
    stop_mib: float = option(512.0, "free space at which recording ends, MiB")
    longest_gap: float = option(0.5, "longest silence of a required topic, s")
    longest_age: float = option(0.1, "oldest joint state on arrival, s")
    frozen_after: float = option(0.5, "time for which identical pictures are no fault, s")

    def __post_init__(self) -> None:
        """Refuse what cannot be recorded."""
        check_format(self.image_format)
        if self.compression not in COMPRESSIONS:
            raise UserError(
                f"unknown compression '{self.compression}'", f"use one of {', '.join(COMPRESSIONS)}"
            )
        for name in ("flush_every", "queue_mib", "longest_gap"):
            if not getattr(self, name) > 0:
                raise UserError(f"{name} is {getattr(self, name)}", "give a number above 0", "recorder_node")
        self.rates()

    def rates(self) -> dict[str, float]:
        """Return the required topics and their lowest rates, Hz."""
        return dict(_topic_and_rate(line) for line in self.required if line.strip())

    def take_options(self, full_name: Callable[[str], str]) -> TakeOptions:
        """Return how to record; full_name resolves a topic."""
        limits = CheckLimits(
            {full_name(topic): rate for topic, rate in self.rates().items()},
            self.longest_gap,
            self.longest_age,
            self.frozen_after,
        )
        return TakeOptions(self.image_format, self.compression, self.flush_every, self.queue_mib, limits)

    def disk_limits(self) -> DiskLimits:
        """Return when to warn of a full disk and when to stop."""
        return DiskLimits(self.warn_minutes, self.warn_mib, self.stop_mib)


def _topic_and_rate(line: str) -> tuple[str, float]:
    words = line.split()
    try:
        topic, rate = words[0], float(words[1]) if len(words) > 1 else 0.0
    except (IndexError, ValueError):
        raise UserError(f"cannot read '{line}'", "write a topic and a rate, Hz", "required") from None
    return topic, rate
