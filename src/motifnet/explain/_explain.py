"""The explanation of a fitted model: effects, importances, interactions, rows, subgroups and leaks, all from the network and rows for it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from motifnet.bundle import FittedModel
from motifnet.engine import UsageError, single_threaded
from motifnet.explain._columns import raw_columns
from motifnet.explain._effects import Effect, effect_of
from motifnet.explain._groups import Group, error_of, losses, subgroups
from motifnet.explain._importance import permutation_importance
from motifnet.explain._leakage import Leakage, leakage
from motifnet.explain._novelty import Novelty, novelty
from motifnet.explain._rows import Evidence, Origin
from motifnet.explain._sensitivity import Pair, Share, sensitivity
from motifnet.motifs import evaluate
from motifnet.tables import Matrix

CURVE_ROWS, LEAST_ROWS = 400, 2


@dataclass(frozen=True)
class Importance:
    """Of one column: its total Sobol index in the network, and what the squared error on rows not seen rises by when it is shuffled, as share of the
    target's variance; None where no such rows are known."""

    column: str
    sensitivity: Share
    permutation: Share | None


@dataclass(frozen=True)
class Explanation:
    """What a fitted model does with its columns.

    `outputs` names the q columns of a prediction. `effects`: one for each column that matters at all, in the order of the table; `importances`: the
    most important first; `interactions`: the strongest first; `rows`: novelty of each row that was passed; `groups`: errors by subgroup, empty where
    no target is known; `leakage`; `error`: on the rows that are scored, None where there are none; `origin` of the rows.
    """

    outputs: tuple[str, ...]
    origin: Origin
    effects: tuple[Effect, ...]
    importances: tuple[Importance, ...]
    interactions: tuple[Pair, ...]
    rows: Novelty | None
    groups: tuple[Group, ...]
    leakage: Leakage
    error: float | None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        rows = None
        if self.rows is not None:
            rows = {"extrapolates": self.rows.extrapolates.tolist(), "duplicates": self.rows.duplicates.tolist(), "novelty": self.rows.value.tolist()}
        return {
            "outputs": list(self.outputs),
            "origin": self.origin,
            "effects": [effect.to_dict() for effect in self.effects],
            "importances": [asdict(importance) for importance in self.importances],
            "interactions": [asdict(pair) for pair in self.interactions],
            "rows": rows,
            "groups": [group.to_dict() for group in self.groups],
            "leakage": {**asdict(self.leakage), "found": self.leakage.found},
            "error": self.error,
        }

    def __str__(self) -> str:
        lines = [f"{'column':<24} {'share of variance':>18} {'importance':>18}"]
        lines += [f"{i.column[:24]:<24} {_pm(i.sensitivity):>18} {_pm(i.permutation):>18}" for i in self.importances]
        if self.interactions:
            best = self.interactions[0]
            lines.append(f"strongest interaction: {best.first} and {best.second}, {best.share.value:.3f} of the variance")
        if self.rows is not None:
            lines.append(f"{int(self.rows.extrapolates.sum()):,} of {len(self.rows.value):,} rows lie outside the data of the fit")
        lines += [f"{g.column} {g.label}: error {g.ratio:.2f} times that of all rows ({g.rows:,} rows)" for g in self.groups if g.worse]
        return "\n".join([*lines, *(f"{sign['found']}. {sign['advice']}" for sign in self.leakage.found)])


def explain(model: FittedModel, evidence: Evidence, *, seed: int = 0) -> Explanation:
    """The explanation by these rows."""
    columns, classes = raw_columns(model.encoder, model.schema), model.classes is not None
    rng = np.random.default_rng([seed, 10])
    some = evidence.take(np.sort(rng.permutation(len(evidence.X))[:CURVE_ROWS]))

    def values(X: Matrix) -> Matrix:
        import torch

        return np.concatenate([evaluate(model.network, torch.tensor(X[i : i + 1024])).numpy() for i in range(0, len(X), 1024)])

    with single_threaded():
        judges = evidence.judges() if evidence.judges is not None else []
        total, pairs = sensitivity(columns, some.X, values, seed)
        permuted = permutation_importance(columns, judges, seed) if judges else [None] * len(columns)
        effects = [effect for column in columns if (effect := effect_of(column, some, values)) is not None]
        own, free = evidence.origin in ("out of fold", "centres"), model.info.get("compressed")
        rows = None if free else novelty(model.network, evidence.X, own=own, seed=seed)
        leaks = leakage(columns, evidence, classes, seed)
    found = [Importance(column.name, t, p) for column, t, p in zip(columns, total, permuted, strict=True)]
    found.sort(key=lambda i: -(i.permutation or i.sensitivity).value)
    outputs = model.columns if model.classes is None else tuple(str(name) for name in model.classes)
    error = error_of(losses(evidence, classes), classes) if evidence.scored.any() else None
    groups = subgroups(columns, evidence, classes)
    return Explanation(outputs, evidence.origin, tuple(effects), tuple(found), tuple(pairs), rows, tuple(groups), leaks, error)


def centres_of(model: FittedModel) -> Evidence:
    """The rows of the fit that the model holds; UsageError where it holds none."""
    rows = model.kept_rows()
    if rows is None or len(rows) < LEAST_ROWS:
        raise UsageError("This model carries no rows of its fit, and an explanation needs some. Pass X, a table with the columns of the fit.")
    return Evidence(rows, "centres")


def _pm(share: Share | None) -> str:
    return "–" if share is None else f"{share.value:.3f} ± {share.error:.3f}"
