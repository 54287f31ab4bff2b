"""The results of `benchmarks.distribution`: errors, NLL and calibration beside published ones."""

from __future__ import annotations

import numpy as np
import pandas as pd

from benchmarks._experiment import Check, checks_table, page

COVERAGES = (0.5, 0.8, 0.9, 0.95)
MIN_BETTER = 5
MEAN_MISS, PART_MISS = 0.025, 0.06


def report(published: pd.DataFrame, rows: pd.DataFrame) -> str:
    """Markdown: checks of every label, then a line for each table."""
    best = published.groupby("set")[["rmse", "nll"]].min()
    lines = []
    for (label, name, preset), part in rows.groupby(["label", "set", "preset"], sort=False):
        error = {key: part[key].std() / np.sqrt(len(part)) for key in ("rmse", "nll")}
        shares = " / ".join(f"{part[f'cover{level * 100:.0f}'].mean():.1%}" for level in COVERAGES)
        fifths = [part[f"fifth{i}"].mean() for i in range(1, 6)]
        mean = part.mean(numeric_only=True)
        cells = (
            f"{name} | {preset} | {len(part)} | {mean.rmse:.3f} ± {error['rmse']:.3f} | "
            f"{best.rmse[name]:.2f} | {mean.nll:.3f} ± {error['nll']:.3f} | {best.nll[name]:.2f} | "
            f"{part.nll.max():.2f} | {mean.unconditional_nll:.2f} | {mean.crps:.3f} | "
            f"{mean.crps / mean.unconditional_crps:.3f} | {shares} | "
            f"{min(fifths):.1%} – {max(fifths):.1%} | {mean.pit:.3f} | {mean['shift']:.3f} | "
            f"{mean.seconds:.1f} + {mean.law_seconds:.2f}"
        )
        lines.append(f"| {label} | {cells} |")
    return page(
        "Whole distributions on the splits of the literature",
        "Means over the splits with standard errors, in units of the target and in nats. "
        '"Published" is the least figure of seven methods in published.csv; four of them are '
        "quoted in a paper whose splits may differ. Worst: the split of greatest NLL. "
        "Unconditional: the normal law of the training targets. Coverage of central quantiles at "
        "50, 80, 90 and 95 %; at 90 % also the least and greatest of fifths by predicted standard "
        "deviation. PIT: largest distance of the PIT values of a split from uniform, where some "
        ".87 / √(test rows) is chance. Shift: distance of the mean of the law from `predict`, in "
        "standard deviations.",
        checks_table(rows, lambda part: checks(part, best)),
        "| code | table | preset | splits | RMSE | published | NLL | published | worst | "
        "unconditional | CRPS | of unconditional | coverage | fifths | PIT | shift | CPU seconds |",
        lines,
        rows,
    )


def checks(rows: pd.DataFrame, best: pd.DataFrame) -> list[Check]:
    """Those of one label, with the mean of the splits of a table for each."""
    mean = rows.groupby("set").mean(numeric_only=True)
    best = best.loc[mean.index]
    miss = max(abs(mean[f"cover{level * 100:.0f}"].mean() - level) for level in COVERAGES)
    fifths = mean[[f"fifth{i}" for i in range(1, 6)]]
    return [
        Check(
            "tables with a lower NLL than any published", (mean.nll < best.nll).sum(), MIN_BETTER
        ),
        Check(
            "tables with a lower RMSE than any published", (mean.rmse < best.rmse).sum(), MIN_BETTER
        ),
        Check(
            "greatest NLL of a split over the unconditional one",
            (rows.nll - rows.unconditional_nll).max(),
            most=5,
        ),
        Check("coverage, mean of the tables: largest miss", miss, most=MEAN_MISS),
        Check(
            "coverage of a fifth at 90 %, mean of the tables: largest miss",
            float((fifths.mean() - 0.9).abs().max()),
            most=PART_MISS,
        ),
        Check(
            "seconds of the law over those of the fit, mean",
            float(rows.law_seconds.sum() / rows.seconds.sum()),
            most=0.1,
        ),
    ]
