"""TorchScript archives give their tensors without their program being loaded."""

from __future__ import annotations

import io
import os
import pickle
import zipfile

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from vip_models.formats.inert_pickle import (  # noqa: E402
    Call,
    Global,
    Instance,
    MalformedPickleError,
    inspect_pickle,
)
from vip_models.formats.torchscript import is_torchscript, read_torchscript  # noqa: E402
from vip_ros.errors import UserError  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


class _Inner(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 4, 3)
        self.norm = torch.nn.BatchNorm2d(4)

    def forward(self, x):
        return self.norm(self.conv(x))


class _Outer(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.visual = torch.nn.Sequential(_Inner(), torch.nn.ReLU())
        self.scale = torch.nn.Parameter(torch.randn(2, 5).t())  # strided
        self.register_buffer("resolution", torch.tensor(224))
        self.register_buffer("none_yet", torch.empty(0, 3))
        self.shared = self.visual[0].conv

    def forward(self, x):
        return self.visual(x) * self.scale.sum()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
def test_the_tensors_equal_the_state_dict(dtype, tmp_path):
    module = _Outer().to(dtype)
    torch.jit.save(torch.jit.script(module), tmp_path / "model.pt")
    assert is_torchscript(tmp_path / "model.pt")
    found = read_torchscript(tmp_path / "model.pt")
    expected = module.state_dict()
    assert set(found) == set(expected)
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype
        torch.testing.assert_close(found[name], tensor, rtol=0, atol=0)


def test_a_plain_checkpoint_is_no_torchscript_archive(tmp_path):
    torch.save({"a": torch.ones(2)}, tmp_path / "model.pt")
    assert not is_torchscript(tmp_path / "model.pt")


class _Bomb:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (self.marker,)


def _archive(path, content):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model/data.pkl", content)
        archive.writestr("model/constants.pkl", b"")
        archive.writestr("model/code/__torch__.py", b"raise SystemExit")
    return path


def test_a_pickle_that_would_run_code_is_only_looked_at(tmp_path):
    marker = tmp_path / "exploded"
    content = pickle.dumps({"weight": _Bomb(str(marker))}, protocol=2)
    assert isinstance(inspect_pickle(content)["weight"], Call)
    assert read_torchscript(_archive(tmp_path / "model.pt", content)) == {}
    assert not marker.exists()


def test_what_torch_does_not_write_is_refused():
    for content in (b"", b"not a pickle", pickle.dumps(1)[:-1], pickle.dumps({1}, protocol=4), b"(lp0\n."):
        with pytest.raises(MalformedPickleError):
            inspect_pickle(content)


def test_plain_values_come_out_as_they_are():
    value = {"a": [1, 2.5, "text", None, True, (1, 2, 3, 4), 2**40], "b": {}}
    assert inspect_pickle(pickle.dumps(value, protocol=2)) == value
    torch_object = inspect_pickle(pickle.dumps(io.BytesIO, protocol=2))
    assert torch_object == Global("_io BytesIO")


@pytest.mark.parametrize("damage", ["no pickle", "bad pickle", "no storage", "short storage"])
def test_a_damaged_archive_is_refused_in_one_line(damage, tmp_path):
    torch.jit.save(torch.jit.script(_Outer()), tmp_path / "good.pt")
    bad = tmp_path / "bad.pt"
    with zipfile.ZipFile(tmp_path / "good.pt") as source, zipfile.ZipFile(bad, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name.endswith("/data.pkl"):
                if damage == "no pickle":
                    continue
                content = b"junk" if damage == "bad pickle" else content
            if name.endswith("/data/0"):
                if damage == "no storage":
                    continue
                content = content[:4] if damage == "short storage" else content
            target.writestr(name, content)
    with pytest.raises(UserError, match="not a readable TorchScript archive"):
        read_torchscript(bad)


def test_random_bytes_in_a_pickle_never_escape_as_another_error():
    torch_pickle = pickle.dumps({"a": [1, (2, 3)], "b": Instance("x")}, protocol=2)
    rng = np.random.default_rng(0)
    for _ in range(300):
        broken = bytearray(torch_pickle)
        for place in rng.integers(0, len(broken), 3):
            broken[place] = rng.integers(0, 256)
        try:
            inspect_pickle(bytes(broken))
        except MalformedPickleError:
            continue
