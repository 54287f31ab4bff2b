"""The figures and their checks as one HTML page that needs no network: images are inside."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path

from motifnet.lab._facts import Facts

TEMPLATE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>motifnet lab</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; color: #222; background: #fff; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
  h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin-top: 3rem; border-top: 1px solid #ddd; padding-top: 1rem; }
  img { width: 100%; height: auto; }
  details { margin-top: 1rem; } summary { cursor: pointer; }
  table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; margin-top: .5rem; }
  th, td { text-align: left; padding: .2rem 1.2rem .2rem 0; border-bottom: 1px solid #eee; } td.number, th.number { text-align: right; }
  .missed { color: #a32; font-weight: 600; } .met { color: #276a3c; }
</style>
</head>
<body>
<h1>Experiments on what theory says of deep networks</h1>
<p>{{ "Quick runs" if quick else "Full runs" }}; each figure is computed, and each comparison with a closed form or rate is listed below it.
Bars and ± are two standard errors over seeds. A comparison is met where its whole interval is within what is allowed; "no effect" is outside of that.
</p>
{% for fact, image in figures %}
<h2 id="{{ fact.name }}">{{ fact.title }}</h2>
<img src="data:image/svg+xml;base64,{{ image }}" alt="{{ fact.title }}">
{% for sentence in fact.sentences %}<p>{{ sentence }}</p>
{% endfor %}
{% set met = fact.checks | selectattr("passed") | list | length %}
<details{% if not fact.passed %} open{% endif %}>
<summary class="{{ 'met' if fact.passed else 'missed' }}">{{ met }} of {{ fact.checks | length }} comparisons with theory are met</summary>
<table>
<tr><th>comparison</th><th class="number">measured</th><th class="number">theory</th>
<th class="number">allowed</th><th class="number">no effect</th><th></th></tr>
{% for check in fact.checks %}<tr><td>{{ check.what }}</td>
<td class="number">{{ "%.4g" | format(check.measured) }}{% if check.error %} ± {{ "%.2g" | format(2 * check.error) }}{% endif %}</td>
<td class="number">{{ number(check.expected) }}</td>
<td class="number">{{ "%.4g" | format(check.low) }} to {{ "%.4g" | format(check.high) }}</td>
<td class="number">{{ number(check.no_effect) }}</td>
<td class="{{ 'met' if check.passed else 'missed' }}">{{ "met" if check.passed else "missed" }}</td></tr>
{% endfor %}</table>
</details>
{% endfor %}
</body>
</html>
"""


def write_page(facts: Sequence[Facts], out: Path) -> Path:
    """lab.html in the folder that holds the figures."""
    from jinja2 import Environment

    images = [base64.b64encode((out / fact.files[0]).read_bytes()).decode() for fact in facts]
    page = out / "lab.html"
    template = Environment(autoescape=True).from_string(TEMPLATE, globals={"number": _number})
    page.write_text(template.render(figures=list(zip(facts, images, strict=True)), quick=facts[0].quick), encoding="utf-8")
    return page


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
