"""A sentence as a goal of a CLIP with a text tower: the reward is the gain in cosine similarity."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch, which the small CLIP is built with, is not installed")
from vip_models.torch_tools import import_torchvision_models  # noqa: E402

import_torchvision_models()
pytest.importorskip("open_clip", reason="open_clip, which the small CLIP is built with, is not installed")

from clip_rig import FRAMES, small_card, small_tensors  # noqa: E402

from vip_models import load_encoder  # noqa: E402
from vip_models.goals import GoalLibrary  # noqa: E402
from vip_reward_node.goal_maker import GoalMaker  # noqa: E402
from vip_reward_node.goal_source import resolve_goal  # noqa: E402
from vip_reward_node.pipeline import RewardPipeline  # noqa: E402
from vip_reward_node.tracker import judge  # noqa: E402


def test_reward_for_a_sentence_is_the_gain_in_cosine_similarity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    torch.save(small_tensors("clip-vit-b32"), tmp_path / "model.pt")
    card = small_card("clip-vit-b32", tmp_path, monkeypatch)
    encoder = load_encoder(card, tmp_path / "model.pt", runtime="torch", threads=1)
    library = GoalLibrary(tmp_path / "goals")
    goal = resolve_goal("text:close the drawer", GoalMaker(encoder), library)
    images = encoder.encode(FRAMES).astype(np.float64)
    words = encoder.encode_text(["close the drawer"])[0].astype(np.float64)
    cosine = images @ words / np.linalg.norm(images, axis=1) / np.linalg.norm(words)
    verdict = judge(encoder.encode(FRAMES), goal)
    assert verdict.distances == pytest.approx(1.0 - cosine, abs=1e-6)
    assert verdict.rewards == pytest.approx(np.diff(cosine), abs=1e-6)
    library.save(goal)
    pipeline = RewardPipeline(GoalMaker(encoder))
    pipeline.set_goal(library.load("close-the-drawer", encoder.id))
    live = [pipeline.process(frame).sample for frame in FRAMES]
    assert [sample.distance for sample in live] == pytest.approx(verdict.distances, abs=1e-6)
