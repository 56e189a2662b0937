"""Only the end of a network is trained, on features that are those of its start."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from pretraining_rig import CARD, CONFIG, moving_square  # noqa: E402

from vip_models.pretraining.auxiliary import small_pictures  # noqa: E402
from vip_models.pretraining.batch_norm import JoinedBatchNorm, join_batch_norms  # noqa: E402
from vip_models.pretraining.dataset import ArrayClips, Dataset, arrays  # noqa: E402
from vip_models.pretraining.distributed import Ranks  # noqa: E402
from vip_models.pretraining.frozen import FeatureLoader, FrozenStart  # noqa: E402
from vip_models.pretraining.loader import Loader  # noqa: E402
from vip_models.pretraining.network import new_network  # noqa: E402
from vip_models.pretraining.objectives import OBJECTIVES  # noqa: E402
from vip_models.pretraining.run import Run  # noqa: E402
from vip_models.pretraining.step import Learner  # noqa: E402
from vip_ros.errors import UserError  # noqa: E402

GRID = dataclasses.replace(CARD, architecture="resnet10-w32-grid")
CHAIN = dataclasses.replace(CONFIG, frozen="layer3", views=1, smallest_crop=1.0, reconstruct=0.5)
OBJECTIVE = OBJECTIVES.get("vip")


def _weights(learner):
    return {name: value.clone() for name, value in learner.network.backbone.state_dict().items()}


def test_what_is_frozen_keeps_weights_and_statistics_and_the_rest_learns():
    learner = Learner(GRID, CHAIN, Ranks())
    before = _weights(learner)
    learner.advance(Loader(arrays(moving_square()), OBJECTIVE, GRID, CHAIN).batch(0), 0)
    changed = {name for name, value in _weights(learner).items() if not torch.equal(value, before[name])}
    assert changed
    assert all(name.startswith(("layer4.", "fc.")) for name in changed)


def test_a_step_on_features_equals_the_step_on_the_frames_they_were_made_of():
    config, ends = dataclasses.replace(CHAIN, reconstruct=0.0), []
    for features in (False, True):
        learner = Learner(GRID, config, Ranks())
        dataset = arrays(moving_square())
        if features:
            loader = FeatureLoader(dataset, learner.network, OBJECTIVE, GRID, config)
        else:
            loader = Loader(dataset, OBJECTIVE, GRID, config, augment=False)
        batch = loader.batch(3)
        values = learner.advance(batch, 3)
        ends.append((batch, values, [p.grad for p in learner.network.parameters() if p.requires_grad]))
    (batch, values, gradients), (feature_batch, feature_values, feature_gradients) = ends
    np.testing.assert_array_equal(batch.times, feature_batch.times)
    assert feature_values["loss"].item() == pytest.approx(values["loss"].item(), rel=1e-2)  # half precision
    for one, other in zip(gradients, feature_gradients, strict=True):
        assert (one - other).norm() <= 0.05 * one.norm() + 1e-4
    small = small_pictures(torch.from_numpy(batch.pictures).flatten(0, 1))
    kept = small_pictures(torch.from_numpy(feature_batch.pictures).flatten(0, 1))
    torch.testing.assert_close(kept, small, rtol=0, atol=0.51)  # rounded to bytes


def test_several_views_are_several_crops_of_the_video():
    config = dataclasses.replace(CHAIN, views=3, smallest_crop=0.3)
    network = FrozenStart(new_network(GRID, 1), "layer3")
    loader = FeatureLoader(arrays(moving_square(1)), network, OBJECTIVE, GRID, config)
    starts = {loader.batch(step).frames[0, row].tobytes() for step in range(40) for row in range(4)}
    frames = {(loader.batch(step).times[0, row]) for step in range(40) for row in range(4)}
    assert len(starts) == 3 * len(frames)


def test_processes_gather_together_what_one_gathers_alone():
    network = FrozenStart(new_network(GRID, 1), "layer3")
    whole, first, second = (
        FeatureLoader(arrays(moving_square()), network, OBJECTIVE, GRID, CHAIN, rank, world).batch(5)
        for rank, world in ((0, 1), (0, 2), (1, 2))
    )
    np.testing.assert_array_equal(np.concatenate([first.frames, second.frames], axis=1), whole.frames)
    np.testing.assert_array_equal(np.concatenate([first.times, second.times], axis=1), whole.times)


def test_a_damaged_video_is_left_out_and_counted():
    class Damaged(ArrayClips):
        def read(self, frames, choose):
            raise UserError("torn", "mend it")

    videos = moving_square(2)
    dataset = Dataset([ArrayClips("good", videos[0]), Damaged("bad", videos[1])])
    network = FrozenStart(new_network(GRID, 1), "layer3")
    loader = FeatureLoader(dataset, network, OBJECTIVE, GRID, CHAIN)
    assert sum(loader.skipped.values()) == 1
    assert loader.batch(0).frames.shape[:2] == (OBJECTIVE.frames, CHAIN.batch_size)
    with pytest.raises(UserError, match="every video"):
        FeatureLoader(Dataset([dataset.clips[1]]), network, OBJECTIVE, GRID, CHAIN)


def test_a_frozen_run_resumes_to_the_weights_of_an_uninterrupted_one(tmp_path):
    config = dataclasses.replace(CHAIN, views=2, smallest_crop=0.5)
    for steps in (2, 4):
        Run(arrays(moving_square()), GRID, dataclasses.replace(config, steps=steps), tmp_path / "two").train()
    Run(arrays(moving_square()), GRID, config, tmp_path / "one").train()
    one, two = (torch.load(tmp_path / name / "checkpoint.pt", weights_only=True) for name in ("one", "two"))
    for name, value in one["vip"].items():
        torch.testing.assert_close(two["vip"][name], value)


def test_a_frozen_run_goes_on_from_the_weights_of_its_checkpoint_whatever_it_is_told_to_start_from(tmp_path):
    other = dataclasses.replace(CONFIG, steps=2, seed=5)
    start = str(Run(arrays(moving_square()), GRID, other, tmp_path / "start").train().checkpoint)
    for out, init in (("one", start), ("two", "random")):
        first = dataclasses.replace(CHAIN, steps=2)
        Run(arrays(moving_square()), GRID, first, tmp_path / out, init=start).train()
        Run(arrays(moving_square()), GRID, CHAIN, tmp_path / out, init=init).train()
    one, two = (torch.load(tmp_path / name / "checkpoint.pt", weights_only=True) for name in ("one", "two"))
    for name, value in one["vip"].items():
        torch.testing.assert_close(two["vip"][name], value)


def test_normalisation_over_all_processes_leaves_frozen_layers_frozen():
    network = join_batch_norms(FrozenStart(new_network(GRID, 0), "layer1"), "cpu")
    norms = {
        name: norm for name, norm in network.backbone.named_modules() if isinstance(norm, JoinedBatchNorm)
    }
    frozen = {name for name in norms if name.startswith(("bn1", "layer1."))}
    assert frozen and set(norms) - frozen
    for name, norm in norms.items():
        assert norm.training is (name not in frozen)
        assert norm.weight.requires_grad is (name not in frozen)


@pytest.mark.parametrize(
    ("card", "layer", "message"),
    [(GRID, "layer9", "unknown layer 'layer9'"), (GRID, "fc", "unknown layer"), (CARD, "layer3", "chain")],
)
def test_what_cannot_be_frozen_is_named(card, layer, message):
    with pytest.raises(UserError, match=message):
        Learner(card, dataclasses.replace(CONFIG, frozen=layer), Ranks())
