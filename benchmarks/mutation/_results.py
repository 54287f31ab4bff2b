"""Rows of mutation.csv, and the table that is made of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from benchmarks._kept_rows import append
from benchmarks.mutation._mutants import Mutant
from benchmarks.mutation._trial import Outcome

KEY = ("path", "scope", "operator", "before", "after", "repeat")
_FIELDS = (*KEY, "line", "status", "by", "ran", "seconds")
_NOTICED = ("killed", "timeout", "crash")


class Results:
    """What is known of mutants that were tried."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.path = folder, folder / "mutation.csv"

    def rows(self) -> pd.DataFrame:
        """All of them; texts that are empty stay texts."""
        return (
            pd.read_csv(self.path, keep_default_na=False)
            if self.path.exists()
            else pd.DataFrame(columns=_FIELDS)
        )

    @property
    def done(self) -> set[tuple[object, ...]]:
        """Keys of the mutants."""
        return set(self.rows()[list(KEY)].itertuples(index=False, name=None))

    def add(self, mutant: Mutant, outcome: Outcome, seconds: float) -> None:
        """One more row."""
        append(
            self.path,
            _FIELDS,
            [
                *mutant.key,
                mutant.lines[0],
                outcome.status,
                outcome.by,
                outcome.ran,
                f"{seconds:.1f}",
            ],
        )
        place, change = (
            f"{mutant.path}:{mutant.lines[0]}",
            f"{mutant.before[:60]!r} → {mutant.after[:60]!r}",
        )
        print(f"{outcome.status:9}{seconds:6.1f}s {place} {change} {outcome.by}", flush=True)

    def forget_survivors(self) -> None:
        """They are tried again, but for those that are equivalent."""
        rows = self.rows()
        rows[
            rows.status.isin(_NOTICED)
            | rows[list(KEY)].apply(tuple, axis=1).isin(self.equivalent())
        ].to_csv(self.path, index=False)

    def equivalent(self) -> dict[tuple[object, ...], str]:
        """Reasons why a mutant changes nothing that a caller can see."""
        path = self.folder / "equivalent.csv"
        table = (
            pd.read_csv(path, keep_default_na=False)
            if path.exists()
            else pd.DataFrame(columns=[*KEY, "reason"])
        )
        return {tuple(row[list(KEY)]): row.reason for _, row in table.iterrows()}

    def report(self, sample: Sequence[Mutant]) -> None:
        """mutation.md, and the CSV with the rows of the sample alone, in the order of the files."""
        order = {mutant.key: mutant.lines[0] for mutant in sample}
        rows = self.rows().drop_duplicates(list(KEY), keep="last")
        keys = rows[list(KEY)].apply(tuple, axis=1)
        rows = (
            rows[keys.isin(order)]
            .assign(line=keys.map(order))
            .sort_values(["path", "line", "before", "after", "repeat"], kind="stable")
        )
        rows.to_csv(self.path, index=False)
        text = report(rows, self.equivalent())
        (self.folder / "mutation.md").write_text(text)
        print(text)


def report(rows: pd.DataFrame, reasons: dict[tuple[object, ...], str]) -> str:
    """Scores by folder, then each survivor."""
    reason = rows[list(KEY)].apply(tuple, axis=1).map(reasons) if len(rows) else rows.path
    rows = rows.assign(
        folder=rows.path.str.split("/").str[2], noticed=rows.status.isin(_NOTICED), reason=reason
    )
    lines = [
        "# Mutation score",
        "",
        "| folder | mutants | noticed | score | equivalent | score without them |",
        "|---|---|---|---|---|---|",
    ]
    for folder, part in (*rows.groupby("folder"), ("all", rows)):
        equivalent = int((~part.noticed & part.reason.notna()).sum())
        share, without = part.noticed.mean(), part.noticed.sum() / max(1, len(part) - equivalent)
        lines.append(
            f"| {folder} | {len(part)} | {part.noticed.sum()} | {share:.1%} | "
            f"{equivalent} | {without:.1%} |"
        )
    left = rows[~rows.noticed]
    lines += [
        "",
        "Survivors, the equivalent ones with their reasons:",
        "",
        "| place | before | after | equivalent, because |",
        "|---|---|---|---|",
    ]
    for row in left.itertuples():
        why = "" if pd.isna(row.reason) else row.reason
        lines.append(
            f"| {row.path.removeprefix('src/motifnet/')}:{row.line} | "
            f"{_cell(row.before)} | {_cell(row.after)} | {why} |"
        )
    return "\n".join([*lines, ""])


def _cell(code: str) -> str:
    short = " ".join(code.split())
    return "`" + (short if len(short) <= 90 else f"{short[:87]}…").replace("|", "\\|") + "`"
