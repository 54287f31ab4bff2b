"""The facts as titles, paragraphs and tables: what Markdown and text are made from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Facts = dict[str, Any]


@dataclass(frozen=True)
class Section:
    """`rows` under `heads`; columns of `right` are numbers."""

    title: str
    paragraphs: tuple[str, ...] = ()
    heads: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    right: tuple[int, ...] = ()


def sections(facts: Facts) -> Iterator[Section]:
    """The report in order; a section without content is left out."""
    verdict = facts["verdict"]
    yield Section("Verdict", tuple(verdict["sentences"]), ("", ""), tuple(map(tuple, verdict["table"])))
    network = facts["network"]
    size = f"depth {network['depth']}, {network['parameters']:,} parameters ({network['nonzeros']:,} not zero), {network['inputs']} columns in"
    yield Section("Network", (facts["summary"], size, facts["certificate"]["text"]))
    yield Section(f"Stages of the fit ({facts['error_unit']})", *_ledger(facts))
    if facts["importances"]:
        yield Section("Columns", *_importances(facts))
    if facts["interactions"]:
        pairs = tuple((p["first"], p["second"], _pm(p["share"])) for p in facts["interactions"][:10])
        yield Section("Interactions", (), ("column", "and", "share of variance"), pairs, (2,))
    if facts["groups"]:
        yield Section("Errors by group", (f"Errors {facts['origin']}.",), *_groups(facts))
    if facts["calibration"] and facts["calibration"]["coverage"]:
        rows = tuple((f"{level:.0%}", f"{share:.1%}") for level, share in facts["calibration"]["coverage"])
        yield Section("Coverage", (), ("asked for", "observed"), rows, (0, 1))
    if facts["leakage"]:
        yield Section("To look at", tuple(f"{sign['found']}. {sign['advice']}" for sign in facts["leakage"]))
    if facts["findings"]:
        yield Section("Findings", (), ("detector", "verdict", ""), tuple((f["detector"], f["verdict"], f["sentence"]) for f in facts["findings"]))
    again = facts["reproduce"]
    versions = ", ".join(f"{name} {number}" for name, number in again["versions"].items())
    yield Section("How to repeat it", (again["command"], versions, facts["privacy"]))


def _ledger(facts: Facts) -> tuple[Any, ...]:
    rows = tuple(
        (r["stage"], f"{r['seconds']:.2f}", number(r["error"]), f"{r['parameters']:,}", "yes" if r["kept"] else "no", r["note"])
        for r in facts["ledger"]
    )
    return (), ("stage", "seconds", "error", "parameters", "kept", ""), rows, (1, 2, 3)


def _importances(facts: Facts) -> tuple[Any, ...]:
    rows = tuple((i["column"], _pm(i["permutation"]), _pm(i["sensitivity"])) for i in facts["importances"])
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


def _pm(share: Facts | None) -> str:
    return "–" if share is None else f"{share['value']:.3f} ± {share['error']:.3f}"
