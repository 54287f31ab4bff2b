"""B-iv, over-parameterisation: how wide a parallel network should be on this table, and with how much ridge. (Nakada and Imaizumi 2021)

Error on held-out rows against the width of a linearised parallel network, medians over starts and splits of the rows. Near p = n the fit without
ridge has its peak, and GCV is too kind there; so the width is the smallest whose error is within 2 % of the best, and the ridge that of the lowest
curve. The ridge is *needed* where it beats the best width without one on most of the splits (sign test at 5 %).
"""

from __future__ import annotations

import numpy as np
from scipy.stats import binomtest

from motifnet.profiling._finding import LEVEL, Finding, unreliable
from motifnet.profiling._rows import FEW_ROWS, Rows
from motifnet.profiling._spectrum import spectrum
from motifnet.profiling._width import HIDDEN, divisibility, jacobian, risk_curve

TRAIN, SPLITS = 200, 8
RATIOS = np.array([0.15, 0.3, 0.5, 0.75, 1.0, 1.3, 2.0, 4.0, 8.0])
RIDGES = (0.0, 1e-3, 1e-2, 1e-1, 1.0, 10.0)
NAME, UNIT = "over-parameterisation", "parallel blocks"


def overparameterisation(rows: Rows) -> Finding:
    """Recommended number of blocks and ridge of a parallel network for the (first) target."""
    if rows.n < 2 * FEW_ROWS:
        return unreliable(NAME, UNIT, f"A curve of the width needs {2 * FEW_ROWS} rows.")
    train = min(TRAIN, rows.n // 2)
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
    few = [int(blocks[k]) for k in range(len(blocks)) if held_out[r, k] <= 1.05 * held_out[r].min()]
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
    advice = f"a ridge of {ridge:g} of the mean eigenvalue of the Fisher information" if needed else "no more ridge than rounding needs"
    sentence = (
        f"At {train} rows the error without ridge peaks at {curve.ratios[peak]:.2g} parameters a row ({held_out[0, peak]:.3g} of var(y)) and is "
        f"{held_out[r].min():.3g} at its best: take about {rows.total * blocks[width] / train:,.0f} parallel blocks for all rows, and {advice}."
    )
    interval = (float(min(few)), float(max(few)))
    verdict = "ridge needed" if needed else "ridge not needed"
    return Finding(NAME, float(blocks[width]), interval, UNIT, needed, verdict, sentence, details=details)
