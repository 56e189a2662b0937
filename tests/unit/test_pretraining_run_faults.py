"""What goes wrong on the way costs what it must, and no more."""

from __future__ import annotations

import argparse
import dataclasses
import json

import numpy as np
import pytest

from vip_ros.errors import UserError

torch = pytest.importorskip("torch")

from pretraining_rig import CARD, CONFIG, command, moving_square  # noqa: E402

from vip_bringup.cli import main  # noqa: E402
from vip_models import shrink  # noqa: E402
from vip_models.pretraining.checkpoint import CHECKPOINT  # noqa: E402
from vip_models.pretraining.dataset import ArrayClips, Dataset, arrays  # noqa: E402
from vip_models.pretraining.logs import CURVES, Logs, read_curves  # noqa: E402
from vip_models.pretraining.run import Run, Watch  # noqa: E402
from vip_models.pretraining.step import Learner  # noqa: E402


class _Damaged(ArrayClips):
    def read(self, frames, choose):
        raise UserError(f"frame {frames[0]} of {self.name} is damaged")


class _TornAtItsEnd(_Damaged):
    def read(self, frames, choose):
        whole = self.length - 1 not in frames
        return ArrayClips.read(self, frames, choose) if whole else super().read(frames, choose)


def _run(out, config=CONFIG, **rest):
    return Run(arrays(moving_square()), CARD, config, out, **rest)


LENGTH = {"length": lambda curve: float(len(curve))}


def test_a_damaged_held_out_video_is_named_once_and_the_others_are_judged(tmp_path):
    film, lines = moving_square(1)[0], []
    held_out = Dataset([ArrayClips("whole", film[:5]), _TornAtItsEnd("torn", film)])
    config = dataclasses.replace(CONFIG, validation_every=2)
    watch = Watch(warn=lines.append)
    outcome = _run(tmp_path, config, held_out=held_out, figures=LENGTH, watch=watch).train()
    assert outcome.figures["length"] == 5.0
    (line,) = [line for line in lines if "held-out" in line]
    assert "torn" in line and "damaged" in line


def test_held_out_videos_that_are_all_damaged_end_the_run_after_it_was_saved(tmp_path):
    held_out = Dataset([_Damaged("torn", moving_square(1)[0])])
    with pytest.raises(UserError, match="damaged"):
        _run(tmp_path, held_out=held_out, figures=LENGTH).train()
    assert torch.load(tmp_path / CHECKPOINT, weights_only=True)["global_step"] == CONFIG.steps


def test_a_line_that_a_full_disk_cut_short_costs_neither_the_log_nor_the_run(tmp_path):
    _run(tmp_path, dataclasses.replace(CONFIG, steps=2)).train()
    with (tmp_path / CURVES).open("a") as stream:
        stream.write('{"step": 3, "kind": "tr')
    assert [entry["step"] for entry in read_curves(tmp_path)] == [1, 2]
    assert _run(tmp_path).train().steps == 4
    steps = [json.loads(line)["step"] for line in (tmp_path / CURVES).read_text().splitlines()]
    assert steps == [1, 2, 3, 4]


def test_an_entry_after_one_that_was_cut_short_has_a_line_of_its_own(tmp_path, monkeypatch):
    lines = []
    logs = Logs(tmp_path, 0, lines.append)
    logs.write(1, "train", {"loss": 1.0})
    whole = logs._path
    logs._path = tmp_path / "nowhere" / CURVES
    logs.write(2, "train", {"loss": 1.0})
    logs._path = whole
    with whole.open("a") as stream:
        stream.write('{"step": 2, "ki')
    logs.write(3, "train", {"loss": 1.0})
    logs.close()
    assert [entry["step"] for entry in read_curves(tmp_path)] == [1, 3]
    assert any("the training goes on" in line for line in lines)


def test_a_place_where_tensorboard_cannot_write_is_a_warning(tmp_path):
    pytest.importorskip("tensorboard")
    (tmp_path / "tensorboard").write_text("a file")
    lines = []
    assert _run(tmp_path, watch=Watch(warn=lines.append)).train().steps == 4
    assert any("no TensorBoard logs" in line for line in lines)


def test_two_runs_do_not_train_into_one_folder(tmp_path):
    first = _run(tmp_path)
    with pytest.raises(UserError, match="another process trains into this folder"):
        _run(tmp_path)
    first.train()
    assert _run(tmp_path).train().steps == 4


def test_weights_that_the_last_step_spoiled_are_not_saved(tmp_path, monkeypatch):
    advance = Learner.advance

    def spoiled(self, batch, step):
        values = advance(self, batch, step)
        if step == 3:
            with torch.no_grad():
                next(self.network.parameters()).fill_(float("nan"))
        return values

    monkeypatch.setattr(Learner, "advance", spoiled)
    with pytest.raises(UserError, match="no number any more at step 4"):
        _run(tmp_path).train()
    assert torch.load(tmp_path / CHECKPOINT, weights_only=True)["global_step"] == 2


def test_what_a_run_started_from_is_known_after_it_was_continued(tmp_path):
    config = dataclasses.replace(CONFIG, steps=2)
    start = _run(tmp_path / "start", config).train().checkpoint
    _run(tmp_path / "run", config, init=str(start)).train()
    assert _run(tmp_path / "run").train().init == str(start)


def test_a_full_disk_at_the_export_is_the_errors_that_writing_has(tmp_path, monkeypatch):
    import safetensors
    import safetensors.torch

    def full(*arguments):
        raise safetensors.SafetensorError("No space left on device")

    monkeypatch.setattr(safetensors.torch, "save_file", full)
    checkpoint = _run(tmp_path, dataclasses.replace(CONFIG, steps=2)).train().checkpoint
    with pytest.raises(OSError, match="No space left"):
        shrink.shrink(checkpoint, CARD, tmp_path / "weights.safetensors")
    assert not list(tmp_path.glob(".weights*"))


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ("--held-out nan", "share of held-out videos is nan"),
        ("--held-out 1", "share of held-out videos is 1"),
        ("--cache-size -5", "short side is -5"),
        ("--early-stop 2", "without validation_every"),
    ],
)
def test_a_setting_that_cannot_be_meant_is_refused_in_one_line(tmp_path, capsys, settings, complaint):
    assert main(command(tmp_path, tmp_path / "out", f"--steps 2 {settings}")) == 2
    error = capsys.readouterr().err
    assert complaint in error
    assert error.count("\n") == 1


def _config_of(monkeypatch, arguments):
    from vip_bringup import pretraining
    from vip_bringup.commands import pretrain

    seen = []
    monkeypatch.setattr(pretraining, "run_pretraining", seen.append)
    parser = argparse.ArgumentParser()
    pretrain.add_arguments(parser)
    assert pretrain.run(parser.parse_args(arguments)) == 0
    return seen[0].config


OPTIONS = {
    "objective": "tcn", "steps": 7, "batch": 6, "accumulate": 2, "learning-rate": 0.3, "decay": "cosine",
    "gamma": 0.5, "negatives": 1, "l1": 0.11, "l2": 0.12, "reconstruct": 0.13, "returns": 0.14,
    "order": 0.15, "frozen": "layer1", "views": 5, "smallest-crop": 0.6,
    "precision": "fp32", "seed": 9, "threads": 1, "workers": 3, "checkpoint-every": 11,
    "validation-every": 12, "early-stop": 13,
}  # fmt: skip
NAMES = {"batch": "batch_size", "gamma": "discount", "l1": "l1_weight", "l2": "l2_weight"}


def test_every_option_of_the_command_reaches_the_training(monkeypatch, tmp_path):
    arguments = ["--videos", str(tmp_path), "--out", str(tmp_path / "out"), "--no-sync-batch-norm"]
    config = _config_of(monkeypatch, [*arguments, *(f"--{name}={value}" for name, value in OPTIONS.items())])
    expected = {NAMES.get(name, name.replace("-", "_")): value for name, value in OPTIONS.items()}
    assert {name: getattr(config, name) for name in expected} == expected
    told = {*expected, "sync_batch_norm", "validation_videos", "log_every"}  # the last two have no option
    assert {field.name for field in dataclasses.fields(config)} == told
    assert not config.sync_batch_norm
    assert np.isfinite(config.learning_rate)
