"""The results of `benchmarks.intervals` in words and a table."""

from __future__ import annotations

import numpy as np
import pandas as pd

OURS, THEIRS = "motifnet", "lightgbm, MAPIE"


def report(rows: pd.DataFrame) -> str:
    """Means over the splits that both methods have done, one line a table."""
    done = rows.groupby(["set", "split"]).method.transform("nunique") == 2
    rows = rows[done]
    tenths = [column for column in rows.columns if column.startswith("tenth")]
    mean = rows.groupby(["set", "method"])[["covered", "width", "score", "seconds", *tenths]].mean()
    ours, theirs = (mean.xs(method, level="method") for method in (OURS, THEIRS))
    ratio = ours.score / theirs.score
    splits = rows.groupby("set").split.nunique()
    level, cap = float(rows.coverage.iloc[0]), int(rows.cap.iloc[0])
    preset = next(p for p in rows.preset if p)
    by_tenth = ours[tenths].mean()
    lines = [
        f"# Intervals at {level:.0%}, preset {preset}, at most {cap:,} training rows",
        "",
        "Means over random splits (a fifth of the rows for the test). *least tenth*: of ten parts of the rows by prediction, the least covered one. "
        "*score*: interval score in sd of the target, less is better. *CQR*: conformalised quantile regression, LightGBM by MAPIE.",
        "",
        "| table | splits | covered | least tenth | width | score | CQR covered | CQR least tenth | CQR width | CQR score | ratio of scores |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for name in ours.index:
        parts = [f"{t.covered:.1%} | {t[tenths].min():.1%} | {t.width:.3f} | {t.score:.3f}" for t in (ours.loc[name], theirs.loc[name])]
        lines.append(f"| {name} | {splits[name]} | {' | '.join(parts)} | {ratio[name]:.2f} |")
    lines += [
        "",
        f"- Mean coverage {ours.covered.mean():.1%} (CQR {theirs.covered.mean():.1%}), least table {ours.covered.min():.1%}.",
        f"- Mean over the tables by tenth: {', '.join(f'{v:.1%}' for v in by_tenth)}.",
        f"- Ratio of interval scores {float(np.exp(np.log(ratio).mean())):.3f} (geometric mean); less on {int((ratio < 1).sum())} of {len(ratio)}.",
        f"- CPU seconds, fit and prediction: {ours.seconds.mean():.1f} (CQR {theirs.seconds.mean():.1f}).",
        "",
    ]
    return "\n".join(lines)
