"""What every camera source offers, and the table of them."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from vip_ros.errors import UserError
from vip_ros.registry import Registry

if TYPE_CHECKING:
    from rclpy.node import Node


@dataclass(frozen=True)
class Frame:
    """One picture: rgb is uint8 [H, W, 3]; stamp_ns is its capture time, None: now."""

    rgb: NDArray[np.uint8]
    stamp_ns: int | None = None


@dataclass(frozen=True)
class SourceConfig:
    """What a source is asked for; zeros leave the choice to the source.

    Attributes:
        source: name, path, device or URL.
        rate: frames per second, Hz.
        loop: play a recording again and again.
        width: pixels.
        height: pixels.
    """

    source: str
    rate: float = 0.0
    loop: bool = False
    width: int = 0
    height: int = 0

    def __post_init__(self) -> None:
        if self.rate < 0 or self.width < 0 or self.height < 0:
            raise UserError(
                "rate, width and height must not be negative", "0 leaves the choice to the camera"
            )
        if bool(self.width) != bool(self.height):
            raise UserError("only one of width and height is set", "set both, or leave both at 0")


class CameraSource(ABC):
    """A source of frames, read from one thread.

    Attributes:
        recorded: frames are there at once and are played at `rate`; otherwise read() waits for the next.
        rate: frames per second, Hz; 0 while unknown.
        size: (width, height) of its frames in pixels, None while unknown.
        focal: focal length in pixels, None when only a calibration can tell.
        cancel: set to make a waiting read() return None.
    """

    recorded: ClassVar[bool] = False

    def __init__(self, config: SourceConfig) -> None:
        self.config = config
        self.rate = config.rate
        self.size: tuple[int, int] | None = None
        self.focal: float | None = None
        self.cancel = threading.Event()

    @classmethod
    @abstractmethod
    def matches(cls, source: str) -> bool:
        """Return whether this class understands that source."""

    @property
    def shown(self) -> str:
        """The source as it may be shown in logs and diagnostics."""
        return self.config.source

    def attach(self, node: Node) -> None:  # noqa: B027 (most sources need no node)
        """Give the source the node, once, for subscriptions of its own."""

    def detach(self, node: Node) -> None:  # noqa: B027
        """Take back what attach made."""

    @abstractmethod
    def open(self) -> None:
        """Open the source and learn its rate and size; raises UserError when it cannot give frames."""

    @abstractmethod
    def read(self) -> Frame | None:
        """Return the next frame, None at the end; raises UserError when the source went away."""

    @abstractmethod
    def close(self) -> None:
        """Release the source; it may be opened again. Does nothing when it is closed."""


CAMERAS: Registry[type[CameraSource]] = Registry("camera source", package="vip_reward_node.cameras")


def camera_for(config: SourceConfig) -> CameraSource:
    """Return the source that understands config.source, not opened yet.

    Raises:
        UserError: none does.
    """
    for name in CAMERAS.names():
        kind = CAMERAS.get(name)
        if kind.matches(config.source):
            return kind(config)
    raise UserError(
        f"no camera source '{config.source}'",
        "give sim, an existing video file or folder of images, /dev/video0 or its number, or a stream URL",
    )
