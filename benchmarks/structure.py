"""What the profile's prescription is worth: test error of profile="auto" over that of profile=None,
on structured and on real tables.

Structured tables have 2,000 rows and are scored against the function without noise, real ones by
nRMSE or log loss. Where no layer is kept both models are the same bit for bit (see the tests), so
that the second fit is left out. Every table is a row of OUT/structure.csv, and is not run again.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import log_loss

from benchmarks._kept_rows import append, kept
from benchmarks._structured import NOISE, STRUCTURED, Structured, boundary_distance
from benchmarks._tables import ALL, CLASSIFICATION, arguments, split, version
from motifnet import MotifClassifier, MotifRegressor

LAYERS = (
    "sorting layer",
    "absolute values",
    "orbit sums",
    "equivariant layer",
    "projection",
    "step",
)
FIELDS = [
    "table",
    "draw",
    "preset",
    "cap",
    "plain",
    "auto",
    "boundary",
    "found",
    "kept",
    "profile_seconds",
    "layer_seconds",
    "seconds",
    "version",
]


def main(argv: list[str] | None = None) -> None:
    parser = arguments(__doc__.splitlines()[0], ALL)
    parser.set_defaults(cap=1_000, threads=1)
    parser.add_argument("--drawn-only", action="store_true", help="structured tables only")
    parser.add_argument("--preset", default="fast", help="preset of the estimators")
    parser.add_argument("--draws", type=int, default=5, help="draws of each structured table")
    parser.add_argument(
        "--cases",
        nargs="*",
        default=[case.name for case in STRUCTURED],
        help="names of structured tables",
    )
    parser.add_argument(
        "--limit", type=float, default=float("inf"), help="seconds after which no table is begun"
    )
    options = parser.parse_args(argv)
    path, end = options.out / "structure.csv", time.monotonic() + options.limit
    options.out.mkdir(parents=True, exist_ok=True)
    if options.fresh:
        path.unlink(missing_ok=True)
    tasks: list[tuple[str, int, Structured | None]] = [
        (name, 0, None) for name in ([] if options.drawn_only else options.sets)
    ]
    tasks += [
        (case.name, draw, case)
        for draw in range(options.draws)
        for case in STRUCTURED
        if case.name in options.cases
    ]
    for name, draw, case in tasks:
        if (name, draw, options.preset) not in kept(
            path, ("table", "draw", "preset")
        ) and time.monotonic() < end:
            row = _real(name, options) if case is None else _drawn(case, draw, options)
            append(
                path,
                FIELDS,
                [
                    name,
                    draw,
                    options.preset,
                    options.cap if case is None else 2_000,
                    *row,
                    version(),
                ],
            )
    rows = pd.read_csv(path, keep_default_na=False, na_values=["nan"])
    text = report(rows[rows.preset == options.preset])
    (options.out / "structure.md").write_text(text)
    print(text)


def _real(name: str, options: argparse.Namespace) -> list[object]:
    data = split(name, options.data, 0, options.cap)
    X, y, new = data.train[data.columns], data.train["target"], data.test[data.columns]
    if name in CLASSIFICATION:
        return _pair(
            MotifClassifier,
            options,
            X,
            y,
            lambda m: log_loss(data.test["target"], m.predict_proba(new), labels=m.classes_),
        )
    return _pair(MotifRegressor, options, X, y, lambda m: data.nrmse(m.predict(new)))


def _drawn(case: Structured, draw: int, options: argparse.Namespace) -> list[object]:
    rng = np.random.default_rng([draw, 1])
    (X, f), (new, truth) = case.draw(rng, 2_000), case.draw(rng, 4_000)
    y = f + NOISE * rng.standard_normal(f.shape)
    return _pair(
        MotifRegressor,
        options,
        X,
        y,
        lambda m: float(np.sqrt(np.mean((m.predict(new) - truth) ** 2))),
        case,
    )


def _pair(
    kind: Any,
    options: argparse.Namespace,
    X: Any,
    y: Any,
    error: Any,
    case: Structured | None = None,
) -> list[object]:
    """Errors without and with the profile, distance of the boundary, what was found and kept,
    seconds of the profile, of its layers and of all.
    """
    start = time.monotonic()
    model = kind(preset=options.preset, n_jobs=options.threads, profile="auto").fit(X, y)
    seconds, auto = time.monotonic() - start, error(model)
    layers = [row for row in model.ledger_ if row.stage in LAYERS]
    kept = [row.stage for row in layers if row.kept]
    plain = (
        error(kind(preset=options.preset, n_jobs=options.threads, profile=None).fit(X, y))
        if kept
        else auto
    )
    boundary = boundary_distance(case, X, model.profile_["singularity"]) if case else float("nan")
    found = " + ".join(f.detector for f in model.profile_.findings if f.found)
    looking = next(row.seconds for row in model.ledger_ if row.stage == "profile")
    return [
        plain,
        auto,
        boundary,
        found,
        " + ".join(kept),
        looking,
        sum(row.seconds for row in layers),
        seconds,
    ]


def report(rows: pd.DataFrame) -> str:
    """Structured tables first: ratios of root mean squared errors, geometric means over draws; then
    the real ones.
    """
    lines = [
        "| table | draws | auto / None | wanted | boundary, median | found | kept |",
        "|---|---|---|---|---|---|---|",
    ]
    for case in STRUCTURED:
        part = rows[rows.table == case.name]
        if len(part):
            ratio, near = np.exp(np.log(part.auto / part.plain).mean()), part.boundary.median()
            shown = "–" if np.isnan(near) else f"{near:.3f}"
            counts = [f"{(part[c] != '').sum()} of {len(part)}" for c in ("found", "kept")]
            lines.append(
                f"| {case.name} | {len(part)} | {ratio:.3f} | ≤ {case.wanted:.2f} | "
                f"{shown} | {counts[0]} | {counts[1]} |"
            )
    real = rows[~rows.table.isin([case.name for case in STRUCTURED])]
    if len(real):
        ratios = real.auto / real.plain
        lines += [
            "",
            "| table | None | auto | ratio | found | kept | profile, share of seconds |",
            "|---|---|---|---|---|---|---|",
        ]
        for row, ratio in zip(real.itertuples(), ratios, strict=True):
            share = f"{row.profile_seconds / row.seconds:.0%}"
            lines.append(
                f"| {row.table} | {row.plain:.4f} | {row.auto:.4f} | {ratio:.3f} | "
                f"{row.found or '–'} | {row.kept or '–'} | {share} |"
            )
        lines += [
            "",
            f"{len(real)} real tables: geometric mean "
            f"{np.exp(np.log(ratios).mean()):.4f}, worst {ratios.max():.4f}.",
        ]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
