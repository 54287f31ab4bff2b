"""The sentences of a report: summary, columns, privacy, verdict, and how to repeat the fit.

The verdict has three parts and one table: the error of the model, its build, and what to check.
Parameters, seed, versions and command repeat the fit.
"""

from __future__ import annotations

import platform
import shlex
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from motifnet.model import FittedModel
from motifnet.motifs import Distance

Facts = dict[str, Any]

SHOWN_COVERAGE = 0.9
PACKAGES = ("motifnet", "numpy", "scipy", "scikit-learn", "torch", "lightgbm")
PARAMETERS = ("preset", "objective", "quantiles", "seed", "time_limit_s")
ORIGINS = {
    "out of fold": "out of fold: each row is held out of the fits that predict it",
    "new rows": "on the passed rows that were not in the fit",
    "rows of the fit": "not known: the passed rows are those of the fit, and their errors would be "
    "too good",
    "centres": "not known: a saved model keeps no targets; pass a table with the target",
}


def summary(model: FittedModel) -> str:
    """The target of the model and the settings of its fit."""
    info = model.info
    rows = f"{info.rows:,} rows"
    classes = "" if model.classes is None else f", classes {', '.join(map(str, model.classes))}"
    early = " The fit ended early." if info.stopped_early else ""
    kind = model.task if info.objective == "squared" else f"{info.objective} {model.task}"
    return (
        f"{kind} of {', '.join(model.targets)}{classes}; fitted to {rows} by motifnet "
        f"{_known(info.motifnet)}, preset {_known(info.preset)}, seed {_known(info.seed)}.{early}"
    )


def _known(note: Any) -> Any:
    return "?" if note is None else note


def inputs(model: FittedModel) -> list[tuple[str, str, str]]:
    """Each column with its kind and the names of its encoded columns."""
    encoded = {feature.name: feature.names for feature in model.encoder.features}
    return [
        (name, kind, _listed(encoded.get(name, ())))
        for name, kind in zip(model.schema.names, model.schema.kinds, strict=True)
    ]


def privacy(model: FittedModel) -> str:
    """The parts of the table that the model holds."""
    rows = max(
        (len(part.centres) for part in model.network.modules() if isinstance(part, Distance)),
        default=0,
    )
    levels = "The file holds levels of text columns, and minima, maxima and means. "
    if not rows:
        return levels + "It holds no row of the table."
    if model.info.compressed:
        return (
            levels
            + f"It holds no row of the table: the {rows:,} centres of the network are trained "
            "points. Some may lie near rows."
        )
    return (
        levels
        + f"It also holds {rows:,} encoded rows of the table as centres of the network: give the "
        "file only to those who may see the table."
    )


def _listed(names: tuple[str, ...], count: int = 6) -> str:
    if not names:
        return "not used (constant)"
    more = f" and {len(names) - count} more" if len(names) > count else ""
    return ", ".join(names[:count]) + more


def verdict(facts: Facts) -> dict[str, Any]:
    """Sentences, and rows of the table."""
    return {"sentences": [_error(facts), _build(facts), _checks(facts)], "table": _table(facts)}


def _kept(facts: Facts) -> list[Facts]:
    return [row for row in facts["ledger"] if row["kept"]]


def _error(facts: Facts) -> str:
    """The error of the network on held-out rows."""
    calibration, target = facts["calibration"], ", ".join(facts["targets"])
    if calibration and "accuracy" in calibration:
        return (
            f"The network predicts the right class of {target} in "
            f"{calibration['accuracy']:.1%} of {calibration['rows']:,} held-out rows; the most "
            f"frequent class is right in {calibration['most_frequent']:.1%}. The log loss is "
            f"{calibration['log_loss']:.3f}, against {calibration['log_loss_of_shares']:.3f} for "
            "the shares of the classes."
        )
    if calibration:
        errors = ", ".join(f"{error:.4g}" for error in calibration["rmse"])
        return (
            f"On {calibration['rows']:,} held-out rows the network predicts {target} with a root "
            f"mean squared error of {errors}, and explains {calibration['r2']:.1%} of the "
            "variance."
        )
    kept = _kept(facts)
    if not kept:
        return f"The network predicts {target}; no error is known."
    return (
        f"The network predicts {target} with {_an(facts['error_unit'])} of "
        f"{kept[-1]['error']:.4g} on held-out rows."
    )


def _build(facts: Facts) -> str:
    """The size of the network, and the errors before and after retraining."""
    kept, network = _kept(facts), facts["network"]
    size = (
        f"It has {network['parameters']:,} parameters in {network['depth']} layers and sees "
        f"{network['inputs']} columns."
    )
    if len(kept) < 2 or not kept[0]["error"] > 0:
        return size
    first, last = kept[0], kept[-1]
    return (
        f"{size} The convex fit that it was computed from has the error {first['error']:.4g}. "
        f"Retraining and combination change it to {last['error']:.4g} "
        f"({last['error'] / first['error'] - 1:+.1%})."
    )


def _checks(facts: Facts) -> str:
    """The most important columns, the worst group of rows, and the first sign of leakage."""
    said = []
    leading = [i["column"] for i in facts["importances"][:3]]
    if leading:
        said.append(f"The prediction depends most on {_and(leading)}.")
    worse = sorted((g for g in facts["groups"] if g["worse"]), key=lambda g: -g["ratio"])
    if worse:
        said.append(
            f"Errors are largest for {worse[0]['column']} {worse[0]['label']}, "
            f"{worse[0]['ratio']:.2f} times those of all rows."
        )
    elif facts["groups"]:
        said.append("No group of rows has larger errors than the others beyond chance.")
    if facts["leakage"]:
        said.append(f"To look at: {facts['leakage'][0]['found']}.")
    if not said:
        return "Importances and errors by group need rows: pass a table."
    return " ".join(said)


def _table(facts: Facts) -> list[list[str]]:
    kept, calibration = _kept(facts), facts["calibration"]
    rows = [["Rows and columns of the fit", f"{facts['rows']:,} rows, {facts['columns']} columns"]]
    if kept:
        rows.append(
            [facts["error_unit"][0].upper() + facts["error_unit"][1:], f"{kept[-1]['error']:.4g}"]
        )
    if calibration and calibration["coverage"]:
        what = "sets of classes" if "accuracy" in calibration else "intervals"
        rows += [
            [f"Coverage of {level:.0%} {what}", f"{share:.1%}"]
            for level, share in calibration["coverage"]
            if level == SHOWN_COVERAGE
        ]
    if calibration and "ece" in calibration:
        rows.append(["Expected calibration error", f"{calibration['ece']:.3f}"])
    if calibration and "mae" in calibration:
        rows.append(
            ["Mean absolute error", ", ".join(f"{error:.4g}" for error in calibration["mae"])]
        )
    if calibration and calibration.get("distribution"):
        law = calibration["distribution"]
        rows += [
            [
                f"{name} of the predictive distribution",
                f"{law[key]:.4g} (normal law of one width {law[f'{key}_one_width']:.4g}, without a "
                f"model {law[f'{key}_unconditional']:.4g})",
            ]
            for name, key in (("NLL", "nll"), ("CRPS", "crps"))
        ]
    rows.append(["Seconds of the fit", f"{sum(row['seconds'] for row in facts['ledger']):.1f}"])
    certificate = facts["certificate"]
    unit = "in probability" if facts["classes"] else "sd of the target"
    rows.append(
        [
            "Network against the model that it was computed from",
            f"at most {max(certificate['on_data'], certificate['on_box']):.1e} {unit}",
        ]
    )
    if facts["novelty"]:
        n = facts["novelty"]
        rows.append(
            [
                "Rows outside the data of the fit",
                f"{n['outside']:,} of {n['rows']:,} (1 % is usual)",
            ]
        )
    return rows


def _an(noun: str) -> str:
    return f"an {noun}" if noun.startswith("e") else f"a {noun}"


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def reproduce(model: FittedModel) -> dict[str, Any]:
    """Parameters, versions and command, as plain JSON.

    The version of motifnet is that of the fit, the others are those of the report.
    """
    versions = {"python": platform.python_version()} | {
        name: found for name in PACKAGES if (found := _version(name))
    }
    if model.info.motifnet is not None:
        versions["motifnet"] = model.info.motifnet
    parameters = {
        key: list(value) if isinstance(value, tuple) else value
        for key in PARAMETERS
        if (value := getattr(model.info, key)) not in (None, ())
    }
    return {
        "parameters": parameters,
        "versions": versions,
        "command": _command(model),
        "exact": not model.info.stopped_early,
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _command(model: FittedModel) -> str:
    info, words = model.info, ["motifnet", "fit", "TABLE.csv"]
    for target in model.targets:
        words += ["--target", target]
    for name, sign in info.monotone.items():
        words += ["--increasing" if sign > 0 else "--decreasing", name]
    words += [
        "--task",
        model.task,
        "--preset",
        info.preset or "balanced",
        "--seed",
        str(info.seed or 0),
    ]
    if info.objective != "squared":
        words += ["--objective", info.objective]
    if info.quantiles:
        words += ["--quantiles", ",".join(f"{level:g}" for level in info.quantiles)]
    return shlex.join([*words, "--out", "MODEL.motif"])
