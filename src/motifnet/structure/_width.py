"""The width of a network: of a parallel one by its held-out risk, of a kernel network by noise.

Parallel networks, linearised at their start (Nakada and Imaizumi 2021):

    f(x) = M^{−1/2} Σ_m g(x; θ_m),   g(x; a, W, c) = Σ_h a_h tanh(w_h·x + c_h)
    p = M p₀ parameters,  p₀ = H (d + 2)

J with shape (n, p) is the Jacobian at a random start; the linearised fit is ridge regression on its
columns. Nested widths share their first blocks. Past the peak at p = n the error of the ridgeless
fit falls again, since more blocks allow smoother fits.

The nonzero eigenvalues of K = J Jᵀ/n are those of the Fisher information JᵀJ/n. If the rows of J
were noise with equal variances, the eigenvalues would end at the Marchenko–Pastur edge. Those above
it are directions that the data determine. The theory of a spectrum is in
`motifnet.landscape.ridge_risk`.

The detector measures the error on held-out rows against the width, as medians over starts and
splits of the rows. Near p = n the fit without ridge has its peak, and GCV is too small there. So
the width is the smallest with an error within 2 % of the best, and the ridge that of the lowest
curve. The ridge is *needed* where it is better than the best width without one on a majority of the
splits (sign test at 5 %).

The rows determine the number of centres of a kernel network at its λ. After trained feature layers
rows lie near a set of dimension D, and the eigenvalues of the Gram matrix of n rows fall as

    n A i^{−(2β + D)/D}            for functions of smoothness β on such a set
    λ = σ²/τ²                      noise in units of the function: σ² = λ yᵀ(K + λ)⁻¹y / n
    N = (n A / λ)^{D/(2β + D)}     eigenvalues above λ: the directions of the Fisher information K
                                   above the noise

At the best λ this is the width n^{D/(2β + D)} of the theory (Nakada and Imaizumi 2020), with its
unknown constant. This number of centres is sufficient up to a factor (Rudi, Camoriano and Rosasco
2015), which the out-of-fold error finds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from motifnet.engine import Matrix
from motifnet.structure._detector import LEVEL, MIN_ROWS, Finding, Rows, unreliable
from motifnet.structure._intrinsic_dimension import merged, neighbour_distances, two_nn

NAME, UNIT = "over-parameterisation", "parallel blocks"
HIDDEN = 3
MIN_RIDGE = 1e-9  # relative: stands for no ridge
TRAIN_ROWS, SPLITS = 200, 8
RATIOS = np.array([0.15, 0.3, 0.5, 0.75, 1.0, 1.3, 2.0, 4.0, 8.0])  # parameters a row
RIDGES = (0.0, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
# a power law is fitted from the sixth eigenvalue, since the first depend on the mean, to the end of
# the first third, since the last depend on rounding
FIRST_EIGENVALUE, EIGENVALUE_SHARE = 5, 1 / 3


@dataclass(frozen=True)
class Spectrum:
    """Effective ranks Σλ/λ₁ and (Σλ)²/Σλ² of the Fisher information, and the number of its
    eigenvalues above the Marchenko–Pastur edge.
    """

    rank: float
    rank2: float
    spikes: int


def spectrum(gram: Matrix, p: int) -> Spectrum:
    """The spectrum of K = J Jᵀ/n with shape (n, n) of p parameters. The edge is m (1 + √(n/p))², m
    from the median of a square-root law.
    """
    n = len(gram)
    values = np.clip(np.linalg.eigvalsh(gram)[::-1], 0, None)
    total = values.sum()
    bulk = values[values > 1e-10 * values[0]]
    level = float(np.median(bulk)) if len(bulk) else 0.0
    edge = level * (1 + np.sqrt(min(n, p) / max(n, p))) ** 2
    return Spectrum(
        float(total / values[0]), float(total**2 / (values**2).sum()), int((values > edge).sum())
    )


@dataclass(frozen=True)
class Curve:
    """Numbers of blocks and ratios p/n with shape (w,), and errors of held-out rows and by GCV with
    shape (ridges, w).
    """

    blocks: Matrix
    ratios: Matrix
    ridges: tuple[float, ...]
    held_out: Matrix
    gcv: Matrix


def jacobian(X: Matrix, blocks: int, rng: np.random.Generator, hidden: int = HIDDEN) -> Matrix:
    """∂f/∂θ with shape (n, blocks, p₀), without the factor M^{−1/2}. Block m depends on the first
    draws only, so that widths are nested.
    """
    n, d = X.shape
    parts = []
    for _ in range(blocks):
        W = rng.standard_normal((hidden, d)) / np.sqrt(d)
        c = rng.standard_normal(hidden)
        a = rng.standard_normal(hidden) / np.sqrt(hidden)
        T = np.tanh(X @ W.T + c)
        derivative = a * (1 - T**2)  # (n, hidden)
        parts.append(
            np.concatenate(
                [T, derivative, (derivative[:, :, None] * X[:, None, :]).reshape(n, -1)], 1
            )
        )
    return np.stack(parts, 1)


def risk_curve(
    X: Matrix,
    y: Matrix,
    train: int,
    blocks: Matrix,
    ridges: tuple[float, ...],
    rng: np.random.Generator,
) -> Curve:
    """Errors of the linearised fit to the first `train` rows on the others, for every width and
    ridge. Ridges are relative to the mean eigenvalue.
    """
    J = jacobian(X, int(blocks.max()), rng)
    sums = np.zeros((len(X), train))
    held_out, gcv = np.empty((len(ridges), len(blocks))), np.empty((len(ridges), len(blocks)))
    done, centre = 0, y[:train].mean()
    for w, m in enumerate(blocks.astype(int)):
        new = J[:, done:m].reshape(len(X), -1)
        sums, done = sums + new @ new[:train].T, m
        values, vectors = np.linalg.eigh(sums[:train] / (m * train))
        weights = vectors.T @ (y[:train] - centre)
        for r, ridge in enumerate(ridges):
            tau = max(ridge, MIN_RIDGE) * max(float(values.mean()), 1e-300)
            shrunk = 1 / (np.clip(values, 0, None) + tau)
            if ridge == 0:
                shrunk[values < 1e-10 * values[-1]] = 0.0  # the solution of least norm
            dual = vectors @ (shrunk * weights)
            held_out[r, w] = np.mean((y[train:] - centre - sums[train:] @ dual / (m * train)) ** 2)
            rest = np.where(shrunk > 0, tau * shrunk, 1.0)
            gcv[r, w] = np.mean((rest * weights) ** 2) / max(float(rest.mean()), 1e-12) ** 2
    return Curve(blocks, blocks * J.shape[2] / train, ridges, held_out, gcv)


def divisibility(J: Matrix) -> float:
    """The share of the squared Fisher information JᵀJ with shape (M p₀, M p₀) outside its M
    diagonal blocks, for J with shape (n, M, p₀).
    """
    flat = J.reshape(len(J), -1)
    whole = float(((flat @ flat.T) ** 2).sum())
    return 1 - sum(float(((part @ part.T) ** 2).sum()) for part in J.transpose(1, 0, 2)) / whole


def overparameterisation(rows: Rows) -> Finding:
    """The recommended number of blocks and ridge of a parallel network for the (first) target."""
    if rows.n < 2 * MIN_ROWS:
        return unreliable(NAME, UNIT, f"A curve of the width needs {2 * MIN_ROWS} rows.")
    train = min(TRAIN_ROWS, rows.n // 2)
    p0 = HIDDEN * (rows.d + 2)
    blocks = np.unique(np.maximum(1, np.round(RATIOS * train / p0)))
    rng = np.random.default_rng([rows.seed, 7])
    errors, kind = [], []
    for _ in range(SPLITS):
        chosen = rng.permutation(rows.n)[: 3 * train]
        curve = risk_curve(rows.X[chosen], rows.y[chosen, 0], train, blocks, RIDGES, rng)
        errors.append(curve.held_out)
        kind.append(curve.gcv)
    held_out = np.median(errors, axis=0)
    r, _ = np.unravel_index(int(held_out.argmin()), held_out.shape)
    width = int(np.argmax(held_out[r] <= 1.02 * held_out[r].min()))
    free = int(held_out[0].argmin())
    wins = sum(bool(e[r, held_out[r].argmin()] < e[0, free]) for e in errors) if r else 0
    needed = bool(r) and binomtest(wins, SPLITS, alternative="greater").pvalue <= LEVEL
    peak = int(held_out[0].argmax())
    near = [
        int(blocks[k]) for k in range(len(blocks)) if held_out[r, k] <= 1.05 * held_out[r].min()
    ]
    J = jacobian(rows.X[:train], max(int(blocks[width]), 1), rng)
    flat = J.reshape(train, -1)
    fisher = spectrum(flat @ flat.T / (J.shape[1] * train), flat.shape[1])
    details = {
        "blocks": [int(b) for b in blocks],
        "parameters_per_row": [float(v) for v in curve.ratios],
        "ridges": list(RIDGES),
        "held_out": held_out.tolist(),
        "gcv": np.median(kind, axis=0).tolist(),
        "peak_parameters_per_row": float(curve.ratios[peak]),
        "rows": train,
        "effective_rank": fisher.rank,
        "effective_rank_2": fisher.rank2,
        "spikes": fisher.spikes,
        "off_diagonal_share": divisibility(J),
    }
    ridge = RIDGES[r] if needed else 0.0
    advice = (
        f"a ridge of {ridge:g} of the mean eigenvalue of the Fisher information"
        if needed
        else "no more ridge than rounding needs"
    )
    sentence = (
        f"At {train} rows the error without ridge peaks at {curve.ratios[peak]:.2g} parameters a "
        f"row ({held_out[0, peak]:.3g} of var(y)) and is "
        f"{held_out[r].min():.3g} at its best: take about "
        f"{rows.total * blocks[width] / train:,.0f} parallel blocks for all rows, and {advice}."
    )
    interval = (float(min(near)), float(max(near)))
    verdict = "ridge needed" if needed else "ridge not needed"
    return Finding(
        NAME, float(blocks[width]), interval, UNIT, needed, verdict, sentence, details=details
    )


@dataclass(frozen=True)
class KernelWidth:
    """The predicted number of centres, by D, β, and σ² as a share of var(y)."""

    centres: int
    dimension: float
    smoothness: float
    noise: float

    @property
    def sentence(self) -> str:
        return (
            f"width {self.centres:,} predicted by dimension {self.dimension:.1f}, smoothness "
            f"{self.smoothness:.1f}, noise {self.noise:.2g}"
        )


def kernel_width(gram: Matrix, points: Matrix, y: Matrix, ridge: float, n: int) -> KernelWidth:
    """The width by the Gram matrix with shape (m, m) of some of n rows, their points with shape (m,
    d), targets with shape (m, q), and λ.
    """
    m = len(gram)
    values, vectors = np.linalg.eigh(gram)
    values = np.clip(values[::-1], 0.0, None)
    weights = (vectors.T @ (y - y.mean(0)))[::-1]
    noise = float(
        (ridge * weights**2 / (values + ridge)[:, None]).mean()
        / max(float(y.var(0).mean()), 1e-300)
    )
    points = merged(points)
    D = two_nn(neighbour_distances(points, 2)) if len(points) > 2 and points.shape[1] else 1.0
    D = float(np.clip(D, 0.5, points.shape[1]))
    index = np.arange(FIRST_EIGENVALUE, max(FIRST_EIGENVALUE + 2, int(EIGENVALUE_SHARE * m)))
    index = index[(index < m) & (values[np.minimum(index, m - 1)] > 1e-12 * max(values[0], 1e-300))]
    if len(index) < 3:
        return KernelWidth(len(index) + FIRST_EIGENVALUE, D, float("inf"), noise)
    slope, level = np.polyfit(np.log(index + 1.0), np.log(values[index] * n / m), 1)
    decay = max(float(-slope), 1.0)
    width = float(np.exp((level - np.log(ridge)) / decay))
    return KernelWidth(int(np.clip(np.round(width), 1, n)), D, (decay - 1) * D / 2, noise)
