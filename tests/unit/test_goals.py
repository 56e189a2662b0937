"""Goals survive a round trip, belong to one encoder, and never lead outside their folder."""

from __future__ import annotations

import numpy as np
import pytest

from vip_models.goals import Goal, GoalLibrary, Subgoals, load_goal, mean_goal, save_goal
from vip_ros.errors import UserError

ENCODER = "vip-sim@0123456789ab"


def _goal(name="drawer", **extra):
    return Goal(name, ENCODER, np.arange(4, dtype=np.float32), **extra)


def test_a_goal_survives_the_round_trip(tmp_path):
    image = np.full((3, 5, 3), 7, np.uint8)
    path = save_goal(_goal(image=image, threshold=0.25), tmp_path / "bundle")
    assert path == tmp_path / "bundle" / "goal.npz"
    goal = load_goal(tmp_path / "bundle", ENCODER)
    assert (goal.name, goal.encoder, goal.threshold) == ("drawer", ENCODER, 0.25)
    np.testing.assert_array_equal(goal.embedding, [0, 1, 2, 3])
    np.testing.assert_array_equal(goal.image, image)


def test_what_a_goal_does_not_have_stays_absent(tmp_path):
    goal = load_goal(save_goal(_goal(), tmp_path / "one.npz"))
    assert goal.image is None
    assert goal.threshold is None


def test_a_goal_of_another_encoder_is_refused_with_both_names(tmp_path):
    path = save_goal(_goal(), tmp_path / "one.npz")
    with pytest.raises(UserError, match=r"vip-sim@0123456789ab.*vip-resnet50@ffff"):
        load_goal(path, "vip-resnet50@ffff")


def test_saving_leaves_no_temporary_file(tmp_path):
    save_goal(_goal(), tmp_path / "one.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["one.npz"]


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04broken"])
def test_a_file_that_is_no_goal_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / "goal.npz"
    path.write_bytes(content)
    with pytest.raises(UserError, match="not a goal file"):
        load_goal(path)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param((8, b"\x63"), id="packed in an unknown way"),
        pytest.param((6, b"\x01"), id="encrypted"),
        pytest.param((None, bytes(range(255, 235, -1))), id="overwritten"),
    ],
)
def test_a_damaged_goal_file_is_refused_in_one_line(tmp_path, damage):
    path = save_goal(_goal(), tmp_path / "goal.npz")
    content = bytearray(path.read_bytes())
    where, new = damage
    if where is None:  # the packed bytes of the first array
        starts = [content.index(b"name.npy") + 8 + 20]
    else:  # the same field of the file's own header and of the table of contents
        starts = [where, content.index(b"PK\x01\x02") + where + 2]
    for start in starts:
        content[start : start + len(new)] = new
    path.write_bytes(content)
    with pytest.raises(UserError, match="not a goal file.*damaged"):
        load_goal(path)


def test_a_goal_file_that_would_unpickle_is_refused(tmp_path):
    np.savez(tmp_path / "goal.npz", name=np.array([{"a": 1}], dtype=object))
    with pytest.raises(UserError, match="not a goal file"):
        load_goal(tmp_path)


def test_a_missing_goal_file_is_named(tmp_path):
    with pytest.raises(UserError, match="no goal file"):
        load_goal(tmp_path / "none.npz")


@pytest.mark.parametrize("embedding", [np.empty(0), np.zeros((2, 2)), np.array([np.nan])])
def test_an_unusable_embedding_is_refused(embedding):
    with pytest.raises(UserError, match="no usable embedding"):
        Goal("bad", ENCODER, embedding)


@pytest.mark.parametrize(
    "image", [np.zeros((4, 4, 3)), np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8)]
)
def test_an_image_that_cannot_be_shown_is_refused(image):
    with pytest.raises(UserError, match="no usable image"):
        _goal(image=image)


@pytest.mark.parametrize(
    "change",
    [
        {"budgets": np.array([8.0, np.inf])},
        {"rate": np.inf},
        {"rate": np.nan},
        {"images": np.zeros((1, 4, 4, 3), np.uint8)},
        {"images": np.zeros((2, 4, 4, 3))},
        {"images": np.zeros((2, 4, 4), np.uint8)},
    ],
)
def test_stages_that_cannot_be_followed_or_shown_are_refused(change):
    stages = {"embeddings": np.eye(2), "budgets": np.array([8.0, 8.0]), "rate": 25.0}
    Subgoals(**stages, images=np.zeros((2, 4, 4, 3), np.uint8))
    with pytest.raises(UserError, match="the subgoals have no"):
        Subgoals(**(stages | change))


def test_the_library_lists_saves_and_loads_by_name(tmp_path):
    library = GoalLibrary(tmp_path / "goals")
    assert library.names() == []
    library.save(_goal("b"))
    library.save(_goal("a"))
    assert library.names() == ["a", "b"]
    assert library.load("a", ENCODER).name == "a"


@pytest.mark.parametrize("stem", ["my goal", ".hidden", "a..b", "x" * 65])
def test_a_file_under_no_goal_name_does_not_spoil_the_listing(tmp_path, stem):
    library = GoalLibrary(tmp_path)
    library.save(_goal("a"))
    (tmp_path / f"{stem}.npz").write_bytes(b"")
    assert [library.path(name).stem for name in library.names()] == ["a"]


def test_an_unknown_goal_is_answered_with_those_that_exist(tmp_path):
    library = GoalLibrary(tmp_path)
    library.save(_goal("closed"))
    with pytest.raises(UserError, match="available: closed"):
        library.load("open")


@pytest.mark.parametrize("name", ["../evil", "a/b", "", ".hidden", "a..b", "x" * 65, "a\0b"])
def test_a_goal_name_cannot_leave_the_folder(tmp_path, name):
    with pytest.raises(UserError, match="not a goal name"):
        GoalLibrary(tmp_path).path(name)


def test_a_mean_goal_is_the_middle_of_its_images():
    goal = mean_goal("mean", ENCODER, np.array([[0.0, 2.0], [2.0, 4.0]]))
    np.testing.assert_allclose(goal.embedding, [1.0, 3.0])
