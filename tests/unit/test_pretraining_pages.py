"""The recipe's model card says what was measured, and the encoder's card can be read back."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

from vip_bringup.encoder_page import card_values, write_card_and_page  # noqa: E402
from vip_models import load_card  # noqa: E402


def test_card_and_page_hold_the_figures_side_by_side(tmp_path):
    figures = {
        name: {"close_drawer": {"voc": voc, "bumps": 0.05}, "read_out": {"x_cm": 0.25}}
        for name, voc in (("pixels", 0.5), ("trained", 0.987))
    }
    values = card_values(load_card("vip-sim"), "abc", 5.94, {"steps": 7, "data": "drawn"})
    card_file, page_file = write_card_and_page(values, figures, tmp_path)
    page = page_file.read_text()
    assert "| voc / bumps | this encoder | plain pixels |" in page
    assert "| close drawer | 0.987 / 0.050 | 0.500 / 0.050 |" in page
    assert "| steps | 7 |" in page
    card = load_card(str(card_file))
    assert (card.sha256, card.parameters, card.crop) == ("abc", 5.9, 112)
    assert card.training["figures"]["trained"]["close_drawer"]["voc"] == 0.987
