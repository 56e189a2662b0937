"""Two processes train exactly what one process trains on the joined batch."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from pretraining_rig import command  # noqa: E402
from pretraining_worker import train  # noqa: E402

from vip_models.pretraining.checkpoint import CHECKPOINT  # noqa: E402
from vip_models.pretraining.logs import read_curves  # noqa: E402

WORKER = Path(__file__).with_name("pretraining_worker.py")


def _together(out: Path, *settings: str) -> None:
    """Run two workers with the environment that torchrun gives them."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    common = {
        "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port),
        "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1",
    }  # fmt: skip
    workers = [
        subprocess.Popen(
            [sys.executable, str(WORKER), str(out), *settings],
            env={**os.environ, **common, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    try:
        errors = [worker.communicate(timeout=600)[1] for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
    assert [worker.returncode for worker in workers] == [0, 0], errors


def _assert_same_run(one: Path, two: Path) -> None:
    curves = [read_curves(out) for out in (one, two)]
    for alone, together in zip(*curves, strict=True):
        for name in set(alone) - {"kind", "images_per_second"}:
            assert together[name] == pytest.approx(alone[name], rel=1e-4, abs=1e-5), (name, alone, together)
    one_end, two_end = (torch.load(out / CHECKPOINT, weights_only=True) for out in (one, two))
    for name, tensor in one_end["vip"].items():
        torch.testing.assert_close(two_end["vip"][name], tensor, rtol=1e-3, atol=1e-5)
    # Adam's moments show the gradients, and their size; the last digits of the losses (4e-6) grow on the way
    # back through the batch norms of so small a network to 7e-3, a wrong gradient to more than 0.1.
    for index, moments in one_end["optimizer"]["state"].items():
        difference = two_end["optimizer"]["state"][index]["exp_avg"] - moments["exp_avg"]
        assert difference.norm() <= 2e-2 * moments["exp_avg"].norm() + 1e-6, index


@pytest.mark.timeout(900)
def test_two_processes_equal_one_with_the_joined_batch(tmp_path):
    auxiliary = {"returns": 0.5, "order": 0.5, "reconstruct": 0.5}
    settings = {"steps": 3, "batch_size": 8, "checkpoint_every": 3, **auxiliary}
    _together(tmp_path / "two", *(f"{name}={value}" for name, value in settings.items()))
    train(tmp_path / "one", settings)
    _assert_same_run(tmp_path / "one", tmp_path / "two")


@pytest.mark.timeout(900)
def test_two_processes_equal_one_where_the_start_of_the_network_is_frozen(tmp_path):
    settings = {"steps": 2, "batch_size": 8, "checkpoint_every": 2, "frozen": "layer3", "views": 1}
    _together(tmp_path / "two", *(f"{name}={value}" for name, value in settings.items()))
    train(tmp_path / "one", settings)
    _assert_same_run(tmp_path / "one", tmp_path / "two")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_torchrun_starts_the_command(tmp_path):
    arguments = command(tmp_path, tmp_path / "out", "--batch 8 --accumulate 2 --steps 3")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port", "0"]
    done = subprocess.run(
        [*torchrun, "-m", "vip_bringup.cli", *arguments], capture_output=True, text=True, timeout=500
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("3 steps in") == 1  # only the first process speaks
    assert (tmp_path / "out" / "out.onnx").is_file()
