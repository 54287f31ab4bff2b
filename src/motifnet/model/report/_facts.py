"""The facts of a report: one dict of plain JSON, the only source of its HTML, Markdown, JSON and
text.

Calibration compares predictions, probabilities and intervals with observations of held-out rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import norm

from motifnet.engine import Matrix, printable
from motifnet.model import FittedModel
from motifnet.model.explain import Evidence, Explanation, explain
from motifnet.model.report._drawing import anatomy
from motifnet.model.report._words import (
    ORIGINS,
    Facts,
    inputs,
    privacy,
    reproduce,
    summary,
    verdict,
)
from motifnet.stacking import Score, calibration, class_scores, regression_scores
from motifnet.structure import Profile
from motifnet.uncertainty import FAN, LawScores

VERSION = 1
POINTS, TENTHS, MIN_ROWS, PIT_BINS, FAN_ROWS = 400, 10, 20, 10, 120
_EXPLAINED = ("outputs", "effects", "importances", "interactions", "groups")


def collect(model: FittedModel, evidence: Evidence | None, profile: Profile | None) -> Facts:
    """The facts of a model, of its rows if there are any, and of its profile if there is one."""
    facts: Facts = {
        "version": VERSION,
        "summary": summary(model),
        "task": model.task,
        "targets": list(model.targets),
        "classes": None if model.classes is None else [str(name) for name in model.classes],
        "rows": model.info.rows,
        "columns": len(model.schema.names),
        "inputs": [list(row) for row in inputs(model)],
        "network": {"inputs": model.d, **_size(model), "tree": anatomy(model.network, model.d)},
        "ledger": [row.as_dict() for row in model.ledger],
        "error_unit": model.error_unit,
        "certificate": {**model.certificate.as_dict(), "text": str(model.certificate)},
        "findings": None
        if profile is None
        else [finding.to_dict() for finding in profile.findings],
        "privacy": privacy(model),
        "reproduce": reproduce(model),
        **_of_rows(model, evidence),
    }
    return finite({"verdict": verdict(facts), **facts})


def _size(model: FittedModel) -> Facts:
    card = model.card.as_dict()
    return {key: card[key] for key in ("depth", "parameters", "nonzeros")}


def _of_rows(model: FittedModel, evidence: Evidence | None) -> Facts:
    """The facts that need rows; empty without rows."""
    if evidence is None:
        return {
            **{key: [] for key in (*_EXPLAINED, "leakage")},
            "origin": "not known: pass a table",
            "judged_by": None,
            "novelty": None,
            "calibration": None,
        }
    found = explain(model, evidence)
    explained = found.to_dict()
    return {
        "origin": ORIGINS[evidence.origin],
        "judged_by": "the fold networks of the first trained kernel"
        if evidence.origin == "out of fold"
        else "the network",
        **{key: explained[key] for key in _EXPLAINED},
        "leakage": found.leakage.found,
        # centres are rows of the fit themselves, and two kernels may share one
        "novelty": None if evidence.origin == "centres" else _novelty(found),
        "calibration": calibrated(evidence, len(model.classes or ())),
    }


def _novelty(found: Explanation) -> Facts | None:
    rows = found.rows
    if rows is None:
        return None
    return {
        "outside": int(rows.extrapolates.sum()),
        "duplicates": int(rows.duplicates.sum()),
        "rows": len(rows.value),
    }


def visible(value: Any) -> Any:
    """The facts with control characters of names and levels written out."""
    if isinstance(value, dict):
        return {key: visible(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [visible(item) for item in value]
    return printable(value) if isinstance(value, str) else value


def finite(value: Any) -> Any:
    """The value with None for numbers that JSON cannot hold."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not abs(value) < float("inf") else value


def calibrated(evidence: Evidence, classes: int, seed: int = 0) -> dict[str, Any] | None:
    """Predicted against observed values, or the reliability curve, and coverage, as plain JSON.

    None where fewer than `MIN_ROWS` rows are scored.
    """
    rows = evidence.scored
    if evidence.observed is None or evidence.predicted is None or rows.sum() < MIN_ROWS:
        return None
    y, p = evidence.observed[rows], evidence.predicted[rows]
    covered = None if evidence.covered is None else evidence.covered[rows]
    found: dict[str, Any] = {"rows": int(rows.sum()), "coverage": None}
    if covered is not None and np.isfinite(covered).any():
        found["coverage"] = sorted(
            [level, float(share)]
            for level, share in zip(evidence.levels, np.nanmean(covered, axis=0), strict=True)
        )
    if classes:
        return found | _of_classes(y, p)
    some = np.sort(np.random.default_rng([seed, 16]).permutation(len(y))[:POINTS])
    found["points"] = np.stack([p[some, 0], y[some, 0]], 1).tolist()
    found["r2"] = float(
        1 - ((y - p) ** 2).sum(0).sum() / max(float(((y - y.mean(0)) ** 2).sum()), 1e-300)
    )
    found["rmse"] = np.sqrt(((y - p) ** 2).mean(0)).tolist()
    found["mae"] = np.abs(y - p).mean(0).tolist()
    found["distribution"] = _of_laws(evidence, y[:, 0], p[:, 0])
    return found | {
        "tenths": _tenths(
            y[:, 0], p[:, 0], None if covered is None else covered[:, 0], evidence.levels
        )
    }


def held_out_scores(model: FittedModel, evidence: Evidence | None) -> dict[str, tuple[Score, ...]]:
    """Scores by target, from the predictions of held-out rows; without these from the ledger."""
    if evidence is None or evidence.predicted is None or not (rows := evidence.scored).any():
        return _of_ledger(model)
    assert evidence.observed is not None
    y, p = evidence.observed[rows], evidence.predicted[rows]
    if model.classes is not None:
        return {model.targets[0]: class_scores(y.argmax(1), p)}
    return {name: regression_scores(y[:, j], p[:, j]) for j, name in enumerate(model.targets)}


def _of_ledger(model: FittedModel) -> dict[str, tuple[Score, ...]]:
    errors = [row.error for row in model.ledger if row.kept]
    if not errors:
        return {}
    error, sds = errors[-1], model.info.target_sd
    if model.classes is not None:
        return {model.targets[0]: (Score("log loss", error),)}
    if model.info.objective != "squared":
        return {", ".join(model.targets): (Score("D²", 1 - error),)}
    scores = [Score("R²", 1 - error**2)]
    if len(sds) == 1:
        scores.append(Score("RMSE", error * sds[0]))
    return {", ".join(model.targets): tuple(scores)}


def _of_laws(evidence: Evidence, y: Matrix, p: Matrix) -> dict[str, Any] | None:
    """A histogram of PIT values, and NLL and CRPS beside those of two normal laws: without a model,
    and around the prediction with one width; the laws of some rows.
    """
    if evidence.law_scores is None:
        return None
    scores = evidence.law_scores().take(np.flatnonzero(evidence.scored))
    known = np.flatnonzero(np.isfinite(scores.nll + scores.pit + scores.crps))
    if len(known) < MIN_ROWS:
        return None
    scores = scores.take(known)
    shares = np.histogram(scores.pit, PIT_BINS, (0, 1))[0] / len(known)
    found: dict[str, Any] = {"rows": len(known), "pit": shares.tolist()}
    found |= {"nll": float(scores.nll.mean()), "crps": float(scores.crps.mean())}
    for name, error in (("unconditional", y - y.mean()), ("one_width", y - p)):
        error = error[known]
        sd = max(float(np.sqrt((error**2).mean())), 1e-300)
        z = error / sd
        found[f"nll_{name}"] = float((z**2 / 2).mean() + np.log(sd * np.sqrt(2 * np.pi)))
        score = z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / np.sqrt(np.pi)
        found[f"crps_{name}"] = float(sd * score.mean())
    return found | _of_single_rows(scores, y[known])


def _of_single_rows(scores: LawScores, y: Matrix) -> dict[str, Any]:
    """Quantiles of rows in the order of their medians, and the densities of three of them."""
    order = np.argsort(scores.quantiles[:, FAN.index(0.5)], kind="stable")
    fan = order[np.unique(np.linspace(0, len(order) - 1, FAN_ROWS).astype(np.int64))]
    shown = order[(np.array([0.1, 0.5, 0.9]) * (len(order) - 1)).astype(np.int64)]
    return {
        "fan": [{"observed": float(y[i]), "quantiles": scores.quantiles[i].tolist()} for i in fan],
        "densities": [
            {
                "observed": float(y[i]),
                "points": scores.points[i].tolist(),
                "density": scores.density[i].tolist(),
            }
            for i in shown
        ],
    }


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
            "coverage": None
            if covered is None or np.isnan(covered[part]).all()
            else float(np.nanmean(covered[part])),
            "level": levels[0] if levels else None,
            "rows": len(part),
        }
        for part in parts
    ]
