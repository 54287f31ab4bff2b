"""Synthetic tables: how often is an alarm false, are copies found, and does the distance rank generators?

    null         real and synthetic rows (and in every second draw a hold-out) are random parts of one
                 table: alarms are false
    copies       a fifth of the synthetic rows are real rows with noise of 1 % of a standard deviation
    generators   fresh rows, a Gaussian copula, independent columns, a bootstrap with noise

Utility is measured where --utility is given. A row is written as soon as it is known, and what is
there is not run again.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks._experiment import Check, Experiment, Options, Plan, checks_table, options_of, page
from benchmarks._synthetic_tables import bootstrap, copula, independent, with_copies
from benchmarks._tables import CLASSIFICATION, table_of
from motifnet.synthetic import check_synthetic

EXPERIMENT = Experiment(
    "synthetic",
    ("kind", "set", "number", "rows"),
    (
        "holdout",
        "columns",
        "together",
        "distance",
        "by_chance",
        "copies",
        "near",
        "near_by_chance",
        "utility",
        "ratio",
        "seconds",
    ),
)
SETS = ("concrete", "abalone", "saratoga", "credit_g", "adult")
GENERATORS = ("fresh", "copula", "independent", "bootstrap")
FULL = Plan(sizes=(500,), seeds=range(100), sets=SETS)
QUICK = Plan(sizes=(500,), seeds=range(2), sets=SETS[:2])
DRAWS = {"null": 100, "copies": 20} | dict.fromkeys(GENERATORS, 5)
ALPHA = 0.05
Key = tuple[str, str, int, int]


def main(argv: list[str] | None = None) -> None:
    """`--seeds` are the draws of a table, `--sizes` the rows of a part."""
    options = options_of(__doc__.splitlines()[0], argv, FULL, QUICK, _more)
    EXPERIMENT.run(options, _keys(options), partial(_measure, options=options), report)


def _more(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kinds", nargs="+", default=list(DRAWS), help="of experiments")
    parser.add_argument("--utility", action="store_true", help="measure utility too: eight fits")


def _keys(options: Options) -> Iterator[Key]:
    for number in options.seeds:
        for kind in options.kinds:
            if number < DRAWS[kind]:
                suffix = "+utility" if options.utility else ""
                yield from (
                    (kind + suffix, name, number, n) for n in options.sizes for name in options.sets
                )


def _measure(key: Key, options: Options) -> dict[str, Any]:
    kind, name, number, n = key
    real, synthetic, holdout = _tables(kind.split("+")[0], name, number, n, options.data)
    start = time.process_time()
    found = check_synthetic(
        real,
        synthetic,
        holdout,
        "target" if options.utility else None,
        task="classification" if name in CLASSIFICATION else "regression",
        random_state=number,
    )
    fidelity, privacy, utility = found.fidelity, found.privacy, found.utility
    return {
        "holdout": holdout is not None,
        "columns": min(fidelity.corrected),
        "together": fidelity.overall,
        "distance": fidelity.distance,
        "by_chance": fidelity.by_chance,
        "copies": privacy.pvalue,
        "near": privacy.near,
        "near_by_chance": privacy.near_by_chance,
        "utility": "" if utility.pvalue is None else utility.pvalue,
        "ratio": "" if utility.ratio is None else utility.ratio,
        "seconds": time.process_time() - start,
    }


def _tables(
    kind: str, name: str, number: int, n: int, data: Path
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame | None]:
    """Parts of a table: n rows each, or as many as there are (a third of the table)."""
    table = table_of(name, data).sample(frac=1, random_state=number).reset_index(drop=True)
    n, rng = min(n, len(table) // 3), np.random.default_rng([number, 1])
    real, fresh, rest = (table.iloc[k * n : (k + 1) * n].reset_index(drop=True) for k in range(3))
    made = {
        "null": lambda: fresh,
        "fresh": lambda: fresh,
        "copies": lambda: with_copies(fresh, real, rng),
        "copula": lambda: copula(real, rng),
        "independent": lambda: independent(real, rng),
        "bootstrap": lambda: bootstrap(real, rng),
    }[kind]()
    return real, made, rest if number % 2 else None


def _checks(rows: pd.DataFrame) -> list[Check]:
    null, copies = rows[rows.kind.str.startswith("null")], rows[rows.kind == "copies"]
    fidelity = null[["columns", "together"]].min(axis=1)
    found = [
        Check(f"false alarms of fidelity, {len(null)} pairs", _share(fidelity), most=0.07),
        Check(f"false alarms of privacy, {len(null)} pairs", _share(null.copies), most=0.07),
    ]
    tested = null[null.utility.notna()]
    if len(tested):
        text = f"false alarms of utility, {len(tested)} pairs"
        found.append(Check(text, _share(tested.utility), most=0.07))
    return [
        *found,
        Check(f"noisy copies found, {len(copies)} tables", _share(copies.copies), least=0.95),
        Check("tables whose generators are ranked rightly", _ranked(rows), least=1.0),
        Check(
            "bootstraps whose copies are found",
            _share(rows[rows.kind == "bootstrap"].copies),
            least=0.95,
        ),
    ]


def _share(pvalues: pd.Series) -> float:
    return float((pvalues <= ALPHA).mean())


def _ranked(rows: pd.DataFrame) -> float:
    """Share of tables with distance of fresh rows < copula < independent columns, on average."""
    means = rows[rows.kind.isin(GENERATORS)].groupby(["set", "kind"]).distance.mean().unstack()
    order = (means.fresh < means.copula) & (means.copula < means.independent)
    return float(order.mean())


def report(rows: pd.DataFrame) -> str:
    """Markdown: checks, then a line a table and a kind."""
    lines = []
    for (name, kind), part in rows.groupby(["set", "kind"], sort=True):
        ratio = f"{part.ratio.mean():.2f}" if part.ratio.notna().any() else ""
        lines.append(
            f"| {name} | {kind} | {len(part)} | {part.distance.mean():.3f} ({part.by_chance.mean():.3f}) | "
            f"{_share(part[['columns', 'together']].min(axis=1)):.0%} | {part.near.mean():.1%} ({part.near_by_chance.mean():.1%}) | "
            f"{_share(part.copies):.0%} | {ratio} | {part.seconds.mean():.2f} |"
        )
    return page(
        "Synthetic tables",
        __doc__.split("\n\n", 1)[1],
        checks_table(rows, _checks),
        "| table | kind | draws | distance (by chance) | fidelity alarms | near copies (by chance) | privacy alarms | error ratio | seconds |",
        lines,
        rows,
    )


if __name__ == "__main__":
    main()
