"""vip models: what there is, what it may be used for, fetching, verifying and exporting it."""

from __future__ import annotations

import builtins
import io
import sys

import numpy as np
import pytest
from support.weights_server import Site, serve

from vip_bringup.cli import main
from vip_models import card_names, load_card
from vip_models.catalogue import catalogue
from vip_models.weights import default_weights

pytestmark = pytest.mark.usefixtures("vip_cache")
CARD = """
about: an encoder for this test
architecture: resnet10-w32-grid
dim: 16
resize: 112
crop: 112
licence: CC-BY-NC-4.0
noncommercial: {noncommercial}
urls: [{url}]
"""


@pytest.fixture
def site():
    with serve(Site({})) as site:
        yield site


@pytest.fixture
def card(site, tmp_path):
    """Return the path of a card whose weights the local server has, under a non-commercial licence."""
    pytest.importorskip("torch")
    from vip_models.testing import write_random_checkpoint

    path = tmp_path / "mine.yaml"
    path.write_text(CARD.format(noncommercial="true", url=f"{site.address}/model.pt"))
    site.files["/model.pt"] = write_random_checkpoint(str(path), tmp_path / "model.pt").read_bytes()
    return path


class _Terminal(io.StringIO):
    def isatty(self):
        return True


def _answers(monkeypatch, *replies):
    """Let the user sit at a terminal and type these replies; returns the questions asked."""
    asked, replies = [], list(replies)
    monkeypatch.setattr(sys, "stdin", _Terminal())
    monkeypatch.setattr(builtins, "input", lambda question: asked.append(question) or replies.pop(0))
    return asked


def _one_line(text):
    assert text.count("\n") == 1 and "Traceback" not in text
    return text


def test_the_list_names_every_encoder_with_its_terms(capsys):
    assert main(["models", "list"]) == 0
    header, *lines = capsys.readouterr().out.splitlines()
    assert header.split("  ")[0] == "name" and len(lines) == len(card_names())
    (mae,) = [line for line in lines if line.startswith("mae-vit-b16 ")]
    assert " ".join(mae.split()) == "mae-vit-b16 768 224 px 85.8 M to fetch CC-BY-NC-4.0 (non-commercial)"
    (vjepa,) = [line for line in lines if line.startswith("vjepa-vit-l16 ")]
    assert "16 x 224 px" in vjepa
    (clip,) = [line for line in lines if line.startswith("clip-rn50 ")]
    assert "224 px + text" in clip


def test_the_list_tells_weights_that_are_here(capsys, vip_cache):
    path = default_weights(load_card("dino-vit-s16"))
    path.parent.mkdir(parents=True)
    path.write_bytes(bytes(2_000_000))
    states = {entry.card.name: entry.weights for entry in catalogue()}
    assert states["dino-vit-s16"] == "here, 2 MB"
    assert states["dino-vit-s8"] == "to fetch"
    assert states["vip-resnet18"] == "bring your own"
    assert states["vip-sim"].startswith("shipped, ")


def test_show_prints_the_card(capsys):
    import yaml

    assert main(["models", "show", "ijepa-vit-h14"]) == 0
    shown = yaml.safe_load(capsys.readouterr().out)
    assert shown["state_path"] == "target_encoder" and shown["noncommercial"] is True
    assert shown["weights"] == "to fetch"


def test_without_a_terminal_a_noncommercial_licence_needs_yes(card, capsys, site, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert main(["models", "fetch", str(card)]) == 2
    error = _one_line(capsys.readouterr().err)
    assert "may not be used commercially (licence: CC-BY-NC-4.0): repeat the command with --yes" in error
    assert not site.asked
    assert main(["models", "fetch", str(card), "--yes"]) == 0
    out = capsys.readouterr().out
    assert "mine.pt  sha256 " in out and "licence: CC-BY-NC-4.0 (non-commercial)" in out


def test_at_a_terminal_the_user_is_asked_once(card, capsys, monkeypatch):
    asked = _answers(monkeypatch, "n", "y")
    assert main(["models", "fetch", str(card)]) == 2
    assert "nothing was fetched" in _one_line(capsys.readouterr().err)
    assert main(["models", "fetch", str(card)]) == 0
    assert len(asked) == 2 and "CC-BY-NC-4.0" in asked[0]
    default_weights(load_card(str(card))).unlink()
    assert main(["models", "fetch", str(card)]) == 0
    assert len(asked) == 2


def test_a_changed_licence_is_asked_for_again(card, capsys, monkeypatch):
    asked = _answers(monkeypatch, "y", "y")
    assert main(["models", "fetch", str(card)]) == 0
    default_weights(load_card(str(card))).unlink()
    card.write_text(card.read_text().replace("CC-BY-NC-4.0", "CC-BY-NC-ND-4.0"))
    assert main(["models", "fetch", str(card)]) == 0
    assert len(asked) == 2 and "CC-BY-NC-ND-4.0" in asked[1]


def test_a_free_licence_is_not_asked_for(card, capsys, monkeypatch):
    card.write_text(card.read_text().replace("noncommercial: true", "noncommercial: false"))
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert main(["models", "fetch", str(card)]) == 0


def test_what_is_not_published_cannot_be_fetched_and_nobody_is_asked(capsys):
    assert main(["models", "fetch", "vip-resnet18"]) == 2
    assert "give a file with --weights FILE" in _one_line(capsys.readouterr().err)


def test_verify_says_what_the_weights_are(card, capsys, tmp_path):
    assert main(["models", "verify", str(card)]) == 2
    assert "`vip models fetch mine`" in _one_line(capsys.readouterr().err)
    assert main(["models", "fetch", str(card), "--yes"]) == 0
    capsys.readouterr()
    assert main(["models", "verify", str(card)]) == 0
    out = capsys.readouterr().out
    assert "gives 16 finite values" in out and "as first fetched" in out
    assert main(["models", "verify", str(card), "--weights", str(tmp_path / "model.pt")]) == 0


def test_verify_finds_damage(card, capsys):
    main(["models", "fetch", str(card), "--yes"])
    path = default_weights(load_card(str(card)))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    capsys.readouterr()
    assert main(["models", "verify", str(card)]) == 2
    assert "damaged or not the published ones" in _one_line(capsys.readouterr().err)


def test_verify_refuses_a_network_that_sees_nothing(card, capsys, tmp_path):
    import torch

    checkpoint = torch.load(tmp_path / "model.pt", weights_only=True)
    for tensor in checkpoint["vip"].values():
        tensor.zero_()
    torch.save(checkpoint, tmp_path / "zero.pt")
    assert main(["models", "verify", str(card), "--weights", str(tmp_path / "zero.pt")]) == 2
    assert "every picture the same embedding" in _one_line(capsys.readouterr().err)


def test_export_writes_a_network_that_runs_without_torch(card, capsys, tmp_path):
    import onnxruntime

    out = tmp_path / "net.onnx"
    weights = str(tmp_path / "model.pt")
    assert main(["models", "export", str(card), "--weights", weights, "--out", str(out)]) == 0
    assert "uint8 [N,112,112,3] → embedding float32 [N,16]" in capsys.readouterr().out
    session = onnxruntime.InferenceSession(str(out))
    frames = np.zeros((3, 112, 112, 3), np.uint8)
    assert session.run(None, {"frames": frames})[0].shape == (3, 16)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "arguments are required: ACTION"),
        (["fetch"], "arguments are required: NAME"),
        (["fecth", "x"], "invalid choice: 'fecth'"),
        (["show", "mae-vit-b1"], "did you mean 'mae-vit-b16'"),
    ],
)
def test_mistakes_are_answered_with_one_line(arguments, message, capsys):
    assert main(["models", *arguments]) == 2
    assert message in _one_line(capsys.readouterr().err)


@pytest.mark.parametrize("name", [name for name in card_names() if not load_card(name).file])
def test_a_card_states_the_size_of_its_network(name):
    torch = pytest.importorskip("torch")
    from vip_models.export import build_network

    card = load_card(name)
    with torch.device("meta"):
        parameters = sum(tensor.numel() for tensor in build_network(card).parameters()) / 1e6
    assert card.parameters == pytest.approx(parameters, abs=0.06)
