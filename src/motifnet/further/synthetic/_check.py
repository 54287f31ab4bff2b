"""`check_synthetic`: three questions about a synthetic table, each with a test of its own."""

from __future__ import annotations

from typing import Any, Literal

from motifnet.engine import check_choice, check_count, seed_of
from motifnet.further.synthetic._fidelity import compare_laws
from motifnet.further.synthetic._inputs import read_inputs
from motifnet.further.synthetic._privacy import find_copies
from motifnet.further.synthetic._report import SyntheticReport
from motifnet.further.synthetic._utility import check_target, compare_models

_TASKS = ("auto", "regression", "classification")


def check_synthetic(
    real: Any,
    synthetic: Any,
    holdout: Any = None,
    target: str | None = None,
    *,
    task: Literal["auto", "regression", "classification"] = "auto",
    max_rows: int = 2_000,
    random_state: int = 0,
) -> SyntheticReport:
    """Check a synthetic table against the real one that its generator was fitted to.

    Fidelity: do its rows have the law of the real ones, column by column and together? Utility: do
    models of its rows predict held-out real rows? Privacy: are its rows copies of real rows, more
    often than chance brings? Each question has one test at 5 %.

    Parameters
    ----------
    real : data frame or array with shape (n, d)
        The real rows.
    synthetic : data frame or array with shape (m, d)
        Tables of the same columns, in any order where they have names. Numbers, dates, truth values
        and strings, with missing values. Rows that do not depend on each other.
    holdout : data frame or array with shape (k, d), optional
        Real rows that the generator has not seen. Without it, the real rows are split at random:
        copies are looked for in two thirds of them, and the last third shows what chance brings.
        Two thirds of the copies are then seen, so that a hold-out finds smaller leaks.
    target : str, optional
        The column that models predict. Without it, utility is not measured.
    task : {"auto", "regression", "classification"}
        "auto": strings, truth values and up to ten different whole numbers are classes.
    max_rows : int
        Random rows of each table in the test of all columns, in the search for copies and in the
        fits. Tests of single columns and the set of rows in which copies are looked for are whole.
    random_state : int, default 0
        Seed of splits, subsamples and permutations.

    Returns
    -------
    SyntheticReport

    Raises
    ------
    DataError
        Where columns or their kinds differ, a table has fewer than 20 rows (real rows without a
        hold-out: 60), the target is missing everywhere, or the hold-out is a part of `real`.
    UsageError
        Where an option is not known, or the target is not a column.

    Examples
    --------
    >>> import numpy as np
    >>> from motifnet.synthetic import check_synthetic
    >>> rng = np.random.default_rng(0)
    >>> real, drawn = rng.normal(size=(90, 2)), rng.normal(size=(90, 2))
    >>> print(check_synthetic(real, drawn))
    Fidelity: no difference from the real rows is to be seen ...
    """
    check_choice("task", task, _TASKS)
    check_count("max_rows", max_rows, 100, 2_000)
    seed = seed_of(random_state)
    inputs = read_inputs(real, synthetic, holdout, seed)
    if target is not None:
        check_target(inputs, target)  # before any work is done
    return SyntheticReport(
        compare_laws(inputs.real, inputs.synthetic, max_rows, seed),
        compare_models(inputs, target, None if task == "auto" else task, max_rows, seed),
        find_copies(inputs, max_rows, seed),
        (inputs.real.n, inputs.synthetic.n),
        0 if inputs.split else inputs.holdout.n,
    )
