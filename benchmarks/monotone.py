"""Monotone fits: motifnet, LightGBM and CatBoost with the same conditions, and without.

    python -m benchmarks.monotone --data FOLDER

The error is the root mean squared error on a random quarter of at most 2,000 rows, over the
standard deviation of the target there. Seconds are CPU seconds of fit and prediction, one thread.
LightGBM has 500 trees, CatBoost its defaults. None was tuned on these splits.
"""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.model_selection import train_test_split

from benchmarks._tables import ROOT, table_of
from motifnet import MotifRegressor

CASES: dict[str, dict[str, int]] = {
    "concrete": {"cement": 1, "age": 1},
    "california": {"medianIncome": 1},
    "computers_ecdat": {"ram": 1, "speed": 1, "trend": -1},
}
METHODS = ("motifnet fast", "motifnet balanced", "LightGBM", "CatBoost", "LightGBM, no conditions")
ROWS = 2_000
SPLITS = (0, 1)
FOLDER = ROOT / "benchmarks" / "results" / "monotone"


def predicted(method: str, signs: dict[str, int], X: Any, y: Any, new: Any) -> Any:
    """Predictions of new rows by a fit to X and y."""
    if method.startswith("motifnet"):
        model = MotifRegressor(method.split()[1], n_jobs=1, monotone=signs)
        return model.fit(X, y).predict(new)
    both = pd.get_dummies(pd.concat([X, new]), dtype=float)
    conditions = [signs.get(name, 0) for name in both]
    train, test = both.to_numpy()[: len(X)], both.to_numpy()[len(X) :]
    if method == "CatBoost":
        from catboost import CatBoostRegressor

        quiet = {"verbose": 0, "thread_count": 1, "allow_writing_files": False}
        return (
            CatBoostRegressor(monotone_constraints=conditions, **quiet).fit(train, y).predict(test)
        )
    from lightgbm import LGBMRegressor

    bound: dict[str, Any] = {
        "monotone_constraints": conditions,
        "monotone_constraints_method": "advanced",
    }
    settings: dict[str, Any] = {"n_estimators": 500, "learning_rate": 0.05, "min_child_samples": 5}
    settings |= {"n_jobs": 1, "verbose": -1} | ({} if "no" in method else bound)
    return LGBMRegressor(**settings).fit(train, y).predict(test)


def rows_of(name: str, data: Path) -> list[dict[str, Any]]:
    """A row for each split and method."""
    table, found = table_of(name, data), []
    for seed in SPLITS:
        some = table.sample(min(ROWS, len(table)), random_state=seed)
        y, X = some["target"].astype(float), some.drop(columns="target")
        X, new, y, truth = train_test_split(X, y, test_size=0.25, random_state=seed)
        for method in METHODS:
            start = time.process_time()
            residual = predicted(method, CASES[name], X, y, new) - truth
            seconds = time.process_time() - start
            error = float(np.sqrt((residual**2).mean()) / truth.std())
            found.append(
                {"table": name, "split": seed, "method": method, "error": error, "s": seconds}
            )
            print(f"{name} {seed} {method}: {error:.3f}, {seconds:.1f} s", flush=True)
    return found


def report(rows: pd.DataFrame) -> str:
    """Mean errors of each table and the geometric mean of ratios to LightGBM."""
    errors = rows.pivot_table("error", "method", "table").loc[list(METHODS)]
    each = rows.pivot_table("error", "method", ["table", "split"])
    ratio = np.exp(np.log(each / each.loc["LightGBM"]).mean(axis=1))
    seconds = np.exp(np.log(rows.pivot_table("s", "method", ["table", "split"])).mean(axis=1))
    lines = [f"| method | {' | '.join(errors)} | error / LightGBM | CPU seconds |"]
    lines.append("|---" * (len(errors.columns) + 3) + "|")
    for method, row in errors.iterrows():
        cells = " | ".join(f"{value:.3f}" for value in row)
        lines.append(f"| {method} | {cells} | {ratio[method]:.2f} | {seconds[method]:.1f} |")
    return "\n".join(lines) + "\n"


def main(arguments: list[str] | None = None) -> None:
    """Run all cases, keep rows and report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    data = parser.parse_args(arguments).data
    warnings.simplefilter("ignore")
    rows = pd.DataFrame([row for name in CASES for row in rows_of(name, data)])
    FOLDER.mkdir(parents=True, exist_ok=True)
    rows.round(4).to_csv(FOLDER / "monotone.csv", index=False)
    (FOLDER / "monotone.md").write_text(f"# Monotone fits\n\n{report(rows)}", encoding="utf-8")


if __name__ == "__main__":
    main()
