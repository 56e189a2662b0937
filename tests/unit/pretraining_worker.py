"""One of several processes that train together, as torchrun starts them: OUT [SETTING=VALUE ...]."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

from pretraining_rig import CARD, CONFIG, moving_square

from vip_models.pretraining.dataset import arrays
from vip_models.pretraining.distributed import joined
from vip_models.pretraining.run import Run


def train(out: Path, settings: dict[str, float]) -> None:
    """Train a small network on the processes that the environment names."""
    # Steps so small that Adam, which takes signs of gradients near zero, does not blow up their last digits.
    config = dataclasses.replace(CONFIG, learning_rate=1e-6, **settings)
    # Only a chain of layers can be frozen.
    card = dataclasses.replace(CARD, architecture="resnet10-w32-grid") if config.frozen else CARD
    with joined() as ranks:
        Run(arrays(moving_square()), card, config, out, ranks, arrays(moving_square(2, seed=5))).train()
        ranks.wait()


if __name__ == "__main__":
    pairs = (argument.split("=") for argument in sys.argv[2:])
    train(Path(sys.argv[1]), {name: type(getattr(CONFIG, name))(value) for name, value in pairs})
