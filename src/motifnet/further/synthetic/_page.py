"""The HTML page of a report: self-contained, with the style and the axes of all pages."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

from motifnet.engine import Matrix
from motifnet.further.synthetic._fidelity import LEVEL, Fidelity
from motifnet.further.synthetic._privacy import Privacy
from motifnet.further.synthetic._utility import number

if TYPE_CHECKING:
    from motifnet.further.synthetic._report import SyntheticReport

_MAX_POINTS = 400  # of a curve


def page(report: SyntheticReport) -> str:
    """The whole page."""
    from jinja2 import Environment

    from motifnet.model.report import page_style

    fidelity, utility, privacy = report.fidelity, report.utility, report.privacy
    style, policy = page_style()
    text = files("motifnet.further.synthetic").joinpath("page.html").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    unknown = utility.pvalue is None
    questions = [
        ("fidelity", f"{fidelity.pvalue:.2g}", "fidelity" in report.alarms),
        (
            "utility",
            "–" if utility.pvalue is None else f"{utility.pvalue:.2g}",
            None if unknown else utility.worse,
        ),
        ("privacy", f"{privacy.pvalue:.2g}", privacy.copied),
    ]
    return environment.from_string(text).render(
        report=report,
        fidelity=fidelity,
        utility=utility,
        privacy=privacy,
        style=style,
        policy=policy,
        questions=questions,
        number=number,
        cells=fidelity.cells(),
        differing=sum(p <= LEVEL for p in fidelity.corrected),
        pictures={"distance": _distance(fidelity), "nearness": _nearness(privacy)},
    )


def _distance(fidelity: Fidelity) -> Markup:
    """The distribution function of the distance under random assignments, and the distance."""
    from motifnet.model.report import Plot

    xs, ys = _steps(np.sort(np.maximum(fidelity.null_distribution, 0.0)))
    end = 1.1 * max(float(xs.max()), fidelity.distance, 1e-6)
    plot = Plot("Distance of all columns, and by chance", (0.0, end), (0.0, 1.0), "distance")
    plot.line([0.0, *xs, end], [0.0, *ys, 1.0], "line")
    plot.line([fidelity.distance] * 2, [0.0, 1.0], "line c1")
    return plot.render()


def _nearness(privacy: Privacy) -> Markup:
    """The distribution functions of the relative distance."""
    from motifnet.model.report import Plot

    label = "distance to the nearest / to the next real row"
    plot = Plot("Relative distance to the nearest real row", (0.0, 1.0), (0.0, 1.0), label)
    for values, colour in ((privacy.relative_by_chance, "line"), (privacy.relative, "line c1")):
        xs, ys = _steps(values)
        plot.line([0.0, *xs, 1.0], [0.0, *ys, 1.0], colour)
    return plot.render()


def _steps(values: Matrix) -> tuple[Matrix, Matrix]:
    """Corners of the distribution function of ascending values, not all of them where they are
    many.
    """
    n = len(values)
    ranks = np.unique(np.linspace(0, n - 1, min(n, _MAX_POINTS)).astype(np.int64))
    xs, shares = values[ranks], (ranks + 1) / n
    before = np.concatenate([[0.0], shares[:-1]])
    return np.repeat(xs, 2), np.stack([before, shares], 1).ravel()
