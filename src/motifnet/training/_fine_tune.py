"""End-to-end fine-tuning of any network, for a number of epochs that fold networks choose. They may
choose 0, and then the network stays.

For fold k a network built from fold k's training rows is fine-tuned on these rows and scored on
fold k after 0, 1, …, E epochs:

    ℓ_ie   loss of row i, predicted by its fold's network after e epochs
    e*     = argmin_e Σ_i w_i ℓ_ie,   or 0 where that gains less than two standard errors
             of the differences ℓ_i0 − ℓ_ie*, or less than 0.1 %

The reported score is not the minimum itself. For fold k the other folds choose e*, with time the
earlier ones. The network of all rows then repeats e* epochs.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from motifnet.engine import Control, Matrix, parallel_map
from motifnet.tables import Sample
from motifnet.training._minibatch import FineTuneSettings, Rows, World, epochs_of, type_of

MakeNetwork = Callable[[int], nn.Module]
MIN_GAIN = 1e-3
STANDARD_ERRORS = 2.0  # the best of many epochs gains one by chance too often


@dataclass(frozen=True)
class EpochChoice:
    """The choice of the fold networks.

    epochs: the choice; errors with shape (E + 1,): weighted mean held-out loss after each number of
    epochs; error: the out-of-fold loss of the choice; before, oof, with shape (n, q): held-out
    predictions after no epoch, and after the number of epochs that the other folds choose.
    """

    epochs: int
    errors: Matrix
    error: float
    before: Matrix
    oof: Matrix


@dataclass(frozen=True)
class FineTuned:
    """The network after the stage with its out-of-fold predictions. It is the given network where
    `kept` is false.

    epochs: epochs run; error_before, error_after: out-of-fold mean losses of no epoch and of the
    choice, kept or not.
    """

    network: nn.Module
    epochs: int
    kept: bool
    error_before: float
    error_after: float
    oof: Matrix


def fine_tune(
    network: nn.Module,
    X: Any,
    y: Any,
    *,
    weight: Any = None,
    settings: FineTuneSettings | None = None,
    epochs: int | None = None,
    seed: int = 0,
    control: Control | None = None,
    watch: Callable[[int, nn.Module], None] | None = None,
) -> nn.Module:
    """A copy of `network`, trained on rows X with shape (n, d) and targets y with shape (n, q) or
    (n,).

    epochs: number of epochs to run, by default `settings.epochs`, for which the rate falls; watch:
    called with the number of finished epochs, 0 included, and the network. On a stop, or where an
    epoch does not end in finite values, the network of the last finished epoch is returned.
    """
    settings = settings or FineTuneSettings()
    tuned, modes = copy.deepcopy(network), [module.training for module in network.modules()]
    tuned.eval()
    last = settings.epochs if epochs is None else min(epochs, settings.epochs)
    for done in epochs_of(tuned, Rows.of(tuned, X, y, weight), settings, seed, control):
        if watch is not None:
            watch(done, tuned)
        if done >= last:
            break
    tuned.zero_grad(set_to_none=True)
    for module, mode in zip(tuned.modules(), modes, strict=True):
        module.training = mode
    return tuned


def choose_epochs(
    make_network: MakeNetwork,
    sample: Sample,
    settings: FineTuneSettings,
    *,
    seed: int = 0,
    n_jobs: int = 1,
    control: Control | None = None,
) -> EpochChoice:
    """Choose the number of epochs by fold networks. `make_network(k)` must not use the targets of
    fold k.
    """

    def path(k: int) -> list[Matrix]:
        return _held_out_path(make_network(k), sample, k, settings, seed, control)

    # under torchrun every rank must meet the others in the same fold
    paths = parallel_map(path, range(sample.folds.count), n_jobs if World.join().size == 1 else 1)
    finished = min((len(p) for p in paths), default=1)
    return _choose_from(
        np.stack([sample.folds.joined([p[e] for p in paths]) for e in range(finished)]), sample
    )


def fine_tune_stage(
    network: nn.Module,
    make_network: MakeNetwork,
    sample: Sample,
    settings: FineTuneSettings,
    *,
    seed: int = 0,
    n_jobs: int = 1,
    control: Control | None = None,
) -> FineTuned:
    """Fine-tune the network of all rows for the number of epochs that the fold networks choose, if
    it improves their out-of-fold score.
    """
    choice = choose_epochs(
        make_network, sample, settings, seed=seed, n_jobs=n_jobs, control=control
    )
    before = float(choice.errors[0])
    if choice.epochs > 0 and choice.error < before:
        best, w = _Best(choice.errors), sample.weight
        tuned = fine_tune(
            network,
            sample.X,
            sample.y,
            weight=w,
            settings=settings,
            epochs=choice.epochs,
            seed=seed,
            control=control,
            watch=best,
        )
        if best.epochs > 0:
            tuned.load_state_dict(best.state)
            return FineTuned(tuned, best.epochs, True, before, choice.error, choice.oof)
    return FineTuned(network, 0, False, before, choice.error, choice.before)


def _held_out_path(
    network: nn.Module,
    sample: Sample,
    k: int,
    settings: FineTuneSettings,
    seed: int,
    control: Control | None,
) -> list[Matrix]:
    """Predictions of fold k after each number of epochs on its training rows."""
    train, out, X = sample.folds.train(k), sample.folds.held_out(k), sample.view(k)
    tuned = copy.deepcopy(network).eval()
    rows = Rows.of(tuned, X[train], sample.y[train], sample.weight[train])
    return [_predict(tuned, X[out]) for _ in epochs_of(tuned, rows, settings, seed, control)]


def _predict(network: nn.Module, X: Matrix) -> Matrix:
    with torch.no_grad():
        parts = [
            network(part) for part in torch.split(torch.as_tensor(X).to(type_of(network)), 1024)
        ]
    return torch.cat(parts).double().cpu().numpy().reshape(len(X), -1)


def _choose_from(predictions: NDArray[np.float64], sample: Sample) -> EpochChoice:
    """The choice from held-out predictions with shape (E + 1, n, q)."""
    folds, rows = sample.folds, sample.folds.scored
    if not rows.any():
        return EpochChoice(0, np.full(1, np.nan), np.nan, predictions[0], predictions[0])
    losses = ((predictions[:, rows] - sample.y[rows]) ** 2).sum(2)
    losses = np.where(np.isfinite(losses), losses, np.inf)
    w, of = sample.weight[rows], folds.of[rows]
    units = np.arange(len(w)) if sample.groups is None else sample.groups[rows]
    epochs = World.join().from_first(pick_epochs(losses, w, units))
    chosen, of_choice = [], np.empty(len(w))
    for k in range(folds.count):
        others = folds.train(k)[rows]
        e = (
            World.join().from_first(pick_epochs(losses[:, others], w[others], units[others]))
            if others.any()
            else 0
        )
        chosen.append(predictions[e, folds.held_out(k)])
        of_choice[of == k] = losses[e, of == k]
    return EpochChoice(
        epochs,
        losses @ w / w.sum(),
        float(of_choice @ w / w.sum()),
        predictions[0],
        folds.joined(chosen),
    )


def pick_epochs(losses: Matrix, weight: Matrix, units: NDArray[np.int64]) -> int:
    """The number of epochs with the smallest mean of losses with shape (E + 1, n), or 0 where the
    gain is within noise. Rows of different units are independent.
    """
    total = losses @ weight
    best = int(np.argmin(total))
    if best == 0 or not np.isfinite(total[0]):
        return best
    gain = np.bincount(
        np.unique(units, return_inverse=True)[1], weights=weight * (losses[0] - losses[best])
    )
    noise = STANDARD_ERRORS * np.sqrt(len(gain)) * gain.std(ddof=1) if len(gain) > 1 else np.inf
    return best if gain.sum() > max(noise, MIN_GAIN * total[0]) else 0


class _Best:
    """Keeps the state after the finished epoch with the smallest error of the fold networks. A run
    that is stopped returns it.
    """

    def __init__(self, errors: Matrix) -> None:
        self.errors, self.epochs = errors, 0
        self.state: dict[str, Tensor] = {}

    def __call__(self, done: int, network: nn.Module) -> None:
        if self.errors[done] < self.errors[self.epochs]:
            self.epochs = done
            self.state = {name: value.clone() for name, value in network.state_dict().items()}
