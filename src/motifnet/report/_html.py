"""The report as one HTML page: no script, no network, one style that its policy names by its hash; light and dark as the reader's system has it."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from typing import Any

from markupsafe import Markup

from motifnet.report import _charts, _drawing
from motifnet.report._sections import number, percent

Facts = dict[str, Any]


def html(facts: Facts) -> str:
    """The whole page."""
    from jinja2 import Environment

    folder = files("motifnet.report")
    style = folder.joinpath("page.css").read_text(encoding="utf-8")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"number": number, "percent": percent}
    template = environment.from_string(folder.joinpath("page.html").read_text(encoding="utf-8"))
    pictures = {
        "effects": _charts.effects(facts),
        "importances": _charts.importances(facts),
        "groups": _charts.groups(facts),
        "calibration": [
            ("Predicted against observed; the line joins the means of ten equal parts", _charts.predictions(facts)),
            ("Predicted probability against the share observed, with 95 % intervals", _charts.reliability(facts)),
            ("Share of observations inside, by the share asked for", _charts.coverage(facts)),
            ("Coverage where predictions are small and large, with the range of chance", _charts.coverage_by_prediction(facts)),
        ],
    }
    return template.render(
        facts=facts,
        style=Markup(style),
        policy=f"default-src 'none'; style-src 'sha256-{_hash(style)}'; base-uri 'none'; form-action 'none'",
        pictures=pictures,
        network=_network(facts),
        effect_words=_charts.effect_words(facts),
    )


def _hash(style: str) -> str:
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


def _network(facts: Facts) -> Facts:
    """Each branch with its picture, and what comes after them."""
    tree = facts["network"]["tree"]
    branches, after = _drawing.branches_of(tree)
    widest = _drawing.widest_of(tree)
    shown = [
        {
            "weight": branch["weight"],
            "label": _drawing.label_of(branch),
            "count": _drawing.count_of(branch),
            "picture": _drawing.drawing(branch, facts["network"]["inputs"], widest),
        }
        for branch in branches
    ]
    return {"branches": shown, "after": after}
