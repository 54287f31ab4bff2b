"""The contributions of the columns to one prediction: Shapley values.

With f_S(x) = E f(x_S, B_¬S), the mean over rows B of f where the columns of S have the values of
x, column j contributes

    φ_j = E_π [ f_{before j in π, and j}(x) − f_{before j in π}(x) ]

over random orders π of the columns (Štrumbelj and Kononenko, Knowl. Inf. Syst. 41, 2014, eq. 5 and
algorithm 1). Each row B is walked along one order and along its reverse, which makes the variance
smaller (Mitchell et al., JMLR 23, 2022). The differences of a walk add up to f(x) − f(B), so that

    Σ_j φ_j = f(x) − mean of f(B)

holds exactly, whatever the number of walks. Where f is a sum of f_j(x_j), φ_j is f_j(x_j) less the
mean of f_j(B_j). Values of x stand with those of other rows, as in permutation importance; where
columns depend on each other, such rows may not exist.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from motifnet.engine import DataError, Matrix, UsageError, check_choice, single_threaded
from motifnet.model import FittedModel, run
from motifnet.model.explain._effects import SIGMAS
from motifnet.model.explain._evidence import Evidence, RawColumn, raw_columns
from motifnet.model.explain._explain import outputs_of
from motifnet.plots import Axes, Row, draw_waterfall, html_block, html_table
from motifnet.tables import Table, objects

if TYPE_CHECKING:
    from pandas import DataFrame

WALKS = 100  # rows B
MAX_LINES = 12


@dataclass(frozen=True, repr=False)
class RowExplanation:
    """What each column contributes to one prediction, as the method `explain_row` returns it.

    Attributes
    ----------
    outputs : tuple of str
        Names of the q columns of a prediction: targets, quantiles or classes.
    columns : tuple of str
        Names of the p columns of the table that vary in the fit.
    values : tuple of str
        What the row has in them.
    mean : array with shape (q,)
        The mean prediction of the rows that this one is compared with.
    prediction : array with shape (q,)
        The prediction of the row.
    contribution : array with shape (p, q)
        Shapley values, in the units of the prediction. They add up to the prediction less the mean.
    error : array with shape (p, q)
        Their standard errors over the rows that this one is compared with.
    classes : bool
        Whether the outputs are probabilities of classes.

    Examples
    --------
    Here `model` is a fitted `MotifRegressor`, and `X` are rows.

    >>> found = model.explain_row(X[:1])
    >>> bool(abs(found.mean + found.contribution.sum(0) - found.prediction).max() < 1e-9)
    True
    >>> found.to_frame()["column"][0]
    'x0'
    """

    outputs: tuple[str, ...]
    columns: tuple[str, ...]
    values: tuple[str, ...]
    mean: Matrix = field(repr=False)
    prediction: Matrix = field(repr=False)
    contribution: Matrix = field(repr=False)
    error: Matrix = field(repr=False)
    classes: bool = False

    def to_frame(self, output: str | None = None) -> DataFrame:
        """The contributions as a data frame, the largest first.

        Parameters
        ----------
        output : str, optional
            One of `outputs`. By default the only one, the first target or quantile, the second of
            two classes, or of more classes the one that is predicted.

        Returns
        -------
        pandas.DataFrame
            `column`, `value`, `contribution` and its standard error `contribution_se`.

        Raises
        ------
        UsageError
            For another output.
        """
        import pandas as pd

        j = self._number(output)
        found = {
            "column": self.columns,
            "value": self.values,
            "contribution": self.contribution[:, j],
            "contribution_se": self.error[:, j],
        }
        order = np.argsort(-np.abs(self.contribution[:, j]), kind="stable")
        return pd.DataFrame(found).iloc[order].reset_index(drop=True)

    def plot(self, output: str | None = None, ax: Any = None) -> Axes:
        """Draw the way from the mean prediction to this one, a bar for each of the largest
        contributions (a waterfall chart).

        Parameters
        ----------
        output : str, optional
            As in `to_frame`.
        ax : matplotlib Axes, optional
            Where to draw; by default a new figure.

        Returns
        -------
        matplotlib Axes

        Raises
        ------
        UsageError
            For another output, and if `ax` is no Axes.
        """
        j = self._number(output)
        steps = [
            Row(f"{name} = {value}", size, SIGMAS * error)
            for name, value, size, error in self.to_frame(output).itertuples(index=False)
        ]
        return draw_waterfall(
            steps,
            float(self.mean[j]),
            float(self.prediction[j]),
            ax,
            label=f"probability of {self.outputs[j]}" if self.classes else self.outputs[j],
        )

    def __repr__(self) -> str:
        return f"Contributions of {len(self.columns)} columns to one prediction; print() shows them"

    def __str__(self) -> str:
        found, digits = self.to_frame(), self._digits
        lines = [
            f"{name[:24]:<24} {value[:24]:<24} {size:>+12,.{digits}f}"
            for name, value, size, _ in found.head(MAX_LINES).itertuples(index=False)
        ]
        rest = float(found["contribution"].iloc[MAX_LINES:].sum())
        if len(found) > MAX_LINES:
            lines.append(
                f"{f'{len(found) - MAX_LINES:,} other columns':<49} {rest:>+12,.{digits}f}"
            )
        return "\n".join([self._sentence(), *lines])

    def _repr_html_(self) -> str:
        """HTML for a notebook."""
        digits = self._digits
        rows = [
            (name, value, f"{size:+,.{digits}f}", f"± {SIGMAS * error:,.{digits}f}")
            for name, value, size, error in self.to_frame().itertuples(index=False)
        ]
        table = html_table(("column", "value", "contribution", ""), rows, (2, 3))
        return html_block("Contributions to one prediction", [self._sentence()], table)

    def _sentence(self) -> str:
        j = self._number(None)
        name = f"probability of {self.outputs[j]}" if self.classes else self.outputs[j]
        return (
            f"{name}: predicted {self.prediction[j]:.4g}; the mean prediction is "
            f"{self.mean[j]:.4g}, and these columns make the difference."
        )

    @property
    def _digits(self) -> int:
        """Decimals of what is printed: three digits of the largest contribution."""
        largest = float(np.abs(self.contribution[:, self._number(None)]).max(initial=0.0))
        return 2 if largest == 0 else max(0, 2 - int(np.floor(np.log10(largest))))

    def _number(self, output: str | None) -> int:
        if output is None:
            if not self.classes:
                return 0
            return 1 if len(self.outputs) == 2 else int(self.prediction.argmax())
        check_choice("output", output, self.outputs)
        return self.outputs.index(output)


def explain_row(
    model: FittedModel, table: Table, others: Evidence, *, seed: int = 0
) -> RowExplanation:
    """The contributions of the columns to the prediction of a table of one row, which is compared
    with other rows.
    """
    if table.n != 1:
        raise UsageError(
            f"X has {table.n:,} rows, but one row is explained at a time. Pass one, such as "
            "X.iloc[[0]]."
        )
    columns = raw_columns(model.encoder, model.schema)
    rng = np.random.default_rng([seed, 13])
    chosen = np.sort(rng.permutation(len(others.X))[:WALKS])
    with single_threaded():
        mean, prediction, walks = _walked(
            model, columns, model.encode(table), others.X[chosen], rng
        )
    values = {column.name: _shown(column) for column in table.columns}
    return RowExplanation(
        outputs_of(model),
        tuple(column.name for column in columns),
        tuple(values[column.name] for column in columns),
        mean,
        prediction,
        walks.mean(1),
        walks.std(1) / np.sqrt(walks.shape[1]),
        model.classes is not None,
    )


def _walked(
    model: FittedModel,
    columns: Sequence[RawColumn],
    x: Matrix,
    rows: Matrix,
    rng: np.random.Generator,
) -> tuple[Matrix, Matrix, Matrix]:
    """The mean prediction of the rows with shape (n, d), that of x with shape (1, d), and
    differences with shape (p, n, q).
    """
    n, p = len(rows), len(columns)
    orders = np.array([rng.permutation(p) for _ in range(n)])
    ends = run(model.network, np.concatenate([rows, x]), model.width)
    found = np.zeros((p, n, ends.shape[1]))
    for order in (orders, orders[:, ::-1]):
        at, before = rows.copy(), ends[:-1]
        for step in range(p):
            for i, j in enumerate(order[:, step]):
                at[i, columns[j].where] = x[0, columns[j].where]
            after = run(model.network, at, model.width)
            found[order[:, step], np.arange(n)] += (after - before) / 2
            before = after
    if not np.isfinite(found).all():
        raise DataError("The prediction of the row is not finite. Check its values.")
    return ends[:-1].mean(0), ends[-1], found


def _shown(column: Any) -> str:
    """The only value of a column."""
    if column.missing[0]:
        return "missing"
    value = objects(column)[0]
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6g}" if isinstance(value, float) else str(value)
