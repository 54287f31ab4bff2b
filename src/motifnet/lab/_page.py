"""The figures of a folder and their comparisons: one HTML page that needs no network, with images inside, and the same in few lines of Markdown.

Both are made from the files of facts that are there, so that a figure that is run again by itself takes its place among the others.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from motifnet.engine import atomic_file
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
  img { max-width: 100%; height: auto; }
  details { margin-top: 1rem; } summary { cursor: pointer; }
  table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; margin-top: .5rem; }
  th, td { text-align: left; padding: .2rem 1.2rem .2rem 0; border-bottom: 1px solid #eee; } td.number, th.number { text-align: right; }
  .kind { color: #666; font-size: .875rem; margin: -.5rem 0 .5rem; }
  .missed { color: #a32; font-weight: 600; } .met { color: #276a3c; }
</style>
</head>
<body>
<h1>Experiments on what theory says of deep networks</h1>
<p>Each figure is computed, and each comparison with a closed form or rate is listed below it.
Bars and ± are two standard errors over seeds. A comparison is met where its whole interval is within what is allowed; "no effect" is outside of that.
</p>
{% for fact, image in figures %}
<h2 id="{{ fact.name }}">{{ fact.title }}</h2>
<p class="kind">{{ fact.name }}, {{ "quick" if fact.quick else "full" }} run</p>
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
<td class="number">{{ check.shown }}</td>
<td class="number">{{ number(check.expected) }}</td>
<td class="number">{{ check.allowed }}</td>
<td class="number">{{ number(check.no_effect) }}</td>
<td class="{{ 'met' if check.passed else 'missed' }}">{{ "met" if check.passed else "missed" }}</td></tr>
{% endfor %}</table>
</details>
{% endfor %}
</body>
</html>
"""


def write_page(out: Path, names: Iterable[str]) -> Path:
    """lab.html, and lab.md beside it, of those of the figures that are in the folder."""
    from jinja2 import Environment

    facts = [Facts.read(path) for path in (out / f"{name}.json" for name in names) if path.exists()]
    images = [base64.b64encode((out / fact.files[0]).read_bytes()).decode() for fact in facts]
    template = Environment(autoescape=True).from_string(TEMPLATE, globals={"number": _number})
    page = out / "lab.html"
    with atomic_file(page) as temporary:
        temporary.write_text(template.render(figures=list(zip(facts, images, strict=True))), encoding="utf-8")
    with atomic_file(out / "lab.md") as temporary:
        temporary.write_text("\n".join(_summary(facts)) + "\n", encoding="utf-8")
    return page


def _summary(facts: Sequence[Facts]) -> Iterator[str]:
    yield "# Experiments of the lab"
    for fact in facts:
        met = sum(check.passed for check in fact.checks)
        yield f"\n## {fact.title}\n\n{_kind(fact)}: {met} of {len(fact.checks)} comparisons met.\n\n![{fact.title}]({fact.files[0]})\n"
        yield from (f"- {sentence}" for sentence in fact.sentences)
        yield "\n| comparison | measured | theory | allowed | no effect | |\n|---|---|---|---|---|---|"
        for check in fact.checks:
            cells = (check.what.replace("|", "\\|"), check.shown, _number(check.expected), check.allowed, _number(check.no_effect))
            yield f"| {' | '.join(cells)} | {'met' if check.passed else '**missed**'} |"


def _kind(fact: Facts) -> str:
    return f"{fact.name}, {'quick' if fact.quick else 'full'} run"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
