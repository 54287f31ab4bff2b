"""A network as a Python file of numpy alone: every motif, then whole fitted models."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from motifnet import mimic
from motifnet.engine import UsageError
from motifnet.model import _numpy_motifs, to_python
from motifnet.motifs import Motif
from tests.model.motif_examples import EXAMPLES, example
from tests.shared.fitted_cases import CASES, fitted
from tests.shared.fitted_rows import FRAME, X
from tests.shared.python_files import loaded

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_file_computes_what_the_motif_computes(name: str, tmp_path: Path) -> None:
    network, d = example(name)
    to_python(network, d, tmp_path / "net.py")
    rows = np.random.default_rng(0).normal(size=(50, d))
    written = loaded(tmp_path / "net.py")(rows)
    np.testing.assert_allclose(written, network(torch.as_tensor(rows)).detach().numpy(), atol=1e-12)
    ours = {
        name: function
        for name, function in vars(_numpy_motifs).items()
        if inspect.isfunction(function)
    }
    assert np.array_equal(loaded(tmp_path / "net.py", **ours)(rows), written, equal_nan=True)


@pytest.mark.parametrize(
    "name",
    [
        "Pipeline",
        "KNeighborsRegressor, balls",
        "KNNImputer, distance",
        "SVC, probabilities of three classes",
        "XGBClassifier, three classes",
        "StackingRegressor",
    ],
)
def test_file_computes_what_the_estimator_computes(name: str, tmp_path: Path) -> None:
    rows = CASES[name].rows()
    network = mimic(fitted(name), rows)
    network.to_python(tmp_path / "net.py")
    np.testing.assert_allclose(loaded(tmp_path / "net.py")(rows), network(rows), atol=1e-11)


def test_file_takes_texts_and_gaps(tmp_path: Path) -> None:
    model = fitted("ColumnTransformer")
    mimic(model, FRAME).to_python(tmp_path / "net.py")
    np.testing.assert_allclose(
        loaded(tmp_path / "net.py")(FRAME.to_numpy())[:, 0], model.predict(FRAME), atol=1e-10
    )


def test_file_runs_without_motifnet(tmp_path: Path) -> None:
    """In a process that cannot import torch or motifnet."""
    mimic(fitted("SVR, rbf"), X).to_python(tmp_path / "net.py")
    code = (
        "import sys; sys.modules['torch'] = sys.modules['motifnet'] = None; import net; "
        "print(repr(float(net.predict([[0.1, 0.2, 0.3, 1.0]])[0, 0])))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert float(run.stdout) == pytest.approx(
        fitted("SVR, rbf").predict([[0.1, 0.2, 0.3, 1.0]])[0], abs=1e-10
    )


def test_a_motif_without_a_form_is_refused(tmp_path: Path) -> None:
    class Unknown(Motif):
        """None."""

    with pytest.raises(UsageError, match="Unknown"):
        to_python(Unknown(), 2, tmp_path / "net.py")
    assert not (tmp_path / "net.py").exists()
