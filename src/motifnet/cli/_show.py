"""motifnet show: what a model file holds."""

from __future__ import annotations

from motifnet.cli._guard import guarded
from motifnet.cli._options import Debug, Model
from motifnet.cli._text import say, say_ledger, say_table


@guarded
def show(model: Model, debug: Debug = False) -> None:
    """Describe a model: columns, stages of the fit, architecture, exactness, privacy.

    [bold]motifnet show houses.motif[/bold]
    """
    from motifnet.bundle import load_model
    from motifnet.report import inputs, privacy, summary

    fitted = load_model(model)
    say(model.name, style="bold")
    say(summary(fitted))
    _title(f"Stages of the fit ({fitted.error_unit})")
    say_ledger(fitted.ledger)
    _title("Network")
    say(fitted.card)
    _title("Network against the model that it was computed from")
    say(fitted.certificate)
    _title("Columns")
    say_table(("name", "kind", "encoded as"), list(inputs(fitted)))
    _title("Privacy")
    say(privacy(fitted))


def _title(text: str) -> None:
    say()
    say(text, style="bold")
