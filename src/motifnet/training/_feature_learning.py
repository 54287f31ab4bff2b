"""Feature learning: training of the feature layers by variable projection on the leave-out loss.

    f(x) = b + Σ_i α_i k(u(x), u(x_i)),    z = trunk(warp(x)),
    u = z (I + M) for the Euclidean parts,    k = Σ_c π_c φ_c(a_c · distance),    π = softmax

The parameters are the log slopes s of the warps, the log scales of the columns, the trunk, M, the
mixture logits, the log rates and log λ. The output layer (α, b) is solved in closed form at every
step. A step draws a fresh batch and descends

    numbers    log(mean squared leave-out residual in the batch) + prior / n
    classes    2 · mean leave-out log loss + prior / n

    prior = Σ s²/τ² + Σ (s_{k+1} − s_k)²/ρ² + Σ (column log scale)² + Σ (M − M₀)²/μ² + Σ W₂²/ω²

The priors are log densities on the scale of n/2 · log error, which is that of a log-likelihood;
without them the leave-out loss is overfitted. The problem is not convex. Training starts from the
convex fit, and the caller keeps the result only if it predicts held-out rows better.

A training has rounds. In each the rates fall to a tenth (Loshchilov & Hutter 2017). They start √2
times lower than in the last round, with batches √2 times larger, up to twice those of the first
(Smith, Kindermans, Ying & Le 2018). So the first round is cheap, and often it is the only one.

`Adam` moves all parameters as one vector.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from motifnet.engine import Control, Matrix
from motifnet.kernels import (
    CAPACITY,
    Capacity,
    factor,
    leave_out_gradient,
    leave_out_log_loss,
    projector_of,
    solve_factored,
)
from motifnet.tables import Sample
from motifnet.teachers import left_out_together
from motifnet.training._adam import Adam
from motifnet.training._feature_layers import FeatureLayers
from motifnet.training._pairwise import both_sides, square
from motifnet.training._parameters import FeatureParameters, Rows
from motifnet.training._start import Start, gradient_map

PATIENCE, MIN_GAIN = 12, 0.002  # steps, and the relative fall of the error in them
PACE_STEPS = 4  # by which the pace of a round is measured
MIN_BATCH = 350  # fewer rows are all taken, else at most half: a batch of nearly all is not fresh
MAP_ROWS = 600  # from which the start of the map is computed
MIN_RIDGE = 1e-6  # above the rounding of a float32 Gram matrix
MIN_ERROR = 1e-30  # below which a float32 quotient could overflow
GROWTH, MAX_GROWTH = 2**0.5, 2.0  # batches of a round, in units of the last and of the first round
RESTART = 0.5**0.5  # rates at the start of a round, in units of those of the last


@dataclass(frozen=True)
class FeatureSettings:
    """How the feature layers are trained.

    steps: those of a round; rounds: their number at most; batch: rows of a step of the first round;
    log_loss: whether the layers of classes are trained under it, not by least squares; map_share:
    how far the map starts from the identity; ridge_factors: multiples of the trained λ that inner
    folds compare when the output layer is solved; capacity: centres of the network.
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
    """Where knots and kinks stand: rows with shape (n, d), without their targets, and the seed of
    the trunk's directions.

    Trainings with the same places start alike. So their parameters can be averaged.
    """

    rows: Matrix
    seed: int


def batch_blocks(
    sample: Sample, rows: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, list[Tensor] | None]:
    """The rows of a batch, and the blocks of them that are left out together: single rows (None),
    whole groups, or with time all rows after a random moment.

    With groups and time, earlier rows of a group that is scored later leave the batch.
    """
    return (
        left_out_together(sample, rows)
        if sample.time is None
        else left_out_together(sample, rows, rng.uniform(0.3, 0.8))
    )


def train_feature_layers(
    sample: Sample,
    start: Start,
    settings: FeatureSettings,
    seed: Sequence[int],
    *,
    control: Control | None = None,
    places: Places | None = None,
    after_round: Callable[[FeatureLayers], bool] | None = None,
    seconds: float = math.inf,
) -> FeatureLayers:
    """Train the feature layers on the rows of `sample`, from the kernel and λ of `start`.

    places: those of the sample's own rows by default; after_round: sees the layers after each
    round, and says whether another follows; seconds: where steps take longer, a round has fewer of
    them, and no other follows.
    """
    rng = np.random.default_rng(seed)
    places = places or Places(sample.X, int(rng.integers(2**31)))
    descent = _Descent.of(sample, start, settings, places, rng, control, seconds)
    # two rows have no leave-out error that differs between feature layers
    for number in range(settings.rounds if sample.n > 2 else 0):
        descent.run_round(number)
        if after_round is not None and not after_round(descent.inner.freeze()):
            break
        if descent.is_late:
            break
    return descent.inner.freeze()


@dataclass(frozen=True)
class _Descent:
    """A training in progress. X in float32, targets and weights in float64; under the log loss the
    targets indicate the classes. `end`: a time of the monotonic clock.
    """

    sample: Sample
    settings: FeatureSettings
    inner: FeatureParameters
    X: Tensor
    targets: Tensor
    w: Tensor
    adam: Adam
    rng: np.random.Generator
    control: Control | None
    end: float

    @classmethod
    def of(
        cls,
        sample: Sample,
        start: Start,
        settings: FeatureSettings,
        places: Places,
        rng: np.random.Generator,
        control: Control | None,
        seconds: float,
    ) -> _Descent:
        # kernels and gradients in float32, twice as fast; factorisations and solutions in float64
        X = torch.as_tensor(sample.X).float()
        y = torch.as_tensor(sample.y)
        w = torch.as_tensor(sample.weight)
        inner = FeatureParameters(
            torch.as_tensor(places.rows).float(),
            torch.as_tensor(sample.numeric),
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
            M = gradient_map(
                X[some],
                y[some],
                w[some],
                start.kernel,
                start.ridge,
                inner.columns,
                settings.map_share,
            )
            inner.start_map(M)
        return cls(
            sample,
            settings,
            inner,
            X,
            class_indicators(sample) if _has_log_loss(sample, settings) else y,
            w,
            Adam(inner.vector, inner.rates(settings.rate, settings.map_rate)),
            rng,
            control,
            time.monotonic() + seconds,
        )

    @property
    def is_late(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() >= self.end

    def run_round(self, number: int) -> None:
        """The steps of a round, counted from 0."""
        n, inner = self.sample.n, self.inner
        growth, pace = min(GROWTH**number, MAX_GROWTH), RESTART**number
        size = min(round(self.settings.batch * growth), max(MIN_BATCH, n // 2))
        whole, errors = inner.rows(self.X) if n <= size else None, list[float]()
        steps, begin = self.settings.steps, time.monotonic()
        for step in range(self.settings.steps):
            if self.control is not None:
                self.control.check()
            if math.isfinite(self.end) and step == PACE_STEPS:
                steps = self._affordable_steps(begin)
            if step == steps:
                break
            drawn = np.arange(n) if whole is not None else np.sort(self.rng.permutation(n)[:size])
            rows, blocks = batch_blocks(self.sample, drawn, self.rng)
            index = torch.as_tensor(rows)
            takes_all = whole is not None and len(rows) == n
            batch = whole if whole is not None and takes_all else inner.rows(self.X[index])
            errors.append(
                find_gradients(
                    inner,
                    batch,
                    self.targets[index],
                    self.w[index],
                    blocks,
                    n,
                    log_loss=_has_log_loss(self.sample, self.settings),
                )
            )
            self.adam.step(inner.gradient(), pace * (1 - 0.9 * step / steps))
            if takes_all and stands_still(errors):
                break

    def _affordable_steps(self, begin: float) -> int:
        """Number of steps of a round that began at a time, by the pace of its first steps."""
        now = time.monotonic()
        affordable = PACE_STEPS * (self.end - begin) / max(now - begin, 1e-9)
        return int(np.clip(affordable, PACE_STEPS, self.settings.steps))


def _has_log_loss(sample: Sample, settings: FeatureSettings) -> bool:
    return settings.log_loss and sample.labels is not None


def find_gradients(
    inner: FeatureParameters,
    rows: Rows,
    y: Tensor,
    w: Tensor,
    blocks: list[Tensor] | None,
    n: int,
    *,
    log_loss: bool = False,
) -> float:
    """Compute the gradients of loss + prior / n on one batch, and keep them with the parameters.
    Return the leave-out error. Under the log loss y indicates the classes.
    """
    pairs = inner.pairs(rows)
    K, ridge = square(pairs.detach().double(), len(y), 1.0), inner.ridge + MIN_RIDGE
    if log_loss:
        error, gradient, ridges = leave_out_log_loss(K, y, ridge, w, blocks)
        gradient *= 2
    else:
        ridges = ridge / w
        L = factor(K, ridges)
        error, gradient = leave_out_gradient(
            projector_of(L.float()), solve_factored(L, y)[0], w, blocks
        )
        gradient /= max(error, MIN_ERROR)
    # the gradient of a number: for one of a vector torch loads a library of symbols
    torch.dot(pairs, both_sides(gradient)).backward()
    # dL/d log λ = Σ_i (dL/dG_ii) ∂G_ii/∂ log λ
    inner.log_ridge.grad = (gradient.diagonal() * ridges).sum().to(inner.log_ridge.dtype).reshape(1)
    inner.add_prior(n)
    return error


def class_indicators(sample: Sample) -> Tensor:
    """One column a class with shape (n, K)."""
    return torch.nn.functional.one_hot(
        torch.as_tensor(sample.labels), max(2, sample.y.shape[1])
    ).double()


def stands_still(errors: list[float]) -> bool:
    """Whether the leave-out error has fallen by at most .2 % in the last twelve steps. The errors
    must be of the same rows, not of fresh batches.
    """
    before, last = errors[:-PATIENCE], errors[-PATIENCE:]
    return len(before) > 0 and min(last) > min(before) * (1 - MIN_GAIN)
