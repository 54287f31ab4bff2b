"""Inner-layer training of the kernel network by variable projection on the leave-out loss, in fresh batches.

    f(x) = b + Σ_i α_i k(u(x), u(x_i)),   z = trunk(warp(x)),  u = z (I + M) for the Euclidean parts,
    k = Σ_c π_c φ_c(a_c · distance),      π = softmax

Inner parameters: log slopes s of the warps, log scales of the columns, the trunk, M, mixture logits, log rates, log λ. The output layer (α, b) is
solved in closed form at every step; a step draws a fresh batch and descends

    log(mean squared leave-out residual in the batch) + prior / n,    or for classes    2 · mean leave-out log loss + prior / n
    prior = Σ s²/τ² + Σ (s_{k+1} − s_k)²/ρ² + Σ (column log scale)² + Σ (M − M₀)²/μ² + Σ W₂²/ω²

The priors are log densities on the scale of n/2 · log error, which is that of a log-likelihood; without them the leave-out loss is overfitted. The
step is not convex; it starts from the convex fit, and the caller keeps the result only if rows that this training has not seen are predicted better.

A training has rounds. In each the rates fall to a tenth (Loshchilov & Hutter 2017); they start √2 times lower than in the last, with batches √2
times as large, up to twice those of the first (Smith, Kindermans, Ying & Le 2018): the first round is cheap, and may be enough.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from motifnet.engine import Control
from motifnet.kernels import CAPACITY, Capacity, factor, leave_out_gradient, leave_out_log_loss, projector_of, solve_factored
from motifnet.retrain._adam import Adam
from motifnet.retrain._gradient_map import gradient_map
from motifnet.retrain._inner_layers import InnerLayers
from motifnet.retrain._inner_parameters import InnerParameters, Rows
from motifnet.retrain._pairs import both_sides, square
from motifnet.retrain._start import Start
from motifnet.tables import Matrix, Sample
from motifnet.teachers import left_out_together

PATIENCE, LEAST_GAIN = 12, 0.002
MEASURED = 4  # steps by which the pace of a round is known
LEAST_BATCH = 350  # in all of fewer rows; else at most half of the rows are drawn, as a batch of nearly all of them is not a fresh one
MAP_ROWS = 600  # from which the start of the map is computed
LEAST_RIDGE = 1e-6  # above the rounding of a float32 Gram matrix
LEAST_ERROR = 1e-30  # below which a float32 quotient could overflow
GROWTH, LARGEST = 2**0.5, 2.0  # batches of a round in units of those of the last, and at most of those of the first
RESTART = 0.5**0.5  # rates at the start of a round in units of those of the last


@dataclass(frozen=True)
class InnerSettings:
    """How long and how freely the inner layers are trained, how far the map starts from the identity, how many centres the network then has, and
    which multiples of the trained λ are compared on inner folds when its output layer is solved. `steps` are those of a round, of which there are
    at most `rounds`; `batch` is that of the first. `log_loss`: whether the layers of classes are trained under it, not by least squares.
    """

    profiles: tuple[str, ...] = ("laplace1", "laplace2", "gaussian")
    steps: int = 80
    rounds: int = 1
    log_loss: bool = False
    batch: int = 500
    segments: int = 12
    rate: float = 0.1
    map_rate: float = 0.03
    map_columns: int = 64
    map_share: float = 0.5
    depth: int = 0
    width: int = 32
    ridge_factors: tuple[float, ...] = (0.3, 1.0, 3.0)
    capacity: Capacity = CAPACITY


@dataclass(frozen=True)
class Places:
    """Where knots and kinks stand: rows with shape (n, d), of which no target is used, and the seed of the trunk's directions.

    Trainings with the same places start alike, so that their parameters can be averaged.
    """

    rows: Matrix
    seed: int


def batch_blocks(sample: Sample, rows: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, list[Tensor] | None]:
    """The rows of a batch, and which of them are left out together: single rows (None), whole groups, or with time all rows after a random moment.

    With groups and time, earlier rows of a group that is scored later leave the batch.
    """
    return left_out_together(sample, rows) if sample.time is None else left_out_together(sample, rows, rng.uniform(0.3, 0.8))


def train_inner(
    sample: Sample,
    start: Start,
    settings: InnerSettings,
    seed: Sequence[int],
    control: Control | None = None,
    places: Places | None = None,
    look: Callable[[InnerLayers], bool] | None = None,
    seconds: float = math.inf,
) -> InnerLayers:
    """Train the inner layers on the rows of `sample`, from the kernel and λ of `start`; `places` are those of its own rows where None.

    `look` sees the layers after each round, and says whether there is to be another. Where steps would take longer than some `seconds`, a round has
    fewer of them, and no other follows.
    """
    rng = np.random.default_rng(seed)
    places = places or Places(sample.X, int(rng.integers(2**31)))
    # kernels and their gradients in float32, twice as fast; factorisations and solutions in float64
    X, y, w = torch.as_tensor(sample.X).float(), torch.as_tensor(sample.y), torch.as_tensor(sample.weight)
    numeric = torch.as_tensor(sample.numeric)
    inner = InnerParameters(
        torch.as_tensor(places.rows).float(),
        numeric,
        start.kernel,
        start.ridge,
        segments=settings.segments,
        map_columns=settings.map_columns,
        depth=settings.depth,
        width=settings.width,
        seed=places.seed,
    )
    if settings.map_share and inner.M.numel():
        some = torch.as_tensor(np.sort(rng.permutation(sample.n)[:MAP_ROWS]))
        inner.start_map(gradient_map(X[some], y[some], w[some], start.kernel, start.ridge, inner.columns, settings.map_share))
    adam = Adam(inner.vector, inner.rates(settings.rate, settings.map_rate))
    everyone = np.arange(sample.n)
    codes = class_indicators(sample) if settings.log_loss and sample.labels is not None else None

    end = time.monotonic() + seconds

    def descend(size: int, pace: float) -> None:
        whole, errors = inner.rows(X) if sample.n <= size else None, list[float]()
        steps, begin = settings.steps, time.monotonic()
        for step in range(settings.steps):
            if control is not None:
                control.check()
            if math.isfinite(end) and step == MEASURED:
                steps = int(np.clip(MEASURED * (end - begin) / max(time.monotonic() - begin, 1e-9), MEASURED, settings.steps))
            if step == steps:
                break
            drawn = everyone if whole is not None else np.sort(rng.permutation(sample.n)[:size])
            rows, blocks = batch_blocks(sample, drawn, rng)
            index = torch.as_tensor(rows)
            batch = whole if whole is not None and len(rows) == sample.n else inner.rows(X[index])
            target = y[index] if codes is None else codes[index]
            errors.append(find_gradients(inner, batch, target, w[index], blocks, sample.n, log_loss=codes is not None))
            adam.step(inner.gradient(), pace * (1 - 0.9 * step / steps))
            if batch is whole and stands_still(errors):
                break

    # two rows have no leave-out error that differs between inner layers
    for number in range(settings.rounds if sample.n > 2 else 0):
        descend(min(round(settings.batch * min(GROWTH**number, LARGEST)), max(LEAST_BATCH, sample.n // 2)), RESTART**number)
        if (look is not None and not look(inner.freeze())) or time.monotonic() >= end:
            break
    return inner.freeze()


def find_gradients(inner: InnerParameters, rows: Rows, y: Tensor, w: Tensor, blocks: list[Tensor] | None, n: int, *, log_loss: bool = False) -> float:
    """Gradients of the loss + prior / n on one batch, kept with the parameters; the leave-out error. Under the log loss y indicates the classes."""
    pairs = inner.pairs(rows)
    K, ridge = square(pairs.detach().double(), len(y), 1.0), inner.ridge + LEAST_RIDGE
    if log_loss:
        error, gradient, ridges = leave_out_log_loss(K, y, ridge, w, blocks)
        gradient *= 2
    else:
        ridges = ridge / w
        L = factor(K, ridges)
        error, gradient = leave_out_gradient(projector_of(L.float()), solve_factored(L, y)[0], w, blocks)
        gradient /= max(error, LEAST_ERROR)
    torch.dot(pairs, both_sides(gradient)).backward()  # of a number: torch would load a library of symbols for a gradient of many
    # dL/d log λ = Σ_i (dL/dG_ii) ∂G_ii/∂ log λ
    inner.log_ridge.grad = (gradient.diagonal() * ridges).sum().to(inner.log_ridge.dtype).reshape(1)
    inner.add_prior(n)
    return error


def class_indicators(sample: Sample) -> Tensor:
    """One column a class with shape (n, K)."""
    return torch.nn.functional.one_hot(torch.as_tensor(sample.labels), max(2, sample.y.shape[1])).double()


def stands_still(errors: list[float]) -> bool:
    """Whether the leave-out error of the same rows has not fallen by more than .2 % in the last twelve steps; one of fresh batches cannot say so."""
    before, last = errors[:-PATIENCE], errors[-PATIENCE:]
    return len(before) > 0 and min(last) > min(before) * (1 - LEAST_GAIN)
