"""The trainer learns, stops, resumes to the same curve, and keeps its last checkpoint whatever happens."""

from __future__ import annotations

import dataclasses
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from vip_ros.errors import UserError

torch = pytest.importorskip("torch")

from pretraining_rig import CARD, CONFIG, command, moving_square  # noqa: E402

from vip_models import load_encoder  # noqa: E402
from vip_models.pretraining.batch_norm import statistics_kept  # noqa: E402
from vip_models.pretraining.checkpoint import CHECKPOINT, write_atomically  # noqa: E402
from vip_models.pretraining.config import PretrainConfig  # noqa: E402
from vip_models.pretraining.dataset import arrays  # noqa: E402
from vip_models.pretraining.distributed import Ranks  # noqa: E402
from vip_models.pretraining.loader import Loader  # noqa: E402
from vip_models.pretraining.logs import read_curves  # noqa: E402
from vip_models.pretraining.objectives import OBJECTIVES  # noqa: E402
from vip_models.pretraining.results import export_run  # noqa: E402
from vip_models.pretraining.run import Run, Watch  # noqa: E402
from vip_models.pretraining.schedule import learning_rate  # noqa: E402
from vip_models.pretraining.step import Learner  # noqa: E402


def _run(out, config=CONFIG, videos=None, **rest):
    return Run(arrays(videos or moving_square()), CARD, config, out, **rest)


def _losses(out):
    return [entry["loss"] for entry in read_curves(out) if entry["kind"] == "train"]


class Stop(Exception):
    pass


def _stop_after(steps):
    def step(done, parts):
        if done == steps:
            raise Stop

    return Watch(step)


def test_training_lowers_the_loss_and_leaves_an_encoder_that_loads(tmp_path, vip_cache):
    config = dataclasses.replace(CONFIG, steps=30, batch_size=8, learning_rate=1e-3, checkpoint_every=30)
    outcome = _run(tmp_path, config).train()
    losses = _losses(tmp_path)
    assert np.mean(losses[-5:]) < np.mean(losses[:5])
    results = export_run(outcome.checkpoint, CARD, tmp_path, {"steps": 30})
    video = moving_square()[0]
    by_torch = load_encoder(str(results.card), runtime="torch").encode(video)  # the weights lie beside it
    from_checkpoint = load_encoder(str(results.card), outcome.checkpoint, runtime="torch").encode(video)
    assert by_torch.shape == (9, 8)
    np.testing.assert_allclose(by_torch, from_checkpoint, atol=0.02 * np.abs(by_torch).max())
    session = pytest.importorskip("onnxruntime").InferenceSession(results.onnx)
    size = CARD.crop
    frames = np.zeros((2, size, size, 3), np.uint8)
    by_onnx = session.run(None, {"frames": frames})[0]
    encoder = load_encoder(str(results.card), results.weights, runtime="torch")
    np.testing.assert_allclose(by_onnx, encoder.encode(frames), atol=1e-4)


@pytest.mark.parametrize("objective", OBJECTIVES.names())
def test_every_objective_trains(tmp_path, objective):
    config = dataclasses.replace(CONFIG, objective=objective, steps=2)
    assert np.isfinite(_run(tmp_path, config).train().steps)
    assert np.isfinite(_losses(tmp_path)).all()


def test_a_resumed_run_has_the_curve_of_an_uninterrupted_one(tmp_path):
    _run(tmp_path / "straight").train()
    with pytest.raises(Stop):
        _run(tmp_path / "broken", watch=_stop_after(3)).train()
    resumed = _run(tmp_path / "broken")
    assert resumed.step == 2
    resumed.train()
    np.testing.assert_allclose(_losses(tmp_path / "broken"), _losses(tmp_path / "straight"), rtol=1e-5)
    a, b = (torch.load(tmp_path / name / CHECKPOINT, weights_only=True) for name in ("straight", "broken"))
    for name, tensor in a["vip"].items():
        torch.testing.assert_close(tensor, b["vip"][name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("change", [{"dim": 16}, {"crop": 24}, {"std": (0.2, 0.2, 0.2)}])
def test_a_run_is_not_continued_with_another_network_or_input(tmp_path, change):
    _run(tmp_path, dataclasses.replace(CONFIG, steps=1)).train()
    other = dataclasses.replace(CARD, **change)
    with pytest.raises(UserError, match=f"trained with {next(iter(change))}=.*another output folder"):
        Run(arrays(moving_square()), other, dataclasses.replace(CONFIG, steps=1), tmp_path)


@pytest.mark.timeout(400)
def test_a_killed_run_loses_only_the_steps_since_its_last_checkpoint(tmp_path):
    arguments = command(tmp_path, tmp_path / "killed", "--batch 4 --checkpoint-every 3")
    start = [sys.executable, "-m", "vip_bringup.cli", *arguments]
    process = subprocess.Popen([*start, "--steps", "100000"], stdout=subprocess.DEVNULL)
    checkpoint = tmp_path / "killed" / CHECKPOINT
    try:
        _wait_for(lambda: checkpoint.is_file() or process.poll() is not None)
    finally:
        process.kill()
    assert process.wait() == -signal.SIGKILL
    done = torch.load(checkpoint, weights_only=True)["global_step"]
    assert done >= 3 and done % 3 == 0
    resumed = subprocess.run([*start, "--steps", str(done + 1)], capture_output=True, text=True)
    assert resumed.returncode == 0, resumed.stderr
    assert f"{done + 1} steps" in resumed.stdout


def _wait_for(condition, limit=180.0):
    until = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < until, "nothing happened"
        time.sleep(0.05)


def test_a_full_disk_leaves_the_last_checkpoint_intact_and_training_goes_on(tmp_path):
    warnings, full = [], threading.Event()
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = {}

    def step(done, parts):
        if done == 3:
            before.update(content=(tmp_path / CHECKPOINT).read_bytes())
            resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, limit[1]))  # a checkpoint is larger
            full.set()

    config = dataclasses.replace(CONFIG, steps=6)
    try:
        with pytest.raises(UserError, match="of step 6 cannot be written.*that of step 2 is kept"):
            _run(tmp_path, config, watch=Watch(step, warn=warnings.append)).train()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert full.is_set()
    assert any("step 4 cannot be written" in line for line in warnings)
    assert (tmp_path / CHECKPOINT).read_bytes() == before["content"]
    assert not list(tmp_path.glob(".*part"))
    assert _run(tmp_path, config).train().steps == 6


def test_a_file_is_replaced_completely_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_atomically(path, b"whole")

    def fail(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, b"another")
    assert path.read_bytes() == b"whole"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_parts_of_a_batch_give_the_gradient_of_the_whole_batch():
    dataset, gradients = arrays(moving_square()), []
    batch = Loader(dataset, OBJECTIVES.get("vip"), CARD, CONFIG).batch(0)
    for accumulate in (1, 2):
        learner = Learner(CARD, dataclasses.replace(CONFIG, accumulate=accumulate), Ranks())
        learner.network.eval()  # fixed statistics: those of a part are not those of the whole
        values = learner.advance(batch, 0)
        gradients.append((values["loss"], [p.grad.clone() for p in learner.network.parameters()]))
    assert gradients[0][0].item() == pytest.approx(gradients[1][0].item(), rel=1e-6)
    for whole, parts in zip(gradients[0][1], gradients[1][1], strict=True):
        torch.testing.assert_close(whole, parts, rtol=1e-3, atol=1e-6)


def test_the_first_pass_of_a_batch_in_parts_leaves_the_statistics():
    network = torch.nn.Sequential(torch.nn.BatchNorm2d(3)).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with statistics_kept(network):
        network(torch.randn(4, 3, 5, 5))
    for name, value in network.state_dict().items():
        torch.testing.assert_close(value, before[name])
    network(torch.randn(4, 3, 5, 5))
    assert not torch.equal(network.state_dict()["0.running_mean"], before["0.running_mean"])


def test_a_batch_that_cannot_be_shared_is_refused():
    with pytest.raises(UserError, match="4 clips does not fall into 3 equal parts"):
        Learner(CARD, dataclasses.replace(CONFIG, accumulate=3), Ranks())


def test_training_stops_when_the_held_out_loss_no_longer_falls(tmp_path):
    config = dataclasses.replace(CONFIG, steps=50, validation_every=1, early_stop=2, learning_rate=1e-12)
    seen = []
    run = _run(
        tmp_path, config, held_out=arrays(moving_square(2, seed=5)),
        figures={"span": lambda curve: float(np.ptp(curve))},
        watch=Watch(validated=lambda step, figures: seen.append(figures)),
    )  # fmt: skip
    outcome = run.train()
    assert outcome.stopped_early and outcome.steps < 50
    assert set(outcome.figures) == {"loss", "span"} and outcome.figures["span"] > 0
    again = _run(tmp_path, config, held_out=arrays(moving_square(2, seed=5)))
    assert again.train().steps == outcome.steps  # it knows that it has stopped


def test_an_interrupt_leaves_no_thread_and_no_process_behind(tmp_path):
    threads = threading.active_count()
    with pytest.raises(Stop):
        _run(tmp_path, dataclasses.replace(CONFIG, workers=3), watch=_stop_after(2)).train()
    assert threading.active_count() == threads
    tasks = Path("/proc/self/task").glob("*/children")
    assert "".join(path.read_text() for path in tasks) == ""


def test_resuming_something_else_is_refused(tmp_path):
    _run(tmp_path).train()
    with pytest.raises(UserError, match="discount=0.98, not 0.5"):
        _run(tmp_path, dataclasses.replace(CONFIG, discount=0.5))


def test_a_damaged_checkpoint_is_named(tmp_path):
    (tmp_path / CHECKPOINT).write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(UserError, match="not a checkpoint that can be resumed"):
        _run(tmp_path)


def test_a_loss_that_is_no_number_stops_the_run_and_keeps_the_checkpoint(tmp_path):
    with pytest.raises(UserError, match="no number any more.*lower --learning-rate"):
        _run(tmp_path, dataclasses.replace(CONFIG, steps=40, learning_rate=1e30)).train()
    assert not (tmp_path / CHECKPOINT).exists()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"batch_size": 0}, "batch_size is 0"),
        ({"discount": 1.5}, "discount is 1.5"),
        ({"smallest_crop": 0.0}, "smallest_crop is 0.0"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
        ({"precision": "fp17"}, "available: auto, bf16, fp32"),
    ],
)
def test_settings_out_of_range_are_refused(setting, message):
    with pytest.raises(UserError, match=message):
        PretrainConfig(**setting)


def test_the_learning_rate_falls_along_a_cosine_only_when_asked():
    assert learning_rate(0.1, "none", 50, 100) == 0.1
    assert learning_rate(0.1, "cosine", 50, 100) == pytest.approx(0.05)
    assert learning_rate(0.1, "cosine", 100, 100) == pytest.approx(0.0)
    with pytest.raises(UserError, match="available: cosine, none"):
        learning_rate(0.1, "linear", 1, 2)
