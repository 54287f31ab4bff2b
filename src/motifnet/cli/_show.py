"""motifnet show: what a model file holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from motifnet.cli._guard import guarded
from motifnet.cli._options import Debug, Model
from motifnet.cli._text import say, say_ledger, say_table

if TYPE_CHECKING:
    from motifnet.bundle import FittedModel


@guarded
def show(model: Model, debug: Debug = False) -> None:
    """Describe a model: columns, stages of the fit, architecture, exactness, privacy.

    [bold]motifnet show houses.motif[/bold]
    """
    from motifnet.bundle import load_model

    fitted = load_model(model)
    say(model.name, style="bold")
    say(_summary(fitted))
    _title(f"Stages of the fit ({fitted.error_unit})")
    say_ledger(fitted.ledger)
    _title("Network")
    say(fitted.card)
    _title("Network against the model that it was computed from")
    say(fitted.certificate)
    _title("Columns")
    say_table(("name", "kind", "encoded as"), _inputs(fitted))
    _title("Privacy")
    say(_privacy(fitted))


def _title(text: str) -> None:
    say()
    say(text, style="bold")


def _summary(model: FittedModel) -> str:
    info = model.info
    rows = f"{info.get('rows', 0):,} different rows"
    classes = "" if model.classes is None else f", classes {', '.join(map(str, model.classes))}"
    early = " It was ended early." if info.get("stopped_early") else ""
    objective = model.info.get("objective", "squared")
    kind = model.task if objective == "squared" else f"{objective} {model.task}"
    return (
        f"{kind} of {', '.join(model.targets)}{classes}; fitted to {rows} by motifnet {info.get('motifnet', '?')}, "
        f"preset {info.get('preset', '?')}, seed {info.get('seed', '?')}.{early}"
    )


def _inputs(model: FittedModel) -> list[tuple[object, ...]]:
    """Each column with its kind and the names under which the network sees it."""
    encoded = {feature.name: feature.names for feature in model.encoder.features}
    return [(name, kind, _listed(encoded.get(name, ()))) for name, kind in zip(model.schema.names, model.schema.kinds, strict=True)]


def _listed(names: tuple[str, ...], most: int = 6) -> str:
    if not names:
        return "not used (constant)"
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _privacy(model: FittedModel) -> str:
    from motifnet.motifs import Distance

    rows = max((len(part.centres) for part in model.network.modules() if isinstance(part, Distance)), default=0)
    levels = "Levels of text columns, and minima, maxima and means, are in the file. "
    if not rows:
        return levels + "No row of the table is."
    if model.info.get("compressed"):
        return levels + f"No row of the table is: the {rows:,} centres of the network are trained points; some may lie near rows."
    return levels + f"So are {rows:,} rows of the table, encoded, as centres of the network: give the file only to those who may see the table."
