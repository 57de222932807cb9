"""Muon (Jordan et al. 2024): momentum whose matrix is made orthogonal before each step.

torch.optim.Muon always multiplies in bfloat16. A processor without such instructions takes over twenty times as long
for that as for float32, so here the caller chooses the type.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

MOMENTUM = 0.95
COEFFICIENTS = 3.4445, -4.7750, 2.0315
"""Of the quintic Newton-Schulz iteration, as in Jordan's reference implementation."""
ITERATIONS = 5


class Muon(torch.optim.Optimizer):
    """Muon with Nesterov momentum; steps are scaled to AdamW's (arXiv 2502.16982).

    precision  type that the iteration is computed in
    """

    def __init__(self, parameters: Iterable[Tensor], lr: float, weight_decay: float, precision: torch.dtype) -> None:
        super().__init__(parameters, {"lr": lr, "weight_decay": weight_decay})
        self.precision = precision

    def step(self, closure: Any = None) -> Any:
        with torch.no_grad():
            for group in self.param_groups:
                for parameter in group["params"]:
                    state = self.state[parameter]
                    momentum = state.setdefault("momentum_buffer", torch.zeros_like(parameter))
                    momentum.lerp_(parameter.grad, 1 - MOMENTUM)
                    update = orthogonal(parameter.grad.lerp(momentum, MOMENTUM).to(self.precision))
                    parameter.mul_(1 - group["lr"] * group["weight_decay"])
                    parameter.add_(update, alpha=-0.2 * group["lr"] * max(parameter.shape) ** 0.5)


def orthogonal(matrix: Tensor) -> Tensor:
    """Roughly the nearest orthogonal matrix: its singular values are 0.7 to 1.2."""
    if matrix.shape[0] > matrix.shape[1]:
        return orthogonal(matrix.T).T
    a, b, c = COEFFICIENTS
    matrix = matrix / matrix.norm().clamp(min=1e-7)
    for _ in range(ITERATIONS):
        gram = matrix @ matrix.T
        matrix = torch.addmm(matrix, torch.addmm(gram, gram, gram, beta=b, alpha=c), matrix, beta=a)
    return matrix
