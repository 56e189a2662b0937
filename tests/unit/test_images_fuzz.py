"""Whatever an image message holds, it becomes a picture of the network's size or a UserError."""

from __future__ import annotations

import numpy as np
import pytest
from support.image_fuzz import malformed

from vip_models.card import EncoderCard
from vip_models.preprocessing import preprocess
from vip_ros.errors import UserError
from vip_ros.images import image_to_array, to_rgb
from vip_ros.stamps import to_ns, to_seconds


@pytest.mark.parametrize("seed", range(4))
def test_a_malformed_message_is_a_picture_or_a_users_error(seed):
    rng, pictures = np.random.default_rng(seed), 0
    card = EncoderCard(name="x", resize=40, crop=32)
    for _ in range(1000):
        message = malformed(rng)
        assert to_seconds(message.header.stamp) == pytest.approx(to_ns(message.header.stamp) / 1e9)
        try:
            rgb = to_rgb(message)
            image_to_array(message)
        except UserError as error:
            assert "\n" not in str(error)
            continue
        pictures += 1
        assert rgb.dtype == np.uint8 and rgb.shape == (message.height, message.width, 3)
        assert preprocess(rgb, card).shape == (32, 32, 3)
    assert 100 < pictures < 900
