"""Utility: do models of synthetic rows predict held-out real rows as well as models of real rows?

Real rows of the reference and synthetic rows are each cut at random into K = 4 parts of one size.
A network with the preset `fast` is fitted to each part, and its error is measured on the hold-out:
the root of the mean squared error, or the log loss of classes. If synthetic rows have the law of
real ones, the 2 K training sets are exchangeable, and so are the 2 K errors. The difference of the
two means is compared with that of all C(8, 4) = 70 ways to choose four of the eight errors:

    p = share of the ways whose difference is at least that found

It keeps its level for any model and any number of rows, for the choice of rows is in it. One fit
each would compare two draws of training rows.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from motifnet.engine import DataError, Matrix, MotifnetWarning, UsageError
from motifnet.further.synthetic._fidelity import LEVEL
from motifnet.further.synthetic._inputs import Inputs, as_frame
from motifnet.tables import Column, Table

Task = Literal["regression", "classification"]
PARTS = 4
MIN_PART_ROWS = 25
_MAX_CLASSES = 10  # different whole numbers that are taken for classes
_MIN_PROBABILITY = 1e-3


@dataclass(frozen=True)
class Utility:
    """Errors on held-out real rows of models of synthetic and of real rows, in the `utility` of a
    `SyntheticReport`.

    Attributes
    ----------
    target : str or None
        The column that models predict.
    task : {"regression", "classification"} or None
    synthetic, real : tuple of float
        Errors of models that were fitted to parts of the synthetic and of the real rows.
    part_rows : int
        Number of rows of a part.
    test_rows : int
        Number of held-out real rows.
    skipped : str
        The reason why there are no errors.

    Examples
    --------
    >>> import numpy as np
    >>> from motifnet.synthetic import check_synthetic
    >>> rng = np.random.default_rng(0)
    >>> real, drawn = rng.normal(size=(90, 2)), rng.normal(size=(90, 2))
    >>> print(check_synthetic(real, drawn).utility.skipped)
    not measured, as no target was given. Pass target=.
    """

    target: str | None
    task: Task | None = None
    synthetic: tuple[float, ...] = ()
    real: tuple[float, ...] = ()
    part_rows: int = 0
    test_rows: int = 0
    skipped: str = ""

    @property
    def error(self) -> str:
        """The name of the error."""
        return "log loss" if self.task == "classification" else "RMSE"

    @property
    def ratio(self) -> float | None:
        """The mean error of synthetic training rows over that of real ones."""
        return float(np.mean(self.synthetic) / np.mean(self.real)) if self.real else None

    @property
    def pvalue(self) -> float | None:
        """One-sided: small where models of synthetic rows are worse."""
        if not self.real:
            return None
        errors = np.array([*self.synthetic, *self.real])
        means = np.array(
            [errors[list(rows)].mean() for rows in combinations(range(len(errors)), PARTS)]
        )
        return float((means >= means[0] * (1 - 1e-12)).mean())

    @property
    def worse(self) -> bool:
        """Whether synthetic training rows are worse beyond chance."""
        return self.pvalue is not None and self.pvalue <= LEVEL

    @property
    def sentence(self) -> str:
        """The result and the next step."""
        if self.ratio is None:
            return f"Utility: {self.skipped}"
        found = (
            f"models of {self.part_rows:,} synthetic rows have {self.ratio:.2f} times the "
            f"{self.error} of models of as much real data ({number(np.mean(self.synthetic))} and "
            f"{number(np.mean(self.real))} on held-out real rows, p = {self.pvalue:.2g})"
        )
        if self.worse:
            return f"Utility: {found}. Do not fit models of {self.target} to synthetic rows alone."
        return f"Utility: {found}. No loss is to be seen with this number of rows."

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        if not self.real:
            return {"target": self.target, "skipped": self.skipped}
        return {
            "target": self.target,
            "task": self.task,
            "error": self.error,
            "synthetic": list(self.synthetic),
            "real": list(self.real),
            "ratio": self.ratio,
            "pvalue": self.pvalue,
            "part_rows": self.part_rows,
            "test_rows": self.test_rows,
        }


def number(value: Any) -> str:
    """Four digits, or all before the point."""
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"


def check_target(inputs: Inputs, target: str) -> None:
    """Refuse a target that is no column, or has no value in a table."""
    names = [column.name for column in inputs.real.columns]
    if target not in names:
        raise UsageError(
            f"target={target!r} is not a column. The columns are {', '.join(map(repr, names))}."
        )
    if len(names) == 1:
        raise UsageError(f"{target!r} is the only column: there is nothing to predict it from.")
    for name, table in (("real", inputs.real), ("synthetic", inputs.synthetic)):
        if _column(table, target).missing.all():
            raise DataError(
                f"The target {target!r} is missing in every row of the {name} table. Choose "
                "another target, or leave it out."
            )


def compare_models(
    inputs: Inputs, target: str | None, task: Task | None, max_rows: int, seed: int
) -> Utility:
    """Fit the models. Each table gives at most `max_rows` training rows, the hold-out at most as
    many rows for the test.
    """
    if target is None:
        return Utility(None, skipped="not measured, as no target was given. Pass target=.")
    check_target(inputs, target)
    rng = np.random.default_rng([seed, 4])
    synthetic, real, test = (
        _shuffled(table, target, max_rows, rng)
        for table in (inputs.synthetic, inputs.reference, inputs.holdout)
    )
    rows = min(synthetic.n, real.n) // PARTS
    if rows < MIN_PART_ROWS or test.n < MIN_PART_ROWS:
        few = f"{synthetic.n} synthetic, {real.n} real and {test.n} held-out rows with a target"
        return Utility(
            target,
            skipped=f"not measured: {few} are too few. It takes {PARTS * MIN_PART_ROWS}, "
            f"{PARTS * MIN_PART_ROWS} and {MIN_PART_ROWS}.",
        )
    kind = task or _task(_column(inputs.real, target))
    errors = []
    for table in (synthetic, real):
        parts = [table.take(slice(k * rows, (k + 1) * rows)) for k in range(PARTS)]
        if kind == "classification" and any(_classes(part, target) < 2 for part in parts):
            reason = "not measured: a part of the training rows has one class only. Pass more rows."
            return Utility(target, skipped=reason)
        errors.append(tuple(_error(part, test, target, kind, seed) for part in parts))
    return Utility(target, kind, errors[0], errors[1], rows, test.n)


def _column(table: Table, name: str) -> Column:
    return next(column for column in table.columns if column.name == name)


def _classes(table: Table, target: str) -> int:
    return len(set(_column(table, target).values.tolist()))


def _shuffled(table: Table, target: str, max_rows: int, rng: np.random.Generator) -> Table:
    """Rows with a target in random order."""
    there = np.flatnonzero(~_column(table, target).missing)
    return table.take(rng.permutation(there)[:max_rows])


def _task(column: Column) -> Task:
    """Classification for strings, truth values and up to ten different whole numbers."""
    if column.kind in ("categorical", "boolean"):
        return "classification"
    values = np.unique(column.values[~column.missing].astype(np.float64))
    whole = len(values) <= _MAX_CLASSES and bool((values == np.floor(values)).all())
    return "classification" if whole else "regression"


def _error(train: Table, test: Table, target: str, task: Task, seed: int) -> float:
    from motifnet import MotifClassifier, MotifRegressor

    (X, y), (Z, truth) = (_parts(table, target) for table in (train, test))
    estimator = MotifClassifier if task == "classification" else MotifRegressor
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MotifnetWarning)  # of parts that the user does not see
        model = estimator("fast", n_jobs=1, random_state=seed).fit(X, y)
        if task == "classification":
            return _log_loss(model.predict_proba(Z), model.classes_, truth)
        return float(np.sqrt(np.mean((model.predict(Z) - truth.astype(np.float64)) ** 2)))


def _parts(table: Table, target: str) -> tuple[Any, NDArray[Any]]:
    frame = as_frame(table)
    return frame.drop(columns=target), frame[target].to_numpy()


def _log_loss(probabilities: Matrix, classes: NDArray[Any], truth: NDArray[Any]) -> float:
    """A class that the model does not know has the smallest probability."""
    place = {name: j for j, name in enumerate(classes.tolist())}
    given = [
        row[place[name]] if name in place else 0.0
        for row, name in zip(probabilities, truth.tolist(), strict=True)
    ]
    return float(-np.log(np.maximum(given, _MIN_PROBABILITY)).mean())
