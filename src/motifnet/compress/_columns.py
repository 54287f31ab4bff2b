"""A task in columns of one scale: neighbours, means and kernels of the distillation are those of z, not of x in its own units.

    z = (x − μ) / σ,     network(x) = g(z),  g(z) = network(μ + σ z),     student(x) = h((x − μ) / σ) where h is distilled from g

Columns of two values, indicators most of them, stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from motifnet.compress._distillation import Task
from motifnet.compress._rows import is_two_valued, own_rows
from motifnet.motifs import Chain, Motif, Precise, SparseAffine, parts_of
from motifnet.tables import Matrix


@dataclass(frozen=True)
class Scaled:
    """A task in z, and μ and σ with shape (d,)."""

    task: Task
    mean: Matrix
    sd: Matrix

    @classmethod
    def of(cls, task: Task) -> Scaled:
        """By the rows of the task, or those that its network carries."""
        rows = own_rows(task.network, task.d) if task.X is None else task.X
        if rows is None or not len(rows):
            return cls(task, np.zeros(task.d), np.ones(task.d))
        sd = rows.std(0)
        stays = is_two_valued(rows) | (sd <= 1e-12 * np.abs(rows).max(0))
        mean, sd = np.where(stays, 0.0, rows.mean(0)), np.where(stays, 1.0, sd)
        network = Chain([_in_each_column(sd, mean), task.network])
        return cls(replace(task, network=network, X=None if task.X is None else (task.X - mean) / sd), mean, sd)

    def back(self, student: Motif) -> Motif:
        """A network on z as one on x."""
        scaler = _in_each_column(1 / self.sd, -self.mean / self.sd)
        return Precise(Chain([scaler, *parts_of(student)], label="distilled kernel"))


def _in_each_column(scale: Matrix, shift: Matrix) -> Motif:
    """x · scale + shift."""
    index = torch.arange(len(scale))[:, None]
    return SparseAffine(index, torch.as_tensor(scale)[:, None].clone(), torch.as_tensor(shift).clone())
