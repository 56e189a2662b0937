"""vip encode: what it writes, what it is called, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from clips import write_png, write_video
from fakes import FourFrames, MeanColour, Reader

from vip_models.goals import Goal, GoalLibrary
from vip_reward_node.encode import EncodeRequest, encode_inputs, output_names
from vip_reward_node.reward import RewardForm
from vip_reward_node.tracker import ReachRule
from vip_ros.errors import UserError


def test_results_have_the_documented_arrays(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.avi", 11)
    result = encode_inputs(EncodeRequest([clip], tmp_path / "out", batch_size=4), MeanColour())
    assert not result.failures
    arrays = np.load(tmp_path / "out" / "clip.npz", allow_pickle=False)
    assert (arrays["embeddings"].dtype, arrays["embeddings"].shape) == (np.float32, (11, 3))
    assert arrays["distances"].shape == arrays["stamps"].shape == (11,)
    assert arrays["rewards"].shape == (10,)
    assert np.array_equal(arrays["rewards"], -np.diff(arrays["distances"]))
    assert arrays["distances"][-1] == 0.0
    assert arrays["stamps"][-1] == pytest.approx(1.0)
    assert str(arrays["encoder"]) == MeanColour().id


def test_metrics_say_bumps_order_and_speed_of_each_input(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.avi", 5)
    encode_inputs(EncodeRequest([clip], tmp_path / "out"), MeanColour())
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text())
    assert metrics["encoder"] == MeanColour().id
    figures = metrics["inputs"]["clip"]
    assert (figures["frames"], figures["bumps"], figures["voc"]) == (5, 0.0, pytest.approx(1.0))
    assert figures["frames_per_second"] > 0.0


def test_curve_is_a_picture(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.avi", 5)
    encode_inputs(EncodeRequest([clip], tmp_path / "out"), MeanColour())
    picture = cv2.imread(str(tmp_path / "out" / "clip.png"))
    assert picture is not None
    assert picture.std() > 10.0


def test_goal_image_takes_the_place_of_the_last_frame(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.avi", 5)
    goal = write_png(tmp_path / "goal.png", (100, 100, 100), size=(64, 48))
    encode_inputs(EncodeRequest([clip], tmp_path / "out", str(goal)), MeanColour())
    arrays = np.load(tmp_path / "out" / "clip.npz", allow_pickle=False)
    assert np.array_equal(arrays["goal"], np.full(3, 100.0, np.float32))
    assert arrays["distances"][-1] > 100.0


def test_frames_are_encoded_in_batches_and_progress_is_told(tmp_path: Path) -> None:
    encoder, told = MeanColour(), []
    clip = write_video(tmp_path / "clip.avi", 10)
    request = EncodeRequest([clip], tmp_path / "out", batch_size=4)
    encode_inputs(request, encoder, lambda *report: told.append(report))
    assert encoder.batches == [4, 4, 2]
    assert told == [("clip", 4, 10), ("clip", 8, 10), ("clip", 10, 10)]


def test_folder_of_frames_is_encoded_like_a_video(tmp_path: Path) -> None:
    (tmp_path / "frames").mkdir()
    for index in range(3):
        write_png(tmp_path / "frames" / f"{index}.png", (index, 0, 0))
    encode_inputs(EncodeRequest([tmp_path / "frames"], tmp_path / "out", rate=10.0), MeanColour())
    arrays = np.load(tmp_path / "out" / "frames.npz", allow_pickle=False)
    assert arrays["embeddings"][:, 0].tolist() == [0.0, 1.0, 2.0]
    assert arrays["stamps"].tolist() == [0.0, 0.1, 0.2]


def test_inputs_of_one_name_do_not_overwrite_each_other(tmp_path: Path) -> None:
    clips = []
    for folder, frames in (("a", 3), ("b", 4)):
        (tmp_path / folder).mkdir()
        clips.append(write_video(tmp_path / folder / "clip.avi", frames))
    result = encode_inputs(EncodeRequest(clips, tmp_path / "out"), MeanColour())
    assert {name: figures["frames"] for name, figures in result.metrics.items()} == {"clip": 3, "clip-2": 4}
    assert len(np.load(tmp_path / "out" / "clip-2.npz")["stamps"]) == 4


@pytest.mark.parametrize(
    ("inputs", "names"),
    [
        (["a/x.mp4", "b/x.mp4", "c/x.avi"], ["x", "x-2", "x-3"]),
        (["a/x.mp4", "b/x.mp4", "c/x-2.mp4"], ["x", "x-3", "x-2"]),
        (["a/X.mp4", "b/x.mp4"], ["X", "x-2"]),
        (["a/my.clip.mp4"], ["my.clip"]),
    ],
)
def test_names_stay_apart(inputs: list[str], names: list[str]) -> None:
    assert output_names([Path(path) for path in inputs]) == names


def test_one_bad_input_does_not_keep_the_others(tmp_path: Path) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"nothing")
    good = write_video(tmp_path / "good.avi", 3)
    result = encode_inputs(EncodeRequest([bad, good], tmp_path / "out"), MeanColour())
    assert list(result.metrics) == ["good"]
    assert len(result.failures) == 1
    assert "bad.mp4" in result.failures[0]


def test_video_of_one_frame_is_refused(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.avi", 1)
    result = encode_inputs(EncodeRequest([clip], tmp_path / "out"), MeanColour())
    assert "1 frame" in result.failures[0]
    assert not (tmp_path / "out" / "clip.npz").exists()


@pytest.mark.parametrize("missing", ["input", "goal"])
def test_what_is_missing_is_told_before_any_work(tmp_path: Path, missing: str) -> None:
    clip = tmp_path / "none.mp4" if missing == "input" else write_video(tmp_path / "clip.avi", 3)
    goal = "last" if missing == "input" else str(tmp_path / "none.png")
    encoder = MeanColour()
    with pytest.raises(UserError, match="none"):
        encode_inputs(EncodeRequest([clip], tmp_path / "out", goal), encoder)
    assert not encoder.batches


def test_no_input_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nothing to encode"):
        encode_inputs(EncodeRequest([], tmp_path), MeanColour())


def test_out_that_is_a_file_is_refused(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.avi", 3)
    (tmp_path / "out").write_text("in the way")
    with pytest.raises(UserError, match="cannot make the folder"):
        encode_inputs(EncodeRequest([clip], tmp_path / "out"), MeanColour())


def test_own_subgoals_are_followed_and_told(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    for index, level in enumerate([*range(0, 120, 4), *range(120, 0, -4)]):
        write_png(tmp_path / "demo" / f"{index}.png", (level, 0, 0))
    result = encode_inputs(EncodeRequest([tmp_path / "demo"], tmp_path / "out", "uvd"), MeanColour())
    arrays = np.load(tmp_path / "out" / "demo.npz", allow_pickle=False)
    assert sorted(set(arrays["subgoal_index"])) == [0, 1]
    # Each way is straight: only a switch within the slack, 3 frames early, makes steps back.
    assert (arrays["rewards"] <= 0.0).sum() <= 3
    figures = result.metrics["demo"]
    assert (figures["subgoals"], figures["subgoals_passed"]) == (2, 1)
    assert figures["bumps"] == (arrays["rewards"] < 0.0).mean()
    assert arrays["reached"][-1]


def test_rewards_are_written_in_the_form_asked_for(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.avi", 11)
    form, rule = RewardForm("sparse", normalise=True), ReachRule(progress=0.7)
    result = encode_inputs(EncodeRequest([clip], tmp_path / "out", form=form, rule=rule), MeanColour())
    arrays = np.load(tmp_path / "out" / "clip.npz", allow_pickle=False)
    assert arrays["distances"][0] == 1.0
    assert arrays["rewards"].tolist() == arrays["reached"][1:].astype(float).tolist()
    assert 0.0 < arrays["rewards"].sum() < 10.0
    assert result.metrics["clip"]["initial_distance"] > 10.0


def test_video_is_encoded_as_one_by_an_encoder_that_sees_several_frames(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "clip.avi", 11)
    for size in (1, 3, 11):
        encode_inputs(EncodeRequest([clip], tmp_path / str(size), batch_size=size), FourFrames())
    runs = [np.load(tmp_path / str(size) / "clip.npz")["embeddings"] for size in (1, 3, 11)]
    assert np.array_equal(runs[0], runs[1])
    assert np.array_equal(runs[0], runs[2])


@pytest.mark.parametrize("kind", ["folder", "npz", "name", "text"])
def test_goal_can_be_what_a_live_goal_can_be(tmp_path: Path, kind: str) -> None:
    clip, encoder = write_video(tmp_path / "clip.avi", 5), Reader()
    library = GoalLibrary(tmp_path / "goals")
    (tmp_path / "pictures").mkdir()
    for level in (20, 40):
        write_png(tmp_path / "pictures" / f"{level}.png", (level, 0, 0))
    goal = library.save(Goal("stored", encoder.id, np.array([30.0, 0.0, 0.0])))
    texts = {"folder": tmp_path / "pictures", "npz": goal, "name": "stored", "text": "text:red"}
    request = EncodeRequest([clip], tmp_path / "out", str(texts[kind]), library=library)
    assert not encode_inputs(request, encoder).failures
    arrays = np.load(tmp_path / "out" / "clip.npz", allow_pickle=False)
    assert arrays["goal"].tolist() == ([255.0, 0.0, 0.0] if kind == "text" else [30.0, 0.0, 0.0])
    if kind == "text":
        # Grey is 54.7 degrees off every pure colour.
        assert arrays["distances"][-1] == pytest.approx(1.0 - 3**-0.5, abs=0.05)
