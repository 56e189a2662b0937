"""An episode read back is, frame for frame and sample for sample, what the live policy saw."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rclpy.serialization import deserialize_message
from rosbags.rosbag2 import Reader
from rosbags.typesys import Stores, get_typestore
from sensor_msgs.msg import Image, JointState
from support.samples import JOINTS, joints, noise, picture, sample
from vip_interfaces.msg import Embedding

from vip_ros.images import to_rgb
from vip_ros.stamps import to_ns
from vip_teleop.episode_reader import EpisodeReader
from vip_teleop.recorder import Recorder
from vip_teleop.sample import Sample
from vip_teleop.take import TakeOptions

START = 1_700_000_000_000_000_000
ENCODINGS = ["rgb8", "bgr8", "mono8", "rgba8"]
_SHAPES = {"mono8": (24, 32), "rgba8": (24, 32, 4)}


def _record(folder: Path, encoding: str, image_format: str) -> tuple[Path, list[Sample]]:
    recorder = Recorder(folder, "task", TakeOptions(image_format=image_format), clock=lambda: START)
    recorder.start()
    samples = []
    for row in range(5):
        now = START + row * 33_333_333
        samples.append(picture(now, noise(row, _SHAPES.get(encoding, (24, 32, 3))), encoding))
        samples.append(joints(now + 1, 0.1 * row))
        samples.append(sample("/vip/embedding", Embedding(encoder="e@1", data=[0.1 * row, 1e-7]), now + 2))
    for item in samples:
        recorder.offer(item)
    return recorder.keep(), samples


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("image_format", ["raw", "png"])
def test_pictures_are_those_that_the_policy_saw(tmp_path: Path, encoding: str, image_format: str) -> None:
    episode, samples = _record(tmp_path, encoding, image_format)
    seen = [deserialize_message(s.data, Image) for s in samples if s.type_name.endswith("Image")]
    read = list(EpisodeReader(episode).images())
    assert [stamp for stamp, _ in read] == [to_ns(message.header.stamp) for message in seen]
    for (_, pixels), message in zip(read, seen, strict=True):
        assert np.array_equal(pixels, to_rgb(message))


def test_jpeg_pictures_are_close_and_small(tmp_path: Path) -> None:
    episode, samples = _record(tmp_path, "rgb8", "jpeg")
    flat = np.full((24, 32, 3), 90, np.uint8)
    assert EpisodeReader(episode).info.counts.keys() >= {"/camera/image_raw/compressed"}
    assert "/camera/image_raw" not in EpisodeReader(episode).info.counts
    recorder = Recorder(tmp_path / "flat", "task", TakeOptions(image_format="jpeg"), clock=lambda: START)
    recorder.start()
    recorder.offer(picture(START, flat))
    ((_, pixels),) = EpisodeReader(recorder.keep()).images()
    assert np.abs(pixels.astype(int) - 90).max() <= 2


def test_joint_states_and_embeddings_are_those_that_the_policy_saw(tmp_path: Path) -> None:
    episode, samples = _record(tmp_path, "rgb8", "raw")
    reader = EpisodeReader(episode)
    seen = [deserialize_message(s.data, JointState) for s in samples if s.topic == JOINTS]
    series = reader.joint_states()
    assert series.stamps.tolist() == [to_ns(message.header.stamp) for message in seen]
    assert series.position.tolist() == [list(message.position) for message in seen]
    read = [message.data.tolist() for _, _, message in reader.messages("/vip/embedding")]
    live = [deserialize_message(s.data, Embedding) for s in samples if s.topic == "/vip/embedding"]
    assert read == [list(message.data) for message in live]


@pytest.mark.parametrize("image_format", ["raw", "png", "jpeg"])
def test_another_library_reads_every_message_of_a_live_episode(tmp_path: Path, image_format: str) -> None:
    episode, samples = _record(tmp_path, "rgb8", image_format)
    store = get_typestore(Stores.ROS2_JAZZY)
    with Reader(episode) as bag:
        known = [c for c in bag.connections if c.msgtype in store.fielddefs]
        assert bag.message_count == len(samples)
        times = [stamp for _, stamp, data in bag.messages(known) if data]
        for connection, _, data in bag.messages(known):
            store.deserialize_cdr(data, connection.msgtype)
    assert times == [s.received_ns for s in samples if "embedding" not in s.topic]
