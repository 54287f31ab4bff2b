"""The explanation of a fitted model: effects, importances, interactions, rows, subgroups and leaks,
all from its network and rows of data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from motifnet.engine import Matrix, UsageError, single_threaded
from motifnet.model import FittedModel, run
from motifnet.model.explain._effects import (
    Effect,
    Pair,
    Share,
    effect_of,
    permutation_importance,
    sensitivity,
)
from motifnet.model.explain._evidence import Evidence, Origin, RawColumn, raw_columns
from motifnet.model.explain._leakage import Leakage, leakage
from motifnet.model.explain._novelty import Novelty, novelty
from motifnet.model.explain._shown import MAX_LINES, NOTHING, ShownExplanation
from motifnet.model.explain._subgroups import Group, error_of, losses, subgroups

CURVE_ROWS, MIN_ROWS = 400, 2


@dataclass(frozen=True)
class Importance:
    """The importance of one column.

    Attributes
    ----------
    column : str
    sensitivity : Share
        Its total Sobol index in the network.
    permutation : Share or None
        The rise of the squared error on held-out rows when it is shuffled, as share of the target's
        variance; None where there are no such rows.

    Examples
    --------
    Here `model` is a fitted `MotifRegressor`.

    >>> most = model.explain().importances[0]
    >>> most.column, most.permutation is not None
    ('x0', True)
    """

    column: str
    sensitivity: Share
    permutation: Share | None


@dataclass(frozen=True, repr=False)
class Explanation(ShownExplanation):
    """The use that a fitted model makes of its columns, as its method `explain` returns it.

    Attributes
    ----------
    outputs : tuple of str
        Names of the q columns of a prediction.
    origin : str
        Where the rows come from.
    effects : tuple of Effect
        One for each column that varies, in the order of the table.
    importances : tuple of Importance
        The most important column first.
    interactions : tuple of Pair
        The strongest pair first.
    rows : Novelty or None
        The novelty of each row; None for a network without a kernel part.
    groups : tuple of Group
        Errors by subgroup, empty without a target.
    leakage : Leakage
        Signs of leaks.
    error : float or None
        Error of the scored rows, None where there are none.
    classes : bool
        Whether the outputs are classes.

    Examples
    --------
    Here `model` is a fitted `MotifRegressor`.

    >>> found = model.explain()
    >>> [effect.name for effect in found.effects]
    ['x0', 'x1', 'x2']
    >>> found.importances[0].column
    'x0'
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
    classes: bool = False  # whether outputs are probabilities

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        rows = None
        if self.rows is not None:
            rows = {
                "extrapolates": self.rows.extrapolates.tolist(),
                "duplicates": self.rows.duplicates.tolist(),
                "novelty": self.rows.value.tolist(),
            }
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
        lines += [
            f"{i.column[:24]:<24} {i.sensitivity!s:>18} {i.permutation or NOTHING!s:>18}"
            for i in self.importances[:MAX_LINES]
        ]
        hidden = len(self.importances) - MAX_LINES
        if hidden > 0:
            lines.append(f"and {hidden:,} more columns: see to_frame()")
        return "\n".join([*lines, *self._remarks()])


def explain(model: FittedModel, evidence: Evidence, *, seed: int = 0) -> Explanation:
    """The explanation of a model by these rows."""
    columns, classes = raw_columns(model.encoder, model.schema), model.classes is not None
    some, values = _some_rows(evidence, seed), _values_of(model)
    with single_threaded():
        held_out = evidence.held_out() if evidence.held_out is not None else []
        total, pairs = sensitivity(columns, some.X, values, seed)
        permuted = (
            permutation_importance(columns, held_out, seed) if held_out else [None] * len(columns)
        )
        effects = _effects(columns, some, values)
        own, free = evidence.origin in ("out of fold", "centres"), model.info.compressed
        rows = None if free else novelty(model.network, evidence.X, own=own, seed=seed)
        leaks = leakage(columns, evidence, classes, seed)
    found = [
        Importance(column.name, t, p) for column, t, p in zip(columns, total, permuted, strict=True)
    ]
    found.sort(key=lambda i: -(i.permutation or i.sensitivity).value)
    error = error_of(losses(evidence, classes), classes) if evidence.scored.any() else None
    groups = subgroups(columns, evidence, classes)
    return Explanation(
        outputs_of(model),
        evidence.origin,
        effects,
        tuple(found),
        tuple(pairs),
        rows,
        tuple(groups),
        leaks,
        error,
        classes,
    )


def effects_of(
    model: FittedModel, evidence: Evidence, names: Sequence[str] | None = None, *, seed: int = 0
) -> tuple[Effect, ...]:
    """The effects of these columns, or of all that vary: those of `explain`, without the rest."""
    columns = raw_columns(model.encoder, model.schema)
    chosen = [column for column in columns if names is None or column.name in names]
    with single_threaded():
        return _effects(chosen, _some_rows(evidence, seed), _values_of(model))


def sensitivities(model: FittedModel, evidence: Evidence, *, seed: int = 0) -> dict[str, float]:
    """The total Sobol index of each column: those of `explain`, without the rest."""
    columns = raw_columns(model.encoder, model.schema)
    with single_threaded():
        total, _ = sensitivity(columns, _some_rows(evidence, seed).X, _values_of(model), seed)
    return {column.name: share.value for column, share in zip(columns, total, strict=True)}


def outputs_of(model: FittedModel) -> tuple[str, ...]:
    """The names of the outputs: targets, quantiles or classes."""
    return model.columns if model.classes is None else tuple(str(name) for name in model.classes)


def _some_rows(evidence: Evidence, seed: int) -> Evidence:
    """The rows that curves and shares are means of."""
    rng = np.random.default_rng([seed, 10])
    return evidence.take(np.sort(rng.permutation(len(evidence.X))[:CURVE_ROWS]))


def _values_of(model: FittedModel) -> Callable[[Matrix], Matrix]:
    return lambda X: run(model.network, X, model.width)


def _effects(
    columns: Sequence[RawColumn], some: Evidence, values: Callable[[Matrix], Matrix]
) -> tuple[Effect, ...]:
    found = (effect_of(column, some, values) for column in columns)
    return tuple(effect for effect in found if effect is not None)


def centres_of(model: FittedModel) -> Evidence:
    """The rows of the fit that the model holds; UsageError where it holds none."""
    rows = model.kept_rows()
    if rows is None or len(rows) < MIN_ROWS:
        raise UsageError(
            "This model carries no rows of its fit, and an explanation needs rows. "
            "Pass X, a table with the columns of the fit."
        )
    return Evidence(rows, "centres")
