"""A last layer that is kept up to date: rows come and go as sums, the layers below stay as they are (recursive least squares).

    min_{β, b} Σ_i w_i (y_i − b − h(x_i) β)² + λ ‖(β, b) − (β⁰, b⁰)‖²   ⟺   A (β, b) = B
    A = λ I + Σ w h̃ᵀh̃,    B = λ (β⁰, b⁰) + Σ w h̃ᵀy,    h̃ = (h, 1)

(β⁰, b⁰) is the last layer before any row came. A block of k rows changes A by a matrix of rank k, added or taken away; one Cholesky factorisation
then gives the layer. So the order of rows does not matter, and a row that leaves has never been there, to rounding.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from motifnet.engine import DataError
from motifnet.motifs import Motif
from motifnet.retrain._output import coefficients, features, with_output
from motifnet.tables import Matrix


@dataclass(frozen=True)
class RowSums:
    """A with shape (m + 1, m + 1), B with shape (m + 1, q), and the sum of the weights of the rows."""

    A: Matrix
    B: Matrix
    weight: float

    @classmethod
    def start(cls, network: Motif, ridge: float) -> RowSums:
        """No rows yet; `ridge` is λ, what the present layer weighs."""
        beta, b = coefficients(network)
        present = np.vstack([beta.numpy(), b.numpy()[None]])
        return cls(ridge * np.eye(len(present)), ridge * present, 0.0)

    def changed(self, network: Motif, X: Matrix, y: Matrix, weight: Matrix, sign: int) -> RowSums:
        """With rows added (sign 1) or taken away (sign −1): X with shape (k, d), y with shape (k, q)."""
        h = np.column_stack([features(network, X).numpy(), np.ones(len(X))])
        weighted = sign * weight[:, None] * h
        return replace(self, A=self.A + weighted.T @ h, B=self.B + weighted.T @ y, weight=self.weight + sign * float(weight.sum()))

    def network(self, network: Motif) -> Motif:
        """A copy of the network with the layer that solves the sums."""
        try:
            solution = torch.as_tensor(cho_solve(cho_factor(self.A, lower=True), self.B))
        except LinAlgError as error:
            raise DataError("These rows cannot be taken away: what is left is no sum of rows. Were they given to `update` before?") from error
        return with_output(network, solution[:-1], solution[-1])
