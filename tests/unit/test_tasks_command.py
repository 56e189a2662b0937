"""`vip tasks` as a person types it, and lockstep recordings that fail on purpose."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from franka_node.sim import kitchen
from franka_node.sim.gl import choose_backend
from vip_bringup import cli
from vip_ros.errors import UserError
from vip_teleop.episode import list_episodes, load_info


@pytest.fixture
def can_draw() -> None:
    try:
        choose_backend()
    except UserError as error:
        pytest.skip(str(error))


def test_the_tasks_are_listed_with_what_they_ask_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["tasks"]) == 0
    lines = capsys.readouterr().out.splitlines()
    names = [line.split()[0] for line in lines]
    assert {"close_drawer", "fold_towel", "kitchen_light", "place_melon", "push_bottle"} <= set(names)
    assert all(len(line) > 40 for line in lines)


def test_a_task_whose_furniture_is_not_installed_is_listed_and_refused_with_the_mend(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kitchen, "PACKAGE", "no_such_furniture")
    assert cli.main(["tasks"]) == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("kitchen_light"))
    assert "not installed" in line and ",kitchen ./vip" in line
    assert cli.main(["tasks", "--task", "KitchenLight"]) == 2
    message = capsys.readouterr().err.strip()
    assert "no-such-furniture" in message and ",kitchen ./vip" in message and "\n" not in message


def test_a_picture_has_a_row_per_scene_and_a_column_per_frame(tmp_path: Path, can_draw: None) -> None:
    path = tmp_path / "tasks.png"
    arguments = ["tasks", "--task", "PushBottle", "--picture", str(path), "--scenes", "2", "--frames", "3"]
    assert cli.main(arguments) == 0
    assert Image.open(path).size == (3 * 320, 2 * 240)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--task", "foldtowl"], "fold_towel"),
        (["--picture", "x.png", "--variation", "brod"], "broad"),
        (["--picture", "x.png", "--frames", "1"], "--frames"),
    ],
)
def test_a_mistake_is_named_in_one_line(
    arguments: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["tasks", *arguments]) != 0
    message = capsys.readouterr().err.strip()
    assert named in message and "\n" not in message


def test_failures_can_be_recorded_in_lockstep(tmp_path: Path, can_draw: None) -> None:
    arguments = ["record", "--task", "PushBottle", "--lockstep", "--out", str(tmp_path / "episodes")]
    assert cli.main([*arguments, "--set", "teleop_node.failure=1.0"]) == 0
    (episode,) = list_episodes(tmp_path / "episodes")
    assert load_info(episode).outcome == "failure"


def test_lockstep_has_no_other_node_to_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["record", "--task", "PushBottle", "--lockstep", "--out", str(tmp_path)]
    assert cli.main([*arguments, "--set", "franka_node.seed=1"]) != 0
    assert "teleop_node" in capsys.readouterr().err
    assert cli.main([*arguments, "--set", "teleop_node.style=exprt"]) != 0
    assert "expert" in capsys.readouterr().err
