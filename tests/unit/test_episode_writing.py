"""Episodes on disk: complete or absent, and readable by rosbag2's own conventions."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from rosbags.rosbag2 import Reader
from rosbags.typesys import Stores, get_typestore
from sensor_msgs.msg import JointState
from support.episodes import START_NS, toy_demonstration, toy_episode
from vip_interfaces.msg import Embedding, GuardState, JointActionChunk, SimState

from vip_ros.errors import InternalError, UserError
from vip_ros.stamps import from_ns
from vip_teleop.episode import list_episodes, list_unfinished, load_info
from vip_teleop.episode_reader import EpisodeReader
from vip_teleop.episode_writer import EpisodeWriter

_KILLED_RECORDER = """
import sys
from pathlib import Path
from sensor_msgs.msg import JointState
from vip_teleop.episode_writer import EpisodeWriter
writer = EpisodeWriter(Path(sys.argv[1]), "close_drawer")
for stamp in range(2000):
    writer.write("/joint_states", JointState(name=["a"] * 50, position=[1.0] * 50), stamp)
print("writing", flush=True)
sys.stdin.read()
"""


def test_rosbag_reader_decodes_every_message_of_an_episode(tmp_path: Path) -> None:
    made = toy_demonstration(rows=5)
    episode = toy_episode(tmp_path, rows=5)
    store = get_typestore(Stores.ROS2_JAZZY)
    with Reader(episode) as bag:
        assert bag.message_count == 20
        decoded = [
            (connection.topic, stamp, store.deserialize_cdr(data, connection.msgtype))
            for connection, stamp, data in bag.messages()
        ]
    images = [message for topic, _, message in decoded if topic == "/camera/image_raw"]
    states = [message for topic, _, message in decoded if topic == "/joint_states"]
    assert np.array_equal(images[2].data.reshape(12, 16, 3), made.frames[2])
    assert images[0].header.frame_id == "camera_optical_frame"
    assert np.allclose(states[4].position[:7], made.q[4])
    assert np.allclose(states[4].position[7:], 0.04)
    assert {topic for topic, _, _ in decoded} == {
        "/camera/image_raw",
        "/camera/camera_info",
        "/joint_states",
        "/franka/joint_command",
    }


def test_metadata_has_the_layout_that_ros2_bag_info_reads(tmp_path: Path) -> None:
    episode = toy_episode(tmp_path, rows=5)
    bag = yaml.safe_load((episode / "metadata.yaml").read_text())["rosbag2_bagfile_information"]
    assert bag["version"] == 9
    assert bag["storage_identifier"] == "mcap"
    assert bag["relative_file_paths"] == ["episode.mcap"]
    assert bag["starting_time"]["nanoseconds_since_epoch"] == START_NS
    assert bag["duration"]["nanoseconds"] == 250_000_000
    topics = {entry["topic_metadata"]["name"]: entry for entry in bag["topics_with_message_count"]}
    image = topics["/camera/image_raw"]
    assert image["message_count"] == 5
    assert image["topic_metadata"]["type"] == "sensor_msgs/msg/Image"
    assert image["topic_metadata"]["type_description_hash"].startswith("RIHS01_")
    profile = image["topic_metadata"]["offered_qos_profiles"][0]
    assert (profile["reliability"], profile["durability"], profile["depth"]) == ("best_effort", "volatile", 1)
    assert "&" not in (episode / "metadata.yaml").read_text()


def test_description_counts_rates_and_gaps(tmp_path: Path) -> None:
    with EpisodeWriter(tmp_path, "close_drawer", teleop="hand", seed=7, encoder="e@1") as writer:
        for stamp in (0.0, 0.1, 0.2, 0.6):
            writer.write("/joint_states", JointState(), START_NS + round(stamp * 1e9))
        info = load_info(writer.finish("failure", mark="bumped the table"))
    assert (info.task, info.outcome, info.mark) == ("close_drawer", "failure", "bumped the table")
    assert (info.teleop, info.seed, info.encoder) == ("hand", 7, "e@1")
    assert info.counts == {"/joint_states": 4}
    assert info.rates == {"/joint_states": 5.0}
    assert info.gaps == {"/joint_states": 0.4}
    assert info.duration == 0.6


def test_own_message_types_are_written_with_their_definition(tmp_path: Path) -> None:
    message = Embedding(encoder="vip-sim@0", data=[1.0, 2.5])
    message.header.stamp = from_ns(42)
    with EpisodeWriter(tmp_path, "task") as writer:
        writer.write("/vip/embedding", message, 42)
        episode = writer.finish("success")
    ((topic, stamp, decoded),) = EpisodeReader(episode).messages()
    assert (topic, stamp, decoded.encoder) == ("/vip/embedding", 42, "vip-sim@0")
    assert decoded.data.tolist() == [1.0, 2.5]
    assert b"float32[] data" in (episode / "episode.mcap").read_bytes()


@pytest.mark.parametrize(
    "message",
    [
        JointActionChunk(source="policy", final=True),
        JointActionChunk(source="teleop", positions=[1.0] * 7, horizon=1),
        SimState(task="t", success=True),
        GuardState(mode_name="HOLD"),
        JointState(name=["a"]),
    ],
)
def test_messages_with_empty_lists_are_read_back(tmp_path: Path, message: Any) -> None:
    with EpisodeWriter(tmp_path, "task") as writer:
        writer.write("/topic", message, 42)
        episode = writer.finish("success")
    ((_, _, decoded),) = EpisodeReader(episode).messages()
    for name in message.get_fields_and_field_types():
        if name != "header":
            assert _plain(getattr(decoded, name)) == _plain(getattr(message, name))


def _plain(value: Any) -> Any:
    return list(value) if hasattr(value, "__len__") and not isinstance(value, str) else value


def test_killed_recorder_leaves_no_episode_and_no_obstacle(tmp_path: Path) -> None:
    toy_episode(tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-c", _KILLED_RECORDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=dict(os.environ),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"writing\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert [path.name for path in list_episodes(tmp_path)] == ["close_drawer_0000"]
    assert len(list_unfinished(tmp_path)) == 1
    assert toy_episode(tmp_path).name == "close_drawer_0001"


def test_discarded_and_failed_recordings_leave_nothing_behind(tmp_path: Path) -> None:
    with EpisodeWriter(tmp_path, "task") as writer:
        writer.write("/joint_states", JointState(), 1)
    with pytest.raises(RuntimeError, match="the arm stopped"), EpisodeWriter(tmp_path, "task") as writer:
        writer.write("/joint_states", JointState(), 1)
        raise RuntimeError("the arm stopped")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(InternalError):
        writer.write("/joint_states", JointState(), 2)


def test_empty_recording_is_refused(tmp_path: Path) -> None:
    with EpisodeWriter(tmp_path, "task") as writer, pytest.raises(UserError, match="nothing was recorded"):
        writer.finish("success")
    assert list(tmp_path.iterdir()) == []


def test_two_recorders_of_one_folder_get_two_names(tmp_path: Path) -> None:
    writers = [EpisodeWriter(tmp_path, "task") for _ in range(2)]
    for writer in writers:
        writer.write("/joint_states", JointState(), 1)
    assert [writer.finish("unknown").name for writer in writers] == ["task_0000", "task_0001"]


def test_unwritable_folder_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="cannot write the episode"):
        EpisodeWriter(tmp_path / "file" / "sub", "task")


def test_type_cannot_change_on_a_topic(tmp_path: Path) -> None:
    with EpisodeWriter(tmp_path, "task") as writer:
        writer.write("/joint_states", JointState(), 1)
        with pytest.raises(InternalError, match="carries"):
            writer.write("/joint_states", Embedding(), 2)
