"""Where the greenest, the bluest, the brightest part of a picture is: a soft-argmax over opponent colours.

Convolutions re-code places in many features, and twenty demonstrations are too few to learn the code. A
soft-argmax (S. Levine et al., "End-to-end training of deep visuomotor policies", JMLR 17, 2016, section 5.1)
gives places as numbers that grow evenly with them; here its maps are three opponent colours and their
opposites, straight from the picture. What a thing looks like beyond its colour, the convolutions tell.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from vip_models.card import EncoderCard
from vip_models.torch_tools import import_torch

# Brightness, magenta against green, yellow against blue: L, a and b of CIE 1976 around grey, whose cube root
# the coding of a picture's red, green and blue about stands for (ITU-R BT.709 primaries, white point D65).
_OPPONENTS = ((0.213, 0.715, 0.072), (0.221, -0.339, 0.118), (0.195, 0.606, -0.801))
_SHARPNESS = 2.0  # of the softmax, per standard deviation of a map within its picture
_SIZE = 5.0  # of half a picture, in units of the embedding: little beside VIP distances of about 100
_SMALLEST = 1e-3  # deviation of a map, in standardised colour, under which it is flat

POINTS = 2 * len(_OPPONENTS)
NUMBERS = 2 * POINTS
"""How many numbers a picture's points are."""

PREFIX = "points."
"""Of the names of their tensors."""

_SUFFIX = "-points"


def without_points(card: EncoderCard) -> EncoderCard:
    """Return the card of the network beside which the points are: the one that is trained."""
    if not card.architecture.endswith(_SUFFIX):
        return card
    plain = card.architecture.removesuffix(_SUFFIX)
    return dataclasses.replace(card, architecture=plain, dim=card.dim - NUMBERS)


def place_count(card: EncoderCard) -> int:
    """Return how many numbers at the end of the card's embedding say where something is in the picture."""
    return card.dim - without_points(card).dim


def point_tensors(network: Any) -> dict[str, Any]:
    """Return the tensors of a network's points by their names; none where it has no points."""
    return {name: value for name, value in network.state_dict().items() if name.startswith(PREFIX)}


def colour_points(card: EncoderCard) -> Any:
    """Build the module, normalised pictures float [N,3,H,W] to the points' x and y, float [N,12].

    Args:
        card: whose normalisation the pictures have.
    """
    torch = import_torch("building an encoder")

    class ColourPoints(torch.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.maps = torch.nn.Conv2d(3, POINTS, 1, bias=False)
            colours = torch.tensor(_OPPONENTS) * torch.tensor(card.std)
            # Among the weights: whoever changes it has another encoder, with another hash.
            self.register_buffer("size", torch.tensor(_SIZE))
            with torch.no_grad():
                self.maps.weight.copy_(torch.cat([colours, -colours])[:, :, None, None])

        def forward(self, pictures: Any) -> Any:
            maps = self.maps(pictures)
            columns = torch.linspace(-1.0, 1.0, maps.shape[3], device=maps.device, dtype=maps.dtype)
            rows = torch.linspace(-1.0, 1.0, maps.shape[2], device=maps.device, dtype=maps.dtype)
            centred = maps - maps.mean((2, 3), keepdim=True)
            spread = centred.square().mean((2, 3), keepdim=True).sqrt() + _SMALLEST
            shares = torch.softmax((_SHARPNESS * centred / spread).flatten(2), 2).view_as(maps)
            across = (shares.sum(2) * columns).sum(2)
            down = (shares.sum(3) * rows).sum(2)
            return self.size * torch.cat([across, down], 1)

    return ColourPoints()
