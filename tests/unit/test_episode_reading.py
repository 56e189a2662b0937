"""Episodes as arrays, and folders of them."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import lz4.frame
import numpy as np
import pytest
import yaml
import zstandard
from fakes import MeanColour
from mcap.exceptions import McapError
from mcap.records import Chunk
from mcap.writer import IndexType, Writer
from sensor_msgs.msg import JointState
from support.episodes import FINGERS, JOINTS, START_NS, toy_demonstration, toy_episode
from vip_interfaces.msg import JointActionChunk

from policy_node.episode_data import common_joints, common_senses, load_episode, read_recorded
from vip_ros.errors import UserError
from vip_ros.images import array_to_image
from vip_ros.stamps import from_ns
from vip_teleop import bag_reader
from vip_teleop.demonstration import Demonstration
from vip_teleop.devices import DEVICES
from vip_teleop.episode import EpisodeInfo, list_episodes, load_info, next_name
from vip_teleop.episode_reader import EpisodeReader
from vip_teleop.episode_writer import EpisodeWriter
from vip_teleop.library.copying import copy, raw_messages
from vip_teleop.recording import record


def test_arrays_come_back_as_they_were_recorded(tmp_path: Path) -> None:
    made = toy_demonstration()
    reader = EpisodeReader(toy_episode(tmp_path))
    stamps, frames = reader.frames()
    states, commands = reader.joint_states(), reader.joint_commands()
    assert np.array_equal(frames, made.frames)
    assert np.allclose((stamps - START_NS) * 1e-9, made.stamps, atol=1e-9)
    assert states.names == [*JOINTS, *FINGERS]
    assert np.allclose(states.columns(list(JOINTS)), made.q)
    assert np.allclose(commands.columns(list(JOINTS)), made.q_command)
    assert np.allclose(commands.columns(list(FINGERS)).sum(axis=1), made.gripper)


def test_command_keeps_its_image_stamp_and_its_own_time(tmp_path: Path) -> None:
    commands = EpisodeReader(toy_episode(tmp_path)).joint_commands()
    assert commands.stamps[0] == START_NS
    assert commands.recorded[0] == START_NS + 50_000_000


def test_commands_without_fingers_leave_the_gripper_as_it_is(tmp_path: Path) -> None:
    with EpisodeWriter(tmp_path, "task") as writer:
        for row, fingers in enumerate(([], [0.02], [], [0.01], [])):
            names = ["panda_joint1", *("panda_finger_joint1" for _ in fingers)]
            message = JointState(name=names, position=[0.1 * row, *fingers])
            writer.write("/franka/joint_command", message, START_NS + row)
        episode = writer.finish("success")
    commands = EpisodeReader(episode).joint_commands()
    assert commands.columns(["panda_finger_joint1"])[:, 0].tolist() == [0.02, 0.02, 0.02, 0.01, 0.01]
    assert np.allclose(commands.columns(["panda_joint1"])[:, 0], 0.1 * np.arange(5))


def _guided_by_hand(folder: Path, rows: int = 12, **changes: object) -> Path:
    """Write an episode whose robot a person moved: nothing is commanded, teleop_node tells the joints."""
    made = toy_demonstration(rows)
    period = 50_000_000
    with EpisodeWriter(folder, "close_drawer") as writer:
        for row in range(rows):
            stamp = START_NS + row * period
            width = float(made.gripper[row])
            state = JointState(name=[*JOINTS, *FINGERS], position=[*made.q[row], width / 2, width / 2])
            state.header.stamp = from_ns(stamp)
            writer.write("/joint_states", state, stamp)
            image = array_to_image(made.frames[row], from_ns(stamp), "camera")
            writer.write("/camera/image_raw", image, stamp)
            for source, ahead in (("policy", 1.0), ("teleop", 0.0)):
                fields = {
                    "source": source,
                    "joint_names": list(JOINTS),
                    "step_duration": 0.05,
                    "horizon": 2,
                    "positions": np.concatenate([made.q[row] + ahead, made.q[row] + ahead + 9.0]).tolist(),
                    "gripper": [width, 9.0],
                }
                message = JointActionChunk(**{**fields, **changes})
                message.header.stamp = from_ns(stamp)
                writer.write("/policy/action", message, stamp + 1_000_000)
        return writer.finish("success")


def test_hand_guided_episode_gives_the_told_joints_as_commands(tmp_path: Path) -> None:
    made = toy_demonstration()
    commands = EpisodeReader(_guided_by_hand(tmp_path)).joint_commands()
    assert commands.names == [*JOINTS, *FINGERS]
    assert np.allclose(commands.columns(list(JOINTS)), made.q)
    assert np.allclose(commands.columns(list(FINGERS)).sum(axis=1), made.gripper)
    assert commands.stamps[0] == START_NS and commands.recorded[0] == START_NS + 1_000_000
    assert np.array_equal(np.diff(commands.recorded), np.full(11, 50_000_000))


def test_hand_guided_episode_is_training_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIP_CACHE", str(tmp_path / "cache"))
    reader = EpisodeReader(_guided_by_hand(tmp_path))
    recorded = read_recorded(reader)
    joints = common_joints([recorded])
    assert joints == list(JOINTS)
    data = load_episode(reader, recorded, MeanColour(), joints, common_senses([recorded]), 0.05, 2)
    assert data.targets.shape == (12, 2, 7) and data.gripper is not None
    assert np.allclose(data.targets[:-2, 0], data.q[1:-1], atol=2e-3)


def test_hand_guided_episode_without_a_gripper_commands_none(tmp_path: Path) -> None:
    assert EpisodeReader(_guided_by_hand(tmp_path, gripper=[])).joint_commands().names == list(JOINTS)


@pytest.mark.parametrize("changes", [{"horizon": 3}, {"gripper": [0.0]}, {"joint_names": ["a"]}])
def test_damaged_chunk_of_a_hand_guided_episode_is_one_line(tmp_path: Path, changes: dict) -> None:
    with pytest.raises(UserError, match="/policy/action"):
        EpisodeReader(_guided_by_hand(tmp_path, **changes)).joint_commands()


def test_episode_without_commands_and_chunks_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="neither /franka/joint_command nor /policy/action"):
        EpisodeReader(_guided_by_hand(tmp_path, horizon=0)).joint_commands()


def test_columns_name_a_joint_that_was_not_recorded(tmp_path: Path) -> None:
    states = EpisodeReader(toy_episode(tmp_path)).joint_states()
    with pytest.raises(UserError, match="fr3_joint1.*panda_joint1"):
        states.columns(["fr3_joint1"])


def test_listing_is_sorted_and_takes_only_complete_episodes(tmp_path: Path) -> None:
    names = [toy_episode(tmp_path).name for _ in range(3)]
    (tmp_path / ".recording-close_drawer-x").mkdir()
    (tmp_path / "notes").mkdir()
    (tmp_path / names[1] / "metadata.yaml").unlink()
    assert [path.name for path in list_episodes(tmp_path)] == [names[0], names[2]]
    assert list_episodes(tmp_path / names[0]) == [tmp_path / names[0]]


def test_next_name_never_takes_an_older_one(tmp_path: Path) -> None:
    for name in ("task_0003", "task_x", "other_0009"):
        (tmp_path / name).mkdir()
    assert next_name(tmp_path, "task") == "task_0004"
    assert next_name(tmp_path, "fresh") == "fresh_0000"


def test_missing_folder_and_incomplete_episode_are_one_line_each(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder"):
        list_episodes(tmp_path / "nowhere")
    with pytest.raises(UserError, match="not a complete episode"):
        EpisodeReader(tmp_path)


@pytest.mark.parametrize("damage", ["cut", "noise", "empty"])
def test_damaged_bag_is_one_line(tmp_path: Path, damage: str) -> None:
    episode = toy_episode(tmp_path)
    bag = episode / "episode.mcap"
    content = bag.read_bytes()
    harmed = {"cut": content[: len(content) // 2], "noise": bytes(200) + content, "empty": b""}[damage]
    bag.write_bytes(harmed)
    with pytest.raises(UserError, match="damaged"):
        EpisodeReader(episode).frames()


@pytest.mark.parametrize("compression", ["zstd", "lz4", "none"])
def test_bag_with_a_flipped_byte_gives_what_was_recorded_or_one_line(
    tmp_path: Path, compression: str
) -> None:
    with EpisodeWriter(tmp_path / "copy", "task", compression=compression) as writer:
        for message in raw_messages(toy_episode(tmp_path)):
            writer.write_cdr(*message)
        episode = writer.finish("success")
    bag, whole = episode / "episode.mcap", list(raw_messages(episode))
    content, random = bag.read_bytes(), np.random.default_rng(3)
    refused = 0
    for place in random.integers(0, len(content), 120):
        harmed = bytearray(content)
        harmed[place] ^= int(random.integers(1, 256))
        bag.write_bytes(harmed)
        try:
            assert list(raw_messages(episode)) == whole
        except UserError as error:
            refused += "damaged" in str(error)
    assert refused > 100


@pytest.mark.parametrize("compression", ["zstd", "lz4"])
@pytest.mark.parametrize("stated", [100, 64 << 20, 1 << 40])
def test_chunk_that_unfolds_to_too_much_is_refused_before_it_does(
    monkeypatch: pytest.MonkeyPatch, compression: str, stated: int
) -> None:
    monkeypatch.setattr(bag_reader, "LARGEST_CHUNK", 16 << 20)
    pack = {"zstd": zstandard.compress, "lz4": lz4.frame.compress}[compression]
    chunk = Chunk(compression, pack(bytes(64 << 20)), 0, 0, 0, stated)
    tracemalloc.start()
    try:
        with pytest.raises(McapError, match="states"):
            bag_reader.unpack(chunk)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("read", [EpisodeReader.frames, lambda reader: copy(reader.path, reader.path / "x")])
def test_bag_with_a_bomb_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: Callable[[EpisodeReader], object]
) -> None:
    reader = EpisodeReader(toy_episode(tmp_path))
    monkeypatch.setattr(bag_reader, "LARGEST_CHUNK", 1000)
    with pytest.raises(UserError, match="damaged.*a chunk states"):
        read(reader)


def test_bag_without_an_index_is_read_in_the_order_of_time(tmp_path: Path) -> None:
    episode = toy_episode(tmp_path)
    whole = list(raw_messages(episode))
    with (episode / "episode.mcap").open("wb") as stream:
        writer = Writer(
            stream,
            index_types=IndexType.NONE,
            repeat_channels=False,
            use_statistics=False,
            use_summary_offsets=False,
        )
        writer.start()
        channels: dict[str, int] = {}
        for topic, type_name, data, log_ns, sent_ns in reversed(whole):
            if topic not in channels:
                schema = writer.register_schema(type_name, "ros2msg", b"")
                channels[topic] = writer.register_channel(topic, "cdr", schema)
            writer.add_message(channels[topic], log_ns, data, sent_ns)
        writer.finish()
    assert sorted(raw_messages(episode)) == sorted(whole)
    assert [at for *_, at, _ in raw_messages(episode)] == sorted(at for *_, at, _ in whole)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"format": 2}, "format 2"),
        ({"outcome": "sucess"}, "success, failure, unknown"),
        ({"sed": 3}, "seed"),
    ],
)
def test_strange_description_is_one_line(tmp_path: Path, change: dict[str, object], complaint: str) -> None:
    episode = toy_episode(tmp_path)
    path = episode / "episode.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **change}))
    with pytest.raises(UserError, match=complaint):
        load_info(episode)


def test_description_is_plain_yaml_with_the_outcome(tmp_path: Path) -> None:
    episode = toy_episode(tmp_path, success=False)
    values = yaml.safe_load((episode / "episode.yaml").read_text())
    assert (values["task"], values["outcome"], values["teleop"]) == ("close_drawer", "failure", "scripted")
    assert load_info(episode) == EpisodeInfo(**values)


def test_record_counts_scene_seeds_up_and_reports_each_episode(tmp_path: Path) -> None:
    class Device:
        def demonstrate(self, task: str, seed: int) -> Demonstration:
            return toy_demonstration(seed=seed, success=seed % 2 == 0)

        def close(self) -> None:
            pass

    told: list[tuple[str, bool]] = []

    def tell(path: Path, made: Demonstration) -> None:
        told.append((path.name, made.success))

    paths = record(Device(), "toy", "close_drawer", 3, tmp_path, 4, tell)
    assert [load_info(path).seed for path in paths] == [4, 5, 6]
    assert told == [("close_drawer_0000", True), ("close_drawer_0001", False), ("close_drawer_0002", True)]


def test_unknown_device_names_those_that_exist() -> None:
    with pytest.raises(UserError, match="did you mean 'scripted'"):
        DEVICES.get("scriptd")
