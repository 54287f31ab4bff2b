"""The profile of a table: every detector once, and the settings that their findings change.

Sizes are bounded. At most 10,000 random rows are read. Smooth fits use two halves of at most 1,500
rows, the dimension 2,000 rows, groups 600, the width eight splits of 600. The same seed gives the
same profile.

A fit needs less. `structural_findings` runs the detectors that can change the structure of a
network, each on few rows. A detector that fails finds nothing.
"""

from __future__ import annotations

import json
import textwrap
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from motifnet.engine import DataError, UsageError, aligned, seed_of, single_threaded
from motifnet.plots import Axes, Measured, draw_measured, html_block, html_table
from motifnet.structure._detector import (
    MIN_ROWS,
    NOT_APPLICABLE,
    Finding,
    Rows,
    as_rows,
    unreliable,
)
from motifnet.structure._intrinsic_dimension import intrinsic
from motifnet.structure._invariance import Blocks, invariance
from motifnet.structure._noise import noise_floor, spread
from motifnet.structure._rates import learning_curve
from motifnet.structure._singularity import RELIABLE_ROWS, singularity
from motifnet.structure._width import overparameterisation

if TYPE_CHECKING:
    from pandas import DataFrame

MAX_ROWS = 10_000
DETECTORS: dict[str, Callable[[Rows], Finding]] = {
    "noise floor": noise_floor,
    "heteroscedasticity": spread,
    "learning curve": learning_curve,
    "singularity": singularity,
    "intrinsic dimension": intrinsic,
    "invariance": invariance,
    "over-parameterisation": overparameterisation,
}
# detectors that can change the structure of a fit: rows that they need, and rows that they read
STRUCTURE = {
    "singularity": (RELIABLE_ROWS, 800),
    "intrinsic dimension": (200, 500),
    "invariance": (200, 400),
}
JUMP_LEVEL = 1e-3  # of a jump that is worth a layer, on those few rows
BOUNDARY_ROWS = 1_200  # from which the position of a jump is computed
MAX_JUMP_COLUMNS = 8  # among which a fit searches for jumps
# detectors of numeric targets only: for classes the noise is part of the target
OF_NUMBERS = ("noise floor", "heteroscedasticity", "learning curve", "singularity")
# in a picture: the ends of the scale, None for those of the interval, and the value of no effect
SCALES: dict[str, tuple[tuple[float | None, float | None], float | None]] = {
    "noise floor": ((0.0, 1.0), None),
    "heteroscedasticity": ((None, None), 1.0),
    "learning curve": ((0.0, 1.0), None),
    "singularity": ((None, None), 0.0),
    "intrinsic dimension": ((0.0, None), None),
    "invariance": ((None, None), 1.0),
    "over-parameterisation": ((0.0, None), None),
}
HEADS = ("detector", "value", "95 % interval", "verdict")


@dataclass(frozen=True, repr=False)
class Profile:
    """The findings about a table, one a detector, as `motifnet.profile` returns them.

    Attributes
    ----------
    findings : tuple of Finding
        ``profile["noise floor"]`` is the one of that detector.
    rows : int
        Number of distinct rows of the table.
    rows_used : int
        Number of rows that were read.
    columns : int
        Number of encoded columns.
    seconds : mapping
        Seconds of each detector.

    Examples
    --------
    >>> from motifnet import profile
    >>> found = profile(X, y)
    >>> found.rows, found.columns
    (100, 3)
    >>> print(found.report().splitlines()[0])
    # Profile
    """

    findings: tuple[Finding, ...]
    rows: int
    rows_used: int
    columns: int
    seconds: Mapping[str, float]

    def __getitem__(self, detector: str) -> Finding:
        return next(f for f in self.findings if f.detector == detector)

    @property
    def prescription(self) -> dict[str, dict[str, Any]]:
        """Settings to change, by detector."""
        return {f.detector: dict(f.setting) for f in self.findings if f.found and f.setting}

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        sizes = {"rows": self.rows, "rows_used": self.rows_used, "columns": self.columns}
        findings = [f.to_dict() for f in self.findings]
        return {
            **sizes,
            "findings": findings,
            "prescription": self.prescription,
            "seconds": dict(self.seconds),
        }

    def cells(self) -> list[tuple[str, str, str, str]]:
        """Rows of the table: detector, value with its unit, 95 % interval, verdict."""
        return [(f.detector, *_numbers(f), f.verdict) for f in self.measured]

    @property
    def measured(self) -> tuple[Finding, ...]:
        """The findings of detectors that apply to the table; screens leave out the others."""
        return tuple(f for f in self.findings if f.verdict != NOT_APPLICABLE)

    @property
    def omitted(self) -> str:
        """The detectors that do not apply, such as that of noise to classes; "" if all do."""
        names = [f.detector for f in self.findings if f.verdict == NOT_APPLICABLE]
        return f"not measured on this table: {', '.join(names)}" if names else ""

    @property
    def _head(self) -> str:
        read = (
            f"{self.rows:,} rows that differ, {self.rows_used:,} read, {self.columns} encoded "
            "columns"
        )
        return f"{read}; {self.omitted}" if self.omitted else read

    def report(self) -> str:
        """Markdown: a table of the findings, a sentence for each, and the settings that they
        change.
        """
        table = [
            "| detector | value | 95 % interval | verdict |",
            "|---|---|---|---|",
            *(f"| {' | '.join(map(_cell, row))} |" for row in self.cells()),
        ]
        sentences = [f"- **{f.detector}**: {f.sentence}" for f in self.measured]
        settings = [
            f"- {name}: `{json.dumps(setting, ensure_ascii=False)}`"
            for name, setting in self.prescription.items()
        ]
        return "\n".join(
            [
                "# Profile",
                "",
                f"{self._head}.",
                "",
                *table,
                "",
                *sentences,
                "",
                "## Settings to change",
                "",
                *(settings or ["None."]),
                "",
            ]
        )

    def to_frame(self) -> DataFrame:
        """A data frame with a row for each detector: detector, value, low, high (95 % interval),
        unit, found, verdict, sentence and seconds. Unknown numbers are NaN.
        """
        import pandas as pd

        heads = ["detector", "value", "low", "high", "unit", "found", "verdict", "sentence"]
        rows = [
            (f.detector, f.value, *f.interval, f.unit, f.found, f.verdict, f.sentence)
            for f in self.findings
        ]
        frame = pd.DataFrame(rows, columns=heads)
        frame["seconds"] = [self.seconds.get(f.detector, float("nan")) for f in self.findings]
        return frame

    def plot(self, ax: Any = None) -> Axes:
        """Draw what each detector measured: its value with the 95 % interval, and its verdict.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; by default a new figure.

        Returns
        -------
        matplotlib Axes
            A line for each detector, on a scale of its own. A short upright line is the value of no
            effect. What is found is red.

        Raises
        ------
        UsageError
            If `ax` is no Axes.
        """
        rows = []
        for f in self.measured:
            scale, nothing = SCALES.get(f.detector, ((None, None), None))
            if f.detector == "intrinsic dimension":
                scale = (0.0, float(self.columns))
            rows.append(
                Measured(
                    f.detector, f.value, f.interval, f.unit, f.found, f.verdict, scale, nothing
                )
            )
        return draw_measured(rows, ax)

    def __repr__(self) -> str:
        found = [f.detector for f in self.findings if f.found]
        return (
            f"Profile of {self.rows:,} rows, {len(self.findings)} detectors, found: "
            f"{', '.join(found) or 'nothing'}; print() shows it"
        )

    def _repr_html_(self) -> str:
        """HTML for a notebook."""
        rows = [(*cells, f.sentence) for cells, f in zip(self.cells(), self.measured, strict=True)]
        return html_block("Profile", [f"{self._head}."], html_table((*HEADS, ""), rows))

    def __str__(self) -> str:
        rows = [HEADS, *self.cells()]
        sentences = [
            textwrap.fill(
                f"{f.detector}: {f.sentence}", 110, subsequent_indent="  ", break_long_words=False
            )
            for f in self.measured
        ]
        return "\n".join([self._head, "", *aligned(rows), "", *sentences])


def profile(
    X: Any,
    y: Any,
    *,
    task: Literal["regression", "classification"] = "regression",
    symmetry: Mapping[str, Blocks] | None = None,
    random_state: int = 0,
) -> Profile:
    """What theory says of a table, and which settings of a fit it would change.

    Parameters
    ----------
    X : data frame or array with n rows
        Columns of any kind that a fit takes.
    y : array or column with shape (n,), or (n, q) for several numbers at once
    task : {"regression", "classification"}, default "regression"
        Classes have only the findings of dimension, invariance and over-parameterisation.
    symmetry : mapping, optional
        A group to test instead of a search: "permutations", "cyclic" or "flips" to blocks of column
        names, as in ``{"permutations": [["x1", "y1"], ["x2", "y2"]]}``.
    random_state : int, default 0
        Seed of all subsamples and simulations.

    Returns
    -------
    Profile
        Prints as a table with a sentence for each detector; ``.report()`` is the same as Markdown;
        ``.findings``, ``.prescription``, ``.to_dict()``.

    Raises
    ------
    UsageError, DataError
        For an unknown task or group, too few rows, and a target that does not vary.

    Examples
    --------
    >>> import numpy as np
    >>> from motifnet import profile
    >>> X = np.random.default_rng(0).uniform(-1, 1, (200, 2))
    >>> found = profile(X, X[:, 0] + X[:, 1])
    >>> found["noise floor"].unit
    'share of var(y)'
    >>> sorted(found.to_dict())
    ['columns', 'findings', 'prescription', 'rows', 'rows_used', 'seconds']
    """
    if task not in ("regression", "classification"):
        raise UsageError(f"task={task!r} is not known. Pass 'regression' or 'classification'.")
    seed = seed_of(random_state)
    rows = as_rows(X, y, classes=task == "classification", most=MAX_ROWS, seed=seed)
    if rows.n < MIN_ROWS:
        raise DataError(
            f"The table has {rows.n} rows that differ; a profile needs at least {MIN_ROWS}. Add "
            "rows."
        )
    if not np.ptp(rows.y[:, 0]) > 0:
        raise DataError(
            f"Target {rows.targets[0]!r} has the same value in every row, so that there is nothing "
            "to learn. Check the column."
        )
    findings, seconds = [], {}
    with single_threaded():
        for name, detector in DETECTORS.items():
            start = time.perf_counter()
            findings.append(_run(name, detector, rows, symmetry))
            seconds[name] = time.perf_counter() - start
    return Profile(tuple(findings), rows.total, rows.n, rows.d, seconds)


def structural_findings(rows: Rows, check: Callable[[], None]) -> Profile:
    """The findings that can change the structure of a fit. `check` is called before each
    detector.
    """
    findings: list[Finding] = []
    seconds: dict[str, float] = {}
    for name, (min_rows, max_rows) in STRUCTURE.items():
        if rows.total < min_rows or (
            name == "invariance" and any("projection" in f.setting for f in findings)
        ):
            # exchanges of columns that others determine do not change a fit, and are no symmetry
            continue
        check()
        start = time.perf_counter()
        try:
            with np.errstate(all="ignore"):
                findings.append(run_detector(name, rows.first(max_rows)))
        except (ValueError, ArithmeticError, RuntimeError) as error:  # singular matrices among them
            findings.append(
                unreliable(
                    name, "", f"The detector failed ({error}): nothing is changed.", "failed"
                )
            )
        seconds[name] = time.perf_counter() - start
    return Profile(tuple(findings), rows.total, rows.n, rows.d, seconds)


def run_detector(name: str, rows: Rows) -> Finding:
    """A detector with the settings of a fit, on all given rows."""
    if name == "singularity":
        return singularity(rows.of_columns(rows.relevant_columns(MAX_JUMP_COLUMNS)), JUMP_LEVEL)
    if name == "intrinsic dimension":
        return intrinsic(rows, projections_only=True)
    return (
        invariance(rows, layers_only=True)
        if name == "invariance"
        else _run(name, DETECTORS[name], rows, None)
    )


def _run(
    name: str,
    detector: Callable[[Rows], Finding],
    rows: Rows,
    symmetry: Mapping[str, Blocks] | None,
) -> Finding:
    if rows.classes and name in OF_NUMBERS:
        return unreliable(
            name,
            "",
            "For classes the noise is part of the target; this is measured for numbers only.",
            NOT_APPLICABLE,
        )
    return invariance(rows, symmetry) if detector is invariance else detector(rows)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _numbers(f: Finding) -> tuple[str, str]:
    if not np.isfinite(f.value):
        return "–", "–"
    return f"{f.value:.4g} {f.unit}", f"{f.interval[0]:.4g} to {f.interval[1]:.4g}"
