"""The picture of docs/functional.md: at which wavelengths does absorbance go with the fat of meat?

`python -m benchmarks.functional_picture`. Six components, which keep the function smooth.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from benchmarks._tables import ROOT, arguments
from motifnet.functional import FunctionalLinearRegressor

TARGET = ROOT / "docs" / "functional-band.svg"


def main(argv: list[str] | None = None) -> None:
    """Draw it."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "functional"
    options = arguments(__doc__.splitlines()[0], ()).parse_args(argv)
    table = pd.read_csv(options.data / "functional" / "tecator.csv.gz")
    model = FunctionalLinearRegressor(6).fit(table.filter(like="absorbance_"), table.fat)
    figure = _drawn(model)
    figure.savefig(TARGET, metadata={"Date": None})
    print(TARGET, model.active_domain())


def _drawn(model: FunctionalLinearRegressor) -> Any:
    import matplotlib.pyplot as plt

    figure, ax = plt.subplots(figsize=(7, 3.2), layout="constrained")
    model.plot(ax=ax)
    ax.set(xlabel="wavelength, nm", ylabel="% fat per absorbance and nm")
    ax.spines[["top", "right"]].set_visible(False)
    return figure


if __name__ == "__main__":
    main()
