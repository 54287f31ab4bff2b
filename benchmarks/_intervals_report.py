"""The results of `benchmarks.intervals` in words and a table."""

from __future__ import annotations

import numpy as np
import pandas as pd

OURS, THEIRS, BETWEEN = "motifnet", "lightgbm, MAPIE", "our widths, CQR's centre"
METHODS = (OURS, BETWEEN, THEIRS)


def report(rows: pd.DataFrame) -> str:
    """Means over the splits that all three have done, one line a table."""
    rows = rows[rows.groupby(["set", "split"]).method.transform("nunique") == len(METHODS)]
    if rows.empty:
        return "No split has been done by all three methods yet.\n"
    tenths = [column for column in rows.columns if column.startswith("tenth")]
    mean = rows.groupby(["set", "method"])[["covered", "width", "score", "seconds", *tenths]].mean()
    ours, between, theirs = (mean.xs(method, level="method") for method in METHODS)
    splits = rows.groupby("set").split.nunique()
    level, cap = float(rows.coverage.iloc[0]), int(rows.cap.iloc[0])
    preset = next(p for p in rows.preset if p)
    versions = ", ".join(
        f"{name}: {' and '.join(rows.version[rows.method == name].astype(str).unique())}"
        for name in METHODS
    )
    lines = [
        f"# Intervals at {level:.0%}, preset {preset}, at most {cap:,} training rows",
        "",
        "Means over random splits (a fifth of the rows for the test). *least tenth*: of ten parts "
        "of the rows by prediction, the least covered one. "
        "*score*: interval score in sd of the target, less is better. *CQR*: conformalised "
        "quantile regression, LightGBM by MAPIE. *CQR's "
        "centre*: our conformal method around the median of CQR, so that the last ratio but one "
        "is of widths alone.",
        "",
        "| table | splits | covered | least tenth | width | score | CQR's centre: covered | least "
        "tenth | width | score "
        "| CQR: covered | least tenth | width | score | ours / CQR | our widths around CQR's "
        "centre / CQR | ours / our widths around CQR's centre |",
        "|---|---|" + "---|" * 15,
    ]
    for name in ours.index:
        parts = [
            f"{t.covered:.1%} | {t[tenths].min():.1%} | {t.width:.3f} | {t.score:.3f}"
            for t in (m.loc[name] for m in (ours, between, theirs))
        ]
        of = {
            key: m.score[name]
            for key, m in (("ours", ours), ("between", between), ("theirs", theirs))
        }
        ratios = (
            of["ours"] / of["theirs"],
            of["between"] / of["theirs"],
            of["ours"] / of["between"],
        )
        lines.append(
            f"| {name} | {splits[name]} | {' | '.join(parts)} | "
            f"{' | '.join(f'{r:.2f}' for r in ratios)} |"
        )
    lines += [
        "",
        f"- Mean coverage {ours.covered.mean():.1%} (around CQR's centre "
        f"{between.covered.mean():.1%}, CQR {theirs.covered.mean():.1%}), least table "
        f"{ours.covered.min():.1%} ({between.covered.min():.1%}, {theirs.covered.min():.1%}).",
        f"- Mean over the tables by tenth: {', '.join(f'{v:.1%}' for v in ours[tenths].mean())}.",
        f"- Interval scores, ours / CQR's: {_ratio(ours, theirs)}.",
        f"- Of that, our widths around CQR's centre / CQR's: {_ratio(between, theirs)}.",
        f"- And our centre, ours / our widths around CQR's centre: {_ratio(ours, between)}.",
        f"- CPU seconds, fit and prediction: {ours.seconds.mean():.1f} (CQR "
        f"{theirs.seconds.mean():.1f}).",
        f"- Commits: {versions}.",
        "",
    ]
    return "\n".join(lines)


def _ratio(a: pd.DataFrame, b: pd.DataFrame) -> str:
    ratio = a.score / b.score
    return f"{float(np.exp(np.log(ratio).mean())):.3f} in the geometric mean; less on {int((ratio < 1).sum())} of {len(ratio)}"
