"""Are predictions, probabilities and intervals right? On rows that are scored by what has not seen them."""

from __future__ import annotations

from typing import Any

import numpy as np

from motifnet.explain import Evidence
from motifnet.stacking import calibration
from motifnet.tables import Matrix

POINTS, TENTHS, LEAST_ROWS = 400, 10, 20


def calibrated(evidence: Evidence, classes: int, seed: int = 0) -> dict[str, Any] | None:
    """Plain JSON: predicted against observed, or the reliability curve, and coverage; None where too few rows are scored."""
    rows = evidence.scored
    if evidence.observed is None or evidence.predicted is None or rows.sum() < LEAST_ROWS:
        return None
    y, p = evidence.observed[rows], evidence.predicted[rows]
    covered = None if evidence.covered is None else evidence.covered[rows]
    found: dict[str, Any] = {"rows": int(rows.sum()), "coverage": None}
    if covered is not None and np.isfinite(covered).any():
        found["coverage"] = sorted([level, float(share)] for level, share in zip(evidence.levels, np.nanmean(covered, axis=0), strict=True))
    if classes:
        return found | _of_classes(y, p)
    some = np.sort(np.random.default_rng([seed, 16]).permutation(len(y))[:POINTS])
    found["points"] = np.stack([p[some, 0], y[some, 0]], 1).tolist()
    found["r2"] = float(1 - ((y - p) ** 2).sum(0).sum() / max(float(((y - y.mean(0)) ** 2).sum()), 1e-300))
    found["rmse"] = np.sqrt(((y - p) ** 2).mean(0)).tolist()
    found["mae"] = np.abs(y - p).mean(0).tolist()
    return found | {"tenths": _tenths(y[:, 0], p[:, 0], None if covered is None else covered[:, 0], evidence.levels)}


def _of_classes(y: Matrix, p: Matrix) -> dict[str, Any]:
    labels = y.argmax(1)
    curve = calibration(labels, p, np.ones(len(y)))
    shares = y.mean(0)
    constant = -float((shares * np.log(np.maximum(shares, 1e-12))).sum())
    return {
        "reliability": np.stack([curve.predicted, curve.observed, curve.weight], 1).tolist(),
        "ece": curve.ece,
        "accuracy": float((p.argmax(1) == labels).mean()),
        "log_loss": float(-np.log(np.maximum(p[np.arange(len(p)), labels], 1e-12)).mean()),
        "log_loss_of_shares": constant,
        "most_frequent": float(shares.max()),
    }


def _tenths(y: Matrix, p: Matrix, covered: Any, levels: tuple[float, ...]) -> list[dict[str, Any]]:
    """Means and coverage in each tenth of the predictions."""
    parts = [part for part in np.array_split(np.argsort(p, kind="stable"), TENTHS) if len(part)]
    return [
        {
            "predicted": float(p[part].mean()),
            "observed": float(y[part].mean()),
            "error": float(np.sqrt(((y[part] - p[part]) ** 2).mean())),
            "coverage": None if covered is None or np.isnan(covered[part]).all() else float(np.nanmean(covered[part])),
            "level": levels[0] if levels else None,
            "rows": len(part),
        }
        for part in parts
    ]
