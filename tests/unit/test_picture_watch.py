"""Pictures that come on time and show nothing are refused, where the rules say so."""

from __future__ import annotations

import numpy as np
import pytest

from vip_reward_node.picture_watch import PictureRules, PictureWatch
from vip_ros.errors import UserError

RULES = PictureRules(frozen_after=0.5, dark_below=2.0, one_size=True)


def _picture(seed: int, size: tuple[int, int] = (48, 64)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (*size, 3), np.uint8)


def test_without_rules_every_picture_passes() -> None:
    watch = PictureWatch(PictureRules())
    for k in range(50):
        watch.check(np.zeros((48, 64 + k, 3), np.uint8), 0.1 * k)


def test_pictures_that_change_pass() -> None:
    watch = PictureWatch(RULES)
    for k in range(50):
        watch.check(_picture(k), 0.1 * k)


def test_a_repeated_picture_is_refused_after_its_time_and_taken_again_when_it_changes() -> None:
    watch = PictureWatch(RULES)
    for k in range(6):
        watch.check(_picture(0), 0.1 * k)
    with pytest.raises(UserError, match="not changed for 0.6 s"):
        watch.check(_picture(0), 0.6)
    watch.check(_picture(1), 0.7)
    watch.check(_picture(1), 1.1)


def test_one_pixel_that_changes_is_a_change() -> None:
    watch = PictureWatch(RULES)
    for k in range(20):
        picture = _picture(0)
        picture[7, 9, 1] = k
        watch.check(picture, 0.1 * k)


@pytest.mark.parametrize(("level", "refused"), [(0, True), (1, True), (2, False), (90, False)])
def test_a_black_picture_is_refused(level: int, refused: bool) -> None:
    watch = PictureWatch(PictureRules(dark_below=2.0))
    picture = np.full((48, 64, 3), level, np.uint8)
    if refused:
        with pytest.raises(UserError, match="black"):
            watch.check(picture, 0.0)
    else:
        watch.check(picture, 0.0)


def test_another_size_is_refused_and_the_first_one_still_taken() -> None:
    watch = PictureWatch(RULES)
    watch.check(_picture(0), 0.0)
    with pytest.raises(UserError, match="64x24, those before 64x48"):
        watch.check(_picture(1, (24, 64)), 0.1)
    watch.check(_picture(2), 0.2)


@pytest.mark.parametrize(
    "values", [{"frozen_after": -1.0}, {"dark_below": 255.0}, {"frozen_after": float("nan")}]
)
def test_rules_that_nothing_could_keep_to_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(UserError, match="frozen_after"):
        PictureRules(**values)  # type: ignore[arg-type]
