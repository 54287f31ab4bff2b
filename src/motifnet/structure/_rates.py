"""Rates of convergence: those of theory, and the learning curve of a table.

Theory gives exponents r of n^(−r) for the integrated squared error. Constants are unknown and never
printed. β is the smoothness of the function, α that of the surface across which it jumps, D
the number of columns, d the intrinsic dimension.

    network, and the best possible            min{2β/(2β + D), α/(α + D − 1)}
    linear in y, direction of the jump known  min{2β/(2β + D), α/(2α + D − 1)}
    linear in y, any direction                min{2β/(2β + D), 1/(D + 1)}
    tensor wavelets, thresholded              min{2β/(2β + D), 1/D}
    curvelets                                 min{2β/(2β + D), 2/(D + 1)}, at best
    network on a set of dimension d           2β/(2β + d)

The first row is of Imaizumi and Fukumizu, the last of Nakada and Imaizumi.

The learning curve is that of kernel ridge regression: E(n) = σ² + c n^{−r}, and r = 2β/(2β + d)
gives β. Errors are leave-one-out, at n/8, n/4, n/2 and n rows, on disjoint parts where there are
several, with settings from the Gaussian process fit and λ scaled by the likelihood at each size. σ²
is that of the same fit. The interval is a bootstrap over parts. Without it the exponent is noise.
"""

from __future__ import annotations

import numpy as np

from motifnet.engine import Matrix
from motifnet.structure._detector import Finding, Rows, unreliable
from motifnet.structure._gaussian_process import Smooth

NAME, UNIT = "learning curve", "exponent r of n^(-r)"
MIN_HALF_ROWS = 400
MAX_PARTS = 8  # of one size


def smooth_exponent(beta: float, d: float) -> float:
    """2β/(2β + d)."""
    return 2 * beta / (2 * beta + d)


def rows_to_halve(beta: float, d: float) -> float:
    """The factor of rows that halves the error: 2^{(2β + d)/2β}."""
    return float(2 ** (1 / smooth_exponent(beta, d)))


def singularity_exponents(alpha: float, beta: float, D: int) -> dict[str, float]:
    """The first five rows of the table above."""
    smooth = smooth_exponent(beta, D)
    boundary = {
        "network": alpha / (alpha + D - 1),
        "linear_known_direction": alpha / (2 * alpha + D - 1),
        "linear": 1 / (D + 1),
        "wavelet": 1 / D,
        "curvelet": 2 / (D + 1),
    }
    return {name: min(smooth, value) for name, value in boundary.items()}


def phase(alpha: float, beta: float, D: int) -> str:
    """Which part limits the error: a tie of all methods, the smooth pieces, or the boundary."""
    if beta <= alpha * D / (2 * (alpha + D - 1)):
        return "tie"
    return "function-limited" if D == 1 or beta <= alpha * D / (2 * (D - 1)) else "boundary-limited"


def learning_curve(rows: Rows, dimension: float | None = None) -> Finding:
    """The exponent at which the error of a smooth model falls with rows. `dimension` is the
    intrinsic one where it is low.
    """
    half = len(rows.halves_rows[0])
    if half < MIN_HALF_ROWS:
        return unreliable(NAME, UNIT, f"A learning curve needs {2 * MIN_HALF_ROWS} rows.")
    noise = float(np.mean([fit.noise_variance[0] for fit in rows.halves]))
    sizes = np.array([half // 8, half // 4, half // 2, half])
    errors = [_errors(rows, int(size)) for size in sizes]
    excess = np.array([max(e.mean() - noise, 1e-3 * noise) for e in errors])
    r = _exponent(sizes, excess)
    rng = np.random.default_rng([rows.seed, 8])
    draws = [
        _exponent(
            sizes,
            np.array([max(rng.choice(e, len(e)).mean() - noise, 1e-3 * noise) for e in errors]),
        )
        for _ in range(200)
    ]
    low, high = (float(v) for v in np.quantile(draws, [0.025, 0.975]))
    d = min(rows.d, dimension or rows.d)
    beta = r * d / (2 * (1 - r)) if r < 1 else float("inf")
    known = low > 0
    more = 1 - 2.0**-r
    details = {
        "sizes": sizes.tolist(),
        "errors": [float(e.mean()) for e in errors],
        "noise": noise,
        "smoothness": float(beta) if np.isfinite(beta) else None,
        "dimension": float(d),
        "rows_to_halve": float(2 ** (1 / r)) if r > 0.02 else None,
        "rows_to_halve_smooth": rows_to_halve(2.0, d),
    }
    share = excess[-1] / max(errors[-1].mean(), 1e-300)
    if not known:
        sentence = (
            f"Whether more rows help a smooth model is not clear: {share:.0%} of its error at "
            f"{half:,} rows is not noise."
        )
        return Finding(NAME, r, (low, high), UNIT, False, "flat", sentence, {}, details)
    smoothness = f"{beta:.1f}" if beta < 10 else "above 10"
    sentence = (
        f"Of the error at {half:,} rows {share:.0%} is not noise, and falls like n^(-{r:.2f}) "
        f"(smoothness {smoothness} in {d:.1f} dimensions): twice the rows take {more:.0%} off that "
        "part."
    )
    verdict = "more rows help" if share * more > 0.01 else "enough rows"
    return Finding(
        NAME,
        r,
        (low, high),
        UNIT,
        True,
        verdict,
        sentence,
        {"smoothness": min(float(beta), 10.0)},
        details,
    )


def _errors(rows: Rows, size: int) -> Matrix:
    """Mean squared leave-one-out errors of disjoint parts of one size."""
    both = np.concatenate(rows.halves_rows)
    parts = [both[start : start + size] for start in range(0, len(both) - size + 1, size)][
        :MAX_PARTS
    ]
    whole = size == len(rows.halves_rows[0])
    fits = (
        rows.halves
        if whole
        else tuple(Smooth.fit(rows.X[part], rows.y[part], rows.prior) for part in parts)
    )
    return np.array([np.mean(fit.left_out[:, 0] ** 2) for fit in fits])


def _exponent(sizes: Matrix, excess: Matrix) -> float:
    return float(-np.polyfit(np.log(sizes), np.log(excess), 1)[0])
