"""How to fit the same model again: parameters, seed, versions, and the command."""

from __future__ import annotations

import platform
import shlex
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from motifnet.bundle import FittedModel

PACKAGES = ("motifnet", "numpy", "scipy", "scikit-learn", "torch", "lightgbm")
KNOWN = ("preset", "objective", "quantiles", "seed", "time_limit_s")


def reproduce(model: FittedModel) -> dict[str, Any]:
    """Plain JSON. Versions are those of where the report was made, but that of motifnet is of the fit."""
    versions = {"python": platform.python_version()} | {name: found for name in PACKAGES if (found := _version(name))}
    if "motifnet" in model.info:
        versions["motifnet"] = str(model.info["motifnet"])
    parameters = {key: model.info[key] for key in KNOWN if model.info.get(key) not in (None, [])}
    return {"parameters": parameters, "versions": versions, "command": _command(model), "exact": not model.info.get("stopped_early")}


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _command(model: FittedModel) -> str:
    info, words = model.info, ["motifnet", "fit", "TABLE.csv"]
    for target in model.targets:
        words += ["--target", target]
    words += ["--task", model.task, "--preset", str(info.get("preset", "balanced")), "--seed", str(info.get("seed", 0))]
    if (objective := info.get("objective", "squared")) != "squared":
        words += ["--objective", str(objective)]
    if info.get("quantiles"):
        words += ["--quantiles", ",".join(f"{level:g}" for level in info["quantiles"])]
    return shlex.join([*words, "--out", "MODEL.motif"])
