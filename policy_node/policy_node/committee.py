"""Several perceptrons that learn side by side and answer with their mean, in torch.

Networks that differ in their first weights and in their batches err differently where twenty demonstrations
say little; their mean errs less (L. K. Hansen and P. Salamon, "Neural network ensembles", IEEE Transactions
on Pattern Analysis and Machine Intelligence 12, 1990). They are saved as one perceptron, whose layers
between the first and the last are in blocks.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn import functional

from policy_node.dropout import SeededDropout

State = dict[str, torch.Tensor]


class Committee(nn.Module):
    """Maps inputs [B, I] to outputs [B, O].

    While it is trained, each member answers for its own share of the batch, so B is a multiple of their
    number; else all answer for the whole batch, and the mean counts.

    Args:
        members: perceptrons of one shape; the batch normalisation and the dropout of the first, if it has
            them, serve all.
    """

    def __init__(self, members: Sequence[nn.Sequential]) -> None:
        super().__init__()
        layers = [[layer for layer in member if isinstance(layer, nn.Linear)] for member in members]
        self.size, first = len(members), members[0]
        self.weights = nn.ParameterList(
            torch.stack([layer.weight.detach().T for layer in same]) for same in zip(*layers, strict=True)
        )
        self.biases = nn.ParameterList(
            torch.stack([layer.bias.detach()[None] for layer in same]) for same in zip(*layers, strict=True)
        )
        self.norm = first[0] if isinstance(first[0], nn.BatchNorm1d) else None
        self.dropout = next((layer for layer in first if isinstance(layer, SeededDropout)), nn.Identity())

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Return the answers."""
        hidden = inputs if self.norm is None else self.norm(inputs)
        hidden = hidden.unflatten(0, (self.size, -1)) if self.training else hidden.expand(self.size, -1, -1)
        last = len(self.weights) - 1
        for index, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            hidden = torch.baddbmm(bias, hidden, weight)
            if index < last:
                hidden = self.dropout(functional.relu(hidden))
        return hidden.flatten(0, 1) if self.training else hidden.mean(dim=0)


def as_one(state: State) -> State:
    """Return the state of the one wide perceptron that answers with the mean of a committee's members.

    Its linear layers count up from 1; 0 is the batch normalisation, where there is one. Between the first and
    the last, weights are [K, out, in]: no member hears of another.
    """
    last = max(int(name.split(".")[1]) for name in state if name.startswith("weights."))
    joined = {
        name.replace("norm.", "0.", 1): value for name, value in state.items() if name.startswith("norm.")
    }
    for index in range(last + 1):
        weights, biases = state[f"weights.{index}"].transpose(1, 2), state[f"biases.{index}"][:, 0]
        wide = biases.flatten()
        if index == last == 0:
            # All members see the same inputs, not each the last hidden layer of its own.
            weight, wide = weights.mean(dim=0), biases.mean(dim=0)
        elif index == last:
            weight, wide = torch.cat(list(weights), dim=1) / len(weights), biases.mean(dim=0)
        elif index == 0:
            weight = weights.flatten(0, 1)
        else:
            weight = weights.contiguous() if len(weights) > 1 else weights[0]
        joined |= {f"{index + 1}.weight": weight, f"{index + 1}.bias": wide}
    return joined
