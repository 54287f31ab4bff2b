"""What a fitted model is, in sentences that several places say: summary, columns, privacy."""

from __future__ import annotations

from motifnet.bundle import FittedModel
from motifnet.motifs import Distance


def summary(model: FittedModel) -> str:
    """What the model predicts, and what it was fitted by."""
    info = model.info
    rows = f"{info.get('rows', 0):,} rows"
    classes = "" if model.classes is None else f", classes {', '.join(map(str, model.classes))}"
    early = " It was ended early." if info.get("stopped_early") else ""
    objective = model.info.get("objective", "squared")
    kind = model.task if objective == "squared" else f"{objective} {model.task}"
    return (
        f"{kind} of {', '.join(model.targets)}{classes}; fitted to {rows} by motifnet {info.get('motifnet', '?')}, "
        f"preset {info.get('preset', '?')}, seed {info.get('seed', '?')}.{early}"
    )


def inputs(model: FittedModel) -> list[tuple[str, str, str]]:
    """Each column with its kind and the names under which the network sees it."""
    encoded = {feature.name: feature.names for feature in model.encoder.features}
    return [(name, kind, _listed(encoded.get(name, ()))) for name, kind in zip(model.schema.names, model.schema.kinds, strict=True)]


def privacy(model: FittedModel) -> str:
    """What of the table is in the model."""
    rows = max((len(part.centres) for part in model.network.modules() if isinstance(part, Distance)), default=0)
    levels = "Levels of text columns, and minima, maxima and means, are in the file. "
    if not rows:
        return levels + "No row of the table is."
    if model.info.get("compressed"):
        return levels + f"No row of the table is: the {rows:,} centres of the network are trained points; some may lie near rows."
    return levels + f"So are {rows:,} rows of the table, encoded, as centres of the network: give the file only to those who may see the table."


def _listed(names: tuple[str, ...], most: int = 6) -> str:
    if not names:
        return "not used (constant)"
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
