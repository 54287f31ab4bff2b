"""The report of the accuracy benchmark: errors, wins, ratios, what each stage brought, seconds."""

from __future__ import annotations

import numpy as np
import pandas as pd

METHODS = ("ours", "lightgbm", "catboost")


def report(rows: pd.DataFrame) -> str:
    """Markdown from the rows of accuracy.csv; only splits that all methods have."""
    if rows.empty:
        return "No results yet.\n"
    final = (
        rows[rows.stage == "final"]
        .pivot_table(
            index=["set", "split"], columns="method", values=["nrmse", "seconds"], sort=False
        )
        .dropna()
    )
    if final.empty or not set(METHODS) <= set(final["nrmse"].columns):
        return "No split is finished by all three methods yet.\n"
    mean = final.groupby(level="set", sort=False).mean()
    stages = (
        _stages(rows[rows.method == "ours"])
        .loc[final.index]
        .groupby(level="set", sort=False)
        .mean()
    )
    peers = mean["nrmse"][["lightgbm", "catboost"]].min(axis=1)
    table = pd.DataFrame(
        {
            "splits": final.groupby(level="set", sort=False).size(),
            "ours": mean["nrmse", "ours"],
            "LightGBM": mean["nrmse", "lightgbm"],
            "CatBoost": mean["nrmse", "catboost"],
            "ours / better": mean["nrmse", "ours"] / peers,
            "transferred": stages["transferred"],
            "after feature layers": stages["inner"],
            "inner / transferred": stages["inner"] / stages["transferred"],
            "s ours": mean["seconds", "ours"],
            "s LightGBM": mean["seconds", "lightgbm"],
            "s CatBoost": mean["seconds", "catboost"],
        }
    )
    parts = [
        f"# Accuracy\n\nMean nRMSE on test rows; {_setting(rows)}.\n",
        _markdown(table),
        _summary(table),
    ]
    if rows.version.nunique() > 1:
        parts.append(
            f"These rows come from several versions: "
            f"{', '.join(sorted(rows.version.astype(str).unique()))}. Use --fresh for "
            "one.\n"
        )
    return "\n".join(parts)


def _stages(ours: pd.DataFrame) -> pd.DataFrame:
    """Test error of the transferred network, and of the one that was kept once the feature layers
    were trained.
    """
    result = {}
    for key, part in ours.groupby(["set", "split"], sort=False):
        part = part.set_index("stage")
        transferred = float(part.nrmse["transferred"])
        inner = [s for s in part.index if s.startswith("feature layers")]
        before = part.loc[: inner[-1]] if inner else part.loc[:"transferred"]
        kept = before[before.kept.astype(str) == "True"]
        result[key] = {
            "transferred": transferred,
            "inner": float(kept.nrmse.iloc[-1]) if len(kept) else transferred,
        }
    return pd.DataFrame.from_dict(result, orient="index").rename_axis(["set", "split"])


def _setting(rows: pd.DataFrame) -> str:
    preset = next((p for p in rows.preset if p), "")
    return f"preset {preset}, at most {rows.cap.iloc[0]:,} training rows, {rows.threads.iloc[0]} threads for every method"


def _summary(table: pd.DataFrame) -> str:
    better, inner = table["ours / better"], table["inner / transferred"]
    wins = int((table.ours < table[["LightGBM", "CatBoost"]].min(axis=1)).sum())
    seconds = table[["s ours", "s LightGBM", "s CatBoost"]].mean()
    return "\n".join(
        [
            "",
            f"- lower error than the better of the two on **{wins} of {len(table)}**",
            f"- ours / better: geometric mean **{np.exp(np.log(better).mean()):.3f}**, median "
            f"**{better.median():.3f}**, largest {better.max():.3f}",
            f"- feature layers / transferred: geometric mean "
            f"**{np.exp(np.log(inner).mean()):.3f}**, largest **{inner.max():.3f}**",
            f"- mean seconds a fit: ours {seconds['s ours']:.1f}, LightGBM "
            f"{seconds['s LightGBM']:.1f}, CatBoost {seconds['s CatBoost']:.1f}",
            "",
        ]
    )


def _markdown(table: pd.DataFrame) -> str:
    def cell(name: str, value: float) -> str:
        return (
            f"{value:.0f}"
            if name == "splits"
            else f"{value:.1f}"
            if name.startswith("s ")
            else f"{value:.4f}"
            if "/" not in name
            else f"{value:.3f}"
        )

    head = ["set", *table.columns]
    body = [
        [str(index), *(cell(c, row[c]) for c in table.columns)] for index, row in table.iterrows()
    ]
    return "\n".join(
        ["| " + " | ".join(line) + " |" for line in [head, ["---"] * len(head), *body]]
    )
