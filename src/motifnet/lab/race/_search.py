"""Random search with early stopping, for a multilayer perceptron and boosted trees.

The search tries settings in turn, the default first, each with early stopping by the held-out rows.
The best setting is fitted to all training rows, to the length that it had there.

The perceptron is trained by AdamW. The search is over width, depth, rate, decay, dropout, batch and
the length of a cosine schedule:

    rate(step) = rate · ½ (1 + cos(π · step / steps))

Training ends early where `PATIENCE` epochs do not lower the error on the held-out rows. Weights are
those of the best epoch. LightGBM and CatBoost end early where `EARLY_STOPPING_ROUNDS` trees do not.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from motifnet.compare import Inputs, Setting, catboost_model, lightgbm_model
from motifnet.lab.race._history import History, Predict, Vector

Settings = dict[str, Any]
PATIENCE = 40  # epochs
DEFAULT: Settings = {  # of the perceptron
    "width": 256,
    "depth": 3,
    "rate": 1e-3,
    "decay": 1e-2,
    "dropout": 0.0,
    "batch": 128,
    "epochs": 200,
}
MAX_TREES, EARLY_STOPPING_ROUNDS = 2_000, 50


@dataclass(frozen=True)
class Trial:
    """A setting that was tried: its error on the held-out rows, its best number of epochs or trees,
    the settings, and its values on the test rows.
    """

    score: float
    length: int
    settings: Settings
    predict: Predict


@dataclass(frozen=True)
class Learner:
    """`train(history, settings, None)` stops early by the held-out rows. With a length it fits all
    training rows to exactly that length.

    `max_trials`: the largest number of settings to try.
    """

    default: Settings
    draw: Callable[[np.random.Generator], Settings]
    train: Callable[[History, Settings, int | None], Trial]
    max_trials: int = 8


def search(learner: Learner, history: History) -> str:
    """Run it, and return the chosen settings."""
    rng = np.random.default_rng(history.task.seed)
    tried: list[Trial] = []
    for number in range(min(learner.max_trials, history.task.tries)):
        trial = learner.train(history, learner.draw(rng) if number else learner.default, None)
        history.offer(trial.score, trial.predict)
        tried.append(trial)
        if history.over():
            break
    best = min(tried, key=lambda trial: trial.score)
    if not history.over():
        history.supersede(learner.train(history, best.settings, best.length).predict)
    chosen = ", ".join(
        f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in best.settings.items()
    )
    return f"{chosen}; length {best.length}; of {len(tried)} settings"


def _draw_mlp(rng: np.random.Generator) -> Settings:
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


def _train_mlp(history: History, s: Settings, length: int | None) -> Trial:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(history.task.seed)
        return _descend(history, s, length)


def _descend(history: History, s: Settings, length: int | None) -> Trial:
    """Train all rows for `length` epochs of the same schedule. Without a length, stop early and
    offer every better epoch.
    """
    data = history.task.matrix
    X, X_test, y = (
        torch.as_tensor(part, dtype=torch.float32) for part in (data.X, data.X_test, data.y)
    )
    fitted, held = (torch.as_tensor(rows) for rows in history.task.rows)
    rows = fitted if length is None else torch.arange(len(X))
    network = _network(X.shape[1], s)
    optimiser = torch.optim.AdamW(network.parameters(), lr=s["rate"], weight_decay=s["decay"])
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda epoch: 0.5 * (1 + math.cos(math.pi * epoch / s["epochs"]))
    )

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
                history.offer(score, partial(predict, kept))
            if epoch - best >= PATIENCE or not math.isfinite(error) or history.over():
                break
    return Trial(score, max(best, 1), s, partial(predict, kept))


def _epoch(
    network: nn.Module, optimiser: torch.optim.Optimizer, X: Tensor, y: Tensor, batch: int
) -> None:
    network.train()
    for part in torch.randperm(len(X)).split(batch):
        optimiser.zero_grad()
        (network(X[part]).squeeze(1) - y[part]).square().mean().backward()
        optimiser.step()


MLP = Learner(DEFAULT, _draw_mlp, _train_mlp)


def _draw_lightgbm(rng: np.random.Generator) -> Settings:
    return {
        "learning_rate": float(10 ** rng.uniform(-1.7, -0.8)),
        "num_leaves": int(rng.choice([7, 15, 31, 63])),
        "min_child_samples": int(rng.choice([2, 5, 10, 20])),
        "colsample_bytree": float(rng.uniform(0.5, 1.0)),
        "subsample": float(rng.uniform(0.6, 1.0)),
        "subsample_freq": 1,
        "reg_lambda": float(10 ** rng.uniform(-3, 1)),
    }


def _draw_catboost(rng: np.random.Generator) -> Settings:
    return {
        "depth": int(rng.integers(4, 9)),
        "learning_rate": float(10 ** rng.uniform(-1.7, -0.8)),
        "l2_leaf_reg": float(10 ** rng.uniform(0, 1)),
        "random_strength": float(10 ** rng.uniform(-1, 0.5)),
    }


def _train_lightgbm(history: History, s: Settings, length: int | None) -> Trial:
    from lightgbm import early_stopping

    model = lightgbm_model(Setting(0, 1, history.task.seed), n_estimators=length or MAX_TREES, **s)
    stop = {} if length else {"callbacks": [early_stopping(EARLY_STOPPING_ROUNDS, verbose=False)]}
    return replace(
        _fitted(history, model, length, stop, lambda: model.best_iteration_ or MAX_TREES),
        settings=s,
    )


def _train_catboost(history: History, s: Settings, length: int | None) -> Trial:
    categories = Inputs.of(history.task.split.X, "categories").categories
    setting = Setting(0, 1, history.task.seed, tuple(categories))
    model = catboost_model(setting, iterations=length or MAX_TREES, **s)
    stop = {} if length else {"early_stopping_rounds": EARLY_STOPPING_ROUNDS}
    trial = _fitted(history, model, length, stop, lambda: model.tree_count_)
    # its automatic rate depends on the number of trees, and the best number is that of this rate
    return replace(trial, settings=s | {"learning_rate": float(model.learning_rate_)})


def _fitted(
    history: History, model: Any, length: int | None, stop: dict[str, Any], trees: Callable[[], int]
) -> Trial:
    """Fit all rows to a length, or the others with early stopping by the held-out rows."""
    data, (fitted, held) = history.task.split, history.task.rows
    inputs = Inputs.of(data.X, "categories")
    X, X_test = inputs(data.X), inputs(data.X_test)
    if length:
        model.fit(X, data.y)
        return Trial(float("nan"), length, {}, lambda: model.predict(X_test))
    model.fit(X.iloc[fitted], data.y[fitted], eval_set=[(X.iloc[held], data.y[held])], **stop)
    score = float(np.mean((model.predict(X.iloc[held]) - data.y[held]) ** 2))
    return Trial(score, max(1, int(trees())), {}, lambda: model.predict(X_test))


# LightGBM's defaults are for larger tables. CatBoost's own are good; its fits are long.
LIGHTGBM = Learner(
    {"learning_rate": 0.05, "num_leaves": 31, "min_child_samples": 5},
    _draw_lightgbm,
    _train_lightgbm,
)
CATBOOST = Learner({}, _draw_catboost, _train_catboost, 4)
