"""SimCLR's TensorFlow checkpoints load without TensorFlow and give what its authors' code gives.

The expected numbers were computed by google-research/simclr's tf2/resnet.py under TensorFlow 2.21, with the
weights of support/simclr_checkpoint.py and the frame below.
"""

from __future__ import annotations

import base64
import zipfile
import zlib

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from support.cards import changed_card  # noqa: E402
from support.simclr_checkpoint import base_variables, write_simclr  # noqa: E402
from support.tensor_bundle import write_bundle  # noqa: E402

from vip_models import load_card, load_encoder  # noqa: E402
from vip_models.formats.tensor_bundle import TensorBundle, bundle_files  # noqa: E402
from vip_models.weights import file_sha256  # noqa: E402
from vip_ros.errors import UserError  # noqa: E402

FRAME = np.random.default_rng(7).integers(0, 256, (1, 64, 64, 3), dtype=np.uint8)
# Card -> (eight evenly spaced values, mean and largest of the embedding).
EXPECTED = {
    "simclr-resnet50": (
        [0.03163421, 0.790269, 2.273951, 0.8568949, 0.528735, 0.4361528, 1.748174, 0.3711033],
        0.668543,
        5.401207,
    ),
    "simclrv2-resnet50-sk": (
        [0.201493, 0.1091583, 0.6607577, 0.5603802, 0.7287518, 0.1611696, 0.0, 0.4282498],
        0.4127644,
        3.7844133,
    ),
    "simclrv2-resnet50-2x-sk": (
        [0.2921497, 0.1170838, 2.070061, 0.5459462, 0.0, 0.7992954, 0.5040187, 0.1955086],
        0.4205741,
        3.8952615,
    ),
}


def small(name, folder):
    """Return the shipped card for small frames, so that the network is soon done."""
    return changed_card(name, folder, crop=64, resize=64)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return write_simclr(tmp_path_factory.mktemp("simclr"))


def check(embedding, name):
    values, mean, largest = EXPECTED[name]
    np.testing.assert_allclose(embedding[:: len(embedding) // 8], values, atol=1e-4 * largest)
    assert abs(embedding.mean() - mean) <= 1e-4 * largest
    assert abs(embedding.max() - largest) <= 1e-4 * largest


@pytest.mark.parametrize(
    ("name", "width", "sk"),
    [
        ("simclr-resnet50", 1, False),
        ("simclrv2-resnet50-sk", 1, True),
        pytest.param("simclrv2-resnet50-2x-sk", 2, True, marks=pytest.mark.slow),
    ],
)
def test_the_network_equals_the_authors_in_tensorflow(name, width, sk, tmp_path):
    index = write_simclr(tmp_path, width=width, sk=sk)
    check(load_encoder(small(name, tmp_path), index, runtime="torch", threads=1).encode(FRAME)[0], name)


def test_the_exported_network_equals_the_authors_in_tensorflow(plain, tmp_path, vip_cache):
    check(
        load_encoder(small("simclr-resnet50", tmp_path), plain, runtime="cpu", threads=1).encode(FRAME)[0],
        "simclr-resnet50",
    )


def test_selective_kernels_export(tmp_path, vip_cache):
    name = "simclrv2-resnet50-sk"
    encoder = load_encoder(small(name, tmp_path), write_simclr(tmp_path, sk=True), runtime="cpu", threads=1)
    check(encoder.encode(FRAME)[0], name)


def test_without_the_one_sided_pool_the_embedding_would_differ(plain, tmp_path):
    from vip_models.torch_tools import import_torchvision_models

    network = import_torchvision_models().resnet50(num_classes=1).eval()
    network.fc = torch.nn.Identity()
    ours = load_encoder(small("simclr-resnet50", tmp_path), plain, runtime="torch", threads=1).encode(FRAME)[
        0
    ]
    state = {key: value for key, value in _torchvision_names(load_card("simclr-resnet50"), plain)}
    network.load_state_dict(state, strict=False)
    pixels = torch.from_numpy(FRAME).permute(0, 3, 1, 2) / 255.0
    with torch.no_grad():
        symmetric = network(pixels)[0].numpy()
        network.maxpool = torch.nn.MaxPool2d(3, 2, ceil_mode=True)
        one_sided = network(pixels)[0].numpy()
    np.testing.assert_allclose(ours, one_sided, atol=1e-5 * np.abs(ours).max())
    assert np.abs(ours - symmetric).max() > 1e-2 * np.abs(ours).max()


def _torchvision_names(card, index):
    """Yield the tensors by torchvision's names: the same layers, the shortcut at the end of a block."""
    from vip_models.export import load_network

    ours = load_network(card, index).backbone
    blocks = [module for module in ours if type(module).__name__ == "Bottleneck"]
    names = [
        f"layer{stage + 1}.{block}" for stage, count in enumerate((3, 4, 6, 3)) for block in range(count)
    ]
    modules = {"conv1": ours[0], "bn1": ours[1]}
    for name, block in zip(names, blocks, strict=True):
        layers = [layer for layer in block.residual if not isinstance(layer, torch.nn.ReLU)]
        modules |= {f"{name}.{kind}{i}": layers.pop(0) for i in (1, 2, 3) for kind in ("conv", "bn")}
        if len(list(block.shortcut.children())):
            modules |= {f"{name}.downsample.{i}": layer for i, layer in enumerate(block.shortcut)}
    for name, module in modules.items():
        yield from ((f"{name}.{key}", value) for key, value in module.state_dict().items())


@pytest.mark.parametrize("form", ["folder", "zip", "saved model"])
def test_every_form_in_which_checkpoints_are_published_loads(form, plain, tmp_path):
    if form == "folder":
        path = plain.parent
    elif form == "zip":
        path = tmp_path / "ResNet50_1x.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for part in plain.parent.iterdir():
                archive.write(part, f"ResNet50_1x/{part.name}")
    else:
        path = tmp_path / "saved_model"
        variables = base_variables(50, 1, False)
        keys = {
            f"trainable_variables_list/{i}/.ATTRIBUTES/VARIABLE_VALUE": n for i, n in enumerate(variables)
        }
        names = {key: name.replace("base_model", "resnet/block_group1") for key, name in keys.items()}
        names = {key: name.replace("batch_norm", "sync_batch_norm") for key, name in names.items()}
        tensors = {key: variables[name] for key, name in keys.items()}
        head = "model/_projection_head/bn/gamma/.ATTRIBUTES/VARIABLE_VALUE"
        tensors[head], names[head] = (
            np.ones(4, np.float32),
            "projection_head/nl_0/batch_normalization_53/gamma",
        )
        write_bundle(path / "variables" / "variables", tensors, names)
        (path / "saved_model.pb").write_bytes(b"not read")
    check(
        load_encoder(small("simclr-resnet50", tmp_path), path, runtime="torch", threads=1).encode(FRAME)[0],
        "simclr-resnet50",
    )


def test_the_id_follows_index_and_data(plain, tmp_path):
    assert [path.name for path in bundle_files(plain.parent)] == [
        "model.ckpt-250228.index",
        "model.ckpt-250228.data-00000-of-00001",
    ]
    assert file_sha256(plain) == file_sha256(plain.parent)
    before = file_sha256(plain)
    copy = tmp_path / "copy"
    copy.mkdir()
    for part in plain.parent.iterdir():
        (copy / part.name).write_bytes(part.read_bytes()[:-4] + b"else")
    assert file_sha256(copy / plain.name) != before


def test_a_checkpoint_of_another_depth_or_kind_is_refused_and_the_right_card_named(plain):
    with pytest.raises(UserError, match="has 53 conv2d layers.*layout of encoder simclr-resnet50"):
        load_encoder("simclrv2-resnet101", plain, runtime="torch", threads=1)
    with pytest.raises(UserError, match="has 53 conv2d layers.*simclr-resnet50 or simclrv2-resnet50"):
        load_encoder("simclrv2-resnet50-sk", plain, runtime="torch", threads=1)
    with pytest.raises(UserError, match="layout of encoder simclr-resnet50"):
        load_encoder("simclr-resnet50-2x", plain, runtime="torch", threads=1)


@pytest.mark.parametrize("damage", ["no data", "short data", "no index", "other file", "empty folder"])
def test_a_damaged_checkpoint_is_refused_in_one_line(damage, tmp_path):
    variables = {"base_model/conv2d/kernel": np.ones((1, 1, 3, 2), np.float32)}
    index = write_bundle(tmp_path / "ck" / "model", variables)
    data = index.with_name("model.data-00000-of-00001")
    path = index
    if damage == "no data":
        data.unlink()
    elif damage == "short data":
        data.write_bytes(data.read_bytes()[:5])
    elif damage == "no index":
        index.unlink()
        path = index.parent
    elif damage == "other file":
        index.write_bytes(b"x" * 100)
    else:
        path = tmp_path / "nothing"
        path.mkdir()
    with pytest.raises(UserError):
        TensorBundle(path).read("base_model/conv2d/kernel")


# Written by TensorFlow 2.21: tf.train.Checkpoint(model=Sequential([Conv2D(2, 1), BatchNormalization()])).
_INDEX = (
    "eNpjYGDjYJRi4mBkkOGLd/ZwdfYO8Pf0C3F08nGN93fycnUOiXcPcgzw4GAXYlCw0JjAZsq1zEuawUY6Nz8lNUc/J7EytSi+PLMk"
    "I748NTM9o6RY10A/O7UoDyin5xgSEuTpFBriGqwf5hjkCTYzzNEn1JWDUUhACGgnFDMDMZOGhOmB27bikoqChvpJqSWJ+LWzgLQo"
    "KGhwmGoyz2CXVhBMT8zNJUqPBFDPi8dukdJqgrn5ZZl56fG5qYl5xOjUAOrU2fk/SElZsCyxKDMxLzmVGG0GUAsZgIARREyqW1oB"
    "5xz4tHADAyNzHsMnJrjYy1ez9L4zcbQw8zMQBOG/G7pVSt1vAwD8pGlO"
)
_DATA = (
    "eNqFks9PwjAUx/lNKVHM08PcxYM3Ep14RBMZyQ5LOCFwM0sZlTVuXTIWUOKBePSv8B/wf9D/zK4bBrPJmrZJv++b93mvbaEQjc2d"
    "2HpiirUR66MXa1JPRqR9/ervtc/vdhe3cAMVoer5M+q2S6iIh1hBJThxyQsNrBULHWtF2dwJFxdXuCkidRkRBwWVM20dYStvbR2Z"
    "8whjVIHaEw14QjExQlWokGe2EAXUoDonnkeEWIfKlIYEtxCCpucvGZ9bHiUcH6MGtBJhSQJGuE1lKhse8OFEH5p6f2BYE30wNuDA"
    "9vnyeqbFRPVWtqdl9ZRYtEt9NBqa/fHIuNf+JpOQUruAOTgp0OmUhLZjcT/wiMvWJGQ+12Qv6s2/0E7syGO68JjiKVm86MLU7h5c"
    "ZMijrSFM0c6yaDuPoup7oDu+PPZbEV5T8PM98O0HUI38ArbenCJ+APOs9S8="
)


def test_a_checkpoint_written_by_tensorflow_reads(tmp_path):
    for name, content in (("ck.index", _INDEX), ("ck.data-00000-of-00001", _DATA)):
        (tmp_path / name).write_bytes(zlib.decompress(base64.b64decode(content)))
    bundle = TensorBundle(tmp_path / "ck.index")
    keys = bundle.variable_keys()
    assert set(keys) == {
        "conv2d/kernel",
        *(f"batch_normalization/{kind}" for kind in ("beta", "gamma", "moving_mean", "moving_variance")),
    }
    np.testing.assert_array_equal(bundle.read(keys["conv2d/kernel"]).ravel(), np.arange(6))
    np.testing.assert_array_equal(bundle.read(keys["batch_normalization/moving_mean"]), [5, 6])


def test_a_card_of_another_width_or_an_odd_crop_is_refused(plain, tmp_path):
    for change in ({"dim": 1024}, {"crop": 200}):
        with pytest.raises(UserError, match="mend dim and crop"):
            load_encoder(
                changed_card("simclr-resnet50", tmp_path, **change), plain, runtime="torch", threads=1
            )
