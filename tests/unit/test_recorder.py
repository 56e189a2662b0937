"""The recorder's states, and that what is kept is on the disk and what is not is set aside."""

from __future__ import annotations

import threading
from array import array
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from rcl_interfaces.msg import ParameterValue
from sensor_msgs.msg import Image, JointState
from support.samples import IMAGE, JOINTS, joints, noise, picture, sample, transforms
from vip_interfaces.msg import Embedding, GuardState, Reward, SimState, TeleopState

from vip_ros.addresses import without_password
from vip_ros.errors import UserError
from vip_teleop.checks import CheckBoard, CheckLimits
from vip_teleop.disk import DiskLimits, DiskWatch
from vip_teleop.episode import list_episodes, list_unfinished, load_info
from vip_teleop.episode_check import verify
from vip_teleop.episode_reader import EpisodeReader
from vip_teleop.episode_writer import EpisodeWriter
from vip_teleop.image_codec import compress
from vip_teleop.intake import Intake
from vip_teleop.library.copying import copy, raw_messages, trim
from vip_teleop.recorder import Recorder, State
from vip_teleop.sequences import SequenceCounts
from vip_teleop.stack_parameters import StackParameters
from vip_teleop.stream_rates import StreamRates
from vip_teleop.take import TakeOptions

START = 1_700_000_000_000_000_000
STEP = 50_000_000


class Clock:
    """A time that a test sets, ns."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def recorder(tmp_path: Path, clock: Clock) -> Recorder:
    return Recorder(tmp_path / "episodes", "close_drawer", wanted=2, clock=clock)


def _drive(recorder: Recorder, clock: Clock, rows: int = 4) -> None:
    for row in range(rows):
        clock.now += STEP
        recorder.offer(picture(clock.now, noise(row)))
        recorder.offer(joints(clock.now, 0.1 * row))


def test_episode_goes_through_its_states_and_is_counted(recorder: Recorder, clock: Clock) -> None:
    assert recorder.start() == "close_drawer_0000"
    _drive(recorder, clock)
    status = recorder.status()
    assert (status.state, status.index, status.wanted, status.kept) == (State.RECORDING, 1, 2, 0)
    recorder.stop()
    assert (recorder.state, recorder.status().messages) == (State.REVIEW, 8)
    recorder.mark("success")
    assert recorder.status().outcome == "success"
    path = recorder.keep()
    assert path.name == "close_drawer_0000"
    assert (recorder.state, recorder.status().kept) == (State.IDLE, 1)
    assert load_info(path).outcome == "success"
    assert verify(path) == []


def test_stamps_of_arrival_and_sending_are_kept(recorder: Recorder, clock: Clock) -> None:
    recorder.start()
    _drive(recorder, clock)
    reader = EpisodeReader(recorder.keep())
    times = [at for _, at, _ in reader.messages(JOINTS)]
    assert times == [START + (row + 1) * STEP for row in range(4)]
    assert reader.info.duration == pytest.approx(3 * STEP * 1e-9)


def test_nothing_is_recorded_before_start_and_after_stop(recorder: Recorder, clock: Clock) -> None:
    _drive(recorder, clock)
    recorder.start()
    _drive(recorder, clock, 2)
    recorder.stop()
    _drive(recorder, clock, 5)
    assert load_info(recorder.keep()).counts == {IMAGE: 2, JOINTS: 2}


def test_late_messages_of_the_time_before_are_left_out(recorder: Recorder, clock: Clock) -> None:
    recorder.start()
    recorder.offer(joints(clock.now - 1))
    _drive(recorder, clock, 2)
    assert load_info(recorder.keep()).counts == {IMAGE: 2, JOINTS: 2}


def test_latched_messages_open_every_episode(recorder: Recorder, clock: Clock) -> None:
    recorder.offer(sample("/franka/guard_state", GuardState(mode_name="HOLD"), START), latched=True)
    for _ in range(2):
        recorder.start()
        _drive(recorder, clock)
        counts = load_info(recorder.keep()).counts
        assert counts["/franka/guard_state"] == 1


def test_static_transforms_of_every_publisher_open_an_episode_and_its_parts(
    recorder: Recorder, clock: Clock, tmp_path: Path
) -> None:
    for placed in ((("hand", 1.0), ("camera", 2.0)), (("table", 3.0),), (("camera", 4.0),)):
        recorder.offer(transforms(START, *placed), latched=True)
    broken = transforms(START, ("door", 5.0))
    recorder.offer(replace(broken, data=broken.data[:9]), latched=True)
    recorder.start()
    _drive(recorder, clock)
    recorder.offer(transforms(clock.now, ("bottle", 6.0)), latched=True)
    _drive(recorder, clock)
    episode = recorder.keep()
    expected = {"hand": 1.0, "table": 3.0, "camera": 4.0}
    assert _placed(episode) == [expected, {"bottle": 6.0}]
    part = trim(episode, tmp_path / "part", 0.3, 0.0)
    assert _placed(part) == [{**expected, "bottle": 6.0}]


def _placed(episode: Path) -> list[dict[str, float]]:
    return [
        {placed.child_frame_id: placed.transform.translation.x for placed in message.transforms}
        for _, _, message in EpisodeReader(episode).messages("/tf_static")
    ]


def test_discarded_episode_leaves_nothing(recorder: Recorder, clock: Clock) -> None:
    recorder.start()
    _drive(recorder, clock)
    recorder.stop()
    recorder.discard()
    assert (recorder.state, recorder.status().discarded) == (State.IDLE, 1)
    assert list(recorder.directory.iterdir()) == []


def test_episode_that_nobody_kept_is_set_aside_at_the_end(recorder: Recorder, clock: Clock) -> None:
    recorder.start()
    _drive(recorder, clock)
    path = recorder.close()
    assert path is not None
    assert list_episodes(recorder.directory) == []
    assert (path.parent.name, load_info(path).complete) == ("interrupted", False)
    assert verify(path) == []


@pytest.mark.parametrize("wish", ["stop", "keep", "discard"])
def test_wishes_without_an_episode_are_refused(recorder: Recorder, wish: str) -> None:
    with pytest.raises(UserError, match="start"):
        getattr(recorder, wish)()
    with pytest.raises(UserError, match="no episode to mark"):
        recorder.mark("success")


def test_second_start_and_start_without_a_task_are_refused(
    recorder: Recorder, tmp_path: Path, clock: Clock
) -> None:
    recorder.start()
    with pytest.raises(UserError, match="RECORDING"):
        recorder.start()
    nameless = Recorder(tmp_path / "other", clock=clock)
    with pytest.raises(UserError, match="no task"):
        nameless.start()
    nameless.offer(sample("/sim/state", SimState(task="push_bottle", seed=3), START))
    assert nameless.start() == "push_bottle_0000"


def test_empty_episode_is_refused_and_leaves_the_recorder_idle(recorder: Recorder) -> None:
    recorder.start()
    with pytest.raises(UserError, match="nothing was recorded"):
        recorder.stop()
    assert recorder.state == State.IDLE
    recorder.start()


def test_start_names_the_required_topic_that_does_not_come(tmp_path: Path, clock: Clock) -> None:
    options = TakeOptions(limits=CheckLimits(required={IMAGE: 5.0}))
    recorder = Recorder(tmp_path, "task", options, clock=clock)
    with pytest.raises(UserError, match="/camera/image_raw does not come"):
        recorder.start()
    recorder.offer(picture(START, noise(0)))
    recorder.start()


def test_description_tells_encoder_seed_device_and_takeovers(recorder: Recorder, clock: Clock) -> None:
    recorder.start()
    _drive(recorder, clock)
    for source in ("policy", "", "teleop", "policy"):
        clock.now += STEP
        recorder.offer(sample("/franka/guard_state", GuardState(source=source), clock.now))
    recorder.offer(sample("/vip/embedding", Embedding(encoder="vip-sim@1"), clock.now))
    recorder.offer(sample("/sim/state", SimState(seed=7), clock.now))
    recorder.offer(sample("/vip/teleop_state", TeleopState(device="gamepad"), clock.now))
    info = load_info(recorder.keep())
    assert (info.encoder, info.seed, info.teleop) == ("vip-sim@1", 7, "gamepad")
    assert info.takeovers == ["0.35 s: policy -> teleop", "0.40 s: teleop -> policy"]


def test_description_tells_what_the_stack_ran_with(tmp_path: Path, clock: Clock) -> None:
    known = {"reward_node": {"encoder": "vip-sim", "goal": "a.png"}}
    hashes = []
    for parameters, goal in ((known, "a"), (known, "a"), (known, "b"), ({"reward_node": {}}, "a"), ({}, "a")):
        recorder = Recorder(
            tmp_path, "task", TakeOptions(configuration=lambda given=parameters: given), clock=clock
        )
        recorder.start()
        _drive(recorder, clock)
        recorder.offer(sample("/vip/reward", Reward(goal=goal), clock.now))
        info = load_info(recorder.keep())
        assert (info.configuration, info.goal) == (parameters, goal)
        hashes.append(info.config_hash)
    assert hashes[0] == hashes[1] and len(set(hashes)) == 4 and hashes[-1] == ""
    assert load_info(copy(tmp_path / "task_0000", tmp_path / "copy")).config_hash == hashes[0]


def test_what_the_stack_ran_with_is_told_without_passwords() -> None:
    rates = array("d", [1.5, 2.0])
    values = {"source": "rtsp://me:pass@word@camera.lan:554/live", "others": ["http://u:s3cret@h/x", "plain"]}
    answers = [
        ParameterValue(type=4, string_value=values["source"]),
        ParameterValue(type=9, string_array_value=values["others"]),
        ParameterValue(type=8, double_array_value=rates),
    ]
    node = SimpleNamespace(create_client=lambda *_: None)
    future = SimpleNamespace(
        cancelled=lambda: False, exception=lambda: None, result=lambda: SimpleNamespace(values=answers)
    )
    stack = StackParameters(node)
    stack._got("camera_node", ["source", "others", "rates"], future)
    assert stack.known()["camera_node"] == {
        "source": "rtsp://me:***@camera.lan:554/live",
        "others": ["http://u:***@h/x", "plain"],
        "rates": [1.5, 2.0],
    }


@pytest.mark.parametrize(
    "text", ["/dev/video0", "http://camera.lan:80/a:b@c", "rtsp://me@camera.lan/live", "", "a: b@c"]
)
def test_text_without_a_password_stays_as_it_is(text: str) -> None:
    assert without_password(text) == text


@pytest.mark.parametrize("task", ["../outside", "/tmp/x", "..", ".hidden", "a/b", "a\nb", "x" * 200])
def test_task_that_leads_out_of_the_folder_is_refused(recorder: Recorder, tmp_path: Path, task: str) -> None:
    with pytest.raises(UserError, match="cannot have the name"):
        recorder.start(task)
    with pytest.raises(UserError, match="cannot have the name"):
        EpisodeWriter(tmp_path / "episodes", task)
    assert [path.name for path in tmp_path.rglob("*")] == ["episodes"]


def test_lost_messages_are_told_by_their_numbers_and_warned_of(recorder: Recorder, clock: Clock) -> None:
    recorder.start()
    for sequence in (1, 2, 5):
        recorder.offer(joints(clock.now, sequence=sequence))
    recorder.stop()
    assert "2 messages of /joint_states were lost" in recorder.status().warnings
    assert load_info(recorder.keep()).missed == {JOINTS: 2}


def test_topic_of_two_publishers_is_not_counted() -> None:
    counts = SequenceCounts()
    for sequence in (10, 4, 11, 5, 30):
        counts.note(joints(START, sequence=sequence))
    assert counts.missed() == {}


def test_full_queue_drops_and_counts_and_never_waits() -> None:
    size = len(joints(START).data)
    intake = Intake(capacity=2 * size)
    assert [intake.put(joints(START)) for _ in range(4)] == [True, True, False, False]
    assert intake.dropped == {JOINTS: 2}
    assert len(intake.take(0.0)) == 2
    assert intake.put(joints(START))


def test_full_disk_ends_the_episode_and_keeps_what_is_there(tmp_path: Path, clock: Clock) -> None:
    free = [4 << 30]
    recorder = Recorder(tmp_path, "task", TakeOptions(flush_every=0.01), clock=clock)
    recorder._disk = DiskWatch(tmp_path, DiskLimits(), lambda _: free[0])
    recorder.start()
    _drive(recorder, clock)
    free[0] = 1 << 30
    _until(lambda: any("nearly full" in line for line in recorder.status().warnings))
    assert recorder.state == State.RECORDING
    free[0] = 100 << 20
    take = recorder._take
    assert take is not None
    _until(lambda: not take.running)
    recorder.tick()
    assert recorder.state == State.REVIEW
    assert any("recording has stopped" in line for line in recorder.status().warnings)
    assert load_info(recorder.keep()).counts[IMAGE] == 4
    with pytest.raises(UserError, match="the disk is full"):
        recorder.start()


def test_disk_that_is_unplugged_ends_the_episode_and_not_the_recorder(tmp_path: Path, clock: Clock) -> None:
    folder, away = tmp_path / "episodes", tmp_path / "unplugged"
    recorder = Recorder(folder, "task", TakeOptions(flush_every=0.01), clock=clock)
    assert recorder.status().bytes_free > 0
    recorder.start()
    _drive(recorder, clock)
    take = recorder._take
    assert take is not None
    _until(lambda: take.messages == 8)
    folder.rename(away)
    _until(lambda: not take.running)
    status = recorder.status()
    assert (status.state, status.bytes_free, status.episode) == (State.RECORDING, 0, "")
    assert "cannot be reached" in status.warnings[-1]
    with pytest.raises(UserError, match="cannot be reached"):
        recorder.tick()
    assert (recorder.state, recorder.status().bytes_free) == (State.IDLE, 0)
    assert "cannot be reached" in recorder.status().warnings[0]
    with pytest.raises(UserError, match="cannot be reached"):
        recorder.start()
    away.rename(folder)
    (found,) = recorder.recover()
    assert found.path is not None and load_info(found.path).counts == {IMAGE: 4, JOINTS: 4}
    recorder.start()


def test_disk_that_refuses_even_the_end_of_a_file_leaves_the_recorder_idle(
    recorder: Recorder, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise OSError(5, "Input/output error")

    recorder.start()
    _drive(recorder, clock)
    take = recorder._take
    assert take is not None
    close = take._writer.bag.close
    monkeypatch.setattr(take._writer.bag, "finish", refuse)
    monkeypatch.setattr(take._writer.bag, "close", refuse)
    with pytest.raises(UserError, match="Input/output error"):
        recorder.stop()
    assert recorder.state == State.IDLE
    close()


def test_disk_warning_comes_minutes_before_the_end() -> None:
    watch = DiskWatch(Path("/"), DiskLimits(warn_minutes=10.0, warn_mib=0.0, stop_mib=0.0))
    assert watch.warning(601 * 10**6, 1e6) == ""
    assert "10 min at this rate" in watch.warning(599 * 10**6, 1e6)


def test_disk_that_refuses_leaves_the_episode_to_recovery(
    recorder: Recorder, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder.start()
    _drive(recorder, clock)
    take = recorder._take
    assert take is not None
    _until(lambda: take.messages == 8)
    bag = take._writer.bag
    bag.flush()

    def refuse() -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bag, "finish", refuse)
    with pytest.raises(UserError, match="No space left"):
        recorder.stop()
    assert recorder.state == State.IDLE
    assert len(list_unfinished(recorder.directory)) == 1
    (found,) = recorder.recover()
    assert found.path is not None and load_info(found.path).counts


def test_rates_are_those_of_the_last_second() -> None:
    rates = StreamRates()
    for k in range(40):
        rates.note("/a", START + k * 50_000_000)
    end = START + 40 * 50_000_000
    assert rates.per_second(end) == {"/a": 19.0}
    assert rates.per_second(end + 2_000_000_000) == {"/a": 0.0}
    assert rates.silence("/a", end) == pytest.approx(0.05)


def test_unreadable_message_is_written_as_it_came_and_told_once(recorder: Recorder, clock: Clock) -> None:
    recorder.start()
    _drive(recorder, clock)
    whole = sample("/franka/guard_state", GuardState(source="policy"), clock.now)
    half = joints(clock.now).data[: len(joints(clock.now).data) // 2]
    for torn in (joints(clock.now), whole, picture(clock.now, noise(0))):
        for _ in range(3):
            recorder.offer(replace(torn, data=torn.data[: len(torn.data) // 2]))
    _drive(recorder, clock)
    recorder.stop()
    warnings = [line for line in recorder.status().warnings if line.startswith("unreadable")]
    assert [line.split(":")[0].split()[1] for line in warnings] == [JOINTS, "/franka/guard_state", IMAGE]
    episode = recorder.keep()
    assert load_info(episode).counts == {IMAGE: 11, JOINTS: 11, "/franka/guard_state": 3}
    written = [data for topic, _, data, _, _ in raw_messages(episode) if topic == JOINTS]
    assert written.count(half) == 3


def test_check_that_cannot_read_a_message_hides_it_from_no_other() -> None:
    class Refusing:
        def note(self, sample: object) -> None:
            raise UserError("unreadable")

    seen = []
    board = CheckBoard(CheckLimits(), START, ())
    board._checks = [Refusing(), SimpleNamespace(note=seen.append)]  # type: ignore[list-item]
    with pytest.raises(UserError, match="unreadable"):
        board.note(joints(START))
    assert len(seen) == 1


@pytest.mark.parametrize("image_format", ["png", "jpeg"])
@pytest.mark.parametrize("encoding", ["16UC1", "32FC1", "mono16", "nonsense"])
def test_depth_is_never_squeezed_into_a_picture(
    tmp_path: Path, clock: Clock, image_format: str, encoding: str
) -> None:
    topic, depth = "/camera/depth/image_rect", bytes(range(48))
    step = 16 if encoding == "32FC1" else 8
    message = Image(height=3, width=4, step=step, encoding=encoding, data=depth[: 3 * step])
    recorder = Recorder(tmp_path, "task", TakeOptions(image_format=image_format), clock=clock)
    recorder.start()
    _drive(recorder, clock)
    recorder.offer(sample(topic, message, clock.now))
    recorder.stop()
    assert not [line for line in recorder.status().warnings if "unreadable" in line]
    episode = recorder.keep()
    assert load_info(episode).counts == {f"{IMAGE}/compressed": 4, JOINTS: 4, topic: 1}
    ((_, _, read),) = EpisodeReader(episode).messages(topic)
    assert (read.encoding, bytes(read.data)) == (encoding, depth[: 3 * step])


@pytest.mark.parametrize(
    ("encoding", "compressed"), [("rgba8", False), ("bayer_rggb8", False), ("mono8", True)]
)
def test_png_takes_only_what_it_gives_back(
    tmp_path: Path, clock: Clock, encoding: str, compressed: bool
) -> None:
    message = Image(height=2, width=4, step=16, encoding=encoding, data=bytes(32))
    made = compress(sample(IMAGE, message, START), "png")
    assert (made.topic == f"{IMAGE}/compressed") == compressed
    assert compress(sample(IMAGE, message, START), "jpeg").topic == f"{IMAGE}/compressed"


def test_picture_that_the_encoder_refuses_is_recorded_raw(tmp_path: Path, clock: Clock) -> None:
    recorder = Recorder(tmp_path, "task", TakeOptions(image_format="jpeg"), clock=clock)
    recorder.start()
    recorder.offer(picture(clock.now, np.zeros((1, 70_000, 3), np.uint8)))  # JPEG ends at 65 500
    recorder.stop()
    assert any("record it raw" in line for line in recorder.status().warnings)
    assert load_info(recorder.keep()).counts == {IMAGE: 1}


def test_writer_thread_that_breaks_is_not_hidden(
    recorder: Recorder, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder.start()
    assert recorder._take is not None

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(recorder._take._writer, "write_cdr", broken)
    recorder.offer(sample(JOINTS, JointState(), START))
    with pytest.raises(ZeroDivisionError):
        recorder.stop()


def _until(condition: object, limit: float = 10.0) -> None:
    done = threading.Event()
    for _ in range(round(limit / 0.02)):
        if condition():  # type: ignore[operator]
            return
        done.wait(0.02)
    raise AssertionError("waited in vain")
