"""What a notebook shows of a fitted estimator, and the picture of its calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from motifnet.engine import UsageError
from motifnet.model import FittedModel
from motifnet.model.explain import Evidence, outputs_of
from motifnet.model.report._facts import MIN_ROWS, calibrated
from motifnet.model.report._report import make_report
from motifnet.model.report._words import summary
from motifnet.plots import Axes, Observed, draw_calibration, html_block, html_table
from motifnet.stacking import Score
from motifnet.structure import Profile
from motifnet.tables import as_target


def fitted_html(
    model: FittedModel, scores: Mapping[str, Sequence[Score]], profile: Profile | None
) -> str:
    """Summary, held-out scores by target, the network in a sentence, and next steps."""
    built = make_report(model, None, profile=profile).facts["verdict"]["sentences"][1]
    table = html_table(
        ("on held-out rows", ""),
        [(name, ", ".join(map(str, found))) for name, found in scores.items()],
    )
    found = [f.sentence for f in (profile.findings if profile else ()) if f.found]
    steps = "report() has errors by group and calibration, ledger_ the stages."
    return html_block("Fitted", [summary(model), built, *found, steps], table)


def show_calibration(model: FittedModel, evidence: Evidence, y: Any, ax: Any = None) -> Axes:
    """Draw predicted probabilities, quantiles and intervals against observed shares.

    Raises UsageError where fewer than `MIN_ROWS` rows are scored.
    """
    target = ", ".join(model.targets)
    if len(model.columns) > len(model.targets):
        return _of_quantiles(model, evidence, y, ax)
    found = calibrated(evidence, len(model.classes or ()))
    if found is None or (model.classes is None and not found["coverage"]):
        raise UsageError(_why_not(model, evidence))
    if model.classes is not None:
        curve = np.array(found["reliability"])
        names = outputs_of(model)
        event = f"share of {names[1]}" if len(names) == 2 else "share of right classes"
        return draw_calibration(
            [Observed("", *curve.T)],
            ax,
            x_label="predicted probability" + " of the chosen class" * (len(names) > 2),
            y_label=f"observed {event}",
            title=f"{target}: {found['rows']:,} held-out rows, ECE {found['ece']:.3f}",
        )
    levels, shares = np.array(found["coverage"]).T
    series = [Observed("intervals", levels, shares, np.full(len(levels), found["rows"]))]
    law = found["distribution"]
    if law is not None:
        bins = len(law["pit"])
        below = np.cumsum(law["pit"])[:-1]
        at = np.arange(1, bins) / bins
        name = "quantiles" + f" of {model.targets[0]}" * (len(model.targets) > 1)
        series.append(Observed(name, at, below, np.full(bins - 1, law["rows"])))
    return draw_calibration(
        series,
        ax,
        x_label="requested share",
        y_label="observed share",
        title=f"{target}: {found['rows']:,} held-out rows",
    )


def _of_quantiles(model: FittedModel, evidence: Evidence, y: Any, ax: Any) -> Axes:
    """The share of observations below each predicted quantile."""
    if evidence.table is None or y is None:
        raise UsageError(
            "A fit of several quantiles keeps no scored rows. Pass X and y, rows that were not in "
            "the fit."
        )
    n, levels = evidence.table.n, np.array(model.info.quantiles)
    values = as_target(y, n, "regression").values
    below = values[:, :, None] <= model.predict(evidence.table).reshape(n, -1, len(levels))
    series = [
        Observed(name * (len(model.targets) > 1), levels, share, np.full(len(levels), n))
        for name, share in zip(model.targets, below.mean(0), strict=True)
    ]
    return draw_calibration(
        series,
        ax,
        x_label="level of the quantile",
        y_label="observed share below it",
        title=f"{', '.join(model.targets)}: {n:,} rows",
    )


def _why_not(model: FittedModel, evidence: Evidence) -> str:
    """A sentence on what is missing, and the next step."""
    scored = int(evidence.scored.sum())
    if scored >= MIN_ROWS:
        return (
            "This model gives no intervals, so that there is nothing to calibrate: it was "
            "compressed, or is of an early version. Ask the full model."
        )
    return (
        f"Calibration needs {MIN_ROWS} rows with a target that were not in the fit, and there are "
        f"{scored}. Pass such rows as X and y."
    )
