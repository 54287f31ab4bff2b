"""The comparison on one table: every method on the same splits, one fit at a time."""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict
from numbers import Integral, Real
from typing import Any, get_args

import pandas as pd

from motifnet.compare._evaluation import split_table
from motifnet.compare._measure import Result, measure
from motifnet.compare._method import Method
from motifnet.compare._registry import METHODS
from motifnet.engine import DataError, MotifnetWarning, UsageError
from motifnet.tables import Task, as_table, note_strings

MIN_ROWS = 20
Listen = Callable[[str, int, Result | None], None]


def default_methods() -> list[str]:
    """The methods that `compare` fits by default.

    Returns
    -------
    list of str
        Our preset `balanced` and every default peer whose packages are installed.

    Examples
    --------
    >>> from motifnet.compare import default_methods
    >>> "balanced" in default_methods()
    True
    """
    return [
        name
        for name, method in METHODS.items()
        if name == "balanced" or (method.kind == "default" and not method.missing)
    ]


def find_methods(names: Sequence[str]) -> dict[str, Method]:
    """Entries of the registry by name. Raises UsageError for an unknown one, for none, and for one
    whose packages are not installed.
    """
    if isinstance(names, str) or not names:
        raise UsageError(
            f"methods={names!r} must be a list of names, at least one. Choose from "
            f"{', '.join(METHODS)}."
        )
    for name in names:
        if not isinstance(name, str) or name not in METHODS:
            near = difflib.get_close_matches(str(name), METHODS, n=1)
            guess = f"Did you mean {near[0]!r}? " if near else ""
            raise UsageError(
                f"method {name!r} is not known. {guess}Choose from {', '.join(METHODS)}."
            )
        if METHODS[name].missing:
            raise UsageError(
                f"method {name!r} is not installed. Install it by `pip install "
                f"{' '.join(METHODS[name].missing)}`, or leave it out."
            )
    return {name: METHODS[name] for name in names}


def compare(
    table: pd.DataFrame,
    target: str,
    *,
    task: Task,
    methods: Sequence[str] | None = None,
    splits: int = 3,
    cap: int = 10_000,
    threads: int = 1,
    seed: int = 0,
    limit: float = 600.0,
    listen: Listen = lambda method, split, result: None,
) -> pd.DataFrame:
    """Fit methods to random splits of a table.

    Every fit runs in its own process: scripts call this under `if __name__ == "__main__":`.

    Parameters
    ----------
    table : pandas.DataFrame
        The inputs and the column `target`, which has a value in every row.
    target : str
    task : {"regression", "classification"}
    methods : sequence of str, optional
        Names of the registry; None for `default_methods()`.
    splits : int, default 3
        Number of random splits; a fifth of the rows is for the test.
    cap : int, default 10,000
        Largest number of training rows.
    threads : int, default 1
        Of each method.
    seed : int, default 0
        Seed of splits and methods.
    limit : float, default 600
        Seconds for one fit; a method that needs more is ended.
    listen : callable, optional
        Called with (method, split, None) before a fit and (method, split, result) after it.

    Returns
    -------
    pandas.DataFrame
        One row a fit: method, split, and the fields of `Result`; after Ctrl-C of the finished fits,
        with a warning.

    Raises
    ------
    UsageError, DataError
        For unknown methods or such as are not installed, settings out of range, and a table or
        target that no fit takes.

    Examples
    --------
    >>> import pandas as pd
    >>> from motifnet.compare import compare
    >>> table = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "y": y})
    >>> rows = compare(table, "y", task="regression", methods=["fast", "lightgbm"], splits=1)
    >>> rows.method.tolist(), rows.status.tolist()
    (['fast', 'lightgbm'], ['done', 'done'])
    """
    chosen = find_methods(default_methods() if methods is None else methods)
    _check_table(table, target, task)
    note_strings(as_table(table.drop(columns=target)), table)
    _check_numbers(seed, limit=limit, splits=splits, cap=cap, threads=threads)
    if len(table) < MIN_ROWS:
        raise DataError(
            f"The table has {len(table)} rows; on fewer than {MIN_ROWS} a "
            "comparison says nothing. Pass more rows."
        )
    rows: list[dict[str, object]] = []
    try:
        for number in range(splits):
            split = split_table(table, target, task=task, seed=seed + number, cap=cap)
            for name, method in chosen.items():
                listen(name, number, None)
                result = measure(method, split, threads=threads, seed=seed + number, limit=limit)
                rows.append({"method": name, "split": number, **asdict(result)})
                listen(name, number, result)
    except KeyboardInterrupt:
        if not rows:
            raise
        warnings.warn(
            f"Ended by Ctrl-C: {len(rows)} of {splits * len(chosen)} fits are done.",
            MotifnetWarning,
            stacklevel=2,
        )
    return pd.DataFrame(rows)


def _check_numbers(seed: Any, *, limit: Any, **counts: Any) -> None:
    """Refuse a negative seed, and counts and a limit that are not positive."""
    for name, value in counts.items():
        if not (isinstance(value, Integral) and int(value) > 0):
            raise UsageError(f"{name}={value!r} must be positive, a whole number.")
    if not (isinstance(limit, Real) and float(limit) > 0):
        raise UsageError(f"limit={limit!r} must be positive.")
    if not isinstance(seed, Integral) or seed < 0:
        raise UsageError(f"seed={seed!r} must be a non-negative whole number, such as 0.")


def _check_table(table: Any, target: Any, task: Any) -> None:
    """Refuse a table, a target or a task of the wrong kind."""
    if not isinstance(table, pd.DataFrame):
        raise DataError(
            f"The table is of type {type(table).__name__}, expected a pandas data "
            "frame. Convert it, such as by pandas.DataFrame(table)."
        )
    if target is None or target not in table.columns:
        raise UsageError(
            f"target={target!r} is not a column of the table. The columns are "
            f"{', '.join(map(repr, table.columns))}."
        )
    if task not in get_args(Task):
        raise UsageError(f"task={task!r} is not known. Pass 'regression' or 'classification'.")
