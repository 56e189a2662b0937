"""overlay_node: between two episodes, the live picture over the one that an episode should begin with."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sensor_msgs.msg import Image
from vip_interfaces.msg import RecorderState

from vip_ros.config import option
from vip_ros.errors import UserError
from vip_ros.images import array_to_image, to_rgb
from vip_ros.node import StackNode, run_node
from vip_ros.polled import Polled
from vip_ros.qos import LATCHED, RELIABLE_1, SENSOR
from vip_teleop.overlay import Pixels, blend, reference_picture, write_png

_FILE = "overlay.png"


@dataclass(frozen=True)
class OverlayConfig:
    """Parameters of overlay_node."""

    directory: str = option("", "folder of the episodes; overlay.png is written there")
    reference: str = option("", "image or episode to begin like; empty: the first episode of the folder")
    rate: float = option(2.0, "pictures per second, Hz")

    def __post_init__(self) -> None:
        """Refuse a rate that cannot be drawn."""
        if not 0.0 < self.rate <= 30.0:
            raise UserError(f"rate is {self.rate:g}", "give more than 0 and at most 30 Hz", "overlay_node")


class OverlayNode(StackNode):
    """Draws only while no episode runs: then the processor is the recorder's."""

    config_class = OverlayConfig
    config: OverlayConfig

    def __init__(self, name: str = "overlay_node", **kwargs: Any) -> None:
        super().__init__(name, **kwargs)
        self._camera: Polled[Image] = Polled(self, Image, "camera/image_raw", SENSOR, wanted=False)
        self._idle = True
        self._kept = 0
        self._reference: Pixels | None = None
        self._recorder: Any = None
        self._beat: Any = None

    def setup(self) -> None:
        """Read the reference and offer the topic."""
        self._reference = reference_picture(self.config.reference, self._directory())
        self._pictures = self.create_publisher(Image, "vip/overlay", RELIABLE_1)

    def start(self) -> None:
        """Begin to listen and to draw."""
        self._camera.receive(True)
        self._recorder = self.create_subscription(
            RecorderState, "vip/recorder_state", self._on_state, LATCHED
        )
        self._beat = self.create_timer(1.0 / self.config.rate, self._draw)

    def stop(self) -> None:
        """Stop listening and drawing."""
        if self._beat is not None:
            self.destroy_timer(self._beat)
            self._beat = None
        if self._recorder is not None:
            self.destroy_subscription(self._recorder)
            self._recorder = None
        self._camera.close()

    def teardown(self) -> None:
        """Withdraw the topic."""
        publisher = self.__dict__.pop("_pictures", None)
        if publisher is not None:
            self.destroy_publisher(publisher)

    def _directory(self) -> Path | None:
        return Path(self.config.directory).expanduser() if self.config.directory else None

    def _on_state(self, message: RecorderState) -> None:
        self._idle = message.state == RecorderState.IDLE
        if message.kept != self._kept and self._reference is None:
            self._reference = reference_picture(self.config.reference, self._directory())
        self._kept = message.kept

    def _draw(self) -> None:
        self._camera.receive(self._reference is not None and self._idle)
        message = self._camera.newest()
        if message is None or self._reference is None:
            return
        try:
            picture = blend(to_rgb(message), self._reference)
            folder = self._directory()
            if folder is not None:
                write_png(folder / _FILE, picture)
        except UserError as error:
            self.report(error)
            return
        self._pictures.publish(array_to_image(picture, message.header.stamp, message.header.frame_id))


def main(args: list[str] | None = None) -> int:
    """Run overlay_node until it is interrupted."""
    return run_node(OverlayNode, args)


if __name__ == "__main__":
    sys.exit(main())
