"""The results of `benchmarks.moments`: checks, and a line for each design and case."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks._experiment import Check, checks_table, page

OF_DIRECT, OF_SIEVE, OF_QUANTILE = 0.4, 1.5, 0.5
COVERAGE = (0.85, 0.95)
LARGE = 5_000


def report(rows: pd.DataFrame) -> str:
    """Markdown."""
    lines = []
    for (label, design, case, n), part in rows.groupby(
        ["label", "design", "case", "rows"], sort=False
    ):
        errors = [
            _shown(part[name]) for name in ("error", "sieve", "kernel_iv", "linear", "direct")
        ]
        rest = [
            _shown(part[name]) for name in ("coverage", "width", "p_value", "effective_rank", "f")
        ]
        seconds = "/".join(
            f"{part[f'{name}_seconds'].mean():.1f}"
            if part[f"{name}_seconds"].notna().any()
            else "–"
            for name in ("error", "sieve", "kernel_iv")
        )
        head = f"| {label} | {design} {case} | {n:,} | {len(part)} | "
        lines.append(head + " | ".join([*errors, *rest, seconds]) + " |")
    return page(
        "Conditional moments",
        "Mean squared error to the truth, averaged over seeds, of ConditionalMomentRegressor (ours), "
        "sieve 2SLS, kernel IV, linear 2SLS, and regression that ignores Z. Coverage and width of "
        "our bands of 90 %; median p-value of the test of over-identification where the moments "
        "hold. For card and ajr `ours` is the largest difference to 2SLS.",
        checks_table(rows, checks),
        "| code | design | rows | seeds | ours | sieve 2SLS | kernel IV | 2SLS | direct | coverage "
        "| width | p-value | effective rank | F | CPU seconds ours/sieve/kernel IV |",
        lines,
        rows,
    )


def checks(rows: pd.DataFrame) -> list[Check]:
    """Those of one label."""
    found: list[Check] = []
    for case, part in rows[rows.design == "scalar"].groupby("case", sort=False):
        ours = part.error.mean()
        found += [
            Check(f"scalar {case}: error / direct", ours / part.direct.mean(), most=OF_DIRECT),
            Check(f"scalar {case}: error / sieve 2SLS", ours / part.sieve.mean(), most=OF_SIEVE),
            Check(f"scalar {case}: coverage", part.coverage.mean(), *COVERAGE),
        ]
    demand = rows[(rows.design == "demand") & (rows.rows == LARGE)]
    for case, part in demand.groupby("case", sort=False):
        ours = part.error.mean()
        for name, text in (("kernel_iv", "kernel IV"), ("linear", "2SLS"), ("sieve", "sieve 2SLS")):
            most = OF_SIEVE if name == "sieve" else 1.0
            text = f"demand ρ = {case}, {LARGE:,} rows: error / {text}"
            found.append(Check(text, ours / part[name].mean(), most=most))
        found.append(Check(f"demand ρ = {case}: coverage", part.coverage.mean(), *COVERAGE))
    for case, part in rows[rows.design == "quantile"].groupby("case", sort=False):
        share = part.error.mean() / part.direct.mean()
        found += [
            Check(f"quantile {case}: error / quantile regression", share, most=OF_QUANTILE),
            Check(f"quantile {case}: coverage", part.coverage.mean(), *COVERAGE),
        ]
    for name, part in rows[rows.design.isin(["card", "ajr"])].groupby("design", sort=False):
        difference = part.error.max()
        found.append(Check(f"{name}: linear case, difference to 2SLS", difference, most=1e-8))
    return found


def _shown(values: pd.Series) -> str:
    value = values.median() if values.name == "p_value" else values.mean()
    return f"{value:.3g}" if np.isfinite(value) else "–"
