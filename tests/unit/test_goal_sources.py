"""What may be named as a goal: pictures, the ends of demonstrations, words, subgoals, stored goals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from clips import write_png, write_video
from fakes import FourFrames, MeanColour, Reader
from support.episodes import toy_demonstration, toy_episode

from vip_models import load_encoder
from vip_models.goals import Goal, GoalLibrary, save_goal
from vip_reward_node.footage import last_frames, open_footage
from vip_reward_node.goal_maker import GoalMaker, content_name
from vip_reward_node.goal_source import resolve_goal
from vip_reward_node.subgoals import Decomposition
from vip_reward_node.tracker import judge
from vip_ros.errors import UserError


@pytest.fixture
def maker() -> GoalMaker:
    return GoalMaker(MeanColour())


@pytest.fixture
def library(tmp_path: Path) -> GoalLibrary:
    return GoalLibrary(tmp_path / "library")


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Return a folder of three pictures: black, dark and bright."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, level in (("1", 0), ("2", 30), ("10", 90)):
        write_png(folder / f"{name}.png", (level, level, level))
    return folder


@pytest.mark.parametrize("kind", ["picture", "video", "file", "bundle", "name"])
def test_one_goal_can_be_named_in_five_ways(
    tmp_path: Path, maker: GoalMaker, library: GoalLibrary, kind: str
) -> None:
    stored = Goal("stored", maker.encoder.id, np.full(3, 8.0))
    texts = {
        "picture": lambda: write_png(tmp_path / "goal.png", (8, 8, 8)),
        "video": lambda: write_video(tmp_path / "clip.avi", 3),
        "file": lambda: save_goal(stored, tmp_path / "any.npz"),
        "bundle": lambda: save_goal(stored, tmp_path / "bundle").parent,
        "name": lambda: library.save(stored).stem,
    }
    goal = resolve_goal(str(texts[kind]()), maker, library)
    assert goal.encoder == maker.encoder.id
    assert np.abs(goal.embedding - 8.0).max() < 3.0


@pytest.mark.parametrize("way", ["folder", "list"])
def test_several_goal_images_are_averaged_in_embedding_space(
    maker: GoalMaker, library: GoalLibrary, pictures: Path, way: str
) -> None:
    text = str(pictures) if way == "folder" else ", ".join(str(pictures / f"{n}.png") for n in (1, 2, 10))
    goal = resolve_goal(text, maker, library)
    assert goal.embedding.tolist() == [40.0, 40.0, 40.0]
    assert goal.threshold == pytest.approx(50.0 * 3**0.5)
    assert goal.image[0, 0, 0] == 30
    assert goal.name == ("pictures" if way == "folder" else "mean-of-3")


def test_goal_of_several_demonstrations_is_the_mean_of_their_last_frames(
    tmp_path: Path, maker: GoalMaker, library: GoalLibrary
) -> None:
    for folder, frames in (("a", 6), ("b", 11)):
        (tmp_path / "videos" / folder).mkdir(parents=True)
        for index in range(frames):
            write_png(tmp_path / "videos" / folder / f"{index}.png", (index, 0, 0))
    write_video(tmp_path / "videos" / "c.avi", 4)
    goal = resolve_goal(str(tmp_path / "videos"), maker, library)
    assert goal.embedding[0] == pytest.approx((5 + 10 + 12) / 3, abs=1.0)


def test_goal_of_episodes_leaves_out_those_that_failed(
    tmp_path: Path, maker: GoalMaker, library: GoalLibrary
) -> None:
    episodes = tmp_path / "episodes"
    for seed, success in ((0, True), (1, False), (2, True)):
        toy_episode(episodes, seed=seed, success=success)
    ends = [toy_demonstration(seed=seed).frames[-1] for seed in (0, 2)]
    expected = np.mean([end.mean(axis=(0, 1)) for end in ends], axis=0)
    assert resolve_goal(str(episodes), maker, library).embedding == pytest.approx(expected, abs=1e-3)


def test_goal_of_one_episode_is_its_last_picture(
    tmp_path: Path, maker: GoalMaker, library: GoalLibrary
) -> None:
    goal = resolve_goal(str(toy_episode(tmp_path)), maker, library)
    assert np.array_equal(goal.image, toy_demonstration().frames[-1])
    assert goal.threshold is None


def test_episode_has_the_stamps_of_its_camera(tmp_path: Path) -> None:
    footage = open_footage(toy_episode(tmp_path))
    stamps = [frame.stamp for frame in footage]
    assert stamps == pytest.approx(toy_demonstration().stamps)
    assert footage.expected == 12
    assert [frame.stamp for frame in open_footage(footage.path, 10.0)][-1] == pytest.approx(1.1)


def test_last_of_a_folder_of_frames_can_be_asked_for(
    maker: GoalMaker, library: GoalLibrary, pictures: Path
) -> None:
    assert resolve_goal(f"last:{pictures}", maker, library).embedding.tolist() == [90.0, 90.0, 90.0]
    assert last_frames(pictures, 2)[:, 0, 0, 0].tolist() == [30, 90]


def test_pictures_side_by_side_are_no_video_to_an_encoder_that_sees_several(
    library: GoalLibrary, pictures: Path
) -> None:
    maker = GoalMaker(FourFrames())
    assert resolve_goal(str(pictures), maker, library).embedding.tolist() == [40.0, 40.0, 40.0]
    # The last frame is seen after those before it: (0 + 0 + 30 + 90) / 4.
    assert resolve_goal(f"last:{pictures}", maker, library).embedding.tolist() == [30.0, 30.0, 30.0]
    assert maker.of_image(np.full((2, 2, 3), 8, np.uint8)).embedding.tolist() == [8.0, 8.0, 8.0]


def test_words_are_a_goal_for_an_encoder_that_reads(library: GoalLibrary) -> None:
    goal = resolve_goal("text:make it  RED red", GoalMaker(Reader()), library)
    assert (goal.name, goal.metric) == ("make-it-red-red", "cosine")
    assert goal.image.std() > 5.0
    pure = judge(np.array([[0.0, 9.0, 0.0], [200.0, 0.0, 0.0]]), goal)
    assert pure.distances.tolist() == pytest.approx([1.0, 0.0])


def test_words_are_refused_by_an_encoder_that_does_not_read(library: GoalLibrary, sim_cache: Path) -> None:
    with pytest.raises(UserError, match=r"vip-sim.*clip-rn50.*liv-resnet50"):
        resolve_goal("text:close the drawer", GoalMaker(load_encoder("vip-sim")), library)


def test_no_words_are_no_goal(library: GoalLibrary) -> None:
    with pytest.raises(UserError, match="without words"):
        resolve_goal("text: ", GoalMaker(Reader()), library)


def test_subgoals_come_from_a_demonstration(tmp_path: Path, library: GoalLibrary) -> None:
    levels = [*range(0, 100, 5), *range(100, 20, -4)]
    (tmp_path / "demo").mkdir()
    for index, level in enumerate(levels):
        write_png(tmp_path / "demo" / f"{index}.png", (level, 0, 0))
    maker = GoalMaker(MeanColour(), decomposition=Decomposition(min_interval=8))
    goal = resolve_goal(f"uvd:{tmp_path / 'demo'}", maker, library)
    stages = goal.subgoals
    assert stages is not None
    assert stages.budgets.tolist() == [21, 19]
    assert stages.embeddings[:, 0].tolist() == [100.0, levels[-1]]
    assert stages.images[:, 0, 0, 0].tolist() == [100, levels[-1]]
    assert (stages.rate, goal.embedding[0]) == (25.0, levels[-1])
    library.save(goal)
    back = library.load("demo", maker.encoder.id)
    assert np.array_equal(back.subgoals.images, stages.images)
    assert (back.subgoals.budgets.tolist(), back.subgoals.rate) == ([21, 19], 25.0)


@pytest.mark.parametrize("text", ["none.png", "some/where", "..", "uvd:none.mp4", "a.png,b.png", "last:x"])
def test_a_path_without_a_goal_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, maker: GoalMaker, library: GoalLibrary, text: str
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    with pytest.raises(UserError, match="no goal|no such file"):
        resolve_goal(text, maker, library)


def test_many_pictures_and_many_words_are_more_than_a_file_name_holds(
    maker: GoalMaker, library: GoalLibrary, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(pictures)
    assert resolve_goal(",".join(["10.png"] * 60), maker, library).embedding.tolist() == [90.0, 90.0, 90.0]
    goal = resolve_goal("text:" + "red " * 100, GoalMaker(Reader()), library)
    assert goal.metric == "cosine"


@pytest.mark.parametrize("text", ["~nosuchuser/a.png", "x" * 300, "a\0b"])
@pytest.mark.parametrize("form", ["{}", "uvd:{}", "last:{}", "10.png,{}"])
def test_what_cannot_be_a_path_is_told(
    maker: GoalMaker,
    library: GoalLibrary,
    pictures: Path,
    monkeypatch: pytest.MonkeyPatch,
    form: str,
    text: str,
) -> None:
    monkeypatch.chdir(pictures)
    with pytest.raises(UserError, match="no goal|no such file|not a goal name"):
        resolve_goal(form.format(text), maker, library)


def test_folder_without_pictures_is_told(tmp_path: Path, maker: GoalMaker, library: GoalLibrary) -> None:
    (tmp_path / "notes.txt").write_text("nothing to see")
    with pytest.raises(UserError, match="no goal images"):
        resolve_goal(str(tmp_path), maker, library)


def test_stored_goal_of_another_encoder_is_refused_with_both_ids(
    maker: GoalMaker, library: GoalLibrary
) -> None:
    library.save(Goal("foreign", "other@0", np.zeros(3)))
    with pytest.raises(UserError, match=r"other@0.*mean-colour@000000000000"):
        resolve_goal("foreign", maker, library)


def test_a_goal_without_a_name_is_called_after_its_content(maker: GoalMaker) -> None:
    one, two = (np.full((4, 4, 3), level, np.uint8) for level in (1, 2))
    assert maker.of_image(one).name == content_name(one) != content_name(two)


def test_goal_keeps_its_own_copy_of_the_image(maker: GoalMaker) -> None:
    rgb = np.full((4, 4, 3), 5, np.uint8)
    goal = maker.of_image(rgb)
    rgb[:] = 0
    assert goal.image[0, 0, 0] == 5
