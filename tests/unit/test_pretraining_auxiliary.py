"""What is asked of embeddings beside the objective equals numbers worked out apart from it."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from pretraining_rig import CARD, CONFIG, moving_square  # noqa: E402

from vip_models.pretraining.auxiliary import Reconstruction, order_error, return_error  # noqa: E402
from vip_models.pretraining.checkpoint import resume, save  # noqa: E402
from vip_models.pretraining.dataset import arrays  # noqa: E402
from vip_models.pretraining.distributed import Ranks  # noqa: E402
from vip_models.pretraining.loader import Loader  # noqa: E402
from vip_models.pretraining.objectives import OBJECTIVES  # noqa: E402
from vip_models.pretraining.step import Learner  # noqa: E402

BOTH = dataclasses.replace(CONFIG, reconstruct=0.5, returns=0.25, order=0.75)


def test_the_error_of_returns_equals_the_numbers_worked_out_by_hand():
    # gamma 0.5: returns of 1 and 3 steps are 1 and 1.75, of 2 steps 1.5. Embeddings 0, 2, 3 at times 0, 1, 3:
    # distances 2, 3, 1 for 1, 3, 2 steps: errors 1, 1.25, -0.5, squared and divided by the returns
    embeddings = torch.tensor([[[0.0]], [[2.0]], [[3.0]]])
    error = return_error(embeddings, torch.tensor([[0], [1], [3]]), 0.5)
    assert error.item() == pytest.approx((1.0 + 1.25**2 / 1.75 + 0.25 / 1.5) / 3)


def test_a_frame_drawn_twice_teaches_nothing_about_time():
    embeddings = torch.tensor([[[0.0]], [[9.0]], [[3.0]]], requires_grad=True)
    error = return_error(embeddings, torch.tensor([[4], [4], [7]]), 1.0)
    # distances 3 and 6 for three steps each: errors 0 and 3
    assert error.item() == pytest.approx((0.0 + 9.0 / 3.0) / 2)
    error.backward()
    assert torch.isfinite(embeddings.grad).all()


def _logistic(x):
    return math.log1p(math.exp(x))


def test_the_error_of_the_order_equals_the_numbers_worked_out_by_hand():
    # embeddings 0, 2, 3: seen from the last, the middle one is 2 nearer than the first, the last itself 1
    # nearer than the middle and 3 than the first; seen from the middle one, itself 2 nearer than the first
    embeddings = torch.tensor([[[0.0]], [[2.0]], [[3.0]]])
    error = order_error(embeddings, torch.tensor([[0], [1], [3]]))
    assert error.item() == pytest.approx(sum(map(_logistic, (-2.0, -1.0, -3.0, -2.0))) / 4)


def test_the_error_of_the_order_follows_the_times_and_not_the_places_of_frames():
    generator = torch.Generator().manual_seed(0)
    embeddings = torch.randn(5, 3, 7, generator=generator)
    times = torch.tensor([[0, 4, 9, 12, 20]] * 3).T
    shuffled = torch.stack([torch.randperm(5, generator=generator) for _ in range(3)], dim=1)
    mixed = embeddings.gather(0, shuffled[..., None].expand_as(embeddings))
    expected = order_error(embeddings, times)
    torch.testing.assert_close(order_error(mixed, times.gather(0, shuffled)), expected)
    assert order_error(embeddings.flip(0), times) != expected


def test_the_order_of_frames_of_one_moment_is_not_asked_for():
    embeddings = torch.tensor([[[0.0]], [[9.0]]], requires_grad=True)
    error = order_error(embeddings, torch.tensor([[4], [4]]))
    error.backward()
    assert error.item() == 0.0
    assert (embeddings.grad == 0.0).all()


def test_unexplained_variance_is_counted_between_clips_and_within_them():
    read_out = Reconstruction(dim=1, side=1, seed=0)
    pictures = torch.tensor(np.random.default_rng(0).normal(size=(4, 3, 3)), dtype=torch.float32)
    with torch.no_grad():
        read_out.read.weight.zero_()
        read_out.read.bias.copy_(pictures.mean((0, 1)))
    anything = torch.randn(4, 3, 1)
    assert read_out(anything, pictures).item() == pytest.approx(2.0, rel=1e-5)  # the mean explains neither
    means = pictures.mean(0, keepdim=True)[..., :1]
    same = torch.ones(3) * means  # pictures whose three values are equal: clips differ, frames of one do not
    moving = same + torch.tensor([-0.1, 0.1, -0.1, 0.1]).view(4, 1, 1)
    for embeddings, missed in (
        (moving[..., :1], 0.0),
        (means.expand(4, 3, 1), 1.0),
    ):
        with torch.no_grad():
            read_out.read.weight.fill_(embeddings.std(correction=0))
            read_out.read.bias.fill_(embeddings.mean())
        assert read_out(embeddings, moving).item() == pytest.approx(missed, abs=1e-4)
        assert read_out(70.0 * embeddings - 9.0, moving).item() == pytest.approx(missed, abs=1e-4)


def test_small_pictures_are_means_of_the_frames_pixels():
    frames = torch.zeros(1, 1, 4, 4, 3, dtype=torch.uint8)
    frames[0, 0, :2, :2, 0] = 255
    small = Reconstruction(dim=2, side=2, seed=0).pictures(frames)[0, 0].view(3, 2, 2)
    assert small[0].tolist() == [[1.0, -1.0], [-1.0, -1.0]]
    assert (small[1:] == -1.0).all()


def _gradients(config):
    batch = Loader(arrays(moving_square()), OBJECTIVES.get("vip"), CARD, config).batch(0)
    learner = Learner(CARD, config, Ranks())
    learner.network.eval()
    values = learner.advance(batch, 0)
    trained = [*learner.network.parameters(), *learner.auxiliary.parameters()]
    return values, [parameter.grad.clone() for parameter in trained]


def test_the_loss_is_the_weighted_sum():
    alone, both = _gradients(CONFIG)[0], _gradients(BOTH)[0]
    expected = alone["loss"] + 0.25 * both["returns"] + 0.75 * both["order"] + 0.5 * both["unexplained"]
    assert both["loss"].item() == pytest.approx(expected.item(), rel=1e-5)


def test_parts_of_a_batch_give_the_gradient_of_the_whole_batch_for_read_outs_too():
    whole, parts = (_gradients(dataclasses.replace(BOTH, accumulate=n))[1] for n in (1, 2))
    for one, other in zip(whole, parts, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-6)


def test_a_batch_tells_when_its_frames_were():
    videos = [np.full((9, 24, 24, 3), 20, np.uint8) * np.arange(1, 10, dtype=np.uint8)[:, None, None, None]]
    config = dataclasses.replace(CONFIG, smallest_crop=1.0)
    batch = Loader(arrays(videos), OBJECTIVES.get("vip-dense"), CARD, config).batch(0)
    assert (batch.frames[:, :, 0, 0, 0] == 20 * (batch.times + 1)).all()


def test_a_checkpoint_holds_the_read_out_and_one_without_it_still_resumes(tmp_path):
    learner = Learner(CARD, BOTH, Ranks())
    learner.advance(Loader(arrays(moving_square()), OBJECTIVES.get("vip"), CARD, BOTH).batch(0), 0)
    save(tmp_path / "both.pt", CARD, BOTH, learner, {})
    other = Learner(CARD, dataclasses.replace(BOTH, seed=2), Ranks())
    resume(tmp_path / "both.pt", CARD, BOTH, other)
    for name, value in learner.auxiliary.state_dict().items():
        torch.testing.assert_close(other.auxiliary.state_dict()[name], value)

    save(tmp_path / "plain.pt", CARD, CONFIG, Learner(CARD, CONFIG, Ranks()), {"global_step": 3})
    old = torch.load(tmp_path / "plain.pt", weights_only=True)
    del old["auxiliary"]
    for name in ("reconstruct", "returns", "order"):
        del old["settings"][name]
    torch.save(old, tmp_path / "plain.pt")
    progress = resume(tmp_path / "plain.pt", CARD, CONFIG, Learner(CARD, CONFIG, Ranks()))
    assert progress["global_step"] == 3
