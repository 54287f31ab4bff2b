"""A multilayer perceptron by AdamW: random search over width, depth, rate, decay, dropout, batch and the length of a cosine schedule.

    rate(step) = rate · ½ (1 + cos(π · step / steps))

Training ends early where `PATIENCE` epochs bring no less error on the held-out rows; its weights are those of the best epoch.
"""

from __future__ import annotations

import copy
import math
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from motifnet.lab.race._course import Course, Vector
from motifnet.lab.race._search import Learner, Settings, Trial

PATIENCE = 40
DEFAULT: Settings = {"width": 256, "depth": 3, "rate": 1e-3, "decay": 1e-2, "dropout": 0.0, "batch": 128, "epochs": 200}


def _draw(rng: np.random.Generator) -> Settings:
    return {
        "width": int(rng.choice([64, 128, 256])),
        "depth": int(rng.integers(2, 5)),
        "rate": float(10 ** rng.uniform(-3.5, -1.8)),
        "decay": float(10 ** rng.uniform(-5, -0.5)),
        "dropout": float(rng.choice([0.0, 0.0, 0.1, 0.25])),
        "batch": int(rng.choice([32, 64, 128, 256])),
        "epochs": int(rng.choice([100, 200, 400])),
    }


def _network(inputs: int, s: Settings) -> nn.Sequential:
    layers: list[nn.Module] = []
    for wide in [inputs] + [s["width"]] * (s["depth"] - 1):
        layers += [nn.Linear(wide, s["width"]), nn.ReLU(), nn.Dropout(s["dropout"])]
    return nn.Sequential(*layers, nn.Linear(s["width"], 1))


def _train(course: Course, s: Settings, length: int | None) -> Trial:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(course.task.seed)
        return _descend(course, s, length)


def _descend(course: Course, s: Settings, length: int | None) -> Trial:
    """With a length, all rows for so many epochs of the same schedule; else with early stopping, offering every better epoch."""
    data = course.task.matrix
    X, X_test, y = (torch.as_tensor(part, dtype=torch.float32) for part in (data.X, data.X_test, data.y))
    fitted, held = (torch.as_tensor(rows) for rows in course.task.rows)
    rows = fitted if length is None else torch.arange(len(X))
    network = _network(X.shape[1], s)
    optimiser = torch.optim.AdamW(network.parameters(), lr=s["rate"], weight_decay=s["decay"])
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda epoch: 0.5 * (1 + math.cos(math.pi * epoch / s["epochs"])))

    def values_of(model: nn.Module, part: Tensor) -> Tensor:
        model.eval()
        with torch.no_grad():
            return model(part).squeeze(1)

    def predict(model: nn.Module) -> Vector:
        return data.original(values_of(model, X_test).numpy())

    best, score, kept = 0, float("inf"), network
    for epoch in range(1, (s["epochs"] if length is None else length) + 1):
        _epoch(network, optimiser, X[rows], y[rows], s["batch"])
        schedule.step()
        if length is None:
            error = float((values_of(network, X[held]) - y[held]).square().mean())
            if error < score:
                best, score, kept = epoch, error, copy.deepcopy(network)
                course.offer(score, partial(predict, kept))
            if epoch - best >= PATIENCE or not math.isfinite(error) or course.over():
                break
    return Trial(score, max(best, 1), s, partial(predict, kept))


def _epoch(network: nn.Module, optimiser: torch.optim.Optimizer, X: Tensor, y: Tensor, batch: int) -> None:
    network.train()
    for part in torch.randperm(len(X)).split(batch):
        optimiser.zero_grad()
        (network(X[part]).squeeze(1) - y[part]).square().mean().backward()
        optimiser.step()


LEARNER = Learner(DEFAULT, _draw, _train)
