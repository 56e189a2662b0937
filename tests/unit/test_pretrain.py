"""The trainer samples clips as VIP does, learns, stops and resumes."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from vip_ros.errors import UserError

torch = pytest.importorskip("torch")

from vip_models import load_encoder  # noqa: E402
from vip_models.card import EncoderCard  # noqa: E402
from vip_models.clips import sample_batch, sample_box, sample_frames  # noqa: E402
from vip_models.pretrain import CHECKPOINT, PretrainConfig, pretrain  # noqa: E402
from vip_models.schedule import learning_rate  # noqa: E402

CARD = EncoderCard(name="tiny", architecture="resnet10", dim=8, resize=32, crop=32)
CONFIG = PretrainConfig(steps=4, batch_size=4, checkpoint_every=2, threads=1)


def _videos(count=3, length=9, size=24):
    rng = np.random.default_rng(0)
    background = rng.integers(0, 120, (count, 1, size, size, 3))
    videos = np.repeat(background, length, axis=1)
    for t in range(length):
        videos[:, t, 6:14, t : t + 8] = 250
    return list(videos.astype(np.uint8))


def test_a_clip_is_ordered_first_middle_next_goal():
    generator = torch.Generator().manual_seed(0)
    draws = np.array([sample_frames(7, generator) for _ in range(2000)])
    first, goal, now, after = draws.T
    assert (first <= now).all() and (now < goal).all() and (after == now + 1).all() and (after <= goal).all()
    assert set(first) == set(range(5))
    assert set(goal) == set(range(1, 7))


def test_a_random_crop_stays_inside_and_keeps_its_share():
    generator = torch.Generator().manual_seed(0)
    for _ in range(300):
        top, left, height, width = sample_box(60, 80, 0.4, generator)
        assert 0 <= top <= 60 - height and 0 <= left <= 80 - width
        assert height * width >= 0.38 * 60 * 80


def test_all_frames_of_a_clip_get_the_same_crop():
    video = np.repeat(np.random.default_rng(0).integers(0, 255, (1, 40, 40, 3), dtype=np.uint8), 5, axis=0)
    batch = sample_batch([video], 2, 32, 0.2, torch.Generator().manual_seed(0))
    assert batch.shape == (4, 2, 3, 32, 32)
    torch.testing.assert_close(batch[0], batch[3])
    assert not torch.equal(batch[0, 0], batch[0, 1])


def test_training_lowers_the_loss_and_writes_a_checkpoint_that_loads(tmp_path, vip_cache):
    losses = []
    config = dataclasses.replace(CONFIG, steps=30, batch_size=8, learning_rate=1e-3, checkpoint_every=30)
    path = pretrain(_videos(), CARD, config, tmp_path, lambda step, parts: losses.append(parts["loss"]))
    assert np.mean(losses[-5:]) < np.mean(losses[:5])
    card = tmp_path / "tiny.yaml"
    card.write_text("architecture: resnet10\ndim: 8\nresize: 32\ncrop: 32\n")
    assert load_encoder(str(card), path, runtime="torch").encode(_videos()[0]).shape == (9, 8)


def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path):
    straight = pretrain(_videos(), CARD, CONFIG, tmp_path / "straight")
    seen = []

    class Stop(Exception):
        pass

    def stop_after_three(step, parts):
        if step == 3:
            raise Stop

    with pytest.raises(Stop):
        pretrain(_videos(), CARD, CONFIG, tmp_path / "broken", stop_after_three)
    resumed = pretrain(_videos(), CARD, CONFIG, tmp_path / "broken", lambda step, _: seen.append(step))
    assert seen == [3, 4]
    a, b = (torch.load(path, weights_only=True)["vip"] for path in (straight, resumed))
    for name in a:
        torch.testing.assert_close(a[name], b[name], rtol=1e-4, atol=1e-5)


def test_resuming_something_else_is_refused(tmp_path):
    pretrain(_videos(), CARD, CONFIG, tmp_path)
    with pytest.raises(UserError, match="discount=0.98, not 0.5"):
        pretrain(_videos(), CARD, dataclasses.replace(CONFIG, discount=0.5), tmp_path)


def test_a_checkpoint_is_never_half_written(tmp_path):
    pretrain(_videos(), CARD, CONFIG, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT]


@pytest.mark.parametrize(
    ("videos", "message"),
    [
        ([], "no videos"),
        ([np.zeros((2, 8, 8, 3), np.uint8)], "has 2 frames"),
        ([np.zeros((5, 8, 8, 3), np.float32)], "give uint8"),
    ],
)
def test_unusable_videos_are_refused(tmp_path, videos, message):
    with pytest.raises(UserError, match=message):
        pretrain(videos, CARD, CONFIG, tmp_path)


def test_the_learning_rate_falls_along_a_cosine_only_when_asked():
    assert learning_rate(0.1, "none", 50, 100) == 0.1
    assert learning_rate(0.1, "cosine", 50, 100) == pytest.approx(0.05)
    assert learning_rate(0.1, "cosine", 100, 100) == pytest.approx(0.0)
    with pytest.raises(UserError, match="available: cosine, none"):
        learning_rate(0.1, "linear", 1, 2)
