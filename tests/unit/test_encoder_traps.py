"""Mistakes that users of these encoders are known to make load no encoder, or cannot be made at all."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from vip_models.torch_tools import import_torchvision_models  # noqa: E402

import_torchvision_models()

from support.resnet_checkpoint import backbone, published, write_published  # noqa: E402

from vip_models import card_names, load_card, load_encoder  # noqa: E402
from vip_models.export import load_network  # noqa: E402
from vip_models.identify import fitting_cards  # noqa: E402
from vip_ros.errors import UserError  # noqa: E402

FRAMES = np.random.default_rng(0).integers(0, 256, (2, 224, 224, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def r3m(tmp_path_factory):
    return write_published("r3m-resnet18", tmp_path_factory.mktemp("r3m") / "model.pt")


@pytest.fixture(scope="module")
def vip(tmp_path_factory):
    return write_published("vip-resnet18", tmp_path_factory.mktemp("vip") / "model.pt")


@pytest.fixture(scope="module")
def encoder(r3m):
    return load_encoder("r3m-resnet18", r3m, runtime="torch", threads=1)


def _torchvision(path, prefix, key):
    network = import_torchvision_models().resnet18().eval()
    network.fc = torch.nn.Identity()
    state = torch.load(path, weights_only=True)[key]
    state = {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
    network.load_state_dict(state)
    return network


def _normalise(pixels):
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    return ((pixels - mean) / std).permute(0, 3, 1, 2)


def test_a_nearly_black_frame_is_scaled_like_any_other(encoder, r3m):
    # The official VIP divides by 255 only when it sees a value above 2, LIV above 10.
    frames = FRAMES % 3
    assert frames.max() == 2
    network = _torchvision(r3m, "module.convnet.", "r3m")
    with torch.no_grad():
        expected = network(_normalise(torch.from_numpy(frames) / 255.0)).numpy()
        undivided = network(_normalise(torch.from_numpy(frames).float())).numpy()
    found = encoder.embed(frames)
    assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()
    assert np.abs(found - undivided).max() > 0.1 * np.abs(expected).max()


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.uint16])
def test_values_of_another_range_cannot_be_given(encoder, dtype):
    with pytest.raises(UserError, match="give uint8 RGB values from 0 to 255"):
        encoder.encode((FRAMES / 255.0).astype(dtype))


def test_channels_are_taken_as_red_green_blue(encoder, r3m):
    network = _torchvision(r3m, "module.convnet.", "r3m")
    with torch.no_grad():
        expected = network(_normalise(torch.from_numpy(FRAMES) / 255.0)).numpy()
    largest = np.abs(expected).max()
    assert np.abs(encoder.embed(FRAMES) - expected).max() <= 1e-4 * largest
    assert np.abs(encoder.embed(FRAMES[..., ::-1]) - expected).max() > 1e-2 * largest


def test_batch_norm_uses_what_it_learned_and_not_the_batch(encoder, r3m):
    pair = encoder.encode(FRAMES)
    np.testing.assert_allclose(encoder.encode(FRAMES[:1]), pair[:1], rtol=1e-4, atol=1e-5)
    network = load_network(load_card("r3m-resnet18"), r3m)
    assert not any(module.training for module in network.modules())
    before = network.backbone.bn1.running_mean.clone()
    with torch.no_grad():
        network(torch.from_numpy(FRAMES))
    torch.testing.assert_close(network.backbone.bn1.running_mean, before, rtol=0, atol=0)


def test_vip_without_its_last_layer_is_refused(tmp_path):
    content = {"vip": {f"module.convnet.{key}": value for key, value in backbone(18).items()}}
    torch.save(content, tmp_path / "model.pt")
    with pytest.raises(UserError, match=r"lack 'fc.weight'.*the fc layer is kept"):
        load_encoder("vip-resnet18", tmp_path / "model.pt", runtime="torch", threads=1)


def test_r3m_with_a_last_layer_is_refused(tmp_path, vip):
    content = {"r3m": torch.load(vip, weights_only=True)["vip"]}
    torch.save(content, tmp_path / "model.pt")
    with pytest.raises(UserError, match="unexpected weights 'fc.bias'"):
        load_encoder("r3m-resnet18", tmp_path / "model.pt", runtime="torch", threads=1)


@pytest.mark.parametrize(
    ("name", "dim"),
    [
        ("r3m-resnet18", 512),
        ("r3m-resnet34", 512),
        ("r3m-resnet50", 2048),
        ("supervised-resnet50", 2048),
        ("moco-v1-resnet50", 2048),
        ("moco-v2-resnet50", 2048),
        ("moco-v3-resnet50", 2048),
    ],
)
def test_only_vip_keeps_a_last_layer(name, dim):
    card = load_card(name)
    assert (card.dim, card.output) == (dim, "avgpool")


def test_a_file_of_another_encoder_is_refused_and_the_right_one_named(r3m, vip):
    with pytest.raises(UserError, match=r"no state dict under 'vip'.*layout of encoder r3m-resnet18"):
        load_encoder("vip-resnet18", r3m, runtime="torch", threads=1)
    with pytest.raises(UserError, match=r"layout of encoder vip-resnet18"):
        load_encoder("r3m-resnet18", vip, runtime="torch", threads=1)
    with pytest.raises(UserError, match=r"instead of.*layout of encoder r3m-resnet18"):
        load_encoder("r3m-resnet50", r3m, runtime="torch", threads=1)


def test_clips_resnet_is_not_torchvisions(tmp_path):
    pytest.importorskip("open_clip")
    from support.clip_checkpoint import resnet_image_tower

    tensors = {name: torch.zeros(shape) for name, shape in resnet_image_tower().items()}
    torch.save(tensors, tmp_path / "model.pt")
    with pytest.raises(UserError, match=r"layout of encoder clip-rn50"):
        load_encoder("supervised-resnet50", tmp_path / "model.pt", runtime="torch", threads=1)


def test_a_file_that_fits_several_encoders_names_them_all(tmp_path):
    names = fitting_cards(write_published("moco-v2-resnet50", tmp_path / "moco.pth.tar"))
    assert names == ["moco-v1-resnet50", "moco-v2-resnet50"]


def test_a_file_that_fits_no_encoder_says_what_is_missing(tmp_path):
    torch.save({"vip": {"module.convnet.conv1.weight": torch.ones(64, 3, 7, 7)}}, tmp_path / "model.pt")
    with pytest.raises(UserError, match=r"lack 'bn1.weight'.*give weights made for resnet18"):
        load_encoder("vip-resnet18", tmp_path / "model.pt", runtime="torch", threads=1)


def test_the_momentum_copy_is_not_taken_for_the_encoder(tmp_path):
    content = published("moco-v2-resnet50")
    for key in list(content["state_dict"]):
        if key.startswith("module.encoder_q.layer4"):
            del content["state_dict"][key]
    torch.save(content, tmp_path / "moco.pth.tar")
    with pytest.raises(UserError, match=r"lack 'layer4"):
        load_encoder("moco-v2-resnet50", tmp_path / "moco.pth.tar", runtime="torch", threads=1)


@pytest.mark.parametrize("name", [name for name in card_names() if name.startswith("simclr")])
def test_simclr_takes_plain_values_from_0_to_1(name):
    card = load_card(name)
    assert (card.mean, card.std) == ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


@pytest.mark.parametrize("name", card_names())
def test_no_card_points_at_a_host_with_quotas_or_a_login(name):
    for url in load_card(name).urls:
        assert url.startswith("https://")
        assert "drive.google.com" not in url and "storage.cloud.google.com" not in url


def test_non_commercial_weights_are_marked():
    marked = {name for name in card_names() if load_card(name).noncommercial}
    for name in card_names():
        if name.startswith(("mae", "ijepa", "vjepa", "moco-v3", "vip-resnet50")):
            assert name in marked
        if name.startswith(("r3m", "liv", "clip", "simclr", "dino", "supervised", "vip-sim")):
            assert name not in marked
        assert load_card(name).licence
