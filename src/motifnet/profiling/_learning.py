"""Smoothness, read from the learning curve of kernel ridge regression: E(n) = σ² + c n^{−r}, and r = 2β/(2β + d) gives β.

Errors are leave-one-out, at n/8, n/4, n/2 and n rows, on disjoint parts where there are several, with settings from the smooth reading and λ scaled
by the likelihood at each size. σ² is that of the smooth reading. The interval is a bootstrap over parts; a slope without it is noise.
"""

from __future__ import annotations

import numpy as np

from motifnet.profiling._exponents import rows_to_halve
from motifnet.profiling._finding import Finding, unreliable
from motifnet.profiling._rows import Rows
from motifnet.profiling._smooth import Smooth
from motifnet.tables import Matrix

LEAST, ROUNDS = 400, 8
NAME, UNIT = "learning curve", "exponent r of n^(-r)"


def learning_curve(rows: Rows, dimension: float | None = None) -> Finding:
    """How fast the error of a smooth model falls with rows; `dimension` is the intrinsic one where it is low."""
    half = len(rows.halves_rows[0])
    if half < LEAST:
        return unreliable(NAME, UNIT, f"A learning curve needs {2 * LEAST} rows.")
    noise = float(np.mean([fit.noise_variance[0] for fit in rows.halves]))
    sizes = np.array([half // 8, half // 4, half // 2, half])
    errors = [_errors(rows, int(size)) for size in sizes]
    excess = np.array([max(e.mean() - noise, 1e-3 * noise) for e in errors])
    r = _slope(sizes, excess)
    rng = np.random.default_rng([rows.seed, 8])
    draws = [_slope(sizes, np.array([max(rng.choice(e, len(e)).mean() - noise, 1e-3 * noise) for e in errors])) for _ in range(200)]
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
        sentence = f"Whether more rows help a smooth model is not clear: {share:.0%} of its error at {half:,} rows is not noise."
        return Finding(NAME, r, (low, high), UNIT, False, "flat", sentence, {}, details)
    smoothness = f"{beta:.1f}" if beta < 10 else "above 10"
    sentence = (
        f"Of the error at {half:,} rows {share:.0%} is not noise, and falls like n^(-{r:.2f}) (smoothness {smoothness} in {d:.1f} dimensions): "
        f"twice the rows take {more:.0%} off that part."
    )
    verdict = "more rows help" if share * more > 0.01 else "enough rows"
    return Finding(NAME, r, (low, high), UNIT, True, verdict, sentence, {"smoothness": min(float(beta), 10.0)}, details)


def _errors(rows: Rows, size: int) -> Matrix:
    """Mean squared leave-one-out errors of disjoint parts of one size."""
    both = np.concatenate(rows.halves_rows)
    parts = [both[start : start + size] for start in range(0, len(both) - size + 1, size)][:ROUNDS]
    whole = size == len(rows.halves_rows[0])
    fits = rows.halves if whole else tuple(Smooth.fit(rows.X[part], rows.y[part], rows.prior) for part in parts)
    return np.array([np.mean(fit.left_out[:, 0] ** 2) for fit in fits])


def _slope(sizes: Matrix, excess: Matrix) -> float:
    return float(-np.polyfit(np.log(sizes), np.log(excess), 1)[0])
