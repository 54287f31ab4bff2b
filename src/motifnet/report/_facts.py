"""The facts of a report: one dict of plain JSON, from which HTML, Markdown, JSON and text are made, and nothing else."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from motifnet.bundle import FittedModel
from motifnet.engine import printable
from motifnet.explain import Evidence, Explanation, explain
from motifnet.profiling import Profile
from motifnet.report._anatomy import anatomy
from motifnet.report._calibration import calibrated
from motifnet.report._reproduce import reproduce
from motifnet.report._verdict import ORIGINS, verdict
from motifnet.report._words import inputs, privacy, summary

VERSION = 1
Facts = dict[str, Any]


def collect(model: FittedModel, evidence: Evidence | None, profile: Profile | None) -> Facts:
    """The facts of a model, of what its rows say where there are some, and of its profile where there is one."""
    facts: Facts = {
        "version": VERSION,
        "summary": summary(model),
        "task": model.task,
        "targets": list(model.targets),
        "classes": None if model.classes is None else [str(name) for name in model.classes],
        "rows": int(model.info.get("rows", 0)),
        "columns": len(model.schema.names),
        "inputs": [list(row) for row in inputs(model)],
        "network": {"inputs": model.d, **_size(model), "tree": anatomy(model.network, model.d)},
        "ledger": [row.as_dict() for row in model.ledger],
        "error_unit": model.error_unit,
        "certificate": {**model.certificate.as_dict(), "text": str(model.certificate)},
        "findings": None if profile is None else [finding.to_dict() for finding in profile.findings],
        "privacy": privacy(model),
        "reproduce": reproduce(model),
        **_of_rows(model, evidence),
    }
    return finite({"verdict": verdict(facts), **facts})


def _size(model: FittedModel) -> Facts:
    card = model.card.as_dict()
    return {key: card[key] for key in ("depth", "parameters", "nonzeros")}


def _of_rows(model: FittedModel, evidence: Evidence | None) -> Facts:
    """What needs rows; empty where there are none."""
    if evidence is None:
        nothing: Facts = {key: [] for key in ("outputs", "effects", "importances", "interactions", "groups", "leakage")}
        return {**nothing, "origin": "not known: pass a table", "judged_by": None, "novelty": None, "calibration": None}
    found = explain(model, evidence)
    return {
        "origin": ORIGINS[evidence.origin],
        "judged_by": "the fold networks of the first trained kernel" if evidence.origin == "out of fold" else "the network",
        "outputs": list(found.outputs),
        "effects": [effect.to_dict() for effect in found.effects],
        "importances": [asdict(importance) for importance in found.importances],
        "interactions": [asdict(pair) for pair in found.interactions],
        "groups": [group.to_dict() for group in found.groups],
        "leakage": found.leakage.found,
        "novelty": _novelty(found),
        "calibration": calibrated(evidence, len(model.classes or ())),
    }


def _novelty(found: Explanation) -> Facts | None:
    rows = found.rows
    if rows is None:
        return None
    return {"outside": int(rows.extrapolates.sum()), "duplicates": int(rows.duplicates.sum()), "rows": len(rows.value)}


def visible(value: Any) -> Any:
    """The facts with control characters of names and levels written out."""
    if isinstance(value, dict):
        return {key: visible(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [visible(item) for item in value]
    return printable(value) if isinstance(value, str) else value


def finite(value: Any) -> Any:
    """The value with None in place of numbers that JSON cannot hold."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not abs(value) < float("inf") else value
