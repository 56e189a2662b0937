"""The benchmark's parts: limits and verdicts, fair timing, and the published way that it compares with."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from PIL import Image

from vip_bringup.bench.figures import EncoderFigures, Figure, Report
from vip_bringup.bench.footage import messages, write_video
from vip_bringup.bench.limits import figure
from vip_bringup.cli import main
from vip_models import load_card
from vip_models.card import EncoderCard
from vip_models.machine import Machine, this_machine
from vip_models.timing import in_turns, ratio, timed
from vip_reward_node.video import Footage

PLAIN = Machine("cpu", 2, ("avx2", "avx512_bf16"), (), {})
MATRIX = Machine("cpu", 2, ("avx2", "amx_bf16"), (), {})


@pytest.mark.parametrize(
    ("encoder", "machine", "key", "value", "met"),
    [
        ("vip-resnet50", PLAIN, "path_median_ratio", 1.25, True),
        ("vip-resnet50", PLAIN, "path_median_ratio", 1.26, False),
        ("vip-resnet18", PLAIN, "path_median_ratio", 1.5, True),
        ("vip-resnet50", PLAIN, "path_p99_ratio", 1.7, False),
        ("vip-resnet50", PLAIN, "official_ratio", 2.0, True),
        ("vip-resnet50", MATRIX, "official_ratio", 5.9, False),
        ("vip-resnet50", MATRIX, "official_ratio", 6.0, True),
        ("vip-resnet50", PLAIN, "offline_ratio", 0.89, False),
        ("vip-sim", PLAIN, "path_median_ratio", 9.0, None),
        ("vip-resnet50", PLAIN, "bare_ms", 9.0, None),
    ],
)
def test_limits_depend_on_encoder_and_machine(encoder, machine, key, value, met):
    found = figure(encoder, machine, key, value, "x", "what")
    assert found.met is met
    assert ("NOT met" in found.line()) == (met is False)


def test_the_report_is_json_with_verdicts():
    figures = (Figure("a", 1.0, "x", "first", at_most=2.0), Figure("b", 3.0, "ms", "second"))
    report = Report(dataclasses.asdict(PLAIN), [0.5, 0.7], "a film")
    report.encoders.append(EncoderFigures("e@0", "random", "cpu", "as asked", figures))
    written = json.loads(json.dumps(report.as_json()))["encoders"][0]["figures"]
    assert (written["a"]["met"], written["a"]["value"], written["b"]["met"]) == (True, 1.0, None)


def test_works_take_turns():
    done = []

    def work(name, seconds):
        done.append(name)
        return seconds

    slow, fast = in_turns([lambda: work("slow", 2.0), lambda: work("fast", 1.0)], seconds=0.0, least=3)
    assert done == ["slow", "fast"] * 4
    assert (len(slow), ratio(slow, fast)) == (3, 2.0)
    assert len(in_turns([lambda: 1.0], seconds=60.0, most=4)[0]) == 4
    assert timed(lambda: None)() >= 0.0


def test_this_machine_has_a_name_cores_and_runtimes():
    machine = this_machine()
    assert machine.cpu and machine.cores >= 1
    assert any(name.startswith("onnxruntime") for name in machine.runtimes)
    assert machine.cpu in machine.key


def moving(count=12):
    frames = np.zeros((count, 60, 80, 3), np.uint8)
    for index, frame in enumerate(frames):
        frame[10:30, 4 * index : 4 * index + 12] = (250, 90, 20)
    return frames


def test_frames_become_camera_messages_and_a_video(tmp_path):
    images = messages(moving(), 3)
    assert {(image.width, image.height, image.encoding) for image in images} == {(640, 480, "rgb8")}
    write_video(moving(), tmp_path / "clip.mp4")
    decoded = [frame.rgb for frame in Footage(tmp_path / "clip.mp4")]
    assert len(decoded) == 12 and decoded[0].shape == (480, 640, 3)
    assert decoded[0][160, 60, 0] > 180 > 60 > decoded[0][400, 600, 0]


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    pytest.importorskip("torch")
    from vip_models.testing import write_random_checkpoint

    return write_random_checkpoint("vip-resnet18", tmp_path_factory.mktemp("weights") / "weights.pt")


def test_the_published_way_equals_torchvisions_transform(weights):
    import torch

    from vip_bringup.bench.official import OfficialWay
    from vip_models.torch_tools import import_torchvision_models

    import_torchvision_models()
    from torchvision import transforms

    official = OfficialWay(load_card("vip-resnet18"), weights)
    steps = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor()])
    for size in [(480, 640), (240, 424), (641, 479), (256, 256), (224, 224)]:
        frame = np.random.default_rng(0).integers(0, 255, (*size, 3), np.uint8)
        assert torch.equal(official._transform(frame), steps(Image.fromarray(frame)))


def test_the_published_way_embeds_as_this_project_does(weights, vip_cache):
    from vip_bringup.bench.official import OfficialWay
    from vip_models import load_encoder

    frames = np.resize(moving(), (3, 480, 640, 3))
    ours = load_encoder("vip-resnet18", weights, "cpu").encode(frames)
    theirs = OfficialWay(load_card("vip-resnet18"), weights).encode(frames)
    assert np.abs(ours - theirs).max() <= 2e-3 * np.abs(theirs).max()


def test_only_single_frames_that_pil_resizes_are_compared():
    pytest.importorskip("torch")
    from vip_bringup.bench.official import applies

    assert applies(load_card("vip-resnet50"))
    assert not applies(EncoderCard(name="x", window=16))
    assert not applies(EncoderCard(name="x", interpolation="tensorflow-bicubic"))


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--encoder", "vip-resnet51"], "unknown encoder"),
        (["--runtime", "warp", "--encoder", "vip-sim"], "unknown runtime"),
        (["--weights", "x.pt"], "fits one encoder"),
        (["--frames", "/nowhere.mp4"], "no such file"),
    ],
)
def test_mistakes_end_in_one_line(capsys, tmp_path, vip_cache, arguments, line):
    if "--frames" not in arguments:
        for index, frame in enumerate(moving(3)):
            Image.fromarray(frame).save(tmp_path / f"{index}.png")
        arguments = [*arguments, "--frames", str(tmp_path)]
    assert main(["bench", "--quick", *arguments]) == 2
    assert line in capsys.readouterr().err
