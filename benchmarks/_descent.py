"""Training from random weights with all that is usual: validation rows, a pilot for rate and batch,
a falling rate, early stopping.

A tenth of the budget goes to the pilot: every rate and batch size starts from the same weights and
gets the same share; the pair with the least validation error goes on. Batches are smaller where
there would be less than 16 steps an epoch. The rate is halved after 20 epochs and 500 steps without
improvement, and after five halvings in a row without one the training ends. At any time the model
at hand is the best so far by validation; its error on the test rows, whose evaluation is not in the
seconds, is the curve.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from torch import nn

from benchmarks._best_so_far import BestSoFar, Task

PATIENCE, PATIENT_STEPS, HALVINGS = 20, 500, 5
MIN_BATCH, STEPS = 16, 16


@dataclass
class Descent:
    """One method on one task, by AdamW; `course` has its curve, `chosen` the rate and the batch
    size of the pilot.
    """

    task: Task
    build: Callable[[], nn.Module]
    decay: float
    rates: tuple[float, ...]
    budget: float
    batches: tuple[int, ...] = (256,)
    seed: int = 0
    clock: Callable[[], float] = time.monotonic
    epochs: int = 0
    chosen: tuple[float, int] = (0.0, 0)

    def run(self) -> Descent:
        self.generator = torch.Generator().manual_seed(self.seed)
        self.train, self.valid = self.task.held_out(self.seed)
        self.course = BestSoFar(self.task, self.clock)
        first = self.build()
        runs = []
        pilots = list(product(self.rates, self.batches))
        for i, (rate, batch) in enumerate(pilots):
            network = copy.deepcopy(first)
            optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=self.decay)
            error = self._train(
                network, optimiser, batch, 0.1 * self.budget * (i + 1) / len(pilots)
            )
            runs.append((error, (rate, batch), network, optimiser))
        _, self.chosen, network, optimiser = min(runs, key=lambda run: run[0])
        del runs
        self._train(network, optimiser, self.chosen[1], self.budget)
        return self

    def _train(
        self, network: nn.Module, optimiser: torch.optim.Optimizer, batch: int, until: float
    ) -> float:
        """Train until `until` seconds or until it stops by itself; the best validation error of
        this run.
        """
        steps = -(-len(self.train) // max(MIN_BATCH, min(batch, len(self.train) // STEPS)))
        own, since, halvings = self._validate(network), 0, 0
        while self.course.seconds < until and halvings <= HALVINGS and np.isfinite(own):
            if not self._epoch(network, optimiser, steps, until):
                break
            error = self._validate(network)
            if error < own:
                own, since, halvings = error, 0, 0
            else:
                since += 1
            if since >= max(PATIENCE, PATIENT_STEPS / steps):
                since, halvings = 0, halvings + 1
                for group in optimiser.param_groups:
                    group["lr"] /= 2
        return own

    def _epoch(
        self, network: nn.Module, optimiser: torch.optim.Optimizer, steps: int, until: float
    ) -> bool:
        order = self.train[torch.randperm(len(self.train), generator=self.generator)]
        for batch in torch.tensor_split(order, steps):
            optimiser.zero_grad()
            (network(self.task.X[batch]) - self.task.y[batch]).square().mean().backward()
            optimiser.step()
            if self.course.seconds > until:
                break
        self.epochs += 1
        return all(bool(torch.isfinite(p).all()) for p in network.parameters())

    @torch.no_grad()
    def _validate(self, network: nn.Module) -> float:
        error = float((network(self.task.X[self.valid]) - self.task.y[self.valid]).square().mean())
        self.course.offer(error, lambda X: network(X).double().numpy())
        return error
