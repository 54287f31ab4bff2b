"""The runner that Motif Mimicry is timed against: a ReLU network from random weights, by AdamW with early stopping.

Rate and batch come from a pilot, judged on a fifth of the rows that no step sees; the seconds count the pilot, for nobody knows the rate before.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch
from torch import Tensor, nn

from motifnet.tables import Matrix

WIDTH = 128


@dataclass(frozen=True)
class Search:
    """Epochs of each pilot run, and of the run with the best setting of it."""

    rates: tuple[float, ...]
    batches: tuple[int, ...]
    pilot: int
    epochs: int


@dataclass(frozen=True)
class Passed:
    """Seconds since the start, pilot included, and predictions at the test rows of the network with the best held-out error so far."""

    seconds: float
    predicted: Matrix


def adamw(X: Matrix, y: Matrix, X_test: Matrix, search: Search, seed: int = 0) -> Iterator[Passed]:
    """The run after its pilot, epoch by epoch where the held-out error falls; columns and y with shape (n,) are standardised."""
    start, centre, scale = time.monotonic(), X.mean(0), np.maximum(X.std(0), 1e-12)
    rows, target = _tensor((X - centre) / scale), _tensor((y - y.mean()) / y.std())[:, None]
    order = torch.as_tensor(np.random.default_rng(seed).permutation(len(X)))
    held, used = order[: len(X) // 5], order[len(X) // 5 :]
    parts = (rows[used], target[used], rows[held], target[held])
    with torch.random.fork_rng(devices=[]):

        def piloted(setting: tuple[float, int]) -> float:
            return min(error for error, _ in _epochs(*parts, setting[0], setting[1], search.pilot, seed))

        rate, batch = min(product(search.rates, search.batches), key=piloted)
        best = np.inf
        for error, network in _epochs(*parts, rate, batch, search.epochs, seed):
            if error < best:
                best, stood = error, time.monotonic() - start
                with torch.no_grad():
                    predicted = network(_tensor((X_test - centre) / scale))[:, 0].numpy()
                yield Passed(stood, predicted.astype(float) * y.std() + y.mean())


def _tensor(values: Matrix) -> Tensor:
    return torch.as_tensor(values, dtype=torch.float32)


def _epochs(
    X: Tensor, y: Tensor, X_held: Tensor, y_held: Tensor, rate: float, batch: int, epochs: int, seed: int
) -> Iterator[tuple[float, nn.Module]]:
    """Held-out error and network after each epoch."""
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Linear(X.shape[1], WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, 1))
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate)
    for _ in range(epochs):
        for rows in torch.randperm(len(X)).split(batch):
            optimiser.zero_grad()
            nn.functional.mse_loss(network(X[rows]), y[rows]).backward()
            optimiser.step()
        with torch.no_grad():
            yield float(nn.functional.mse_loss(network(X_held), y_held)), network
