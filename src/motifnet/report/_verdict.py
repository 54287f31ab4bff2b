"""The verdict: three sentences and one table. What it is worth, what it is, and what to look at."""

from __future__ import annotations

from typing import Any

ORIGINS = {
    "out of fold": "out of fold: every row is predicted by fits that have not seen it",
    "new rows": "on the rows that were passed and that the fit has not seen",
    "rows of the fit": "not known: the rows that were passed are those of the fit, on which errors would be too good",
    "centres": "not known: a saved model keeps no targets; pass a table with the target",
}
Facts = dict[str, Any]
SHOWN = 0.9  # coverage


def verdict(facts: Facts) -> dict[str, Any]:
    """Sentences, and rows of the table."""
    return {"sentences": [_worth(facts), _build(facts), _watch(facts)], "table": _table(facts)}


def _kept(facts: Facts) -> list[Facts]:
    return [row for row in facts["ledger"] if row["kept"]]


def _worth(facts: Facts) -> str:
    """How good it is, on rows not seen."""
    calibration, target = facts["calibration"], ", ".join(facts["targets"])
    if calibration and "accuracy" in calibration:
        return (
            f"The network gives {target} the right class in {calibration['accuracy']:.1%} of {calibration['rows']:,} rows not seen, where the most "
            f"frequent class alone is right in {calibration['most_frequent']:.1%}; log loss {calibration['log_loss']:.3f} "
            f"against {calibration['log_loss_of_shares']:.3f}."
        )
    if calibration:
        errors = ", ".join(f"{error:.4g}" for error in calibration["rmse"])
        return (
            f"On {calibration['rows']:,} rows not seen the network predicts {target} with a root mean squared error of {errors}, and explains "
            f"{calibration['r2']:.1%} of the variance."
        )
    kept = _kept(facts)
    if not kept:
        return f"The network predicts {target}; no error is known."
    return f"The network predicts {target} with an {facts['error_unit']} of {kept[-1]['error']:.4g}, on rows not seen."


def _build(facts: Facts) -> str:
    """What it is made of, and what each step was worth."""
    kept, network = _kept(facts), facts["network"]
    size = f"It has {network['parameters']:,} parameters in {network['depth']} layers and sees {network['inputs']} columns"
    if len(kept) < 2 or not kept[0]["error"] > 0:
        return f"{size}."
    first, last = kept[0], kept[-1]
    return (
        f"{size}; the convex fit that it was computed from has the error {first['error']:.4g}, retraining and combination took it to "
        f"{last['error']:.4g} ({last['error'] / first['error'] - 1:+.1%})."
    )


def _watch(facts: Facts) -> str:
    """What matters most, and what to be careful with."""
    said = []
    leading = [i["column"] for i in facts["importances"][:3]]
    if leading:
        said.append(f"Most depends on {_and(leading)}")
    worse = sorted((g for g in facts["groups"] if g["worse"]), key=lambda g: -g["ratio"])
    if worse:
        said.append(f"errors are largest for {worse[0]['column']} {worse[0]['label']}, {worse[0]['ratio']:.2f} times those of all rows")
    elif facts["groups"]:
        said.append("no group of rows has errors that are larger than those of the others beyond chance")
    if facts["leakage"]:
        said.append(f"to look at: {facts['leakage'][0]['found']}")
    if not said:
        return "What the prediction depends on, and where it errs, needs rows: pass a table."
    return "; ".join(said) + "."


def _table(facts: Facts) -> list[list[str]]:
    kept, calibration = _kept(facts), facts["calibration"]
    rows = [["Rows and columns of the fit", f"{facts['rows']:,} rows, {facts['columns']} columns"]]
    if kept:
        rows.append([facts["error_unit"][0].upper() + facts["error_unit"][1:], f"{kept[-1]['error']:.4g}"])
    if calibration and calibration["coverage"]:
        what = "sets of classes" if "accuracy" in calibration else "intervals"
        rows += [[f"Coverage of {level:.0%} {what}", f"{share:.1%}"] for level, share in calibration["coverage"] if level == SHOWN]
    if calibration and "ece" in calibration:
        rows.append(["Expected calibration error", f"{calibration['ece']:.3f}"])
    if calibration and "mae" in calibration:
        rows.append(["Mean absolute error", ", ".join(f"{error:.4g}" for error in calibration["mae"])])
    rows.append(["Seconds of the fit", f"{sum(row['seconds'] for row in facts['ledger']):.1f}"])
    certificate = facts["certificate"]
    unit = "in probability" if facts["classes"] else "sd of the target"
    rows.append(["Network against what it was computed from", f"at most {max(certificate['on_data'], certificate['on_box']):.1e} {unit}"])
    if facts["novelty"]:
        n = facts["novelty"]
        rows.append(["Rows outside the data of the fit", f"{n['outside']:,} of {n['rows']:,} (1 % is usual)"])
    return rows


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
