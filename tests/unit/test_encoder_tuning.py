"""The runtime is chosen by what was measured on this machine, and only here and with these runtimes."""

from __future__ import annotations

import dataclasses
import json
import shutil

import numpy as np
import pytest

pytest.importorskip("torch")

from vip_bringup.tuning import read_frames, tuning_lines
from vip_models import load_card, load_encoder, tuning, tuning_store
from vip_models.machine import this_machine
from vip_models.runtimes import RUNTIMES
from vip_models.runtimes.onnx_runtime import CPU, OnnxNetwork
from vip_models.testing import write_random_checkpoint
from vip_models.tuning import embedding_errors, tune
from vip_models.tuning_store import Trial, Tuning, store_tuning, stored_tuning, tuning_path, tunings_here
from vip_models.weights import file_sha256
from vip_ros.errors import UserError

CARD = load_card("vip-resnet18")


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Return a cache that holds the exported network from the first use on."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    return write_random_checkpoint("vip-resnet18", tmp_path_factory.mktemp("weights") / "model.pt")


@pytest.fixture(autouse=True)
def untuned(exported, monkeypatch):
    """Let each test begin without a tuning."""
    monkeypatch.setenv("VIP_CACHE", str(exported))
    yield
    shutil.rmtree(exported / "tune", ignore_errors=True)


@pytest.fixture
def quick(monkeypatch):
    """Time each runtime for a moment only."""
    monkeypatch.setattr(tuning, "_SECONDS", 0.0)
    monkeypatch.setattr(tuning, "_BATCH", 2)


def moving(count=6, size=64):
    """A bright square that moves over noise, uint8 [count,size,size,3]."""
    frames = np.random.default_rng(0).integers(0, 90, (count, size, size, 3), np.uint8)
    for index, frame in enumerate(frames):
        frame[8 * index : 8 * index + 16, 20:40] = 250
    return frames


def chosen(name):
    return Tuning(
        "vip-resnet18@0", this_machine().key, "frames", 0.01, (Trial(name, 1.0, 8.0, 0.0, 0.0),), name
    )


class _Blurred:
    """The reference with an error of its own, and faster than it."""

    device, resizes = "cpu", False

    def __init__(self, network, runtime, error):
        self._network, self.runtime, self._error = network, runtime, error
        self._known = {}

    def run(self, batch):
        key = batch.tobytes()
        if key not in self._known:
            rng = np.random.default_rng(len(self._known))
            exact = self._network.run(batch)
            self._known[key] = exact + self._error * rng.normal(size=exact.shape).astype(np.float32)
        return self._known[key]


@pytest.fixture
def candidates(monkeypatch):
    """Let three runtimes be tried: an exact one, an inexact one and one that is not to be had."""
    reference = RUNTIMES.get("cpu")

    def opener(runtime, error):
        def open_network(*args):
            if error is None:
                raise UserError("no such device", "buy one")
            return _Blurred(reference(*args), runtime, error)

        return open_network

    errors = {"cpu": None, "cuda": 1e-5, "openvino": 0.5, "tensorrt": None}
    table = {name: opener(name, error) for name, error in errors.items()} | {"cpu": reference}
    monkeypatch.setattr(RUNTIMES, "get", table.__getitem__)
    monkeypatch.setattr(RUNTIMES, "names", lambda: sorted(table))


def test_the_fastest_that_is_exact_enough_is_chosen(weights, quick, candidates):
    told = []
    found = tune(CARD, weights, [moving()], "a square", report=told.append)
    assert found.choice == "cuda"
    assert told == ["cpu", "cuda", "openvino", "tensorrt"]
    by_name = {trial.runtime: trial for trial in found.trials}
    assert by_name["cuda"].distance_error < 0.01 < by_name["openvino"].distance_error
    assert by_name["cuda"].one_ms < by_name["cpu"].one_ms
    assert "changes distances" in by_name["openvino"].problem
    assert (by_name["tensorrt"].problem, by_name["tensorrt"].one_ms) == ("no such device: buy one", None)
    lines = tuning_lines(found)
    assert sum("chosen" in line for line in lines) == 1
    assert any(line.startswith("cuda ") and line.endswith("chosen") for line in lines)


def test_no_error_allowed_leaves_the_reference(weights, quick, candidates):
    assert tune(CARD, weights, [moving()], "a square", max_error=1e-12).choice == "cpu"


def test_a_runtime_that_gives_nan_is_not_chosen(weights, quick, candidates, monkeypatch):
    def errors(truth, other, metric):
        # The inexact candidate is fine in the first video and gives NaN in the second.
        return (0.0, 0.0) if len(truth) == 6 or truth is other else (float("nan"), float("nan"))

    monkeypatch.setattr(tuning, "embedding_errors", errors)
    assert tune(CARD, weights, [moving(), moving(4)], "squares").choice == "cpu"


def test_every_runtime_here_is_measured(weights, quick):
    found = tune(CARD, weights, [moving()], "a square")
    assert {trial.runtime for trial in found.trials} == set(RUNTIMES.names()) - {"auto", "torch"}
    assert all(trial.problem or trial.one_ms > 0.0 for trial in found.trials)
    assert {t.runtime for t in found.trials if not t.problem} >= {"cpu"}


@pytest.mark.parametrize("videos", [[], [np.zeros((4, 32, 32, 3), np.uint8)], [moving(1)]])
def test_frames_that_show_nothing_are_refused(weights, quick, videos):
    with pytest.raises(UserError, match="frames"):
        tune(CARD, weights, videos, "nothing")


def test_errors_are_those_of_distances_and_of_steps():
    truth = np.array([[4.0, 0.0], [3.0, 0.0], [2.0, 0.0], [0.0, 0.0]])
    other = truth + np.array([[0.0, 0.0], [0.0, 0.5], [0.1, 0.0], [0.0, 0.0]])
    distance, step = embedding_errors(truth, other)
    assert distance == pytest.approx(0.1 / 4.0)
    assert step == pytest.approx(0.05)
    assert embedding_errors(truth, truth) == (0.0, 0.0)


def test_errors_of_a_cosine_encoder_are_those_of_angles():
    angles = np.radians([90.0, 60.0, 30.0, 0.0])
    truth = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    assert embedding_errors(truth, 3.0 * truth, "cosine") == pytest.approx((0.0, 0.0), abs=1e-12)
    with pytest.raises(UserError, match="nothing moves"):
        embedding_errors(np.ones((4, 3)), np.ones((4, 3)), "cosine")
    turned = truth.copy()
    turned[1] = [np.cos(np.radians(66.0)), np.sin(np.radians(66.0))]
    distance, _ = embedding_errors(truth, turned, "cosine")
    assert distance == pytest.approx(np.cos(np.radians(60.0)) - np.cos(np.radians(66.0)))


def test_auto_takes_what_was_chosen(weights):
    assert load_encoder("vip-resnet18", weights).runtime == "cpu"
    store_tuning(chosen("torch"), CARD, file_sha256(weights))
    assert load_encoder("vip-resnet18", weights).runtime == "torch"
    assert load_encoder("vip-resnet18", weights, runtime="cpu").runtime == "cpu"


@pytest.mark.parametrize("runtime", ["cuda", "tensorrt"])
def test_auto_goes_on_without_the_device_it_was_tuned_for(weights, monkeypatch, runtime):
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: [CPU])
    store_tuning(chosen(runtime), CARD, file_sha256(weights))
    assert load_encoder("vip-resnet18", weights).runtime == "cpu"


@pytest.mark.parametrize("change", [{"cpu": "another"}, {"cores": 99}, {"runtimes": {"onnxruntime": "0"}}])
def test_another_machine_or_runtime_is_not_tuned(weights, monkeypatch, change):
    sha256 = file_sha256(weights)
    store_tuning(chosen("torch"), CARD, sha256)
    assert stored_tuning(CARD, sha256) == chosen("torch")
    assert stored_tuning(CARD, "0" * 64) is None
    other = dataclasses.replace(this_machine(), **change)
    monkeypatch.setattr(tuning_store, "this_machine", lambda: other)
    assert stored_tuning(CARD, sha256) is None
    assert tunings_here() == []


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", json.dumps({"trials": [{"speed": 1}]})])
def test_a_spoilt_record_counts_as_none(weights, text):
    path = tuning_path(CARD, file_sha256(weights))
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert stored_tuning(CARD, file_sha256(weights)) is None
    assert load_encoder("vip-resnet18", weights).runtime == "cpu"


def test_doctor_tells_what_is_tuned(weights):
    from vip_bringup.checks import run_check

    before = run_check("tuning")
    assert all("runs in" not in finding.what for finding in before)
    store_tuning(chosen("torch"), CARD, file_sha256(weights))
    assert any("runs in torch" in finding.what for finding in run_check("tuning"))


def test_a_film_is_thinned_evenly(tmp_path):
    import cv2

    for index in range(30):
        cv2.imwrite(str(tmp_path / f"{index}.png"), np.full((4, 4, 3), index, np.uint8))
    assert read_frames(tmp_path, 4)[:, 0, 0, 0].tolist() == [0, 10, 19, 29]
    assert len(read_frames(tmp_path)) == 30


def test_the_reference_is_onnx_runtime_in_float32(weights):
    assert isinstance(load_encoder("vip-resnet18", weights, runtime=tuning.REFERENCE)._network, OnnxNetwork)
