"""The monitor's picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vip_reward_node.charts import BLUE, GREEN, RED, ticks
from vip_reward_node.history import History, Point
from vip_reward_node.strip_chart import BAR_BOX, CAMERA_BOX, CHART_BOXES, GOAL_BOX, StripChart


def falling(frames: int = 40, episode: int = 0) -> list[Point]:
    """Return an episode at 10 Hz whose distance falls from 2 to 0."""
    distances = np.linspace(2.0, 0.0, frames)
    return [
        Point(10.0 * episode + 0.1 * index, distance, 2.0, 1.0 - distance / 2.0, 2.0 / frames, "goal")
        for index, distance in enumerate(distances)
    ]


def starts(points: list[Point]) -> list[float]:
    history = History()
    for point in points:
        history.add(point)
    return list(history.between(-np.inf, np.inf).starts)


def test_the_newest_rewards_are_kept_when_more_come_than_there_is_room_for() -> None:
    history = History(capacity=10)
    for number in range(95):
        history.add(Point(float(number), float(number), 1.0, 0.5, 0.0))
        kept = history.between(-np.inf, np.inf)
        assert list(kept.time) == list(range(max(number - 9, 0), number + 1))
    assert list(history.between(88.0, 91.0).distance) == [88.0, 89.0, 90.0, 91.0]


def count(pixels: np.ndarray, colour: tuple[int, int, int]) -> int:
    return int((pixels == np.array(colour, np.uint8)).all(axis=-1).sum())


def test_nothing_yet_is_drawn_as_well() -> None:
    assert StripChart().render(0.0).shape == (450, 800, 3)


def test_charts_show_distance_progress_and_reward() -> None:
    chart = StripChart()
    for point in falling():
        chart.add(point)
    picture = chart.render(4.0)
    distance, progress, reward = (box.view(picture) for box in CHART_BOXES)
    assert count(distance, BLUE) > 100
    assert count(progress, GREEN) > 100
    assert count(reward, GREEN) > 100
    assert count(reward, RED) == 0
    assert count(BAR_BOX.view(picture), GREEN) == BAR_BOX.wide * BAR_BOX.high


def test_steps_away_from_the_goal_are_red() -> None:
    chart = StripChart()
    chart.add(Point(0.0, 1.0, 1.0, 0.0, 0.0))
    chart.add(Point(0.1, 1.5, 1.0, -0.5, -0.5))
    assert count(CHART_BOXES[2].view(chart.render(0.2)), RED) > 10


def test_bars_closer_than_a_pixel_show_the_largest_of_both_signs() -> None:
    chart = StripChart()
    for index in range(4000):
        value = {1000: 1.0, 1001: -1.0}.get(index, 0.001)
        chart.add(Point(index / 200, 1.0, 1.0, 0.5, value))
    reward = CHART_BOXES[2].view(chart.render(20.0))
    assert max(count(reward[:, [column]], GREEN) for column in range(reward.shape[1])) > 0.4 * len(reward)
    assert max(count(reward[:, [column]], RED) for column in range(reward.shape[1])) > 0.4 * len(reward)


def test_rewards_older_than_the_window_leave_the_picture() -> None:
    chart = StripChart(window=5.0)
    for point in falling():
        chart.add(point)
    assert count(CHART_BOXES[0].view(chart.render(100.0)), BLUE) == 0


def test_a_stream_that_stopped_greys_the_bar() -> None:
    chart = StripChart()
    chart.add(Point(0.0, 0.0, 1.0, 1.0, 0.0))
    assert count(BAR_BOX.view(chart.render(5.0)), GREEN) == 0


def test_a_clock_that_is_set_back_starts_a_new_chart() -> None:
    chart = StripChart()
    for time in (100.0, 1.0):
        chart.add(Point(time, 1.0, 1.0, 0.0, 0.0))
    assert count(CHART_BOXES[0].view(chart.render(1.5)), BLUE) > 0


@pytest.mark.parametrize("size", [(240, 424), (1080, 1920), (424, 240), (1, 1)])
def test_pictures_of_any_size_fit_their_boxes(size: tuple[int, int]) -> None:
    chart = StripChart()
    chart.show_camera(np.full((*size, 3), 255, np.uint8))
    chart.show_goal(np.full((*size, 3), 255, np.uint8))
    picture = chart.render(0.0)
    for box in (CAMERA_BOX, GOAL_BOX):
        assert count(box.view(picture), (255, 255, 255)) > 0.2 * box.wide * box.high


def test_a_new_episode_is_marked_and_not_joined_to_the_one_before() -> None:
    points = falling() + [Point(p.time + 10.0, p.distance, 3.0, p.progress, p.reward) for p in falling()]
    assert starts(points) == [10.0]


@pytest.mark.parametrize("value", [0.0, 1e-12, 1e6])
def test_extreme_values_are_drawn(value: float) -> None:
    chart = StripChart()
    for time in (0.0, 0.1):
        chart.add(Point(time, value, value, 0.0, -value))
    assert chart.render(0.2).any()


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0, 1.0, [0.0, 0.5, 1.0]),
        (-20.0, 0.0, [-20.0, -15.0, -10.0, -5.0, 0.0]),
        (0.0, 2.6, [0.0, 1.0, 2.0]),
    ],
)
def test_ticks_are_round_numbers(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high, 4 if low else 3) == pytest.approx(expected)


@pytest.mark.parametrize(
    "change",
    [{"goal": "other"}, {"initial_distance": 3.0}, {"subgoal_index": 1}, {"progress": 0.0, "reward": 0.0}],
)
def test_line_is_cut_where_something_begins_anew(change: dict[str, object]) -> None:
    point = Point(1.0, 1.0, 2.0, 0.5, 0.1, "goal", 0, 2)
    after = replace(point, time=2.0, **change)
    assert starts([point, after]) == [2.0]
    assert starts([point, replace(point, time=2.0)]) == []


def test_subgoal_in_force_is_named() -> None:
    assert Point(1.0, 1.0, 2.0, 0.5, 0.1, "tidy", 1, 3).title == "tidy  2/3"
    assert Point(1.0, 1.0, 2.0, 0.5, 0.1, "tidy").title == "tidy"


def test_a_fault_is_a_line_at_its_time_and_a_word_while_it_lasts() -> None:
    chart = StripChart(window=10.0)
    for point in falling():
        chart.add(point)
    calm = chart.render(4.0)
    chart.show_fault("image_stale", 2.0)
    faulty = chart.render(4.0)
    chart.show_fault("", 3.0)
    mended = chart.render(4.0)
    box = CHART_BOXES[0]
    assert count(box.view(calm), RED) == 0
    assert count(box.view(faulty), RED) >= box.high
    assert count(box.view(mended), RED) >= box.high
    above = slice(0, box.y)
    assert count(faulty[above], RED) > 0 == count(mended[above], RED)
