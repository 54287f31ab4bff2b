"""The report of a fitted model: one dict of facts, shown as HTML, Markdown, JSON or text.

The HTML page runs no script and needs no network. It has one style, which its policy names by a
hash, and it is light or dark like the reader's system. Its template is `page.html`, its style is
`page.css`. Markdown and text have the same sections of titles, paragraphs and tables.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

from markupsafe import Markup

from motifnet.engine import FileError, UsageError, aligned, atomic_file, suffix_of
from motifnet.model import FittedModel
from motifnet.model.explain import Evidence, Share
from motifnet.model.report import _charts, _drawing
from motifnet.model.report._facts import collect, visible
from motifnet.model.report._words import Facts
from motifnet.structure import Profile

LINE, CELL = 110, 60  # columns of text, and of one cell of a table
VISIBLE = 0.0005  # a share that is not 0.000


@dataclass(frozen=True, repr=False)
class Report:
    """The report of a model, as its method `report` returns it.

    Attributes
    ----------
    facts : dict
        Plain JSON with everything that is shown.

    Examples
    --------
    Here `model` is a fitted `MotifRegressor`.

    >>> report = model.report("report.html")
    >>> report.html()[:15]
    '<!doctype html>'
    >>> print(str(report).splitlines()[0])
    VERDICT
    """

    facts: Facts

    def html(self) -> str:
        """One HTML page that needs no network and runs no script."""
        return html(visible(self.facts))

    def markdown(self) -> str:
        """The same facts as Markdown."""
        return markdown(visible(self.facts))

    def json(self) -> str:
        """The facts themselves."""
        text = json.dumps(self.facts, indent=1, ensure_ascii=False, allow_nan=False)
        return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)

    def __repr__(self) -> str:
        return f"Report of {', '.join(self.facts['targets'])}; print() shows it, write() keeps it"

    def __str__(self) -> str:
        return plain_text(visible(self.facts))

    def _repr_html_(self) -> str:
        # in a frame of its own, so that neither style reaches the other
        return (
            f'<iframe srcdoc="{escape(self.html())}" sandbox width="100%" height="640" '
            'frameborder="0" title="report"></iframe>'
        )

    def write(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write to a file; no file is ever half written.

        Parameters
        ----------
        path : str or Path
            HTML, Markdown or JSON by its suffix (.html, .md, .json).
        overwrite : bool, default False
            Whether an existing file is replaced.

        Raises
        ------
        UsageError, FileError
            For another suffix, a file that exists without `overwrite`, and no folder to write to.
        """
        form = FORMS[check_target(path, overwrite=overwrite)]
        with atomic_file(path) as temporary:
            temporary.write_text(form(self), encoding="utf-8")


FORMS: dict[str, Callable[[Report], str]] = {
    ".html": Report.html,
    ".md": Report.markdown,
    ".json": Report.json,
}


def check_target(path: str | Path, *, overwrite: bool) -> str:
    """The suffix of a path that a report may be written to.

    Raises an error for another suffix, without a folder, or for a file that would be replaced.
    """
    suffix, target = suffix_of(path, FORMS), Path(os.path.realpath(path))
    if target.is_dir() or not target.parent.is_dir():
        reason = "Is a directory" if target.is_dir() else "No such file or directory"
        raise FileError(
            f"{str(path)!r} cannot be written: {reason}. Give a path in a folder that "
            "exists, is writable and has room."
        )
    if target.exists() and not overwrite:
        raise UsageError(
            f"{str(path)!r} exists already. Pass overwrite=True to replace it, or another path."
        )
    return suffix


def make_report(
    model: FittedModel, evidence: Evidence | None, *, profile: Profile | None = None
) -> Report:
    """The report of a model; without rows it has no effects and no errors by group."""
    return Report(collect(model, evidence, profile))


def html(facts: Facts) -> str:
    """The whole page."""
    from jinja2 import Environment

    template_text = files("motifnet.model.report").joinpath("page.html").read_text(encoding="utf-8")
    style, policy = page_style()
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"number": number, "percent": percent}
    template = environment.from_string(template_text)
    pictures = {
        "effects": _charts.effects(facts),
        "importances": _charts.importances(facts),
        "groups": _charts.groups(facts),
        "calibration": [
            (
                "Predicted against observed; the line joins the means of ten equal parts",
                _charts.predictions(facts),
            ),
            (
                "Predicted probability against the observed share, with 95 % intervals",
                _charts.reliability(facts),
            ),
            ("Share of observations inside, by requested coverage", _charts.coverage(facts)),
            (
                "Coverage where predictions are small and large, with the range of chance",
                _charts.coverage_by_prediction(facts),
            ),
            (
                "PIT histogram: observations in tenths of their predictive distributions, with the "
                "range of chance",
                _charts.pit_histogram(facts),
            ),
            (
                "Predictive distributions of rows in the order of their medians: 50, 80 and 95 % "
                "bands, and the observations",
                _charts.fan(facts),
            ),
            (
                "Predictive densities of a row with a small, a middle and a large prediction; the "
                "short lines are the observations",
                _charts.densities(facts),
            ),
        ],
    }
    return template.render(
        pairs=_pairs(facts),
        facts=facts,
        style=style,
        policy=policy,
        pictures=pictures,
        network=_network(facts),
        effect_words=_charts.effect_words(facts),
    )


def page_style() -> tuple[Markup, str]:
    """The style of pages, and the policy that allows it and nothing else."""
    style = files("motifnet.model.report").joinpath("page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    return Markup(style), policy


def _network(facts: Facts) -> Facts:
    """Each branch with its picture, and the layers after them."""
    tree = facts["network"]["tree"]
    branches, after = _drawing.branches_of(tree)
    widest = _drawing.widest_of(tree)
    shown = [
        {
            "weight": branch["weight"],
            "label": _drawing.label_of(branch),
            "count": _drawing.count_of(branch),
            "across": _drawing.columns_of(branch["body"]) > 2,
            "picture": _drawing.drawing(branch, facts["network"]["inputs"], widest),
        }
        for branch in branches
    ]
    return {"branches": shown, "after": after}


def markdown(facts: Facts) -> str:
    """GitHub's Markdown, in which strings of the table are no markup."""
    lines = [f"# {_escaped(', '.join(facts['targets']))}", ""]
    for section in sections(facts):
        lines += [
            f"## {_escaped(section.title)}",
            "",
            *(part for p in section.paragraphs for part in (_escaped(p), "")),
        ]
        if section.rows:
            lines += [
                _row(section.heads),
                _row(
                    ["---:" if i in section.right else "---" for i in range(len(section.heads))],
                    raw=True,
                ),
            ]
            lines += [*(_row(row) for row in section.rows), ""]
    return "\n".join(lines)


def _row(cells: Any, raw: bool = False) -> str:
    return "| " + " | ".join(cell if raw else _escaped(cell) for cell in cells) + " |"


def _escaped(words: str) -> str:
    line = " ".join(words.split())
    line = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_{}\[\]()#+!|~])", r"\\\1", line)


def plain_text(facts: Facts) -> str:
    """Lines of text, with aligned tables."""
    return "\n".join(line for section in sections(facts) for line in _lines(section)).rstrip()


def _lines(section: Section) -> list[str]:
    lines = [section.title.upper()]
    lines += [part for p in section.paragraphs for part in textwrap.wrap(p, LINE)]
    if section.rows:
        rows = [[_cut(cell) for cell in row] for row in (section.heads, *section.rows) if any(row)]
        lines += aligned(rows, section.right)
    return [*lines, ""]


def _cut(cell: str) -> str:
    line = " ".join(cell.split())
    return line if len(line) <= CELL else line[: CELL - 1] + "…"


@dataclass(frozen=True)
class Section:
    """Paragraphs and a table: `rows` under `heads`; the columns `right` are numbers."""

    title: str
    paragraphs: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    right: tuple[int, ...] = ()


def sections(facts: Facts) -> Iterator[Section]:
    """The sections in order, without empty ones."""
    verdict = facts["verdict"]
    yield Section(
        "Verdict", tuple(verdict["sentences"]), ("", ""), tuple(map(tuple, verdict["table"]))
    )
    network = facts["network"]
    size = (
        f"depth {network['depth']}, {network['parameters']:,} parameters "
        f"({network['nonzeros']:,} not zero), {network['inputs']} input columns"
    )
    yield Section("Network", (facts["summary"], size, facts["certificate"]["text"]))
    yield Section(f"Stages of the fit ({facts['error_unit']})", *_ledger(facts))
    if facts["importances"]:
        yield Section("Columns", *_importances(facts))
    if facts["interactions"]:
        pairs = tuple((p["first"], p["second"], _share(p["share"])) for p in _pairs(facts)[:10])
        yield Section("Interactions", (), ("column", "and", "share of variance"), pairs, (2,))
    if facts["groups"]:
        yield Section("Errors by group", (f"Errors {facts['origin']}.",), *_groups(facts))
    if facts["calibration"] and facts["calibration"]["coverage"]:
        rows = tuple(
            (f"{level:.0%}", f"{share:.1%}") for level, share in facts["calibration"]["coverage"]
        )
        yield Section("Coverage", (), ("requested", "observed"), rows, (0, 1))
    if facts["leakage"]:
        yield Section(
            "To look at", tuple(f"{sign['found']}. {sign['advice']}" for sign in facts["leakage"])
        )
    if facts["findings"]:
        yield Section(
            "Findings",
            (),
            ("detector", "verdict", ""),
            tuple((f["detector"], f["verdict"], f["sentence"]) for f in facts["findings"]),
        )
    again = facts["reproduce"]
    versions = ", ".join(f"{name} {number}" for name, number in again["versions"].items())
    yield Section("How to repeat it", (again["command"], versions, facts["privacy"]))


def _pairs(facts: Facts) -> list[Facts]:
    """The strongest pair of columns, and all whose share is not 0.000."""
    pairs: list[Facts] = facts["interactions"]
    return [pair for k, pair in enumerate(pairs) if k == 0 or pair["share"]["value"] >= VISIBLE]


def _ledger(facts: Facts) -> tuple[Any, ...]:
    rows = tuple(
        (
            r["stage"],
            f"{r['seconds']:.2f}",
            number(r["error"]),
            f"{r['parameters']:,}",
            # the profile is no model that could be kept
            "" if r["stage"] == "profile" else "yes" if r["kept"] else "no",
            r["note"],
        )
        for r in facts["ledger"]
    )
    return (), ("stage", "seconds", "error", "parameters", "kept", ""), rows, (1, 2, 3)


def _importances(facts: Facts) -> tuple[Any, ...]:
    found = facts["importances"]
    if all(i["permutation"] is None for i in found):
        note = "The importance of a column by held-out errors needs --data with the target."
        shares = tuple((i["column"], _share(i["sensitivity"])) for i in found)
        return (note,), ("column", "share of variance"), shares, (1,)
    rows = tuple((i["column"], _share(i["permutation"]), _share(i["sensitivity"])) for i in found)
    return (), ("column", "importance", "share of variance"), rows, (1, 2)


def _groups(facts: Facts) -> tuple[Any, ...]:
    rows = tuple(
        (
            g["column"],
            g["label"],
            f"{g['rows']:,}",
            f"{g['error']:.4g}",
            f"{g['ratio']:.2f}",
            percent(g["coverage"]),
            "worse" if g["worse"] else "",
        )
        for g in facts["groups"]
    )
    return ("column", "group", "rows", "error", "times all", "coverage", ""), rows, (2, 3, 4, 5)


def number(value: float | None, digits: int = 4) -> str:
    """A number, or a dash."""
    return "–" if value is None else f"{value:.{digits}f}"


def percent(value: float | None) -> str:
    """A share, or a dash."""
    return "–" if value is None else f"{value:.1%}"


def _share(share: Facts | None) -> str:
    return "–" if share is None else str(Share(**share))
