"""reward_node under fire: malformed images at full rate neither stop nor crash it; its memory stays flat."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from graph.helpers import LIMIT, NodeProcess, Probe
from graph.reward_bench import Bench
from rclpy.serialization import serialize_message
from std_msgs.msg import String
from support.image_fuzz import malformed, truncated

from vip_ros.images import array_to_image
from vip_ros.qos import SENSOR
from vip_ros.stamps import from_ns, to_ns

pytestmark = pytest.mark.graph

# A card whose network is small enough for a thousand images per second.
TINY = {"architecture": "resnet18", "dim": 16, "resize": 40, "crop": 32}
FLAT = 6.0  # MB that the process may grow in all, by windows of statistics that fill for example
LEAK = 50.0  # bytes per frame; one small image in two hundred frames, or one small object in each, is more
MOST_PER_FRAME = 0.5  # s, on a busy machine


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Return reward_node's parameters for a tiny encoder whose network is exported already."""
    pytest.importorskip("torch")
    pytest.importorskip("onnx")
    from vip_models import load_encoder
    from vip_models.testing import write_random_checkpoint

    folder = tmp_path_factory.mktemp("tiny")
    card = folder / "tiny.yaml"
    card.write_text(yaml.safe_dump(TINY))
    weights = write_random_checkpoint(str(card), folder / "weights.pt")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIP_CACHE", str(folder / "cache"))
        load_encoder(str(card), weights, "cpu")
        yield {"encoder": str(card), "weights": str(weights), "runtime": "cpu", "threads": 1, "goal": ""}


@pytest.fixture
def bench(ros_domain: int, tiny: dict[str, Any]) -> Iterator[Bench]:
    with Probe() as probe, NodeProcess("vip_reward_node.reward_node", tiny) as process:
        yield Bench(probe, process, tiny)
        assert process.process.poll() is None, process.output
        assert process.interrupt() == 0
        assert "Traceback" not in process.output


def picture(seed: int, height: int = 48, width: int = 64) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8)


def judge_again(bench: Bench, pixels: np.ndarray) -> float:
    """Return the distance of a good image, sent again where a full queue lost it."""
    for _ in range(20):
        stamp = bench.send(pixels)
        try:
            bench.probe.wait_for(lambda s=stamp: any(to_ns(r.header.stamp) == s for r in bench.rewards), 3.0)
            return bench.reward_of(stamp).distance
        except AssertionError:
            continue
    raise AssertionError(f"no reward any more\n{bench.process.output}")


def refused(bench: Bench) -> int:
    return int((bench.status("reward_node: refused images") or {}).get("count", 0))


def private_mb(process: NodeProcess) -> float:
    """Return the memory that is the process's own, MB.

    Its share of other processes' message buffers is left out: they have a fixed size, of which every new page
    that a message comes to lie in counts once more as resident. So are files, which are read in as needed.
    """
    status = Path(f"/proc/{process.process.pid}/status").read_text()
    return int(status.split("RssAnon:")[1].split()[0]) / 1e3


def test_malformed_images_at_full_rate_neither_stop_nor_crash_the_node(bench: Bench) -> None:
    bench.set_goal(picture(0), "goal")
    rng = np.random.default_rng(7)
    for index in range(2000):
        bench.camera.publish(malformed(rng))
        if index % 100 == 50:  # a good image among them finds the node at work
            assert judge_again(bench, picture(0)) < 1e-3
    assert judge_again(bench, picture(1)) > 1e-3
    # Keep-last-1: of images that come faster than they are looked at, most are dropped, on a busy machine
    # nearly all. One by one they are refused.

    def refused_more() -> bool:
        bench.camera.publish(malformed(rng))
        return refused(bench) > 20

    bench.probe.wait_for(refused_more, 2 * LIMIT, "the refused images' count")


def test_broken_serialized_messages_are_survived(bench: Bench) -> None:
    """Bytes that are no message at all, as a publisher with other type definitions sends them."""
    bench.set_goal(picture(0), "goal")
    rng = np.random.default_rng(8)
    whole = serialize_message(array_to_image(picture(2), from_ns(0), "camera"))
    for index in range(500):
        bench.camera.publish(truncated(whole, rng))
        if index % 100 == 99:
            assert judge_again(bench, picture(0)) < 1e-3


def test_another_type_on_the_camera_topic_is_ignored(bench: Bench) -> None:
    bench.set_goal(picture(0), "goal")
    with Probe("stranger") as stranger:  # one node cannot have two types on a topic
        strings = stranger.publisher(String, "camera/image_raw", SENSOR)
        for _ in range(50):
            strings.publish(String(data="not an image" * 100))
        assert judge_again(bench, picture(0)) < 1e-3


def run_frames(bench: Bench, count: int) -> None:
    """Send frames of changing size and encoding one after the other, every tenth malformed."""
    rng = np.random.default_rng(9)
    shapes = [(48, 64), (120, 160), (240, 320), (97, 33)]
    good = [array_to_image(picture(i, *shape), from_ns(0), "c") for i, shape in enumerate(shapes)]
    good.append(array_to_image(picture(9)[..., 0], from_ns(0), "c", "mono8"))
    good.append(array_to_image(picture(8)[..., ::-1], from_ns(0), "c", "bgr8"))
    for index in range(count):
        if index % 10 == 9:
            bench.camera.publish(malformed(rng))
            continue
        heard = len(bench.embeddings)
        bench.send_message(good[index % len(good)])
        end = time.monotonic() + MOST_PER_FRAME
        # A lost image is not waited for: memory is what counts here.
        bench.probe.wait_for(lambda h=heard, e=end: len(bench.embeddings) > h or time.monotonic() > e)
        if index % 500 == 0:
            bench.forget()


@pytest.mark.parametrize("frames", [1000, pytest.param(20_000, marks=pytest.mark.slow)])
@pytest.mark.timeout(2400)
def test_memory_is_flat(bench: Bench, frames: int) -> None:
    bench.set_goal(picture(0), "goal")
    run_frames(bench, 600)  # allocators and message pools have their size by then
    used = [private_mb(bench.process)]
    for _ in range(10):
        run_frames(bench, frames // 10)
        used.append(private_mb(bench.process))
    told = f"{frames} frames: {', '.join(f'{mb:.2f}' for mb in used)} MB"
    print(told)
    assert used[-1] - used[0] < FLAT, told
    if frames >= 20_000:  # over fewer frames one page more of a heap looks like a slope
        slope = np.polyfit(np.arange(6) * frames // 10, used[5:], 1)[0] * 1e6
        assert slope < LEAK, f"{slope:.0f} bytes per frame in the last half; {told}"
    assert judge_again(bench, picture(0)) < 1e-3
