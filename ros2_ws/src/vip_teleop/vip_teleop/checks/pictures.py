"""Pictures that show nothing new or nothing at all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vip_ros.errors import UserError
from vip_ros.images import image_to_array
from vip_teleop.checks import CHECKS, CheckLimits, decoded
from vip_teleop.image_codec import IMAGE_TYPE
from vip_teleop.sample import Sample

_JOINTS_TYPE = "sensor_msgs/msg/JointState"
_SIMULATED_TYPE = "vip_interfaces/msg/SimState"
_STRIDE = 8  # every eighth pixel of every eighth row tells the exposure
_DARK, _BRIGHT = 12.0, 250
_BRIGHT_SHARE = 0.5
_MOTION = 0.02  # rad that a joint moves before a simulated picture must change


@CHECKS.register("exposure")
class ExposureCheck:
    """Black and saturated pictures."""

    def __init__(self, limits: CheckLimits, start_ns: int) -> None:
        self._black: dict[str, int] = {}
        self._bright: dict[str, int] = {}

    def note(self, sample: Sample) -> None:
        """Count a picture that is black, or of which half is white."""
        pixels = _pixels(sample)
        if pixels is None:
            return
        coarse = pixels[::_STRIDE, ::_STRIDE]
        if coarse.max() <= _DARK:
            self._black[sample.topic] = self._black.get(sample.topic, 0) + 1
        elif (coarse >= _BRIGHT).mean() > _BRIGHT_SHARE:
            self._bright[sample.topic] = self._bright.get(sample.topic, 0) + 1

    def warnings(self, now_ns: int) -> dict[str, str]:
        """Say how many pictures were of no use."""
        black = {f"black {t}": f"{n} black pictures on {t}" for t, n in self._black.items()}
        return black | {f"bright {t}": f"{n} saturated pictures on {t}" for t, n in self._bright.items()}


@CHECKS.register("frozen_camera")
class FrozenCameraCheck:
    """Identical pictures: a sensor's noise never repeats itself.

    A simulated camera without noise does repeat itself while nothing moves; there, only pictures that stay
    the same while the arm moves are a fault.
    """

    def __init__(self, limits: CheckLimits, start_ns: int) -> None:
        self._patience = limits.frozen_after
        self._simulated = False
        self._q: NDArray[np.float64] | None = None
        self._last: dict[str, bytes] = {}
        self._since: dict[str, tuple[int, NDArray[np.float64] | None]] = {}
        self._longest: dict[str, float] = {}

    def note(self, sample: Sample) -> None:
        """Compare a picture with the one before."""
        self._simulated = self._simulated or sample.type_name == _SIMULATED_TYPE
        if sample.type_name == _JOINTS_TYPE and sample.topic.endswith("joint_states"):
            self._q = np.array(decoded(sample, _JOINTS_TYPE).position, np.float64)
        elif sample.type_name == IMAGE_TYPE:
            self._compare(sample)

    def warnings(self, now_ns: int) -> dict[str, str]:
        """Say for how long a camera stood still."""
        return {
            f"frozen {topic}": f"{topic} is frozen: the same picture for {seconds:.1f} s"
            for topic, seconds in self._longest.items()
        }

    def _compare(self, sample: Sample) -> None:
        pixels = _pixels(sample)
        content = b"" if pixels is None else pixels.tobytes()
        same, self._last[sample.topic] = content == self._last.get(sample.topic), content
        if not same:
            self._since[sample.topic] = (sample.received_ns, self._q)
            return
        begin_ns, q = self._since[sample.topic]
        seconds = (sample.received_ns - begin_ns) * 1e-9
        if seconds > self._patience and (not self._simulated or self._moved(q)):
            self._longest[sample.topic] = max(seconds, self._longest.get(sample.topic, 0.0))

    def _moved(self, before: NDArray[np.float64] | None) -> bool:
        if before is None or self._q is None or before.shape != self._q.shape:
            return False
        return bool(np.abs(self._q - before).max() > _MOTION)


def _pixels(sample: Sample) -> NDArray[np.uint8] | None:
    """Return a picture's pixels in its own channel order; None for other messages and damaged pictures."""
    message = decoded(sample, IMAGE_TYPE)
    if message is None:
        return None
    try:
        return image_to_array(message)
    except UserError:
        return None  # reward_node says what is wrong with it; the bytes are recorded all the same
