"""camera_node: any camera source as image_raw and camera_info."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

from rclpy.publisher import Publisher
from sensor_msgs.msg import CameraInfo, Image

from vip_reward_node.calibration import check_size, load_calibration, pinhole_guess
from vip_reward_node.cameras import CameraSource, Frame, SourceConfig, camera_for
from vip_reward_node.capture import CaptureHooks, CaptureLoop
from vip_ros import diagnostics
from vip_ros.config import option
from vip_ros.diagnostics import Status, StreamStats
from vip_ros.images import array_to_image
from vip_ros.node import StackNode, run_node
from vip_ros.qos import SENSOR
from vip_ros.stamps import from_ns


@dataclass(frozen=True)
class CameraConfig:
    """Parameters of camera_node."""

    source: str = option("sim", "sim, a video file, a folder of images, /dev/video0 or 0, or a stream URL")
    rate: float = option(0.0, "frames per second, Hz; 0: the source's own")
    loop: bool = option(False, "play a recording again and again")
    width: int = option(0, "image width, px; 0: the source's own")
    height: int = option(0, "image height, px; 0: the source's own")
    frame_id: str = option("camera_optical_frame", "frame of the images (z forward, x right, y down)")
    calibration: str = option("", "YAML file of camera_calibration; empty: a pinhole guess")
    wait_for_subscriber: bool = option(True, "hold a recording's first frame until somebody listens")


class CameraNode(StackNode):
    """Publishes camera/image_raw and camera/camera_info, both with the stamp of the capture."""

    config_class = CameraConfig
    config: CameraConfig

    def __init__(self) -> None:
        super().__init__("camera_node")
        self._stats = StreamStats("image stream")
        self._source: CameraSource | None = None
        self._loop: CaptureLoop | None = None
        self._calibration: CameraInfo | None = None
        self._info: CameraInfo | None = None
        self._images: Publisher = self.create_publisher(Image, "camera/image_raw", SENSOR)
        self._infos: Publisher = self.create_publisher(CameraInfo, "camera/camera_info", SENSOR)

    def setup(self) -> None:
        """Try the source, so that a missing camera is told now; it is free until activation."""
        config = self.config
        self._info = None
        self._calibration = None
        if config.calibration:
            self._calibration = load_calibration(Path(config.calibration).expanduser())
        source = camera_for(
            SourceConfig(config.source, config.rate, config.loop, config.width, config.height)
        )
        self._source = source
        source.open()
        source.close()
        if self._calibration is not None and source.size is not None:
            check_size(self._calibration, source.size, config.calibration)
        source.attach(self)
        self._stats.reset()
        self.diagnostics.add_stream(self._stats)
        self.diagnostics.add("source", self._source_status)

    def start(self) -> None:
        """Start capturing."""
        assert self._source is not None
        # Not kept open since configure: a device's buffers would hold pictures of that time.
        self._source.open()
        hooks = CaptureHooks(self._publish, self._images.get_subscription_count, self.report, self.mended)
        self._loop = CaptureLoop(self._source, hooks, self.config.wait_for_subscriber)
        self._loop.start()

    def stop(self) -> None:
        """Stop capturing and release the device."""
        if self._loop is not None:
            self._loop.stop()

    def teardown(self) -> None:
        """Let the source go."""
        source, self._source, self._loop = self._source, None, None
        self.diagnostics.remove("source")
        self.diagnostics.remove(self._stats.name)
        if source is not None:
            source.detach(self)

    def _publish(self, frame: Frame) -> None:
        now_ns = self.now_ns()
        stamp_ns = now_ns if frame.stamp_ns is None else frame.stamp_ns
        stamp = from_ns(stamp_ns)
        info = self._camera_info(frame)
        info.header.stamp = stamp
        self._images.publish(array_to_image(frame.rgb, stamp, self.config.frame_id))
        self._infos.publish(info)
        self._stats.tick(stamp_ns, now_ns)

    def _camera_info(self, frame: Frame) -> CameraInfo:
        assert self._source is not None
        size = (frame.rgb.shape[1], frame.rgb.shape[0])
        if self._calibration is not None:
            check_size(self._calibration, size, self.config.calibration)
        if self._info is None or (self._info.width, self._info.height) != size:
            self._info = self._calibration or pinhole_guess(*size, self._source.focal)
            self._info.header.frame_id = self.config.frame_id
        return self._info

    def _source_status(self) -> Status:
        state = "idle" if self._loop is None else self._loop.state
        level = {"reconnecting": diagnostics.ERROR, "end of stream": diagnostics.WARN}.get(
            state, diagnostics.OK
        )
        source = self._source
        values = {
            "source": "" if source is None else source.shown,
            "state": state,
            "rate_hz": 0.0 if source is None else source.rate,
            "reconnects": 0 if self._loop is None else self._loop.reconnects,
        }
        return Status(level, self.last_error if state == "reconnecting" else state, values)


def main(args: list[str] | None = None) -> int:
    """Run camera_node."""
    return run_node(CameraNode, args)


if __name__ == "__main__":
    sys.exit(main())
