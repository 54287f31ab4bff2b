"""Training from random weights with all that is usual: validation rows, a pilot for the rate, a falling rate, early stopping.

A tenth of the budget goes to the pilot: every rate starts from the same weights and gets the same share; the one with the least validation error
goes on. Batches have 256 rows, fewer where that is less than 16 steps an epoch. The rate is halved after 20 epochs and 500 steps without improvement,
and after five halvings in a row without one the training ends. At any time the model at hand is the best so far by validation; its error on the test
rows, whose evaluation is not in the seconds, is the curve.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

PATIENCE, PATIENT_STEPS, HALVINGS = 20, 500, 5
BATCH, LEAST_BATCH, STEPS = 256, 16, 16


@dataclass(frozen=True)
class Task:
    """Encoded training rows and standardised target, and the test error of predictions in that standardisation."""

    X: Tensor
    y: Tensor
    X_test: Tensor
    error: Callable[[np.ndarray], float]


@dataclass
class Descent:
    """One method on one task; `points`: (seconds, test error of the best model so far) at every change, and at the end."""

    task: Task
    build: Callable[[], nn.Module]
    decay: float
    rates: tuple[float, ...]
    budget: float
    seed: int = 0
    points: list[tuple[float, float]] = field(default_factory=list)
    epochs: int = 0
    rate: float = 0.0

    def run(self) -> Descent:
        self.generator = torch.Generator().manual_seed(self.seed)
        order = torch.randperm(len(self.task.X), generator=self.generator)
        cut = max(1, len(order) * 15 // 100)
        self.valid, self.train = order[:cut], order[cut:]
        self.steps = -(-len(self.train) // max(LEAST_BATCH, min(BATCH, len(self.train) // STEPS)))
        self.best, self.aside, self.start = float("inf"), 0.0, time.monotonic()
        first = self.build()
        runs = []
        for i, rate in enumerate(self.rates):
            network = copy.deepcopy(first)
            optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=self.decay)
            error = self._train(network, optimiser, 0.1 * self.budget * (i + 1) / len(self.rates))
            runs.append((error, rate, network, optimiser))
        _, self.rate, network, optimiser = min(runs, key=lambda run: run[0])
        del runs
        self._train(network, optimiser, self.budget)
        self.points.append((self._seconds(), self.points[-1][1]))
        return self

    def _seconds(self) -> float:
        return time.monotonic() - self.start - self.aside

    def _train(self, network: nn.Module, optimiser: torch.optim.Optimizer, until: float) -> float:
        """Train until `until` seconds or until it stops by itself; the best validation error of this run."""
        own, since, halvings = self._validate(network), 0, 0
        while self._seconds() < until and halvings <= HALVINGS and np.isfinite(own):
            if not self._epoch(network, optimiser, until):
                break
            error = self._validate(network)
            if error < own:
                own, since, halvings = error, 0, 0
            else:
                since += 1
            if since >= max(PATIENCE, PATIENT_STEPS / self.steps):
                since, halvings = 0, halvings + 1
                for group in optimiser.param_groups:
                    group["lr"] /= 2
        return own

    def _epoch(self, network: nn.Module, optimiser: torch.optim.Optimizer, until: float) -> bool:
        order = self.train[torch.randperm(len(self.train), generator=self.generator)]
        for batch in torch.tensor_split(order, self.steps):
            optimiser.zero_grad()
            (network(self.task.X[batch]) - self.task.y[batch]).square().mean().backward()
            optimiser.step()
            if self._seconds() > until:
                break
        self.epochs += 1
        return all(bool(torch.isfinite(p).all()) for p in network.parameters())

    @torch.no_grad()
    def _validate(self, network: nn.Module) -> float:
        """Validation error; where it is the least so far, the test error is entered."""
        error = float((network(self.task.X[self.valid]) - self.task.y[self.valid]).square().mean())
        if error < self.best:
            self.best = error
            now, before = self._seconds(), time.monotonic()
            self.points.append((now, self.task.error(network(self.task.X_test).double().numpy())))
            self.aside += time.monotonic() - before
        return error
