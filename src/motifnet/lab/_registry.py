"""The figures of the lab, one line a figure, and the page that shows those of a folder.

The page is one HTML file that needs no network, with images inside. A short version in Markdown is
written next to it. Both are made from the files of facts in the folder, so that a figure that runs
again takes its place among the others.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from motifnet.engine import UsageError, atomic_file
from motifnet.lab import (
    _density,
    _fig1,
    _fig2,
    _fig3,
    _fig4,
    _fig5,
    _fig6,
    _fig7,
    _fig8,
    _functional,
    _moments,
    _synthetic,
    _trajectories,
)
from motifnet.lab._figure import Facts

FIGURES: dict[str, Callable[[bool, Path], Facts]] = {
    "fig1": _fig1.run,
    "fig2": _fig2.run,
    "fig3": _fig3.run,
    "fig4": _fig4.run,
    "fig5": _fig5.run,
    "fig6": _fig6.run,
    "fig7": _fig7.run,
    "fig8": _fig8.run,
    "functional": _functional.run,
    "moments": _moments.run,
    "density": _density.run,
    "trajectories": _trajectories.run,
    "synthetic": _synthetic.run,
}


def figures(name: str) -> dict[str, Callable[[bool, Path], Facts]]:
    """The figure of this name, or all of them."""
    if name == "all":
        return FIGURES
    if name not in FIGURES:
        raise UsageError(f"There is no figure {name!r}. Use one of {', '.join(FIGURES)}, or all.")
    return {name: FIGURES[name]}


TEMPLATE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>motifnet lab</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; color: #222; background: #fff; }
  body { max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
  h1 { font-size: 1.5rem; }
  h2 { font-size: 1.2rem; margin-top: 3rem; border-top: 1px solid #ddd; padding-top: 1rem; }
  img { max-width: 100%; height: auto; }
  details { margin-top: 1rem; } summary { cursor: pointer; }
  table { border-collapse: collapse; font-size: .875rem; margin-top: .5rem; }
  table { font-variant-numeric: tabular-nums; }
  th, td { text-align: left; padding: .2rem 1.2rem .2rem 0; border-bottom: 1px solid #eee; }
  td.number, th.number { text-align: right; }
  .kind { color: #666; font-size: .875rem; margin: -.5rem 0 .5rem; }
  .missed { color: #a32; font-weight: 600; } .met { color: #276a3c; }
</style>
</head>
<body>
<h1>Experiments on what theory says of deep networks</h1>
<p>Each figure is computed, and each comparison with a closed form or rate is listed below it.
Bars and ± are two standard errors over seeds. A comparison is met where its whole interval is
within what is allowed; "no effect" is outside of that.
</p>
{% for fact, image in figures %}
<h2 id="{{ fact.name }}">{{ fact.title }}</h2>
<p class="kind">{{ fact.name }}, {{ "quick" if fact.quick else "full" }} run</p>
<img src="data:image/svg+xml;base64,{{ image }}" alt="{{ fact.title }}">
{% for sentence in fact.sentences %}<p>{{ sentence }}</p>
{% endfor %}
{% set met = fact.checks | selectattr("passed") | list | length %}
<details{% if not fact.passed %} open{% endif %}>
<summary class="{{ 'met' if fact.passed else 'missed' }}">
{{ met }} of {{ fact.checks | length }} comparisons with theory are met</summary>
<table>
<tr><th>comparison</th><th class="number">measured</th><th class="number">theory</th>
<th class="number">allowed</th><th class="number">no effect</th><th></th></tr>
{% for check in fact.checks %}<tr><td>{{ check.what }}</td>
<td class="number">{{ check.shown }}</td>
<td class="number">{{ number(check.expected) }}</td>
<td class="number">{{ check.allowed }}</td>
<td class="number">{{ number(check.no_effect) }}</td>
<td class="{{ 'met' if check.passed else 'missed' }}">
{{- "met" if check.passed else "missed" }}</td></tr>
{% endfor %}</table>
</details>
{% endfor %}
</body>
</html>
"""


def write_page(out: Path, names: Iterable[str]) -> Path:
    """Write lab.html and lab.md, of the figures that are in the folder; the path of lab.html."""
    from jinja2 import Environment

    facts = [Facts.read(path) for path in (out / f"{name}.json" for name in names) if path.exists()]
    images = [base64.b64encode((out / fact.files[0]).read_bytes()).decode() for fact in facts]
    template = Environment(autoescape=True).from_string(TEMPLATE, globals={"number": _number})
    page = out / "lab.html"
    with atomic_file(page) as temporary:
        temporary.write_text(
            template.render(figures=list(zip(facts, images, strict=True))), encoding="utf-8"
        )
    with atomic_file(out / "lab.md") as temporary:
        temporary.write_text("\n".join(_summary(facts)) + "\n", encoding="utf-8")
    return page


def _summary(facts: Sequence[Facts]) -> Iterator[str]:
    yield "# Experiments of the lab"
    for fact in facts:
        met = sum(check.passed for check in fact.checks)
        yield f"\n## {fact.title}\n"
        yield f"{_kind(fact)}: {met} of {len(fact.checks)} comparisons met.\n"
        yield f"![{fact.title}]({fact.files[0]})\n"
        yield from (f"- {sentence}" for sentence in fact.sentences)
        yield "\n| comparison | measured | theory | allowed | no effect | |"
        yield "|---|---|---|---|---|---|"
        for check in fact.checks:
            cells = (
                check.what.replace("|", "\\|"),
                check.shown,
                _number(check.expected),
                check.allowed,
                _number(check.no_effect),
            )
            yield f"| {' | '.join(cells)} | {'met' if check.passed else '**missed**'} |"


def _kind(fact: Facts) -> str:
    return f"{fact.name}, {'quick' if fact.quick else 'full'} run"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
